"""The documentation of payments lists the practice cards that there are."""

from pathlib import Path

from checkout.gateways.practice import practice_hints

PAGE = Path(__file__).resolve().parents[2] / "docs" / "payments.md"


def test_every_practice_card_is_documented_and_no_other() -> None:
    rows = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if line.startswith("| 4")]

    assert sorted(rows) == sorted(number for number, _ in practice_hints())
