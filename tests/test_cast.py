"""The cast itself: fixtures that other tests stand on."""

from datetime import datetime

import pytest

from livecommerce.accounts.models import User
from streams.models import Drop, Show
from streams.models.drops import DropState
from tests.servers.profile import postgres, profile_name


def test_the_run_uses_the_database_of_its_profile():
    from django.db import connection

    assert connection.vendor == {"embedded": "sqlite", "postgres": "postgresql"}[profile_name()]
    assert (postgres is None) == (profile_name() == "embedded")


def test_a_drop_on_sale_is_open_now(drop_on_sale: Drop, now: datetime):
    assert drop_on_sale.state_at(now) == DropState.OPEN


def test_a_live_show_is_on_air(live_show: Show):
    assert live_show.is_on_air


@pytest.mark.django_db
def test_the_outsider_works_for_another_brand(brand_staff: User, outsider: User):
    theirs = set(brand_staff.brand_roles.values_list("brand"))

    assert theirs.isdisjoint(outsider.brand_roles.values_list("brand"))
