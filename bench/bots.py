"""Bots: 10,000 false guests of one operator against 500 people, for 200 units: what a draw and a guest check change.

python -m bench.bots

Limits per address, which hold back an operator with few addresses, are left out.
"""

from __future__ import annotations

import json
import subprocess
import sys

from bench.stage import ROOT, Stage

ROWS = (
    ("first come, first served", ()),
    ("guests checked", ("--check",)),
    ("by lot", ("--draw",)),
    ("by lot, guests checked", ("--draw", "--check")),
    ("the same, the operator has four cores", ("--draw", "--check", "--cores", "4")),
)


def rush(stage: Stage, flags: tuple[str, ...], seed: int) -> dict[str, int]:
    command = [sys.executable, "-m", "bench.bot_rush", *flags, "--seed", str(seed)]
    ran = subprocess.run(command, cwd=ROOT, env=stage.environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    told: dict[str, int] = json.loads(ran.stdout.strip().rpartition("\n")[2])
    assert told["most_for_one"] == 1, told
    assert told["breaches"] == 0, told
    return told


def main() -> None:
    print("| drop | bots that could ask | units held | of these by people |\n" + "|---" * 4 + "|")
    with Stage(guests=1) as stage:
        for seed, (title, flags) in enumerate(ROWS):
            told = rush(stage, flags, seed)
            share = told["to_people"] / told["held"]
            print(f"| {title} | {told['bots']:,} | {told['held']} | {told['to_people']} ({share:.0%}) |", flush=True)


if __name__ == "__main__":
    main()
