import subprocess
from pathlib import Path

TESTS = Path(__file__).parent.parent / "js"


def test_the_browser_code_keeps_its_own_rules():
    files = [str(path) for path in sorted(TESTS.glob("*.test.mjs"))]

    ran = subprocess.run(["node", "--test", *files], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-4000:]
