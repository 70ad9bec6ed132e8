"""Product: the same goods outside a show, at today's price."""

from datetime import datetime
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from catalog.models import Product
from catalog.products import ProductNotFound, product_for_viewer
from livecommerce.accounts.viewer import who_asks
from livecommerce.watch.cards import next_show, replay_cards, sale_of_product
from livecommerce.watch.offers import offer_of
from livecommerce.watch.pictures import PictureBook
from streams.models import Show

REPLAY_CARDS = 4


def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a product with one of its variants chosen."""
    now = timezone.now()
    try:
        found = product_for_viewer(slug, who_asks(request))
    except ProductNotFound as missing:
        raise Http404(missing.message) from missing
    asked = request.GET.get("variant", "")
    return render(
        request,
        "watch/product.html",
        {
            "product": found,
            "offer": offer_of(found, variant_id=int(asked) if asked.isdecimal() else None, now=now),
            "hold_key": uuid4().hex,
            **_on_air(found, now=now),
        },
    )


def _on_air(found: Product, *, now: datetime) -> dict[str, object]:
    """Where the product is shown: in a drop right now, next time, and before."""
    shows = Show.objects.public().filter(lineup__product=found)
    return {
        "drop_show": sale_of_product(found, book=PictureBook(found.gallery[:1]), now=now),
        "next_show": next_show(shows),
        "seen_in": replay_cards(shows, limit=REPLAY_CARDS),
    }
