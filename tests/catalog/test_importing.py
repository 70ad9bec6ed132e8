"""Importing a sheet: all of it or nothing, every mistake by row and column, and twice is the same as once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Brand, PriceChange, Product, Stock, StockEntry, Variant
from checkout.holds import place_hold
from livecommerce.accounts.models import User, Visitor
from streams.models.drops import Drop

CUPS = """product,sku,price,stock,option1_name,option1_value,description
Tall mug,MUG-S,21.00,12,Size,Small,Holds a pint
Tall mug,MUG-L,24.50,8,Size,Large,
Tea towel,TOWEL,9.90,40,,,
"""


@pytest.fixture
def send(brand_staff: User, client_of: Callable[[User], Client]) -> Callable[..., Any]:
    """Post a sheet as Kim, who works for Kiln & Kettle."""
    client = client_of(brand_staff)

    def post(sheet: str | bytes, path: str = "/api/v1/brand/imports") -> Any:
        return client.post(path, sheet, content_type="text/csv")

    return post


def errors_of(answer: Any) -> set[tuple[int, str]]:
    assert answer.status_code == 422, answer.content
    assert (answer.json()["created"], answer.json()["updated"]) == (0, 0)
    assert not Variant.objects.filter(sku__startswith="MUG").exists()
    return {(one["row"], one["field"]) for one in answer.json()["errors"]}


def left(sku: str) -> int:
    return Stock.objects.shop().get(variant__sku=sku).left


def test_a_sheet_becomes_products_with_prices_and_units(send: Callable[..., Any], brand: Brand) -> None:
    answer = send(CUPS)

    assert (answer.status_code, answer.json()) == (200, {"created": 3, "updated": 0, "errors": [], "ignored": []})
    mug = Product.objects.get(slug="tall-mug")
    assert (mug.brand, mug.name, mug.description, mug.option_names) == (brand, "Tall mug", "Holds a pint", ["Size"])
    assert list(mug.variants.values_list("sku", "price_minor", "option_values").order_by("position")) == [
        ("MUG-S", 2100, ["Small"]),
        ("MUG-L", 2450, ["Large"]),
    ]
    assert (left("MUG-S"), left("MUG-L"), left("TOWEL")) == (12, 8, 40)


def test_sent_again_it_changes_nothing(send: Callable[..., Any]) -> None:
    send(CUPS)
    before = (PriceChange.objects.count(), StockEntry.objects.count(), Variant.objects.count(), Product.objects.count())

    again = send(CUPS)

    assert (again.json()["created"], again.json()["updated"]) == (0, 3)
    after = (PriceChange.objects.count(), StockEntry.objects.count(), Variant.objects.count(), Product.objects.count())
    assert after == before


def test_what_is_known_is_brought_up_to_date_with_its_history(send: Callable[..., Any], brand_staff: User) -> None:
    send(CUPS)

    send("product,sku,price,stock\nTall mug,MUG-S,19.00,20\nGuest towel,TOWEL,9.90,\n")

    mug = Variant.objects.get(sku="MUG-S")
    assert [change.price_minor for change in mug.price_changes.order_by("pk")] == [2100, 1900]
    entry = StockEntry.objects.filter(stock__variant=mug).latest("number")
    assert (entry.kind, entry.quantity, entry.actor, entry.note) == ("adjusted", 8, brand_staff, "import")
    assert Product.objects.get(variants__sku="TOWEL").name == "Guest towel"
    assert left("TOWEL") == 40
    assert Variant.objects.get(sku="MUG-L").price_minor == 2450


def test_a_count_knows_of_units_in_drops_and_in_hands(
    send: Callable[..., Any], drop_on_sale: Drop, rival_viewer: Visitor, now: datetime
) -> None:
    item = drop_on_sale.items.get()
    place_hold(
        buyer_id=rival_viewer.pk, drop_id=drop_on_sale.pk, variant_id=None, quantity=2, key="a", show_id=None, now=now
    )
    sheet = "product,sku,price,stock\nStoneware cup,CUP-SAGE,28.00,{}\n"

    same = send(sheet.format(100))
    fewer = send(sheet.format(9))

    assert same.status_code == 200
    assert (left("CUP-SAGE"), item.units) == (90, 10)
    assert [one["field"] for one in fewer.json()["errors"]] == ["stock"]
    assert left("CUP-SAGE") == 90


@pytest.mark.parametrize(
    ("sheet", "wrong"),
    [
        ("product,sku,price\nMug,MUG,\n", {(2, "price")}),
        ("product,sku,price\nMug,MUG,0\n", {(2, "price")}),
        ("product,sku,price\nMug,MUG,-3\n", {(2, "price")}),
        ("product,sku,price\nMug,MUG,21.005\n", {(2, "price")}),
        ("product,sku,price\nMug,MUG,€21\n", {(2, "price")}),
        ("product,sku,price\nMug,MUG,1e3\n", {(2, "price")}),
        ("product,sku,price\nMug,MUG,9999999\n", {(2, "price")}),
        ("product,sku,price,currency\nMug,MUG,21,USD\n", {(2, "currency")}),
        ("product,sku,price,stock\nMug,MUG,21,-1\n", {(2, "stock")}),
        ("product,sku,price,stock\nMug,MUG,21,1.5\n", {(2, "stock")}),
        ("product,sku,price,stock\nMug,MUG,21,99999999\n", {(2, "stock")}),
        ("product,sku,price,listed\nMug,MUG,21,perhaps\n", {(2, "listed")}),
        ("product,sku,price,slug\nMug,MUG,21,Tall Mug\n", {(2, "slug")}),
        ("product,sku,price\n,MUG,21\nMug,,21\n", {(2, "product"), (3, "sku")}),
        ("product,sku,price\nMug,MUG,21\n\nMug,MUG,21\n", {(4, "sku")}),
        (f"product,sku,price\n{'m' * 121},MUG,21\n", {(2, "product")}),
        (f"product,sku,price\nMug,{'m' * 41},21\n", {(2, "sku")}),
        ("product,sku,price\nMu\x00g,MUG,21\n", {(2, "product")}),
        ("product,sku,price\nMug,MUG,21,00\n", {(2, "row")}),
        ("product,sku,price,option1_name\nMug,MUG,21,Size\n", {(2, "option1_value")}),
        ("product,sku,price,option2_value\nMug,MUG,21,Blue\n", {(2, "option1_value")}),
        ("product,sku,price,variant\nMug,MUG-1,21,S\nMug,MUG-2,21,S\n", {(3, "option1_value")}),
        ("product,sku,price,variant\nMug,MUG-1,21,S\nMug,MUG-2,21,\n", {(3, "option1_name")}),
        ("product,sku,price\nMug,MUG-1,21\nMug,MUG-2,21\n", {(3, "option1_value")}),
        ("product,sku,price,slug\nMug,MUG-1,21,mug\nCup,MUG-2,21,mug\n", {(3, "product"), (3, "option1_value")}),
        ("product,sku\nMug,MUG\n", {(1, "price")}),
        ("product,sku,price,sku\nMug,MUG,21,MUG\n", {(1, "sku")}),
        ("", {(1, "product")}),
        ("product,sku,price\n", {(1, "row")}),
        ('product,sku,price\n"Mug,MUG,21\n', {(1, "row")}),
        (b"product,sku,price\nMug \xe9,MUG,21\n", {(1, "row")}),
        (b"PK\x03\x04\x00\x00", {(1, "row"), (1, "product")}),
    ],
)
def test_a_mistake_is_told_by_row_and_column_and_nothing_is_imported(
    send: Callable[..., Any], sheet: str | bytes, wrong: set[tuple[int, str]]
) -> None:
    found = errors_of(send(sheet))

    assert found
    assert found <= wrong


def test_one_bad_row_keeps_the_good_ones_out_and_all_mistakes_are_told_at_once(send: Callable[..., Any]) -> None:
    answer = send(CUPS + "Plate,PLATE,free,\n,BOWL,12.00,many\n")

    assert errors_of(answer) == {(5, "price"), (6, "product"), (6, "stock")}
    error = answer.json()["error"]
    assert (error["code"], set(error["fields"])) == ("import.refused", {"5.price", "6.product", "6.stock"})


def test_rows_that_contradict_the_shelf_keep_the_rest_out(send: Callable[..., Any], product: Product) -> None:
    answer = send("product,sku,price,slug\nOther,CUP-SAGE,28.00,other\nTall mug,MUG-S,21.00,\n")

    assert errors_of(answer) == {(2, "slug")}


def test_cells_that_look_like_formulas_stay_the_text_they_are(send: Callable[..., Any]) -> None:
    send('product,sku,price\n"=HYPERLINK(""http://evil.test"",""x"")",+SUM(A1),3.00\n@cmd,-2+3,4.00\n')

    assert set(Variant.objects.values_list("product__name", "sku")) == {
        ('=HYPERLINK("http://evil.test","x")', "+SUM(A1)"),
        ("@cmd", "-2+3"),
    }


@pytest.mark.parametrize(
    "sheet",
    [
        b"\xef\xbb\xbfproduct,sku,price,stock\r\nTea \xe2\x80\x9cf\xc3\xb6hn\xe2\x80\x9d,TEA,21.00,3\r\n",
        "product;sku;price;stock\r\nTea “föhn”;TEA;21,00;3\r\n".encode(),
        "Title\tVariant SKU\tVariant Price\tQty\nTea “föhn”\tTEA\t21\t3\n".encode(),
    ],
)
def test_sheets_come_as_spreadsheets_save_them(send: Callable[..., Any], sheet: bytes) -> None:
    assert send(sheet).json()["created"] == 1

    tea = Variant.objects.get(sku="TEA")
    assert (tea.product.name, tea.price_minor, left("TEA")) == ("Tea “föhn”", 2100, 3)


def test_columns_that_mean_nothing_here_are_named(send: Callable[..., Any]) -> None:
    assert send("product,sku,price,Vendor\nMug,MUG,21,Kiln\n").json()["ignored"] == ["Vendor"]


def test_a_form_may_bring_the_sheet_as_a_file(brand_staff: User, client_of: Callable[[User], Client]) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = client_of(brand_staff).post("/api/v1/brand/imports", {"file": SimpleUploadedFile("a.csv", CUPS.encode())})

    assert answer.json()["created"] == 3


@pytest.mark.parametrize(
    "sheet", ["a" * 1_000_001, "product,sku,price\n" + "\n".join(f"M{n},M{n},1" for n in range(301))]
)
def test_a_sheet_larger_than_one_import_is_refused(send: Callable[..., Any], sheet: str) -> None:
    answer = send(sheet)

    assert answer.status_code == 413
    assert not Product.objects.exists()


def test_names_without_latin_letters_get_an_address_of_their_sku(send: Callable[..., Any]) -> None:
    send("product,sku,price\n抹茶,MATCHA-30,12.00\n")

    assert Product.objects.get().slug == "matcha-30"


def test_an_address_that_another_brand_has_is_not_taken_from_it(send: Callable[..., Any], rival_brand: Brand) -> None:
    theirs = Product.objects.create(brand=rival_brand, name="Tall mug", slug="tall-mug")

    send(CUPS)

    assert Product.objects.get(variants__sku="MUG-S").slug == "kiln-kettle-tall-mug"
    assert theirs.variants.count() == 0


def test_the_same_sku_of_another_brand_is_another_thing(send: Callable[..., Any], rival_brand: Brand) -> None:
    rug = Product.objects.create(brand=rival_brand, name="Rug", slug="rug")
    theirs = Variant.objects.create(product=rug, brand=rival_brand, sku="MUG-S", price_minor=5, currency="EUR")

    assert send(CUPS).json()["created"] == 3

    theirs.refresh_from_db()
    assert theirs.price_minor == 5


def test_only_the_brands_own_staff_import(
    brand: Brand, outsider: User, viewer: Visitor, rival_viewer: Visitor, client_of: Callable[..., Client]
) -> None:
    def asked(client: Client) -> int:
        return client.post("/api/v1/brand/imports?brand=kiln-kettle", CUPS, content_type="text/csv").status_code

    assert asked(Client()) == 401
    assert asked(client_of(rival_viewer)) == 401
    assert asked(client_of(viewer)) == 404
    assert asked(client_of(outsider)) == 404
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("products", {"name": "抹茶", "variants": [{"sku": "A", "price": {"amount": 100, "currency": "EUR"}}]}),
        ("shows", {"title": "茶", "host": "noor", "starts_at": "2099-01-01T10:00:00Z"}),
    ],
)
def test_a_name_without_latin_letters_asks_for_an_address(
    path: str, body: dict[str, Any], brand_staff: User, host: Any, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(brand_staff).post(f"/api/v1/brand/{path}", body, content_type="application/json")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["slug"])


def test_a_price_set_by_a_sheet_counts_for_what_may_be_struck(send: Callable[..., Any]) -> None:
    from catalog.prices import lowest_price_30_days

    send(CUPS)
    send(CUPS.replace("21.00", "18.00"))
    send(CUPS.replace("21.00", "30.00"))

    lowest = lowest_price_30_days(Variant.objects.get(sku="MUG-S"), timezone.now())
    assert lowest is not None
    assert lowest.minor == 1800
