"""Importing: a brand's sheet becomes products. Rule guarded here: all of it or nothing, and twice is the same as once.

A variant is known by its SKU. What the sheet says of a known one is brought up to date: the price through its history,
units through the ledger. An empty cell says nothing, and nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import slugify

from catalog.brands import lock_brand
from catalog.counting import count_stock, units_in_house
from catalog.models import Brand, Product, Variant
from catalog.prices import set_price
from catalog.products import ProductDraft, VariantDraft, add_variant, list_product
from catalog.sheets import Mistake, Sheet, SheetRefused, SheetRow
from catalog.stock import BelowTaken
from livecommerce.accounts.models import User
from livecommerce.transactions import atomic_retry


@dataclass(frozen=True, kw_only=True)
class Imported:
    """How many variants are new, and how many were known by their SKU."""

    created: int
    updated: int


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """The rows of one product; `product` is None for one that is new."""

    slug: str
    product: Product | None
    rows: Sequence[SheetRow]

    @property
    def option_names(self) -> list[str]:
        """The axes that each of its variants has a value for."""
        if self.product:
            return list(self.product.option_names)
        return [name or f"Option {axis}" for axis, name in enumerate(self.rows[0].option_names, 1)]

    def has_options(self, names: Sequence[str]) -> bool:
        """Whether a row speaks of these axes; where it gives values alone, their number has to fit."""
        own = self.option_names
        return len(names) == len(own) and all(name in {"", axis} for name, axis in zip(names, own, strict=True))


@atomic_retry
def import_products(*, brand: Brand, sheet: Sheet, actor: User, now: datetime) -> Imported:
    """Create what is new, bring up to date what is known.

    :raises SheetRefused: rows that contradict each other or the shelf; nothing was written.
    """
    # Two imports of one brand wait for each other here, so that neither finds a SKU missing that the other creates.
    lock_brand(brand)
    skus = [row.sku for row in sheet.rows]
    known = {one.sku: one for one in Variant.objects.filter(brand=brand, sku__in=skus).select_related("product__brand")}
    plans = _plan(brand, sheet.rows, known)
    mistakes = [mistake for plan in plans for mistake in _contradictions(plan, known)]
    if mistakes:
        raise SheetRefused(sorted(mistakes, key=lambda one: one.row))
    for plan in plans:
        _shelve(brand, plan, known, actor, now)
    changed = [known[row.sku] for row in sheet.rows if row.sku in known]
    _count(sheet.rows, {one.sku: one for one in changed}, actor, now)
    return Imported(created=len(skus) - len(changed), updated=len(changed))


def _plan(brand: Brand, rows: Sequence[SheetRow], known: Mapping[str, Variant]) -> list[_Planned]:
    """Gather the rows of each product: by the product of a known SKU, else by address, else by name."""
    names = {row.sku: row.slug or slugify(row.product)[:100] or slugify(row.sku) for row in rows}
    at_home = {name: known[row.sku].product for row in rows if row.sku in known for name in [names[row.sku]]}
    wanted = set(names.values()) | {f"{brand.slug}-{name}" for name in names.values()}
    found = {product.slug: product for product in Product.objects.filter(slug__in=wanted).select_related("brand")}
    groups: dict[str, list[SheetRow]] = {}
    for row in rows:
        groups.setdefault(names[row.sku], []).append(row)
    plans: dict[str, _Planned] = {}
    for name, group in groups.items():
        # Another brand may have the address: then ours carries our name in front.
        slug = name if name not in found or found[name].brand_id == brand.pk else f"{brand.slug}-{name}"[:120]
        own = found.get(slug)
        product = at_home.get(name) or (own if own and own.brand_id == brand.pk else None)
        slug = product.slug if product else slug
        before = plans[slug].rows if slug in plans else []
        plans[slug] = _Planned(slug=slug, product=product, rows=[*before, *group])
    return list(plans.values())


def _contradictions(plan: _Planned, known: Mapping[str, Variant]) -> Iterator[Mistake]:
    """What the rows of one product say against each other, or against what is on the shelf."""
    first, options = plan.rows[0], dict[tuple[str, ...], int]()
    for row in plan.rows:
        variant = known.get(row.sku)
        if variant and plan.product and variant.product_id != plan.product.pk:
            yield Mistake(row=row.number, field="sku", message=f"This SKU is of another product, {variant.product}.")
        if plan.product and row.slug and row.slug != plan.product.slug:
            yield Mistake(row=row.number, field="slug", message=f"The address stays {plan.product.slug}.")
        if row.product != first.product:
            yield Mistake(row=row.number, field="product", message=f"Row {first.number} calls it {first.product}.")
        if row.description and first.description and row.description != first.description:
            yield Mistake(row=row.number, field="description", message=f"Row {first.number} describes it otherwise.")
        if variant and not row.option_values:
            continue
        if not plan.has_options(row.option_names):
            said = " and ".join(plan.option_names) or "no options"
            yield Mistake(row=row.number, field="option1_name", message=f"This product has {said}.")
        same = options.setdefault(row.option_values, row.number)
        if same != row.number:
            yield Mistake(row=row.number, field="option1_value", message=f"Row {same} has the same options.")


def _shelve(brand: Brand, plan: _Planned, known: Mapping[str, Variant], actor: User, now: datetime) -> None:
    first = plan.rows[0]
    fresh = [_draft(row) for row in plan.rows if row.sku not in known]
    if plan.product is None:
        draft = ProductDraft(
            name=first.product,
            slug=plan.slug,
            variants=fresh,
            description=first.description or "",
            option_names=plan.option_names,
            is_listed=first.listed is not False,
        )
        list_product(brand=brand, draft=draft, actor=actor, now=now)
        return
    said = {"name": first.product, "description": first.description, "is_listed": first.listed}
    changes = {name: value for name, value in said.items() if value not in (None, getattr(plan.product, name))}
    if changes:
        Product.objects.filter(pk=plan.product.pk).update(**changes)
    for variant_draft in fresh:
        add_variant(product=plan.product, draft=variant_draft, actor=actor, now=now)
    for row in plan.rows:
        if row.sku in known:
            _update(known[row.sku], row, actor, now)


def _draft(row: SheetRow) -> VariantDraft:
    return VariantDraft(
        sku=row.sku,
        price=row.price,
        option_values=row.option_values,
        units=row.stock or 0,
        weight_grams=row.weight_grams or 0,
    )


def _update(variant: Variant, row: SheetRow, actor: User, now: datetime) -> None:
    said = {"weight_grams": row.weight_grams, "option_values": list(row.option_values) or None}
    changes = {name: value for name, value in said.items() if value not in (None, getattr(variant, name))}
    if changes:
        Variant.objects.filter(pk=variant.pk).update(**changes)
    if row.price != variant.price:
        set_price(variant=variant, price=row.price, actor=actor, now=now)


def _count(rows: Sequence[SheetRow], known: Mapping[str, Variant], actor: User, now: datetime) -> None:
    """Set the units last and only where they differ: a row that people buy from is locked for a moment alone."""
    in_house = units_in_house([variant.pk for variant in known.values()])
    told = [(known[row.sku], row) for row in rows if row.sku in known and row.stock is not None]
    # By the stock's id, which is the order that everyone takes these locks in.
    for variant, row in sorted(told, key=lambda one: in_house.get(one[0].pk, (0, 0))[0]):
        if row.stock is None or in_house.get(variant.pk, (0, 0))[1] == row.stock:
            continue
        try:
            count_stock(variant=variant, units=row.stock, actor=actor, now=now, note="import")
        except BelowTaken as refused:
            raise SheetRefused([Mistake(row=row.number, field="stock", message=refused.message)]) from refused
