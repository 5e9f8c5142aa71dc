"""`python -m mediabuyer.lib.servers.outage`: does Postgres answer what every queue asks it? Ends with 0 if it does.

A supervisor asks before it takes a silent cluster for stuck, in a process of its own: whoever asks a server that stands
still waits for ever, and has to be ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from django.db import OperationalError, connection

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 5
"""Seconds for a connection and one short question."""
AWAY = 3


def is_outage(environment: Mapping[str, str]) -> bool:
    """Whether Postgres refuses a process with this environment, or says nothing. What else goes wrong is no outage."""
    command = (sys.executable, "-m", "mediabuyer.lib.servers.outage")
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, check=False)
    return ended.returncode in (AWAY, -signal.SIGALRM)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
    signal.alarm(PATIENCE)  # nobody catches it, so it ends us wherever we wait
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_q_ormq LIMIT 1")
    except OperationalError:
        return AWAY
    return 0


if __name__ == "__main__":
    sys.exit(main())
