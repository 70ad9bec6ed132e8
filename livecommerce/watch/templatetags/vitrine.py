"""The words of our templates: {% icon %}, {% money %}, {% when %}, {% importmap %} and who looks.

Loaded into every template as builtins.
"""

import json
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from checkout.carts import units_held
from livecommerce.money import Money, amount_text
from streams.models import Show
from streams.shows import shows_for_team

register = template.Library()

# How `when` and <local-time> write a moment; the names are shared with static/js/elements/local-time.js.
TIME_FORMATS = {
    "time": "H:i",
    "second": "H:i:s",
    "weekday": "D",
    "day": "D j M",
    "date": "j M Y",
    "day-time": "D j M, H:i",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a symbol of static/icons.svg; decoration only, so its words stand beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#i-{}"></use></svg>', _sprite(), name)


@register.simple_tag
def money(amount: Money | None, look: str = "") -> SafeString:
    """Write an amount as one phrase: small currency, big figure. `look` adds a class such as `price--total`."""
    if amount is None:
        return SafeString("")
    return format_html(
        '<span class="price {}"><span class="price__currency">{}</span> {}</span>',
        look,
        amount.currency,
        amount_text(amount),
    )


@register.simple_tag
def figure(amount: Money) -> str:
    """Write the figure alone, where the currency already stands beside it."""
    return amount_text(amount)


@register.simple_tag
def when(moment: datetime | None, shape: str = "day-time") -> SafeString:
    """Write a moment in the server's zone; <local-time> rewrites it in the reader's own."""
    if moment is None:
        return SafeString("")
    local = timezone.localtime(moment)
    return format_html(
        '<local-time format="{}"><time class="num" datetime="{}">{}</time></local-time>',
        shape,
        local.isoformat(timespec="seconds"),
        date_format(local, TIME_FORMATS[shape]),
    )


@register.filter
def clock(seconds: float | None) -> str:
    """Write a length as 4:31 or 1:04:05."""
    whole = max(0, int(seconds or 0))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


@register.filter
def grouped(count: int) -> str:
    """Write a count as 1,284."""
    return f"{count:,}"


@register.filter
def initials(name: str) -> str:
    """Write a person as two letters: Ana Lopes, AL."""
    words = name.replace("@", " ").split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@register.simple_tag
def importmap() -> SafeString:
    """List every module of static/js under its name without suffix, so that hashed file names work in imports."""
    return mark_safe(_importmap())


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], *names: str) -> SafeString:
    """Mark a link as the page that is open: {% current "home" %}."""
    match = getattr(context.get("request"), "resolver_match", None)
    return mark_safe('aria-current="page"') if match and match.url_name in names else SafeString("")


@register.inclusion_tag("_bag_link.html", takes_context=True)
def bag_link(context: dict[str, Any]) -> dict[str, int]:
    """Link to the bag, with how many units are held for the one who looks; a page that counted says `bag_units`."""
    if "bag_units" in context:
        return {"units": context["bag_units"]}
    viewer = getattr(context.get("request"), "viewer", None)
    return {"units": units_held(buyer_id=viewer.visitor_id, now=timezone.now()) if viewer else 0}


@register.simple_tag(takes_context=True)
def on_a_team(context: dict[str, Any]) -> bool:
    """Say whether the one who looks runs any show."""
    user = context.get("user")
    return bool(user and user.is_authenticated and shows_for_team(user)[:1])


@register.inclusion_tag("account/_picture.html")
def show_behind() -> dict[str, Show | None]:
    """Show what is on air beside the sign-in form; with nothing on air, the picture of the newest show."""
    shows = Show.objects.public()
    return {"show": shows.on_air().order_by("-live_started_at").first() or shows.past().first()}


@register.filter
def dressed(field: BoundField, look: str = "field__input") -> SafeString:
    """Render a form field's own widget in our clothes; allauth's placeholders repeat the label, so they go."""
    field.field.widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs={"class": look})


def _sprite() -> str:
    return static("icons.svg")


def _importmap() -> str:
    return _collected_importmap() if not settings.DEBUG else json.dumps({"imports": _modules()})


@cache
def _collected_importmap() -> str:
    return json.dumps({"imports": _modules()}, separators=(",", ":"))


def _modules() -> dict[str, str]:
    root = settings.BASE_DIR / "static" / "js"
    names = sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.js"))
    modules = {name: static(f"js/{name}.js") for name in names}
    modules["hls.js"] = static("vendor/hls.light.js")
    return modules
