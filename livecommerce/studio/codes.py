"""Codes in the Studio: what the host can drop now, and how what was dropped stands."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from checkout.models import Code, CodeDrop
from streams.models import Show


@dataclass(frozen=True, kw_only=True)
class CodeRow:
    """One code of the brand that counts now, dropped in this show or not yet."""

    code: Code
    is_dropped: bool


def codes_of(show: Show, now: datetime) -> list[CodeRow]:
    """Give the codes that a viewer of the show could use now, those that were dropped first."""
    codes = Code.objects.filter(Q(show=None) | Q(show=show), brand=show.brand_id, is_active=True, starts_at__lte=now)
    dropped = set(CodeDrop.objects.filter(show=show).values_list("code_id", flat=True))
    running = codes.filter(Q(ends_at=None) | Q(ends_at__gt=now)).select_related("brand").order_by("text")
    rows = [CodeRow(code=code, is_dropped=code.pk in dropped) for code in running]
    return sorted(rows, key=lambda row: not row.is_dropped)
