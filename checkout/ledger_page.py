"""The page of a drop's ledger: sums, a picture of where the units were, the steps in time, and how to check it."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from catalog.models import StockEntry
from checkout.ledger import Ledger, Step, entry_wire, ledger_for_viewer, own_entries
from livecommerce.accounts.viewer import who_asks
from livecommerce.clock import database_now
from livecommerce.errors import NotFound
from livecommerce.realtime import feed

ENTRIES_SHOWN = 500
CHART_WIDTH, CHART_HEIGHT = 640, 200
WORDS = {
    StockEntry.Kind.ALLOTTED: "Allotted",
    StockEntry.Kind.HELD: "Held",
    StockEntry.Kind.RELEASED: "Let go",
    StockEntry.Kind.EXPIRED: "Run out",
    StockEntry.Kind.COMMITTED: "Paid",
    StockEntry.Kind.TAKEN_BACK: "Taken back",
    StockEntry.Kind.RETURNED: "Back to the shop",
}
CLOSED_BY = {"time": "The window was over", "host": "The host closed it", "show_ended": "The show was over"}


@dataclass(frozen=True)
class Line:
    """One step in words, with the figures after it."""

    at: datetime
    words: str
    left: int
    held: int
    sold: int
    look: str = ""


@require_safe
def ledger(request: HttpRequest, slug: str, drop_id: int) -> HttpResponse:
    """The public account of one drop, as a page or as a table for a spreadsheet."""
    try:
        found = ledger_for_viewer(slug=slug, drop_id=drop_id, viewer=who_asks(request), now=database_now())
    except NotFound as missing:
        raise Http404(missing.message) from missing
    if request.GET.get("as") == "csv":
        return _spreadsheet(found)
    images = sorted(found.drop.product.images.all(), key=lambda image: (image.position, image.pk))
    context = {
        "ledger": found,
        "drop": found.drop,
        "image": images[0].url if images else "",
        "lines": milestones(found),
        "chart": chart(found),
        "entries": [(step, WORDS.get(StockEntry.Kind(step.entry.kind), "")) for step in found.steps[:ENTRIES_SHOWN]],
        "hidden": max(0, len(found.steps) - ENTRIES_SHOWN),
        "mine": own_entries(found, who_asks(request).visitor_id),
        "returned": sum(place.offered_at is not None for place in found.places),
    }
    return render(request, "checkout/ledger.html", context)


def milestones(ledger: Ledger) -> list[Line]:
    """Pick the steps that tell the story, in the order of time."""
    drop = ledger.drop
    told: list[tuple[datetime, str, str]] = [
        (drop.announced_at, "Announced. Price, limit and end are fixed", ""),
        (drop.opens_at, "Opened", "mark"),
    ]
    told += _pauses(ledger)
    steps = [step for step in ledger.steps if step.at >= drop.opens_at]
    minute = drop.opens_at + timedelta(minutes=1)
    taps = sum(len(step.entry.holds) for step in steps if step.entry.kind == "held" and step.at <= minute)
    if any(step.at > minute for step in steps):
        told.append((minute, f"First minute, {taps} hold{'' if taps == 1 else 's'}", ""))
    told += _firsts(ledger, steps)
    if drop.closed_at:
        told.append((drop.closed_at, CLOSED_BY.get(drop.close_reason, "Closed"), "mark"))
    if ledger.settled_at:
        told.append((ledger.settled_at, "Settled: nothing in a bag, nothing open at a bank", ""))
    return [_line(ledger, *one) for one in sorted(told, key=lambda one: one[0])]


def _firsts(ledger: Ledger, steps: list[Step]) -> Iterator[tuple[datetime, str, str]]:
    half = next((step for step in steps if step.left * 2 <= ledger.allotted), None)
    if half:
        yield (half.at, "Half gone", "")
    none = next((step for step in steps if step.left == 0 and step.entry.kind != "returned"), None)
    if none:
        yield (none.at, "None left. Queue opened", "mark")
    offered = min((place.offered_at for place in ledger.places if place.offered_at), default=None)
    if offered:
        yield (offered, "The first unit came back and was offered to number 1 in line", "")
    paid = [step for step in steps if step.entry.kind == "committed"]
    if paid:
        yield (paid[-1].at, "Last unit paid", "mark")


def _pauses(ledger: Ledger) -> Iterator[tuple[datetime, str, str]]:
    words = {"drop.paused": "All timers stand", "drop.resumed": "Timers go on, the end moved"}
    for event in feed.recent(ledger.drop.show_id, list(words), 200):
        if event["drop"]["id"] == ledger.drop.pk:
            yield (datetime.fromtimestamp(event["at"] / 1000, tz=UTC), words[event["type"]], "cut")


def _line(ledger: Ledger, at: datetime, words: str, look: str) -> Line:
    index = bisect_right([step.at for step in ledger.steps], at) - 1
    if index < 0:
        # Moments are kept to the millisecond in the ledger, and finer elsewhere.
        return Line(at, words, ledger.allotted, 0, 0, look)
    step = ledger.steps[index]
    return Line(at, words, step.left, step.held, step.sold, look)


def chart(ledger: Ledger) -> SafeString:
    """Draw sold, in carts and left over time as two stepped areas, each a path of one drawing."""
    steps = [step for step in ledger.steps if step.entry.kind not in {"allotted", "returned"}]
    begin = ledger.drop.opens_at
    end = max([ledger.drop.closed_at or ledger.now, *(step.at for step in steps)])
    seconds = max((end - begin).total_seconds(), 1.0)
    paths = {"sold": [f"M0 {CHART_HEIGHT}"], "held": [f"M0 {CHART_HEIGHT}"]}
    for step in steps:
        x = round(max(0.0, (step.at - begin).total_seconds()) / seconds * CHART_WIDTH, 1)
        for name, units in (("sold", step.sold), ("held", step.sold + step.held)):
            y = round(CHART_HEIGHT - units / max(1, ledger.allotted) * CHART_HEIGHT, 1)
            paths[name].append(f"H{x}V{y}")
    drawn = "".join(
        f'<path class="burn__{name}" d="{"".join(paths[name])}H{CHART_WIDTH}V{CHART_HEIGHT}Z"/>'
        for name in ("held", "sold")
    )
    ground = f'<path class="burn__left" d="M0 0H{CHART_WIDTH}V{CHART_HEIGHT}H0Z"/>'
    # Numbers only: nothing in it was written by anybody.
    box = f'viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" preserveAspectRatio="none"'
    return mark_safe(f'<svg {box} aria-hidden="true">{ground}{drawn}</svg>')


def _spreadsheet(ledger: Ledger) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="ledger-{ledger.drop.pk}.csv"'
    rows: list[dict[str, Any]] = [entry_wire(entry) for entry in ledger.entries]
    for row in rows:
        row["holds"] = ",".join(f"{hold}:{units}" for hold, units in row["holds"])
    columns = [
        "stock",
        "chain",
        "number",
        "kind",
        "quantity",
        "on_hand",
        "taken",
        "at",
        "holds",
        "previous",
        "fingerprint",
    ]
    sheet = csv.DictWriter(answer, fieldnames=columns)
    sheet.writeheader()
    sheet.writerows(rows)
    return answer
