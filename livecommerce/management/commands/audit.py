"""`manage.py audit`: prove the invariants, one line each; exit 1 on any breach."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checkout.audit import EVERYTHING
from livecommerce.transactions import snapshot

SHOWN = 20


class Command(BaseCommand):
    """Read-only; safe at any time, also during a rush: everything is read from one snapshot."""

    help = "Prove that stock, holds, limits, queue, orders, payments and ledger agree."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per invariant, and the first breaches below it."""
        broken = 0
        with snapshot():
            for invariant in EVERYTHING:
                found = list(invariant.breaches())
                broken += bool(found)
                self.stdout.write(f"{'BROKEN' if found else 'ok    '}  {invariant.rule}")
                for sentence in found[:SHOWN]:
                    self.stdout.write(f"        {sentence}")
        if broken:
            raise CommandError(f"{broken} of {len(EVERYTHING)} invariants are broken", returncode=1)
