"""One scarce drop under bots, on the product's own verbs and a clock that is told: whom the units went to.

    python -m bench.bot_rush --draw --check --seed 1

People tap after a moment, each with a device of their own. All bots belong to one operator, tap in the first
milliseconds, and where guests are checked their sums are done one after the other on `--cores` of this machine, really,
from the announcement on. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")
django.setup()

from catalog.models import Brand  # noqa: E402
from catalog.products import ProductDraft, VariantDraft, list_product  # noqa: E402
from checkout.audit import breaches  # noqa: E402
from checkout.draws import draw_due  # noqa: E402
from checkout.granting import decide_holds  # noqa: E402
from checkout.guest_checks import LENGTH, fits  # noqa: E402
from checkout.models import Hold  # noqa: E402
from checkout.shelf import HoldRequest  # noqa: E402
from livecommerce.accounts.models import Visitor  # noqa: E402
from livecommerce.clock import database_now  # noqa: E402
from livecommerce.money import Money  # noqa: E402
from streams.drops import announce_drop, close_drop  # noqa: E402
from streams.models import Drop, Show  # noqa: E402

UNITS, PEOPLE, BOTS = 200, 500, 10_000
COUNTDOWN, DRAW, WINDOW = 10, 10, 60
BATCH = 200


def announce(*, draw: bool, check: bool, now: datetime) -> Drop:
    show, brand = Show.objects.get(), Brand.objects.get()
    name = f"cup-{Drop.objects.count()}"
    cup = VariantDraft(sku=name, price=Money(2800, "EUR"), units=UNITS)
    product = list_product(brand=brand, draft=ProductDraft(name="Cup", slug=name, variants=[cup]), actor=None, now=now)
    return announce_drop(
        show=show,
        items=[(product.variants.get(), UNITS)],
        price=Money(2100, "EUR"),
        per_buyer=1,
        opens_in=COUNTDOWN,
        window=WINDOW,
        draw_seconds=DRAW if draw else 0,
        guest_check=check,
        actor=None,
        now=now,
    )


def solve(drop: Drop, buyer: UUID) -> str:
    """Do one sum as fast as Python can ask OpenSSL for it."""
    rest = f":{drop.guest_check_salt}:{Visitor(id=buyer).public_id}".ljust(LENGTH - 10, ".").encode()
    shift = 32 - drop.guest_check_bits
    return next(
        digits.decode()
        for n in count()
        if int.from_bytes(sha256((digits := b"%010d" % n) + rest).digest()[:4]) >> shift == 0
    )


def taps_of_bots(drop: Drop, bots: list[UUID], *, cores: int, dice: random.Random) -> list[HoldRequest]:
    """All tap at once; where they are checked, those whose sum is done before nearly everybody has tapped."""
    if not drop.guest_check_bits:
        return [_tap(bot, drop.opens_at + timedelta(milliseconds=dice.uniform(0, 20))) for bot in bots]
    began, taps = time.perf_counter(), []
    for bot in bots:
        work = solve(drop, bot)
        # One core was busy for this long; with more of them each sum is ready sooner.
        ready = (time.perf_counter() - began) / cores
        if ready > COUNTDOWN + DRAW:
            break
        at = max(drop.opens_at, drop.announced_at + timedelta(seconds=ready))
        taps.append(_tap(bot, at + timedelta(milliseconds=dice.uniform(0, 20)), work))
    return taps


def taps_of_people(drop: Drop, people: list[UUID], dice: random.Random) -> list[HoldRequest]:
    """Half of them within 1.2 s; each device has done its one sum while it counted down."""
    return [
        _tap(
            person,
            drop.opens_at + timedelta(seconds=dice.lognormvariate(0.18, 0.6)),
            solve(drop, person) if drop.guest_check_bits else "",
        )
        for person in people
    ]


def _tap(buyer: UUID, at: datetime, work: str = "") -> HoldRequest:
    return HoldRequest(buyer_id=buyer, variant_id=None, quantity=1, key="tap", at=at, work=work)


def run(*, draw: bool, check: bool, cores: int, seed: int) -> dict[str, float]:
    """Let them all tap in the order of their moments; return who got what."""
    dice, now = random.Random(seed), database_now()
    buyers = [visitor.pk for visitor in Visitor.objects.bulk_create(Visitor() for _ in range(PEOPLE + BOTS))]
    people, bots = buyers[:PEOPLE], buyers[PEOPLE:]
    drop = announce(draw=draw, check=check, now=now)
    of_bots = taps_of_bots(drop, bots, cores=cores, dice=dice)
    assert all(fits(drop, buyer_id=tap.buyer_id, work=tap.work or "") for tap in of_bots if check)
    taps = sorted(of_bots + taps_of_people(drop, people, dice), key=lambda tap: tap.at)
    for first in range(0, len(taps), BATCH):
        some = taps[first : first + BATCH]
        decide_holds(("drop", drop.pk), some, now=some[-1].at)
    draw_due(now=drop.opens_at + timedelta(seconds=DRAW + 2))
    held = list(Hold.objects.open().filter(drop=drop).values_list("buyer_id", flat=True))
    wrong = list(breaches())
    close_drop(drop=drop, now=drop.opens_at + timedelta(seconds=WINDOW))
    return {
        "bots": len(of_bots),
        "held": len(held),
        "to_people": len(set(held) & set(people)),
        "most_for_one": max(map(held.count, set(held))),
        "breaches": len(wrong),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(run(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
