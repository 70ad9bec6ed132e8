"""What a product's card says, from the facts: item, drop, stock, the viewer's own hold and queue place, the time.

The twin of static/js/lib/card-view.js, which keeps the card true after the page has loaded. All facts are in wire form
(ids, integer minor units, ms), so that both read the same; a test drives both with the same cases.
"""

from dataclasses import dataclass, field
from typing import Any

from livecommerce.money import Money, amount_text, format_money

Wire = dict[str, Any]
OFFER_MS = 30_000
TIMES, MINUS = "\u00d7", "\u2212"
# A plain product says how many are left only when the figure helps to decide.
FEW = 50


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a card depends on; any of them may be missing, but not both item and drop."""

    item: Wire | None = None
    drop: Wire | None = None
    stock: Wire = field(default_factory=dict)
    hold: Wire | None = None
    place: Wire | None = None
    sales: Wire = field(default_factory=dict)
    now: int = 0


def card_view(facts: Facts) -> Wire:
    """Return the card's words, clocks and button."""
    state = _state(facts)
    product = (facts.drop or facts.item or {}).get("product") or facts.hold or {}
    view: Wire = {**BLANK, "state": state, "name": product.get("name"), "image": product.get("image")}
    return view | VIEWS[state](facts)


def drop_phase(facts: Facts) -> str:
    """Return where the drop stands by the server's clock; its `state` alone may be a moment behind it."""
    drop = facts.drop or {}
    if drop["state"] == "closed":
        return "ended"
    if drop.get("paused_at") or drop["state"] == "paused" or facts.sales.get("paused"):
        return "paused"
    if drop.get("closes_at") and facts.now >= drop["closes_at"]:
        return "ended"
    if facts.now < drop["opens_at"]:
        return "announced"
    gone = drop["state"] == "sold_out" or (facts.stock and facts.stock["left"] <= 0)
    return "sold_out" if gone else "open"


BLANK: Wire = {
    "lit": False,
    "off": False,
    "held": False,
    "icon": "",
    "label": "",
    "word": "",
    "until": None,
    "standing": None,
    "aside": "",
    "drain": None,
    "note": "",
    "noteUntil": None,
    "button": None,
    "bar": None,
    "left": "",
    "carts": "",
    "back": None,
    "limit": "",
    "link": None,
    "queue": None,
    "earlier": "",
    "percent": "",
}
BUY: Wire = {"label": "Buy", "act": "buy", "look": "buy", "disabled": False}


def ordinal(count: int) -> str:
    """Return `4th`."""
    if count % 100 in {11, 12, 13}:
        return f"{count}th"
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th') }"


def _state(facts: Facts) -> str:
    """The viewer's own matters come before the drop's."""
    if facts.hold:
        return "offered" if facts.hold["offered"] else "held"
    if not facts.drop:
        return "plain"
    phase = drop_phase(facts)
    if phase == "open" and facts.drop.get("draw_ends_at") and not facts.drop.get("draw_seed"):
        return "in_draw" if facts.place else "draw" if facts.now < facts.drop["draw_ends_at"] else "drawing"
    return "queued" if phase == "sold_out" and facts.place else phase


def _offered(facts: Facts) -> Wire:
    hold = facts.hold or {}
    kept = (facts.drop or {})["hold_seconds"]
    return {
        "lit": True,
        "icon": "lamp",
        # After a draw nobody can tell who was drawn and whose unit came back, and nobody has to.
        "label": "It is your turn" if (facts.drop or {}).get("draw_seed") else "One came back, it is yours",
        **_hold_clock(hold, OFFER_MS),
        **_priced(hold["total"]),
        "note": " · ".join(filter(None, [hold["option_text"], "Then it goes to the next in line"])),
        "button": {"label": "Hold it", "act": "take", "look": "buy", "disabled": False},
        "bar": _bar(facts),
        "left": f"“Hold it” keeps it yours for {kept // 60}:{kept % 60:02}. Nothing is charged yet.",
        "link": {"label": "Let it pass", "act": "pass"},
    }


def _held(facts: Facts) -> Wire:
    hold, stock = facts.hold or {}, facts.stock
    many = hold["quantity"] > 1
    paying = hold["state"] == "paying"
    length = (facts.drop or {}).get("hold_seconds", 300) * 1000
    return {
        "lit": True,
        "held": True,
        "icon": "pause" if hold["paused_at"] else "timer",
        "label": "Being paid" if paying else "Held for you",
        **_hold_clock(hold, length),
        "name": f"{hold['quantity']} {TIMES} {hold['name']}" if many else hold["name"],
        **_priced(hold["total"]),
        "note": f"{hold['option_text']} · the price stays"
        if hold.get("option_text")
        else "The price stays while you hold it",
        "button": {"label": "Pay", "act": "pay", "look": "buy", "disabled": False},
        "bar": _bar(facts) if facts.drop else None,
        "left": f"{stock['left']} left" if stock else "",
        "carts": _in_carts(stock),
        "link": None if paying else {"label": "Let them go" if many else "Let it go", "act": "release"},
    }


def _announced(facts: Facts) -> Wire:
    drop = facts.drop or {}
    return {
        "icon": "clock",
        "label": "Opens in",
        "until": drop["opens_at"],
        "drain": {"kind": "paused", "from": drop["announced_at"], "until": drop["opens_at"]},
        **_priced(drop["price"]),
        **_reduction(drop.get("earlier_price"), drop.get("percent_off")),
        "button": BUY | {"disabled": True},
        "bar": _bar(facts, paused=True),
        "left": f"{drop['units']} in this drop",
        "carts": f"by lot among all who ask in the first {drop['draw_seconds']} s" if drop.get("draw_ends_at") else "",
        "limit": "" if drop.get("draw_ends_at") else _per_person(drop),
    }


def _paused(facts: Facts) -> Wire:
    drop, stock = facts.drop or {}, facts.stock
    since = drop.get("paused_at") or facts.sales.get("since") or facts.now
    opened = since >= drop["opens_at"]
    until = drop["closes_at"] if opened else drop["opens_at"]
    lost_picture = facts.sales.get("reason") == "picture"
    return {
        "icon": "pause",
        "label": "Paused",
        "standing": max(0, -((since - until) // 1000)),
        "drain": {
            "kind": "paused",
            "from": drop["opens_at"] if opened else drop["announced_at"],
            "until": until,
            "standing": since,
        },
        **_priced(drop["price"]),
        **_reduction(drop.get("earlier_price"), drop.get("percent_off")),
        "note": "Goes on when the picture is back" if lost_picture else "Goes on where it stood, no time is lost",
        "button": BUY | {"disabled": True},
        "bar": _bar(facts, paused=True),
        "left": f"{stock.get('left', drop['units'])} left",
        "carts": f"{stock['held']} in carts, paused too" if stock.get("held") else "",
    }


def _open(facts: Facts) -> Wire:
    drop, stock = facts.drop or {}, facts.stock
    return {
        "lit": True,
        "icon": "lamp",
        "label": "On sale now",
        "word": "ends in",
        "until": drop["closes_at"],
        "drain": {"kind": "", "from": drop["opens_at"], "until": drop["closes_at"]},
        **_priced(drop["price"]),
        **_reduction(drop.get("earlier_price"), drop.get("percent_off")),
        "button": BUY,
        "bar": _bar(facts),
        "left": f"{stock.get('left', drop['units'])} left",
        "carts": _in_carts(stock),
        "back": stock.get("back_at") if stock.get("held") else None,
        "limit": _per_person(drop),
    }


def _draw(facts: Facts) -> Wire:
    return _in_draw(facts) | {
        "lit": True,
        "icon": "lamp",
        "label": "By lot",
        "word": "ask within",
        "button": {"label": "Enter", "act": "buy", "look": "buy", "disabled": False},
    }


def _drawing(facts: Facts) -> Wire:
    return _in_draw(facts) | {"label": "Being drawn", "button": BUY | {"disabled": True}}


def _in_draw(facts: Facts) -> Wire:
    drop, ends_at, asked = facts.drop or {}, (facts.drop or {})["draw_ends_at"], facts.stock.get("queue") or 0
    runs = facts.now < ends_at
    return {
        "icon": "clock",
        "label": "You are in the draw",
        "word": "drawn in" if runs else "",
        "until": ends_at if runs else None,
        "drain": {"kind": "", "from": drop["opens_at"], "until": ends_at},
        **_priced(drop["price"]),
        "note": "It makes no difference who asks first",
        **_reduction(drop.get("earlier_price"), drop.get("percent_off")),
        "button": {"label": "Leave", "act": "leave", "look": "quiet", "disabled": False},
        "bar": _bar(facts),
        "left": f"{facts.stock.get('left', drop['units'])} to be drawn",
        "carts": f"{asked} in the draw" if asked else "",
        "limit": "One each",
    }


def _gone(facts: Facts) -> Wire:
    drop, stock = facts.drop or {}, facts.stock
    return {
        "off": True,
        "label": "Sold out",
        "word": "drop ends in",
        "until": drop["closes_at"],
        **_priced(drop["price"]),
        "note": _in_carts(stock),
        "noteUntil": stock.get("back_at") if stock.get("held") else None,
        "bar": _bar(facts) | {"left": 0},
    }


def _sold_out(facts: Facts) -> Wire:
    waiting = facts.stock.get("queue") or 0
    return _gone(facts) | {
        "button": {"label": "Join queue", "act": "join", "look": "light", "disabled": False},
        "left": f"{waiting or 'Nobody'} waiting.",
        "carts": f"You would be {ordinal(waiting + 1)}.",
    }


def _queued(facts: Facts) -> Wire:
    position = (facts.place or {})["position"]
    of = max(position, facts.stock.get("queue") or 0)
    return _gone(facts) | {
        "button": {"label": "Leave", "act": "leave", "look": "quiet", "disabled": False},
        "queue": {"place": position, "told": f"You are {ordinal(position)} of {of} in the queue."},
    }


def _ended(facts: Facts) -> Wire:
    over = "The drop is over"
    if facts.item and facts.item.get("variants"):
        again = _plain(facts)
        if not again["off"]:
            note = f"{again['currency']} {again['amount']} again"
            return again | {"icon": "", "label": over, "note": note, "earlier": "", "percent": ""}
    closed = {"label": "Over", "act": "none", "look": "quiet", "disabled": True}
    return {"off": True, "label": over, **_priced((facts.drop or {})["price"]), "button": closed}


def _plain(facts: Facts) -> Wire:
    item = facts.item or {}
    left = sum(max(0, variant.get("left") or 0) for variant in item["variants"])
    reduced = _reduction(item.get("earlier_price"), None)
    gone = {"label": "Sold out", "act": "none", "look": "quiet", "disabled": True}
    return {
        "icon": "pin",
        "label": "Shown now" if left else "Sold out",
        "off": not left,
        "aside": f"{left} left" if 0 < left <= FEW else "",
        **_priced(item["price"]),
        **reduced,
        "note": reduced.get("note") or item.get("note") or "",
        "button": BUY if left else gone,
    }


VIEWS = {
    "offered": _offered,
    "held": _held,
    "announced": _announced,
    "paused": _paused,
    "open": _open,
    "draw": _draw,
    "in_draw": _in_draw,
    "drawing": _drawing,
    "sold_out": _sold_out,
    "queued": _queued,
    "ended": _ended,
    "plain": _plain,
}


def _money(wire: Wire) -> Money:
    return Money(wire["amount"], wire["currency"])


def _priced(price: Wire) -> Wire:
    return {"currency": price["currency"], "amount": amount_text(_money(price))}


def _reduction(earlier: Wire | None, percent: int | None) -> Wire:
    if not earlier:
        return {}
    return {
        "earlier": amount_text(_money(earlier)),
        "percent": f"{MINUS}{percent} %" if percent else "",
        "note": f"30-day lowest: {format_money(_money(earlier))}",
    }


def _bar(facts: Facts, *, paused: bool = False) -> Wire:
    stock = facts.stock
    units = (facts.drop or {}).get("units", 0)
    return {
        "sold": stock.get("sold", 0),
        "held": stock.get("held", 0),
        "left": stock.get("left", units),
        "paused": paused,
    }


def _hold_clock(hold: Wire, length: int) -> Wire:
    """The clock of a hold: it runs, or stands where the show stopped it."""
    until, paused = hold["expires_at"], hold["paused_at"]
    return {
        "until": None if paused else until,
        "standing": max(0, -((paused - until) // 1000)) if paused else None,
        "drain": {"kind": "held", "from": until - length, "until": until, "standing": paused},
    }


def _in_carts(stock: Wire) -> str:
    return f"{stock['held']} in carts" if stock.get("held") else ""


def _per_person(drop: Wire) -> str:
    return f"Max {drop['per_buyer']} per person" if drop.get("per_buyer") else ""
