"""django-q2's broker on our database, and a task of its own that every cluster sends to itself again and again.

A task of the timetable goes to whichever cluster is the first to take it, so it shows nothing of the others. This one
is slipped in where a cluster fetches its tasks and noticed where the cluster puts them off its list: on its way it has
met the process that fetches, a worker and the process that keeps results. It asks Postgres for nothing, for an outage
there is cured by no new cluster.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.signals import post_execute_in_worker, post_spawn, pre_execute
from django_q.signing import SignedPackage

from mediabuyer.lib.servers.beats import FREE, GUARD, THROUGH, inherited

BEATS = inherited()
BEAT = "beat"


def beat() -> None:
    """Does nothing, in a worker."""


class Broker(ORM):
    sent = 0.0  # by `time.monotonic`

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        if BEATS:  # before the workers are forked
            post_spawn.connect(_show_free)
            pre_execute.connect(_show_busy)
            post_execute_in_worker.connect(_show_free)

    def set_stat(self, key: str, value: str, timeout: int) -> Any:
        """Called by the main loop at each turn, and by nobody else."""
        if BEATS:
            BEATS.touch(GUARD)
        return super().set_stat(key, value, timeout)

    def dequeue(self) -> list[tuple[Any, str]] | None:
        if BEATS and time.monotonic() - self.sent > BEATS.every:
            self.sent = time.monotonic()
            return [(BEAT, _package())]
        return super().dequeue()

    def acknowledge(self, task_id: Any) -> None:
        if BEATS:
            BEATS.touch(THROUGH)
        if task_id != BEAT:
            super().acknowledge(task_id)


def _package() -> str:
    """`timeout`: what stands still in it is busy no longer than that."""
    task = {"id": uuid.uuid4().hex, "name": BEAT, "func": f"{__name__}.{BEAT}", "args": (), "kwargs": {}, "timeout": 10}
    return SignedPackage.dumps(task | {"started": timezone.now(), "save": False, "ack_failure": True})


def _show_free(**_: object) -> None:
    if BEATS:
        BEATS.touch(f"{FREE}{os.getpid()}")


def _show_busy(**_: object) -> None:
    if BEATS:
        BEATS.clear(f"{FREE}{os.getpid()}")
