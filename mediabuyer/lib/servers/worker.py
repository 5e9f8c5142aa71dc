"""The queue's main process with a watchdog; `python -m mediabuyer.lib.servers.worker` where no `make run` starts it.

A cluster that lost an idle worker may look alive and run nothing (measured, see docs/operations.md). So each cluster
shows signs of life (`beats.py`, `broker.py`) to the supervisor that started it; when they cease although Postgres
answers (`outage.py`), its whole process group is replaced. The file `queue-heartbeat` is another matter: all workers
touch it, and it is there for the pages.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from mediabuyer.lib.servers.beats import LIMIT, Watch
from mediabuyer.lib.servers.interrupts import Interrupted, Interrupts
from mediabuyer.lib.servers.outage import is_outage
from mediabuyer.lib.servers.state import ServerError
from mediabuyer.lib.servers.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parents[3]
GRACE = 140.0
"""Seconds that running tasks may take to finish when a worker is told to end."""


def queue_program(
    var: Path, environment: dict[str, str], *, grace: float, to_log: bool = True, limit: float = LIMIT
) -> Program:
    """`grace`: how long running tasks may take to finish when the queue is told to end. `limit`: see `beats.LIMIT`."""
    return _cluster("queue", environment, var / "beats" / "queue", limit, grace, to_log)


def urgent_program(var: Path, environment: dict[str, str], *, grace: float, to_log: bool = True) -> Program:
    """A queue of its own for answers, undos and what rules allow, so that they never wait behind syncs and cycles.

    Should it fall silent, the sweep of the main queue does its work within a minute until it is replaced.
    """
    own = {**environment, "Q_CLUSTER_NAME": "urgent"}
    return _cluster("urgent-queue", own, var / "beats" / "urgent-queue", LIMIT, grace, to_log)


def _cluster(name: str, environment: dict[str, str], beats: Path, limit: float, grace: float, to_log: bool) -> Program:
    command = (sys.executable, str(ROOT / "manage.py"), "qcluster")
    watch = Watch(beats, limit, is_excused=partial(is_outage, environment))
    own = {**environment, **watch.environment}
    return Program(name, command, own, grace=grace, is_stuck=watch.is_stuck, to_log=to_log)


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
        supervisor.start(urgent_program(var, {}, grace=40, to_log=False))
        while True:
            time.sleep(1)
            supervisor.tick()
    except Interrupted:
        return 0
    finally:
        supervisor.stop()


if __name__ == "__main__":
    sys.exit(main())
