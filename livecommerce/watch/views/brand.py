"""Brand: who sells, what, and on which shows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from catalog.models import Brand, Product
from livecommerce.watch.cards import live_cards, replay_cards, upcoming_rows
from livecommerce.watch.offers import product_cards
from livecommerce.watch.pictures import PictureBook
from streams.models import Show

PRODUCT_CARDS = 24
UPCOMING_ROWS = 6
REPLAY_CARDS = 4


def brand(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one brand's shop window."""
    found = get_object_or_404(Brand, slug=slug)
    shows = Show.objects.public().filter(brand=found)
    book = PictureBook()
    return render(
        request,
        "watch/brand.html",
        {
            "brand": found,
            "products": product_cards(Product.objects.listed().filter(brand=found), book=book, limit=PRODUCT_CARDS),
            "live": live_cards(shows, book=book, now=timezone.now()),
            "upcoming": upcoming_rows(shows, book=book, limit=UPCOMING_ROWS),
            "replays": replay_cards(shows, limit=REPLAY_CARDS),
        },
    )
