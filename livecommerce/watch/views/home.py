"""Home: what is live, what comes, what was."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone

from livecommerce.watch.cards import live_cards, replay_cards, upcoming_rows
from livecommerce.watch.pictures import PictureBook
from streams.models import Show

UPCOMING_ROWS = 6
REPLAY_CARDS = 4


def home(request: HttpRequest) -> HttpResponse:
    """Show the running sale first: it is what can be bought now."""
    shows = Show.objects.public()
    book = PictureBook()
    lit = live_cards(shows, book=book, now=timezone.now())
    return render(
        request,
        "watch/home.html",
        {
            "hero": lit[0] if lit else None,
            "live": lit[1:],
            "live_count": len(lit),
            "upcoming": upcoming_rows(shows, book=book, limit=UPCOMING_ROWS),
            "replays": replay_cards(shows, limit=REPLAY_CARDS),
        },
    )


def favicon(request: HttpRequest) -> HttpResponse:
    """Send whoever asks at the customary place, such as the back office's pages, to the mark."""
    return redirect(static("art/mark.svg"))
