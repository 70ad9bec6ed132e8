"""What people see of stock: the figures of the very rows that are sold from, and the clock of the database."""

import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from checkout.counts import drop_figures, state_of
from checkout.holds import expire_overdue_holds, extend_hold, place_hold, release_hold
from checkout.queue import join_queue
from livecommerce.accounts.visitors import mint_visitor
from streams.drops import close_drop
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parent.parent.parent


def figures(drop):
    return drop_figures(drop.pk)[f"stock:{drop.pk}"]


@pytest.mark.django_db
def test_left_held_and_back_within_come_from_the_rows(viewer, drop_on_sale, now):
    answer = place_hold(buyer_id=viewer.pk, drop_id=drop_on_sale.pk, quantity=2, key="k", now=now)

    _, value = figures(drop_on_sale)

    variant = drop_on_sale.items.get().variant_id
    assert value == {
        "left": 8, "held": 2, "sold": 0, "queue": 0, "variants": {str(variant): 8},
        "back_at": int(answer.expires_at.timestamp() * 1000),
    }  # fmt: skip


@pytest.mark.django_db
def test_whatever_changes_the_figures_raises_their_version(viewer, rival_viewer, drop_on_sale, now):
    versions = [figures(drop_on_sale)[0]]

    def changed():
        versions.append(figures(drop_on_sale)[0])
        assert versions[-1] > versions[-2]

    first = place_hold(buyer_id=viewer.pk, drop_id=drop_on_sale.pk, quantity=2, key="k", now=now)
    changed()
    extend_hold(hold_id=first.hold_id, buyer_id=viewer.pk, now=now)
    changed()
    for _ in range(8):
        place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=drop_on_sale.pk, quantity=1, key=uuid4().hex, now=now)
    changed()
    join_queue(drop_id=drop_on_sale.pk, buyer_id=rival_viewer.pk, now=now)
    changed()
    release_hold(hold_id=first.hold_id, buyer_id=viewer.pk, now=now)
    changed()
    expire_overdue_holds(now=now + timedelta(hours=1))
    changed()


@pytest.mark.django_db
def test_a_snapshot_has_the_running_drops_and_the_shop(live_show, product, drop_on_sale, now):
    keys = set(state_of(live_show, now))

    assert keys == {f"stock:{drop_on_sale.pk}", *(f"stock:v{variant.pk}" for variant in product.variants.all())}
    close_drop(drop=drop_on_sale, now=now)
    assert f"stock:{drop_on_sale.pk}" not in state_of(live_show, now)


def test_a_machine_whose_clock_is_wrong_still_has_the_time_of_the_database():
    """Ten minutes fast or slow: what decides is read from PostgreSQL, at each question and for each receipt."""
    code = """
        import django, time_machine, datetime
        django.setup()
        from livecommerce.clock import database_now, receipt_time
        real = datetime.datetime.now(datetime.UTC)
        for minutes in (10, -10):
            with time_machine.travel(real + datetime.timedelta(minutes=minutes)):
                assert abs(datetime.datetime.now(datetime.UTC) - real) > datetime.timedelta(minutes=9)
                assert abs(database_now() - real) < datetime.timedelta(minutes=1)
                assert abs(receipt_time() - real) < datetime.timedelta(minutes=1)
    """
    with Postgres() as postgres:
        environment = {"DJANGO_SETTINGS_MODULE": "livecommerce.settings", "SECRET_KEY": "x" * 60}
        environment |= {"DATABASE_URL": postgres.create_database("skew"), "PATH": "/usr/bin:/bin", "DEBUG": "true"}

        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, env=environment, check=True)
