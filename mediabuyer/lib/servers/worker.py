"""The queue's main process with a watchdog; `python -m mediabuyer.lib.servers.worker` where no `make run` starts it.

A cluster that lost an idle worker may look alive and run nothing (measured, see docs/operations.md). So a task that
goes through the queue each minute touches `queue-heartbeat`; when that grows old, the whole process group is replaced.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from mediabuyer.lib.servers.interrupts import Interrupted, Interrupts
from mediabuyer.lib.servers.state import ServerError
from mediabuyer.lib.servers.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parents[3]
GRACE = 140.0
"""Seconds that running tasks may take to finish when a worker is told to end."""
HEARTBEAT_LIMIT = 90.0
HEARTBEAT_GRACE = 120.0
"""Seconds from its start before the queue is held to its heartbeat."""


def queue_program(var: Path, environment: dict[str, str], *, grace: float, to_log: bool = True) -> Program:
    """`grace`: how long running tasks may take to finish when the queue is told to end."""
    heartbeat = var / "media" / "queue-heartbeat"

    def is_stuck(seconds_running: float) -> bool:
        if seconds_running < HEARTBEAT_GRACE:
            return False
        last = heartbeat.stat().st_mtime if heartbeat.exists() else 0.0
        return time.time() - last > HEARTBEAT_LIMIT

    command = (sys.executable, str(ROOT / "manage.py"), "qcluster")
    return Program("queue", command, environment, grace=grace, is_stuck=is_stuck, to_log=to_log)


def urgent_program(environment: dict[str, str], *, grace: float, to_log: bool = True) -> Program:
    """A queue of its own for answers, undos and what rules allow, so that they never wait behind syncs and cycles.

    It needs no watchdog: should it fall silent, the sweep of the main queue does its work within a minute.
    """
    command = (sys.executable, str(ROOT / "manage.py"), "qcluster")
    return Program("urgent-queue", command, {**environment, "Q_CLUSTER_NAME": "urgent"}, grace=grace, to_log=to_log)


def say(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone while we still have to stop
        print(line, flush=True)


def main() -> int:
    var = Path(os.environ.get("MEDIABUYER_VAR") or ROOT / "var").resolve()
    var.mkdir(parents=True, exist_ok=True)
    interrupts = Interrupts()
    interrupts.listen()
    try:
        supervisor = Supervisor(var, say, interrupts)
    except ServerError as error:
        say(f"{error.message} {error.remedy}")
        return 1
    try:
        supervisor.start(queue_program(var, {}, grace=GRACE, to_log=False))
        supervisor.start(urgent_program({}, grace=40, to_log=False))
        while True:
            time.sleep(1)
            supervisor.tick()
    except Interrupted:
        return 0
    finally:
        supervisor.stop()


if __name__ == "__main__":
    sys.exit(main())
