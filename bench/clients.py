"""`make clients`: the sandbox against clients that are not ours: the official SDK. Exits 1 when one of them fails.

python -m bench.clients
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """The SDK's smoke list lives with the sandbox's tests; it starts a sandbox process of its own."""
    command = [sys.executable, "-m", "pytest", "tests/sandbox/test_sdk.py", "-q"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
