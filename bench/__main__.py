"""All benchmarks, one table each: `python -m bench`, or `make bench`."""

import subprocess
import sys

BENCHES = ("bench.fanout", "bench.storm", "bench.rush", "bench.bots")


def main() -> int:
    """Run each in a process of its own, so that none inherits another's memory; the first failure counts."""
    failed = 0
    for name in BENCHES:
        print(f"\n{name}\n", flush=True)
        failed = failed or subprocess.run([sys.executable, "-m", name], check=False).returncode
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
