"""Facts of cards, one for each state and its edges: what both twins of the card view are asked."""

from typing import Any

NOW = 1_795_287_600_000
EUR = "EUR"

ITEM: dict[str, Any] = {
    "id": 3,
    "product": {"id": 9, "slug": "cup", "name": "Speckled stoneware cup", "image": "/static/art/cup.svg"},
    "variants": [
        {"id": 31, "sku": "CUP-1", "name": "Oat", "price": {"amount": 2800, "currency": EUR}, "left": 4},
        {"id": 32, "sku": "CUP-2", "name": "Sea", "price": {"amount": 2800, "currency": EUR}, "left": 0},
    ],
    "price": {"amount": 2800, "currency": EUR},
    "earlier_price": None,
    "note": "",
}
DROP: dict[str, Any] = {
    "id": 12,
    "state": "open",
    "product": ITEM["product"],
    "items": [{"variant": 31, "name": "Oat", "units": 80, "price": {"amount": 2100, "currency": EUR}}],
    "price": {"amount": 2100, "currency": EUR},
    "earlier_price": {"amount": 2800, "currency": EUR},
    "percent_off": 25,
    "per_buyer": 2,
    "units": 80,
    "hold_seconds": 300,
    "announced_at": NOW - 120_000,
    "opens_at": NOW - 60_000,
    "closes_at": NOW + 522_000,
    "paused_at": None,
}
STOCK = {"left": 37, "held": 12, "sold": 31, "back_at": NOW + 252_000, "queue": 0, "variants": {"31": 37}}
NOTHING_LEFT = STOCK | {"left": 0, "held": 9, "sold": 71, "queue": 10}
HOLD: dict[str, Any] = {
    "id": 5,
    "variant": 31,
    "drop": 12,
    "name": "Speckled stoneware cup",
    "image": "/static/art/cup.svg",
    "option_text": "Oat, 280 ml",
    "quantity": 2,
    "state": "held",
    "total": {"amount": 4200, "currency": EUR},
    "expires_at": NOW + 271_000,
    "paused_at": None,
    "offered": False,
}
DRAWN_IN_6_S = {"draw_seconds": 10, "draw_ends_at": NOW + 6_000, "draw_seed": ""}
LOTS = DROP | {"opens_at": NOW - 4_000, "per_buyer": 1, **DRAWN_IN_6_S}
LOTS_OVER = LOTS | {"opens_at": NOW - 11_000, "draw_ends_at": NOW - 1_000}
ASKED = {"left": 80, "held": 0, "sold": 0, "back_at": None, "queue": 214, "variants": {"31": 80}}
SLIP = {"drop": 12, "position": 15, "state": "waiting"}
PAUSED = {"paused": True, "reason": "panic", "since": NOW - 5_000}
YEN = {"amount": 1184, "currency": "JPY"}


def case(**facts: Any) -> dict[str, Any]:
    """Give facts of a drop that is on sale, but for what is said."""
    return {"item": ITEM, "drop": DROP, "stock": STOCK, "hold": None, "place": None, "sales": {}, "now": NOW, **facts}


CASES: dict[str, dict[str, Any]] = {
    "open": case(),
    "open, nothing in carts": case(stock=STOCK | {"held": 0, "back_at": None}),
    "open, no history": case(drop=DROP | {"earlier_price": None, "percent_off": None}),
    "open, stock not told yet": case(stock={}),
    "announced": case(drop=DROP | {"state": "announced", "opens_at": NOW + 12_000}),
    "opened by the clock, not told yet": case(drop=DROP | {"state": "announced"}),
    "closed by the clock, not told yet": case(drop=DROP | {"closes_at": NOW}),
    "paused while on sale": case(drop=DROP | {"state": "paused", "paused_at": NOW - 30_000}),
    "paused while announced": case(
        drop=DROP | {"state": "paused", "opens_at": NOW + 40_000, "paused_at": NOW - 30_000}
    ),
    "paused with the show": case(sales=PAUSED),
    "paused, picture lost": case(sales=PAUSED | {"reason": "picture"}),
    "announced, by lot": case(
        drop=LOTS | {"state": "announced", "opens_at": NOW + 12_000, "draw_ends_at": NOW + 22_000}, stock={}
    ),
    "by lot, open to all": case(drop=LOTS, stock=ASKED | {"queue": 0}),
    "by lot, asked": case(drop=LOTS, stock=ASKED, place=SLIP),
    "by lot, too late": case(drop=LOTS_OVER, stock=ASKED),
    "by lot, asked and being drawn": case(drop=LOTS_OVER, stock=ASKED, place=SLIP),
    "by lot, drawn": case(drop=LOTS_OVER | {"draw_seed": "5eed"}, stock=STOCK),
    "by lot, paused": case(drop=LOTS | {"state": "paused", "paused_at": NOW - 1_000}, stock=ASKED, place=SLIP),
    "by lot, drawn and offered": case(
        drop=LOTS_OVER | {"draw_seed": "5eed"},
        stock=NOTHING_LEFT,
        hold=HOLD | {"quantity": 1, "offered": True, "expires_at": NOW + 24_000},
    ),
    "sold out": case(stock=NOTHING_LEFT),
    "sold out, nobody waits": case(stock=NOTHING_LEFT | {"queue": 0}),
    "sold out, 111th": case(stock=NOTHING_LEFT | {"queue": 110}),
    "in the queue": case(stock=NOTHING_LEFT, place={"drop": 12, "position": 4, "state": "waiting"}),
    "in a longer queue than told": case(stock=NOTHING_LEFT, place={"drop": 12, "position": 23, "state": "waiting"}),
    "offered": case(stock=NOTHING_LEFT, hold=HOLD | {"quantity": 1, "offered": True, "expires_at": NOW + 24_000}),
    "offered, paused": case(
        stock=NOTHING_LEFT, hold=HOLD | {"offered": True, "expires_at": NOW + 24_000, "paused_at": NOW - 1_500}
    ),
    "held": case(hold=HOLD),
    "held, one, no options": case(hold=HOLD | {"quantity": 1, "option_text": ""}),
    "held, paused": case(hold=HOLD | {"paused_at": NOW}),
    "being paid": case(hold=HOLD | {"state": "paying"}),
    "held without a drop": case(drop=None, stock={}, hold=HOLD | {"drop": None}),
    "over, in stock": case(drop=DROP | {"state": "closed"}),
    "over, nothing left": case(drop=DROP | {"state": "closed"}, item=ITEM | {"variants": [ITEM["variants"][1]]}),
    "over, without an item": case(drop=DROP | {"state": "closed"}, item=None),
    "plain": case(drop=None, stock={}),
    "plain, many": case(drop=None, stock={}, item=ITEM | {"variants": [ITEM["variants"][0] | {"left": 51}]}),
    "plain, sold out": case(drop=None, stock={}, item=ITEM | {"variants": [ITEM["variants"][1]]}),
    "plain, in yen": case(drop=None, stock={}, item=ITEM | {"price": YEN}),
}

OIL = ITEM | {"id": 4, "product": {"id": 10, "slug": "oil", "name": "Olive oil", "image": ""}}
TEA = ITEM | {"id": 5, "product": {"id": 11, "slug": "tea", "name": "Tea", "image": ""}}
CRATE = {"id": 12, "slug": "crate", "name": "A crate that is in no line-up", "image": ""}
LATER = DROP | {"id": 13, "state": "announced", "opens_at": NOW + 9_000, "product": OIL["product"]}
ELSEWHERE = DROP | {"id": 14, "product": CRATE}
OVER = DROP | {"id": 15, "state": "closed", "opens_at": NOW - 900_000}


def scene(**known: Any) -> dict[str, Any]:
    """Give what a page knows; nothing is pinned or dropped but what is said."""
    items = [ITEM, OIL, TEA]
    return {"items": items, "pins": [], "drops": [], "stock": {}, "sales": {}, "holds": [], "queue": [], **known}


# What is known, and the cards that follow: (item, drop) from the most pressing to the least.
SCENES: dict[str, tuple[dict[str, Any], list[tuple[int | None, int | None]]]] = {
    "nothing is on": (scene(), []),
    "the newest pin first": (scene(pins=[3, 5]), [(5, None), (3, None)]),
    "a sale before a pin": (scene(pins=[5], drops=[DROP]), [(3, 12), (5, None)]),
    "a sale before one that opens": (scene(drops=[LATER, DROP]), [(3, 12), (4, 13)]),
    "a drop of something that is in no line-up": (scene(drops=[ELSEWHERE]), [(None, 14)]),
    "what is over is only there while it is pinned": (scene(drops=[OVER]), []),
    "a pinned product with a drop that is over": (scene(pins=[3], drops=[OVER]), [(3, 15)]),
    "a new run of a drop before its old one": (scene(pins=[3], drops=[OVER, DROP]), [(3, 12)]),
    "sold out gives way": (
        scene(drops=[DROP, LATER], stock={"stock:12": NOTHING_LEFT}),
        [(4, 13), (3, 12)],
    ),
    "an offer before everything": (
        scene(
            drops=[DROP, LATER, ELSEWHERE],
            stock={"stock:14": NOTHING_LEFT},
            holds=[HOLD | {"id": 1, "drop": 14, "offered": True}, HOLD | {"id": 2, "drop": 13}],
        ),
        [(None, 14), (4, 13), (3, 12)],
    ),
    "what is held stays though its drop is over": (
        scene(drops=[OVER], holds=[HOLD | {"drop": 15}]),
        [(3, 15)],
    ),
    "three at most": (scene(pins=[3, 4, 5], drops=[ELSEWHERE]), [(None, 14), (5, None), (4, None)]),
}
