"""Brands: which one somebody works for. Rule guarded here: another brand's address looks like one that is not there."""

from __future__ import annotations

from catalog.models import Brand
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import BadInput, NotAllowed, NotFound, SignInNeeded


class BrandNotFound(NotFound):
    code = "brand.not_found"
    message = "There is no such brand among those you work for."


class NotBrandStaff(NotAllowed):
    code = "brand.staff_only"
    message = "Only a brand's staff may do this. Ask its owner to add you."


def lock_brand(brand: Brand) -> None:
    """Wait until nobody else puts products on this brand's shelf; comes before every other lock."""
    Brand.objects.select_for_update(no_key=True).get(pk=brand.pk)


def brand_for_staff(*, viewer: Viewer, slug: str | None) -> tuple[Brand, User]:
    """Find the brand that the one who asks works for, and the user who asks.

    :raises SignInNeeded: a guest asks. NotBrandStaff: works for none. BrandNotFound: not for this one.
    :raises BadInput: works for several and named none.
    """
    if viewer.user_id is None:
        raise SignInNeeded
    user = User.objects.get(pk=viewer.user_id)
    brands = Brand.objects.all() if user.is_superuser else Brand.objects.of_staff(user.pk)
    if slug is not None:
        found = brands.filter(slug=slug).first()
        if found is None:
            raise BrandNotFound
        return found, user
    own = list(brands.order_by("pk")[:2])
    if not own:
        raise NotBrandStaff
    if len(own) > 1:
        raise BadInput(fields={"brand": "You work for several brands; name one by its slug."})
    return own[0], user
