"""Checks: what to look at before going live. Good, advice (may go live) or stop (the button is off and says why)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.models import Product
from livecommerce.money import Money
from livecommerce.studio.picture import Health
from streams.models import LineupItem, Show

type Mark = Literal["good", "advice", "stop", "open"]

_ROWS = {"Bitrate": "Upload is enough", "Frames": "Frames flow", "Keyframes": "Keyframes", "Sound": "Sound arrives"}
_WORSE = {
    "Bitrate": "The upload is weak",
    "Frames": "The encoder is slow",
    "Keyframes": "Keyframes are too far apart",
    "Sound": "No sound arrives",
}


@dataclass(frozen=True, kw_only=True)
class Check:
    mark: Mark
    what: str
    figure: str = ""
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Checks:
    """The sheet before going live, what needs a look at the top."""

    rows: Sequence[Check]

    @property
    def stops(self) -> Sequence[Check]:
        return [row for row in self.rows if row.mark == "stop"]

    @property
    def open(self) -> int:
        """How many rows are not good."""
        return sum(row.mark != "good" for row in self.rows)


def checks_of(show: Show, *, health: Health, items: Sequence[LineupItem], team: Sequence[str]) -> Checks:
    """Look at picture, line-up, prices, stock and team."""
    rows = [*_picture(show, health), *_lineup(items), _team(team)]
    order = {"stop": 0, "advice": 1, "open": 2, "good": 3}
    return Checks(rows=sorted(rows, key=lambda row: order[row.mark]))


def _picture(show: Show, health: Health) -> Sequence[Check]:
    if not health.arrives:
        return [Check(mark="stop", what="No picture arrives yet", figure=health.word, advice=health.advice)]
    rows = []
    for row in health.rows:
        if row.name in _ROWS:
            mark: Mark = "advice" if row.bad else "good"
            words = _WORSE[row.name] if row.bad else _ROWS[row.name]
            rows.append(Check(mark=mark, what=words, figure=row.figure, advice=health.advice if row.bad else ""))
        elif row.name == "Picture":
            rows.append(_shape(show, row.figure, upright=row.note == "upright"))
    return rows


def _shape(show: Show, figure: str, *, upright: bool) -> Check:
    if upright != show.landscape:
        return Check(mark="good", what="Picture, wide" if show.landscape else "Picture, upright", figure=figure)
    turn = (
        "Turn it upright in the encoder, 1080 × 1920"
        if not show.landscape
        else "This show is planned wide, 1920 × 1080"
    )
    return Check(mark="advice", what="The picture lies the other way", figure=figure, advice=f"{turn}.")


def _lineup(items: Sequence[LineupItem]) -> Sequence[Check]:
    if not items:
        advice = "The brand adds products in the admin. You may go live without."
        return [Check(mark="advice", what="The line-up is empty", advice=advice)]
    products = {p.pk: p for p in Product.objects.with_offer().filter(pk__in=[item.product_id for item in items])}
    units, empty, dear = 0, [], []
    for item in items:
        product = products[item.product_id]
        left = sum(stock.left for variant in product.offer for stock in variant.shop_stocks)
        units += left
        if not left:
            empty.append(product.name)
        usual = min((variant.price for variant in product.offer), default=None)
        planned = item.drop_price_minor
        if planned is not None and usual is not None and Money(planned, usual.currency).minor >= usual.minor:
            dear.append(product.name)
    count = f"{len(items)} product{'s' if len(items) != 1 else ''}"
    rows = [Check(mark="good", what=f"{count}, prices and stock", figure=f"{units:,} units")]
    if empty:
        rows.append(
            Check(
                mark="advice", what="Something has no stock", advice=f"{', '.join(empty)}: nothing can be sold of it."
            )
        )
    if dear:
        words = f"{', '.join(dear)}: viewers see no reduction."
        rows.append(Check(mark="advice", what="A drop is not below the shop's price", advice=words))
    return rows


def _team(team: Sequence[str]) -> Check:
    if team:
        return Check(mark="good", what="Chat team", figure=", ".join(name.split(" ")[0] for name in team))
    return Check(
        mark="advice", what="Nobody keeps the chat", advice="The brand can give the show a chat team in the admin."
    )
