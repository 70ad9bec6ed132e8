"""Schedule: all shows that are live, to come, or over; by brand and host if asked."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from catalog.models import Brand
from livecommerce.watch.cards import live_cards, replay_cards, upcoming_rows
from livecommerce.watch.pictures import PictureBook
from streams.models import Host, Show

REPLAYS_A_PAGE = 12
UPCOMING_ROWS = 60


class ShowFilter(forms.Form):
    """What of the schedule is asked for. An address that names something unknown shows everything."""

    brand = forms.ModelChoiceField(
        Brand.objects.order_by("name"), to_field_name="slug", required=False, empty_label="All brands"
    )
    host = forms.ModelChoiceField(
        Host.objects.order_by("name"), to_field_name="handle", required=False, empty_label="All hosts"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "field__input"

    def wanted(self) -> dict[str, Any]:
        """Return the filters that are set and known."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def shows(request: HttpRequest) -> HttpResponse:
    """List the schedule; plain GET, so each view of it has an address."""
    asked = ShowFilter(request.GET)
    wanted = asked.wanted()
    book = PictureBook()
    chosen = Show.objects.public().filter(**wanted)
    pages = Paginator(chosen.past(), REPLAYS_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    return render(
        request,
        "watch/shows.html",
        {
            "filter": asked,
            "wanted": wanted,
            "live": live_cards(chosen, book=book, now=timezone.now()) if page.number == 1 else [],
            "upcoming": upcoming_rows(chosen, book=book, limit=UPCOMING_ROWS) if page.number == 1 else [],
            "replays": replay_cards(chosen, limit=REPLAYS_A_PAGE, offset=page.start_index() - 1 if pages.count else 0),
            "page": page,
        },
    )
