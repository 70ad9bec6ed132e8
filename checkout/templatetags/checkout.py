"""{% checkout_sheets %}: the sheets that slide over a playing picture, for pages that show one."""

from typing import Any

from django import template

from checkout.addresses import COUNTRIES
from checkout.carts import picture_of
from checkout.claims import claims_of
from checkout.gateways.practice import practice_hints
from checkout.links import order_path
from checkout.models import Hold
from checkout.orders import known_delivery

register = template.Library()

# Of the address in the sheet: name, label, place in the grid, autocomplete token, input type.
FIELDS = (
    ("name", "Name", "half", "name", "text"),
    ("email", "E-mail for the receipt", "half", "email", "email"),
    ("street", "Street and number", "four", "street-address", "text"),
    ("country", "Country", "two", "country", ""),
    ("postcode", "Postcode", "two", "postal-code", "text"),
    ("town", "Town", "four", "address-level2", "text"),
)


@register.inclusion_tag("checkout/_sheets.html", takes_context=True)
def checkout_sheets(context: dict[str, Any]) -> dict[str, Any]:
    """Draw the payment sheet and the bag, closed; `<checkout-sheet>` and `<bag-sheet>` fill and open them."""
    viewer = getattr(context.get("request"), "viewer", None)
    known = known_delivery(buyer_id=viewer.visitor_id if viewer else None, user=context.get("user"))
    # The token that forms and scripts prove the page with; an inclusion tag does not inherit it.
    token = {"csrf_token": context.get("csrf_token")}
    return {"known": known, "countries": COUNTRIES, "fields": FIELDS, "practice_cards": practice_hints(), **token}


@register.simple_tag(takes_context=True)
def claimed_code(context: dict[str, Any], brand_id: int) -> str:
    """Return the code of this brand that the viewer has in the bag, or nothing."""
    viewer = getattr(context.get("request"), "viewer", None)
    code = claims_of(viewer.visitor_id).get(brand_id) if viewer and viewer.visitor_id else None
    return code.text if code else ""


@register.filter
def rate(basis_points: int) -> str:
    """Write a VAT rate: 1900 as 19, 550 as 5.5."""
    return f"{basis_points / 100:g}"


@register.filter
def country(code: str) -> str:
    """Write a country by its name."""
    return COUNTRIES.get(code, code)


@register.filter
def picture(hold: Hold) -> str:
    """Return the address of what is held, as a picture."""
    return picture_of(hold.variant.product)


@register.filter
def order_page(code: str) -> str:
    """Return an order's address with its proof."""
    return order_path(code)


@register.filter
def part(known: dict[str, str], name: str) -> str:
    """Return one part of what is known, or nothing."""
    return known.get(name, "")
