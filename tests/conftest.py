"""The cast. Everyone is a person with a role, and in every story the same one:

Noor hosts a show of Kiln & Kettle; Ana watches and buys; Ben wants the same cup; Mia keeps the chat; Kim works for the
brand; Oda works for Norrfold and must see nothing of it.
"""

import threading
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from livecommerce.money import Money
from tests.servers.profile import profile_name

if TYPE_CHECKING:
    from catalog.models import Brand, Product, Variant
    from livecommerce.accounts.models import User, Visitor
    from streams.models import Host, LineupItem, Show
    from streams.models.drops import Drop

MakeUser = Callable[..., "User"]


def pytest_configure() -> None:
    """Passwords cost a second each on purpose; a suite of a thousand sign-ins does without."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """SQLite tests run on a file as the product does: threads see one database, and its locks are the real ones."""
    if profile_name() == "embedded":
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(Path(settings.DATA_DIR) / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Generator[None]:
    """Queries of async tests (`aget`) run in asgiref's one thread, whose connection nobody else can close.

    PostgreSQL does not drop a database to which a connection is left.
    """
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def figures_are_told_within_their_test(_django_db_marker: None) -> Generator[None]:
    """Stock figures wait a quarter of a second in a timer's thread, which must not read the next test's database."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


@pytest.fixture(autouse=True)
def copies_are_of_this_tests_shows() -> None:
    """A process keeps a show's snapshot for half a second; a rolled back SQLite gives its number to the next test."""
    from livecommerce.snapshot import forget_copies

    forget_copies()


@pytest.fixture(scope="session", autouse=True)
def ledgers_can_be_emptied() -> Generator[None]:
    """Tests that commit empty all tables afterwards. SQLite deletes row by row: its append-only triggers step aside."""
    from django.db.backends.sqlite3.base import DatabaseOperations

    flush = DatabaseOperations.execute_sql_flush

    def flush_between(operations: DatabaseOperations, statements: list[str]) -> None:
        with operations.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            flush(operations, statements)
            for _, sql in triggers:
                cursor.execute(sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_between)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """The product's hash is slow on purpose; no test is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def now() -> datetime:
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """`make_user("Ana Lopes")`: someone who signs in as ana.lopes@example.test with the password `opensesame`."""
    from livecommerce.accounts.models import User

    def make(name: str, **fields: object) -> User:
        return User.objects.create_user(
            f"{name.lower().replace(' ', '.')}@example.test", "opensesame", name=name, **fields
        )

    return make


@pytest.fixture
def brand(db: None) -> "Brand":
    return make_brand("Kiln & Kettle", "kiln-kettle")


@pytest.fixture
def rival_brand(db: None) -> "Brand":
    return make_brand("Norrfold", "norrfold")


@pytest.fixture
def brand_staff(make_user: MakeUser, brand: "Brand") -> "User":
    return staff_of(brand, make_user("Kim Berg", is_staff=True))


@pytest.fixture
def outsider(make_user: MakeUser, rival_brand: "Brand") -> "User":
    """Staff of another brand: everything in the admin is open to her but what is not hers."""
    return staff_of(rival_brand, make_user("Oda Falk", is_staff=True))


@pytest.fixture
def operator(make_user: MakeUser) -> "User":
    return make_user("Root Jensen", is_staff=True, is_superuser=True)


@pytest.fixture
def host(make_user: MakeUser, brand: "Brand") -> "Host":
    from streams.models import Host

    return Host.objects.create(user=make_user("Noor Haddad"), brand=brand, handle="noor", name="Noor Haddad")


@pytest.fixture
def moderator(make_user: MakeUser) -> "User":
    """Mia, in the chat team of `show` and `live_show`."""
    return make_user("Mia Lund")


@pytest.fixture
def viewer(make_user: MakeUser) -> "Visitor":
    """Ana, signed in."""
    from livecommerce.accounts.visitors import visitor_of_user

    return visitor_of_user(make_user("Ana Lopes"))


@pytest.fixture
def rival_viewer(db: None, now: datetime) -> "Visitor":
    """Ben, a guest."""
    from livecommerce.accounts.visitors import mint_visitor

    return mint_visitor(now=now)[0]


@pytest.fixture
def product(brand: "Brand", now: datetime) -> "Product":
    """A stoneware cup in two colours, 100 of each in the shop, EUR 28.00."""
    return make_product(brand, "Stoneware cup", "CUP", ["Sage", "Clay"], now)


@pytest.fixture
def variant(product: "Product") -> "Variant":
    return product.variants.order_by("position", "pk")[0]


@pytest.fixture
def show(brand: "Brand", host: "Host", moderator: "User", now: datetime) -> "Show":
    """Scheduled for tomorrow, its line-up still empty."""
    from streams.models import ShowMember
    from streams.shows import schedule_show

    show = schedule_show(
        brand=brand,
        host=host,
        title="Winter table",
        slug="winter-table",
        starts_at=now + timedelta(days=1),
        actor=host.user,
        now=now,
    )
    ShowMember.objects.create(show=show, user=moderator, role=ShowMember.Role.MODERATOR)
    return show


@pytest.fixture
def lineup_item(show: "Show", product: "Product") -> "LineupItem":
    from streams.models import LineupItem

    return LineupItem.objects.create(show=show, product=product, position=1)


@pytest.fixture
def live_show(show: "Show", lineup_item: "LineupItem", host: "Host", now: datetime) -> "Show":
    from streams.shows import go_live

    return go_live(show=show, actor=host.user, now=now, picture_needed=False)


@pytest.fixture
def drop_on_sale(live_show: "Show", variant: "Variant", host: "Host", now: datetime) -> "Drop":
    """Ten sage cups at EUR 21.00, two a person, open since a second ago."""
    from streams.drops import announce_drop

    return announce_drop(
        show=live_show,
        items=[(variant, 10)],
        price=Money(2100, "EUR"),
        per_buyer=2,
        opens_in=0,
        window=600,
        actor=host.user,
        now=now - timedelta(seconds=61),
    )


@pytest.fixture
def client_of(db: None) -> Callable[["User | Visitor"], Client]:
    """`client_of(ana)`: the browser of a user, or of a guest's visitor."""
    from livecommerce.accounts.models import User
    from livecommerce.accounts.visitors import COOKIE, guest_token

    def open_browser(person: "User | Visitor") -> Client:
        client = Client()
        user = person if isinstance(person, User) else person.user
        if user is None:
            client.cookies[COOKIE] = guest_token(person.pk)
        else:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return open_browser


def make_brand(name: str, slug: str) -> "Brand":
    from catalog.models import Brand

    return Brand.objects.create(name=name, slug=slug, currency="EUR", country="NL", legal_name=f"{name} B.V.")


def staff_of(brand: "Brand", user: "User") -> "User":
    from catalog.models import BrandStaff

    BrandStaff.objects.create(brand=brand, user=user)
    return user


def make_product(brand: "Brand", name: str, sku: str, colours: list[str], now: datetime) -> "Product":
    from catalog.products import ProductDraft, VariantDraft, list_product

    variants = [
        VariantDraft(sku=f"{sku}-{colour.upper()}", price=Money(2800, "EUR"), option_values=[colour], units=100)
        for colour in colours
    ]
    draft = ProductDraft(
        name=name,
        slug=f"{brand.slug}-{sku.lower()}",
        variants=variants,
        option_names=["Colour"],
        art=[("art/cup.svg", name)],
    )
    # Older than the 30 days that a struck price looks back.
    return list_product(brand=brand, draft=draft, actor=None, now=now - timedelta(days=40))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """After every test that could have sold, held or moved anything, while its rows still stand: the books balance."""
    yield
    has_rows = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    if has_rows or item.get_closest_marker("django_db"):
        from checkout.audit import breaches

        assert list(breaches()) == []
