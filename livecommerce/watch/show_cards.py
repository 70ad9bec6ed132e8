"""Stage cards: which products the show page prints first, and what each card needs besides its words.

The rule guarded here: the page's first HTML shows what the socket would; the twin of `ShowModel` in static/js/lib.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.urls import reverse

from livecommerce.watch.card_view import Facts, Wire, card_view, drop_phase
from livecommerce.watch.templatetags.vitrine import clock

MOST_CARDS = 3
OPEN_HOLDS = {"held", "paying"}
RANKS = {"open": 2, "paused": 3, "announced": 3, "sold_out": 4, "ended": 7}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that the page knows, in wire form. `stock` has the keys of the state without their prefix."""

    slug: str
    now: int
    epoch: str = ""
    seq: int = 0
    items: list[Wire] = field(default_factory=list)
    drops: list[Wire] = field(default_factory=list)
    pins: list[int] = field(default_factory=list)
    stock: dict[str, Wire] = field(default_factory=dict)
    sales: Wire = field(default_factory=dict)
    holds: list[Wire] = field(default_factory=list)
    places: list[Wire] = field(default_factory=list)

    def facts(self, item: Wire | None, drop: Wire | None) -> Facts:
        """Gather what one card depends on."""
        place = next((p for p in self.places if drop and p["drop"] == drop["id"] and p["state"] == "waiting"), None)
        return Facts(
            item=item,
            drop=drop,
            stock=self.stock.get(str(drop["id"]), {}) if drop else {},
            hold=self._hold_for(item, drop),
            place=place,
            sales=self.sales,
            now=self.now,
        )

    def drop_of(self, item: Wire) -> Wire | None:
        """Return the drop of an item that matters now: the one that runs or will, else the last one."""
        slug = item["product"]["slug"]
        drops = sorted((d for d in self.drops if d["product"]["slug"] == slug), key=lambda d: -d["opens_at"])
        alive = [drop for drop in drops if self._phase(drop) != "ended"]
        return next(iter(alive or drops), None)

    def subjects(self) -> list[tuple[Wire | None, Wire | None]]:
        """List what the stage shows, the most pressing first: what is pinned, and every drop that is not over."""
        by_id = {item["id"]: item for item in self.items}
        found: list[tuple[Wire | None, Wire | None]] = [
            (by_id[pin], self.drop_of(by_id[pin])) for pin in self.pins if pin in by_id
        ]
        shown = {drop["id"] for _, drop in found if drop}
        for drop in self.drops:
            if drop["id"] not in shown and (self._phase(drop) != "ended" or self._hold_for(None, drop)):
                slug = drop["product"]["slug"]
                found.append((next((one for one in self.items if one["product"]["slug"] == slug), None), drop))
        newest_first = reversed(list(enumerate(found)))
        ranked = sorted(newest_first, key=lambda pair: self._rank(*pair[1]))
        return [subject for _, subject in ranked][:MOST_CARDS]

    def _rank(self, item: Wire | None, drop: Wire | None) -> int:
        facts = self.facts(item, drop)
        if facts.hold:
            return 0 if facts.hold["offered"] else 1
        return RANKS[drop_phase(facts)] if drop else 5

    def _phase(self, drop: Wire) -> str:
        return drop_phase(Facts(drop=drop, sales=self.sales, now=self.now))

    def _hold_for(self, item: Wire | None, drop: Wire | None) -> Wire | None:
        mine = [hold for hold in self.holds if hold["state"] in OPEN_HOLDS]
        if drop:
            return next((hold for hold in mine if hold["drop"] == drop["id"]), None)
        variants = {variant["id"] for variant in (item or {}).get("variants", [])}
        return next((hold for hold in mine if not hold["drop"] and hold["variant"] in variants), None)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card as the template prints it."""

    view: Wire
    item_id: int | str = ""
    drop_id: int | str = ""
    # Empty where a variant has to be chosen first.
    variant_id: int | str = ""
    url: str = ""
    now: int = 0
    folded: bool = False
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def drop_to_hold(self) -> int | str:
        """The drop that the button buys from; nothing once only the shop sells it."""
        return self.drop_id if self.view.get("state") in {"open", "draw", "offered"} else ""

    @property
    def clock(self) -> str:
        """The time that is left, or the time at which it stands; empty where no clock runs."""
        standing = self.view.get("standing")
        return clock(standing) if standing is not None else self._left("until")

    @property
    def note_clock(self) -> str:
        return self._left("noteUntil")

    @property
    def back_clock(self) -> str:
        return self._left("back")

    def _left(self, name: str) -> str:
        until = self.view.get(name)
        return clock(max(0, -((self.now - until) // 1000))) if until else ""


EMPTY_CARD = Card(view={}, key="")


def stage_cards(scene: Scene) -> list[Card]:
    """Return the cards of the stage, the most pressing first; the others are folded to a line."""
    return [_card(scene, item, drop, folded=place > 0) for place, (item, drop) in enumerate(scene.subjects())]


def lineup_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return the rows of the line-up: what is on now, what can be bought, what is gone."""
    rows = []
    for item in scene.items:
        drop = scene.drop_of(item)
        view = card_view(scene.facts(item, drop) if drop else Facts(item=item, now=scene.now))
        rows.append(
            {
                "item": item,
                "url": _sheet_url(scene, item),
                "now": item["id"] in scene.pins or view["lit"],
                "on_sale": bool(drop) and view["state"] in {"open", "held", "offered"},
                "soon": view["state"] == "announced",
                "out": view["off"],
                "currency": view["currency"],
                "amount": view["amount"],
            }
        )
    return rows


def _card(scene: Scene, item: Wire | None, drop: Wire | None, *, folded: bool) -> Card:
    facts = scene.facts(item, drop)
    return Card(
        view=card_view(facts),
        item_id=item["id"] if item else "",
        drop_id=drop["id"] if drop else "",
        variant_id=_only_variant(facts),
        url=_sheet_url(scene, item) if item else reverse("product", args=[(drop or {})["product"]["slug"]]),
        now=scene.now,
        folded=folded,
    )


def _only_variant(facts: Facts) -> int | str:
    if facts.hold:
        return int(facts.hold["variant"])
    if facts.drop and drop_phase(facts) != "ended":
        units = [one["variant"] for one in facts.drop["items"]]
    else:
        units = [one["id"] for one in (facts.item or {}).get("variants", []) if one["left"] > 0]
    return units[0] if len(units) == 1 else ""


def _sheet_url(scene: Scene, item: Wire) -> str:
    return f"{reverse('show', args=[scene.slug])}?sheet={item['id']}"
