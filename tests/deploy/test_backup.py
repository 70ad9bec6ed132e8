"""Backup and restore, with the scripts that the compose file runs."""

import os
import subprocess
from pathlib import Path

from tests.servers.postgres import Postgres
from tests.servers.web import ROOT, Shop

STOCK = """
from django.utils import timezone
from catalog.models import Brand
from catalog.products import ProductDraft, VariantDraft, list_product
from livecommerce.money import Money
brand = Brand.objects.create(name="Kiln", slug="kiln", country="NL", legal_name="Kiln B.V.")
draft = ProductDraft(name="Cup", slug="cup", variants=[VariantDraft(sku="CUP", price=Money(2800, "EUR"), units=7)])
list_product(brand=brand, draft=draft, actor=None, now=timezone.now())
"""
COUNT = "from catalog.models import Stock; print(Stock.objects.get().on_hand)"


def run(script: str, argument: str, shop: Shop) -> str:
    tools = str(Path(Postgres.program("pg_dump")).parent)
    environment = {**shop.environment, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", ROOT / "deploy" / script, argument], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def test_what_was_backed_up_is_there_after_a_restore(tmp_path: Path):
    with Postgres() as postgres:
        before, after = Shop(postgres=postgres), Shop(postgres=postgres)
        before.postgres.create_database(before.database)
        before.manage("migrate", "--verbosity=0")
        before.shell(STOCK)
        (before.folder / "media").mkdir()
        (before.folder / "media" / "cup.webp").write_bytes(b"picture")
        postgres.create_database(after.database)

        archive = run("backup.sh", str(tmp_path), before)
        run("restore.sh", archive, after)

        assert after.shell(COUNT).strip() == "7"
        assert (after.folder / "media" / "cup.webp").read_bytes() == b"picture"
        assert "breach" not in after.manage("audit").lower()
        before.remove()
        after.remove()
