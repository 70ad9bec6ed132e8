"""Sheets of products as a spreadsheet saves them. Rule guarded here: each mistake is told by row and column, in words.

Comma, semicolon or tab; UTF-8, with or without its mark. What looks like a formula is text like any other and stays so.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

from livecommerce.errors import BadInput
from livecommerce.money import Money, money_of

MOST_BYTES = 1_000_000
# SQLite has one writer: while a sheet is written nobody else buys, so it has to be over in seconds.
MOST_ROWS = 300
MOST_MISTAKES_TOLD = 100
MOST_MINOR = 100_000_000
MOST_UNITS = 1_000_000
COLUMNS = (
    *("product", "slug", "description", "listed", "sku", "price", "currency", "stock", "weight_grams"),
    *("option1_name", "option1_value", "option2_name", "option2_value"),
)
NEEDED = ("product", "sku", "price")
# The names that sheets of other shops use.
_ALSO = {
    **dict.fromkeys(("name", "title", "product_name"), "product"),
    **dict.fromkeys(("handle", "address"), "slug"),
    **dict.fromkeys(("variant_sku",), "sku"),
    **dict.fromkeys(("variant_price",), "price"),
    **dict.fromkeys(("units", "quantity", "qty", "on_hand"), "stock"),
    **dict.fromkeys(("weight", "grams", "variant_grams"), "weight_grams"),
    **dict.fromkeys(("variant", "option", "option1"), "option1_value"),
    "option2": "option2_value",
}
_LONGEST = {"product": 120, "sku": 40, "slug": 120, "description": 5000}
_LONGEST_OPTION = 60
_SLUG = re.compile(r"[-a-z0-9]*")
_PRICE = re.compile(r"[0-9]{1,9}([.,][0-9]{1,4})?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SAID = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What is wrong where; rows are counted as a spreadsheet does, the header is row 1."""

    row: int
    field: str
    message: str


class SheetRefused(BadInput):
    """The sheet has mistakes; nothing of it was taken."""

    code = "import.refused"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = mistakes[:MOST_MISTAKES_TOLD]
        count = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "a mistake"
        super().__init__(
            f"There is {count} in the sheet. Nothing was imported; correct it and send it again."
            if len(mistakes) == 1
            else f"There are {count} in the sheet. Nothing was imported; correct them and send it again.",
            fields={f"{one.row}.{one.field}": one.message for one in reversed(self.mistakes)},
        )


class SheetTooLarge(BadInput):
    code = "import.too_large"
    status = 413
    message = f"A sheet has at most {MOST_ROWS:,} rows and 1 MB. Nothing was imported; send it in parts."


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One variant. None stands for a cell that is empty: what it would say stays as it is."""

    number: int
    product: str
    slug: str
    sku: str
    price: Money
    description: str | None
    listed: bool | None
    stock: int | None
    weight_grams: int | None
    option_names: tuple[str, ...]
    option_values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All rows, and the columns that mean nothing to us."""

    rows: list[SheetRow]
    ignored: list[str]


def read_sheet(content: bytes, *, currency: str) -> Sheet:
    """Read a whole sheet in the currency of its brand.

    :raises SheetRefused: with every mistake of every row. SheetTooLarge: more than one import takes.
    """
    if len(content) > MOST_BYTES:
        raise SheetTooLarge
    lines = _lines(content)
    columns, ignored = _columns(lines)
    rows, mistakes = [], list[Mistake]()
    for number, cells in lines:
        if number == 1 or not any(cell.strip() for cell in cells):
            continue
        row = _RowReader(number, dict(zip(columns, cells, strict=False)), mistakes).row(currency)
        if len(cells) > len(columns):
            mistakes.append(
                Mistake(row=number, field="row", message="More cells than columns; quote cells with commas.")
            )
        if row is not None:
            rows.append(row)
    if len(lines) - 1 > MOST_ROWS:
        raise SheetTooLarge
    if not rows and not mistakes:
        mistakes.append(Mistake(row=1, field="row", message="There is no row below the header."))
    mistakes += _doubles(rows)
    if mistakes:
        raise SheetRefused(sorted(mistakes, key=lambda one: one.row))
    return Sheet(rows=rows, ignored=ignored)


def _lines(content: bytes) -> list[tuple[int, list[str]]]:
    """Give the cells of each row under the number that a spreadsheet shows."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("row", "This is not UTF-8. Save the sheet as “CSV UTF-8”.") from None
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        lines = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as broken:
        raise _refused("row", f"This is not a CSV sheet: {broken}.") from None
    return list(enumerate(lines, 1))


def _columns(lines: list[tuple[int, list[str]]]) -> tuple[list[str], list[str]]:
    header = lines[0][1] if lines else []
    names = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in header]
    columns = [_ALSO.get(name, name) for name in names]
    twice = [name for name, count in Counter(columns).items() if count > 1 and name in COLUMNS]
    if twice:
        raise _refused(twice[0], "This column is there twice.")
    for name in NEEDED:
        if name not in columns:
            raise _refused(name, f"This column is missing. A sheet has {', '.join(NEEDED)}, and may have more.")
    return columns, [cell.strip() for cell, name in zip(header, columns, strict=True) if name not in COLUMNS]


def _refused(field: str, message: str) -> SheetRefused:
    return SheetRefused([Mistake(row=1, field=field, message=message)])


def _doubles(rows: list[SheetRow]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for row in rows:
        seen = first.setdefault(row.sku, row.number)
        if seen != row.number:
            yield Mistake(row=row.number, field="sku", message=f"Row {seen} has this SKU already.")


class _RowReader:
    """Reads the cells of one row; what is wrong is noted and reading goes on."""

    def __init__(self, number: int, cells: Mapping[str, str], mistakes: list[Mistake]) -> None:
        self._number = number
        self._cells = cells
        self._mistakes = mistakes
        self._before = len(mistakes)

    def row(self, currency: str) -> SheetRow | None:
        """Give the row, or None when anything in it is wrong."""
        names, values = self._options()
        price = self._price(currency)
        row = SheetRow(
            number=self._number,
            product=self._text("product", needed=True),
            slug=self._slug(),
            sku=self._text("sku", needed=True),
            price=price or Money(0, currency),
            description=self._text("description") or None,
            listed=self._listed(),
            stock=self._whole("stock", most=MOST_UNITS),
            weight_grams=self._whole("weight_grams", most=MOST_UNITS),
            option_names=names,
            option_values=values,
        )
        return row if len(self._mistakes) == self._before else None

    def _wrong(self, field: str, message: str) -> None:
        self._mistakes.append(Mistake(row=self._number, field=field, message=message))

    def _text(self, field: str, *, needed: bool = False) -> str:
        text = self._cells.get(field, "").strip()
        longest = _LONGEST.get(field, _LONGEST_OPTION)
        if needed and not text:
            self._wrong(field, "This cell must not be empty.")
        elif len(text) > longest:
            self._wrong(field, f"At most {longest} characters; there are {len(text)}.")
        elif _UNPRINTABLE.search(text):
            self._wrong(field, "There is a character in it that cannot be printed.")
        return text

    def _slug(self) -> str:
        slug = self._text("slug")
        if not _SLUG.fullmatch(slug):
            self._wrong("slug", "An address has small letters a-z, digits and dashes only.")
        return slug

    def _price(self, currency: str) -> Money | None:
        said = self._text("currency").upper()
        if said and said != currency:
            self._wrong("currency", f"Prices of this brand are in {currency}.")
        text = self._text("price")
        if not _PRICE.fullmatch(text):
            self._wrong("price", f"Write a price as 21.00, in {currency}, without a sign.")
            return None
        try:
            price = money_of(Decimal(text.replace(",", ".")), currency)
        except ValueError as inexact:
            self._wrong("price", f"{inexact}")
            return None
        if not 0 < price.minor <= MOST_MINOR:
            self._wrong("price", f"A price is above zero and at most {Money(MOST_MINOR, currency)}.")
        return price

    def _whole(self, field: str, *, most: int) -> int | None:
        text = self._text(field)
        if not text:
            return None
        if not _WHOLE.fullmatch(text) or int(text) > most:
            self._wrong(field, f"Write a whole number from 0 to {most:,}, without separators.")
            return None
        return int(text)

    def _listed(self) -> bool | None:
        text = self._text("listed").lower()
        if text and text not in _SAID:
            self._wrong("listed", "Write yes or no.")
        return _SAID.get(text)

    def _options(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give names and values of up to two options; a value without a name is of an “Option”."""
        names, values = list[str](), list[str]()
        for axis in ("option1", "option2"):
            name, value = self._text(f"{axis}_name"), self._text(f"{axis}_value")
            if name and not value:
                self._wrong(f"{axis}_value", f"Say which {name}, or leave the name empty too.")
            elif value and axis == "option2" and not values:
                self._wrong("option1_value", "There is a second option without a first.")
            if value:
                names.append(name)
                values.append(value)
        return tuple(names), tuple(values)
