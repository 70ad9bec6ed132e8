"""Seeding: lays the demo's story into the database. Rule guarded here: run again, it changes nothing that is there.

Everything goes through the verbs of the apps, with moments in the past where the story has a past.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from functools import cache

from django.contrib.auth.hashers import make_password
from django.db import transaction

from catalog.models import Brand, BrandStaff, Product
from catalog.products import ProductDraft, VariantDraft, list_product
from checkout.codes import write_code
from checkout.models import Code
from livecommerce.accounts.models import User
from livecommerce.accounts.visitors import identity_of, viewer_of_user, visitor_of_user
from livecommerce.demo import story
from livecommerce.money import Money
from streams.hosts import introduce_host
from streams.lineup import add_to_lineup, pin_item, unpin_item
from streams.models import Host, Show, ShowMember
from streams.shows import archive_show, end_show, go_live, publish_replay, schedule_show

# Prices are older than the 30 days that a struck price looks back.
SHELF_AGE = timedelta(days=45)


def seed_demo(*, now: datetime) -> Show:
    """Lay out what is missing of the demo and return the show that is to go live."""
    with transaction.atomic():
        people = {email: _person(email, name) for email, name in story.PEOPLE.items()}
        brands = {slug: _brand(slug) for slug in story.BRANDS}
        for email, slug in story.STAFF.items():
            BrandStaff.objects.get_or_create(brand=brands[slug], user=people[email])
        hosts = {handle: _host(handle, brands) for handle in story.HOSTS}
        for number, name in enumerate(story.CROWD, start=1):
            _person(crowd_email(number), name)
        for text in story.CODES:
            _code(text, brands, now)
        shelf = {key: _product(key, brands, now) for key in story.PRODUCTS}
        _past_shows(brands, hosts, shelf, now)
        _coming_shows(brands, hosts, shelf, now)
        return _live_show(brands, hosts, shelf, people, now)


def crowd_email(number: int) -> str:
    return f"crowd{number}@demo.test"


def keys_of(emails: Iterable[str], *, now: datetime) -> dict[str, str]:
    """Give people who are played by this program a key each, as if they had signed in."""
    users = User.objects.filter(email__in=list(emails))
    return {user.email: identity_of(viewer_of_user(user), now=now)[1] for user in users}


@cache
def _password() -> str:
    """The one password, hashed once: the hash is slow on purpose, and there are two dozen people."""
    return make_password(story.PASSWORD)


def _person(email: str, name: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        runs_it = email == story.OPERATOR
        user = User.objects.create(
            email=email,
            name=name,
            password=_password(),
            is_superuser=runs_it,
            is_staff=runs_it or email in story.STAFF,
        )
        visitor_of_user(user)
    return user


def _brand(slug: str) -> Brand:
    told = story.BRANDS[slug]
    brand, _ = Brand.objects.get_or_create(
        slug=slug,
        defaults={
            "name": told.name,
            "legal_name": told.legal_name,
            "country": told.country,
            "currency": "EUR",
            "vat_rate_bp": told.vat_rate_bp,
            "shipping_price_minor": told.shipping_minor,
            "about": told.about,
            "art": f"art/brand-{slug}.svg",
        },
    )
    return brand


def _host(handle: str, brands: dict[str, Brand]) -> Host:
    told = story.HOSTS[handle]
    found = Host.objects.filter(handle=handle).first()
    return found or introduce_host(
        user=_person(told.email or f"{handle}@demo.test", told.name),
        handle=handle,
        name=told.name,
        brand=brands[told.brand],
        city=told.city,
        bio=told.bio,
        art=f"art/host-{handle}.svg",
    )


def _product(key: str, brands: dict[str, Brand], now: datetime) -> Product:
    told = story.PRODUCTS[key]
    slug = f"{told.brand}-{key}"
    found = Product.objects.filter(slug=slug).first()
    if found:
        return found
    variants = [
        VariantDraft(
            sku="-".join([key, *values]).upper().replace(" ", ""),
            price=Money(price, "EUR"),
            option_values=values,
            units=units,
            weight_grams=400,
        )
        for values, price, units in told.variants
    ]
    draft = ProductDraft(
        name=told.name,
        slug=slug,
        variants=variants,
        description=told.description,
        facts=told.facts,
        option_names=told.options,
        art=[(f"art/{told.art}.svg", told.name)],
    )
    return list_product(brand=brands[told.brand], draft=draft, actor=None, now=now - SHELF_AGE)


def _code(text: str, brands: dict[str, Brand], now: datetime) -> None:
    slug, off, uses = story.CODES[text]
    if not Code.objects.filter(brand=brands[slug], text=text).exists():
        write_code(code=Code(brand=brands[slug], text=text, amount_minor=off, uses=uses, starts_at=now))


def _past_shows(brands: dict[str, Brand], hosts: dict[str, Host], shelf: dict[str, Product], now: datetime) -> None:
    for told in story.PAST_SHOWS:
        if Show.objects.filter(slug=told.slug).exists():
            continue
        began = now - timedelta(days=told.days)
        show = _schedule(told, brands, hosts, shelf, starts_at=began, now=began - timedelta(days=3))
        show = go_live(show=show, actor=show.host.user, now=began, picture_needed=False)
        step = timedelta(minutes=told.minutes) / (len(told.products) + 1)
        for number, item in enumerate(show.lineup.order_by("position"), start=1):
            pin_item(show=show, item_id=item.pk, actor=show.host.user, now=began + number * step)
            unpin_item(show=show, item_id=item.pk, now=began + number * step + step * 0.8)
        over = began + timedelta(minutes=told.minutes)
        show = end_show(show=show, actor=show.host.user, now=over)
        publish_replay(show=show, actor=show.host.user, now=over + timedelta(hours=1))


def _coming_shows(brands: dict[str, Brand], hosts: dict[str, Host], shelf: dict[str, Product], now: datetime) -> None:
    for told in story.COMING_SHOWS:
        if not Show.objects.filter(slug=told.slug, starts_at__gt=now).exists():
            _make_room(told.slug, now)
            day = (now + timedelta(days=told.days)).date()
            starts_at = datetime.combine(day, time(told.hour), tzinfo=now.tzinfo)
            _schedule(told, brands, hosts, shelf, starts_at=starts_at, now=now)


def _live_show(
    brands: dict[str, Brand],
    hosts: dict[str, Host],
    shelf: dict[str, Product],
    people: dict[str, User],
    now: datetime,
) -> Show:
    """The show on air: that of the last start if it runs still, else a new one under the same address."""
    found = Show.objects.filter(slug=story.LIVE).first()
    if found and not found.is_past:
        return found
    _make_room(story.LIVE, now)
    show = schedule_show(
        brand=brands["kiln-kettle"],
        host=hosts["noor"],
        title="Winter table: cups, tea and new oil",
        slug=story.LIVE,
        description="Noor throws every cup herself. The oil was pressed three weeks ago.",
        starts_at=now,
        planned_minutes=60,
        # Its encoder is in the same machine.
        ingest_delay_ms=250,
        art="art/scene-winter-table.svg",
        actor=hosts["noor"].user,
        now=now,
    )
    for key, minutes, cue in story.LINEUP:
        price, units = story.DROPS.get(key, (None, None))
        add_to_lineup(
            show=show,
            product=shelf[key],
            planned_minutes=minutes,
            cue=cue,
            drop_price_minor=price,
            drop_units=units,
        )
    for email in ("team@demo.test", "tom@demo.test"):
        ShowMember.objects.create(show=show, user=people[email], role=ShowMember.Role.MODERATOR)
    ShowMember.objects.create(show=show, user=hosts["mateo"].user, role=ShowMember.Role.GUEST)
    return show


def _schedule(
    told: story.ShowStory,
    brands: dict[str, Brand],
    hosts: dict[str, Host],
    shelf: dict[str, Product],
    *,
    starts_at: datetime,
    now: datetime,
) -> Show:
    host = hosts[told.host]
    show = schedule_show(
        brand=brands[story.HOSTS[told.host].brand],
        host=host,
        title=told.title,
        slug=told.slug,
        description=told.description,
        starts_at=starts_at,
        planned_minutes=told.minutes,
        art=f"art/scene-{told.scene}.svg",
        actor=host.user,
        now=now,
    )
    for key in told.products:
        add_to_lineup(show=show, product=shelf[key])
    return show


def _make_room(slug: str, now: datetime) -> None:
    """Put an earlier run of a show under an address of its own: the demo's addresses stay the same for ever."""
    earlier = Show.objects.filter(slug=slug).first()
    if earlier is None:
        return
    if earlier.is_past:
        archive_show(show=earlier, actor=None, now=now)
    Show.objects.filter(pk=earlier.pk).update(slug=f"{slug}-{earlier.pk}")
