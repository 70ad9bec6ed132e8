"""Pictures: the first picture of each product on a page, all of them in one query, asked when the first is printed."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.models import ProductImage


class PictureBook:
    """The pictures that a page will want. Cards register while they are made; the template asks."""

    def __init__(self, known: Sequence[ProductImage] = ()) -> None:
        self._wanted: set[int] = set()
        self._found = {picture.product_id: picture.url for picture in known}

    def of(self, product_id: int) -> "Picture":
        """Return a promise of this product's first picture."""
        self._wanted.add(product_id)
        return Picture(product_id=product_id, book=self)

    def url(self, product_id: int) -> str:
        """Return the address of a product's first picture, or nothing."""
        if product_id not in self._found and self._wanted:
            # The last one wins: the first of the gallery.
            listed = ProductImage.objects.filter(product__in=self._wanted).order_by("product", "-position", "-pk")
            self._found |= {picture.product_id: picture.url for picture in listed}
            self._wanted.clear()
        return self._found.get(product_id, "")


@dataclass(frozen=True)
class Picture:
    """A picture that is looked up with its neighbours."""

    product_id: int
    book: PictureBook

    @property
    def url(self) -> str:
        return self.book.url(self.product_id)
