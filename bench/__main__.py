"""Every benchmark in turn: `python -m bench`, or `python -m bench mirror`. Each prints what it is compared with.

With `--smoke` the sizes are small: CI runs it to see that they still run, not to measure.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

BENCHES: dict[str, tuple[list[str], list[str]]] = {
    # name: what it is run with, and with --smoke
    "load_insights": (["--rows", "100000"], ["--rows", "3000", "--repeat", "1"]),
    "import_file": (["--megabytes", "200"], ["--megabytes", "2"]),
    "mirror": (["--rows", "20000"], ["--rows", "1000"]),
    "api": (["--rows", "100000"], ["--rows", "2000", "--requests", "2"]),
    "pages": (["--rows", "100000"], ["--rows", "2000"]),
    "evaluate": (["--ads", "9000"], ["--ads", "150"]),
    "settle": (["--rows", "100000"], ["--rows", "5000", "--repeat", "1"]),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="all by default")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    failed = [name for name in options.names or BENCHES if not run(name, smoke=options.smoke)]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(name: str, *, smoke: bool) -> bool:
    """In a process of its own, so that none inherits another's warm caches."""
    print(f"--- {name}", flush=True)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", f"bench.{name}", *BENCHES[name][smoke]], check=False)
    print(f"    {time.monotonic() - began:.1f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
