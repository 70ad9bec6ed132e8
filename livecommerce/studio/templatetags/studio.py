"""The Studio's words in templates: moments for scripts, and places on the show's clock."""

from __future__ import annotations

from datetime import datetime

from django import template

from livecommerce.watch.templatetags.vitrine import clock
from streams.models import Show

register = template.Library()


@register.filter
def ms(moment: datetime | None) -> str:
    """Write a moment as scripts read it, in ms; empty when there is none."""
    return str(round(moment.timestamp() * 1000)) if moment else ""


@register.filter
def on_clock(moment: datetime, show: Show) -> str:
    """Write a moment as the show's clock had it: 31:42; before the show, 0:00."""
    start = show.live_started_at
    return clock((moment - start).total_seconds()) if start else ""
