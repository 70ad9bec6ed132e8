"""Host: who is on camera, and when again."""

from itertools import cycle, islice

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from livecommerce.watch.cards import live_cards, replay_cards, upcoming_rows
from livecommerce.watch.pictures import PictureBook
from streams.hosts import HostNotFound, host_by_handle
from streams.models import Show

REPLAY_CARDS = 12
COVER_PICTURES = 6


def host(request: HttpRequest, handle: str) -> HttpResponse:
    """Show one host's profile."""
    try:
        found = host_by_handle(handle)
    except HostNotFound as gone:
        raise Http404(gone.message) from gone
    shows = Show.objects.public().filter(host=found)
    book = PictureBook()
    live = live_cards(shows, book=book, now=timezone.now())
    upcoming = upcoming_rows(shows, book=book, limit=12)
    replays = replay_cards(shows, limit=REPLAY_CARDS)
    ahead_and_past = [card.show for cards in (live, replays, upcoming) for card in cards]
    pictures = [show.cover_url for show in ahead_and_past if show.cover_url]
    return render(
        request,
        "watch/host.html",
        {
            "host": found,
            "live": live,
            "upcoming": upcoming,
            "replays": replays,
            "cover": list(islice(cycle(pictures), COVER_PICTURES)),
            "show_count": shows.past().count(),
        },
    )
