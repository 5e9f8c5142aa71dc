"""Of two workers one hangs: its own watchdog replaces it, while the other one gets all the work done and is left alone.

The worker's own supervisor and queue, with short limits; `docs/operations.md` tells the real ones.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django_q.tasks import async_task

from mediabuyer.lib.servers.interrupts import Interrupts
from mediabuyer.lib.servers.supervisor import STUCK_GRACE, Supervisor
from mediabuyer.lib.servers.worker import GRACE, queue_program

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
LIMIT = 8.0
START = 40
"""Seconds that a cluster may take to be up on a busy machine; not counted against what is measured."""
MARGIN = 10
"""The watchdog looks once a second; then processes have to be ended and waited for."""


class Worker:
    """What `python -m mediabuyer.lib.servers.worker` is, as far as the main queue goes."""

    def __init__(self, var: Path, environment: dict[str, str]) -> None:
        var.mkdir()
        self.said: list[str] = []
        self.supervisor = Supervisor(var, self.said.append, Interrupts())
        own = {**environment, "SECRET_KEY": settings.SECRET_KEY, "MEDIABUYER_VAR": str(var)}
        self.supervisor.start(queue_program(var, own, grace=GRACE, limit=LIMIT))
        self.through = var / "beats" / "queue" / "through"

    @property
    def pid(self) -> int:
        return self.supervisor.children["queue"].process.pid

    @property
    def sentinel(self) -> psutil.Process:
        [sentinel] = psutil.Process(self.pid).children()
        return sentinel

    @property
    def free(self) -> list[int]:
        """Its processes that wait for a task."""
        return [int(one.name.removeprefix("free-")) for one in self.through.parent.glob("free-*")]

    def kill(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        self.supervisor.stop()


def kill_workers(worker: Worker) -> None:
    """Whoever was waiting for the next task holds the lock of the cluster's list, and takes it with it."""
    for pid in worker.free:
        os.kill(pid, signal.SIGKILL)


def stop_main_loop(worker: Worker) -> None:
    worker.sentinel.suspend()


def stop_everything(worker: Worker) -> None:
    os.killpg(worker.pid, signal.SIGSTOP)


@pytest.fixture
def two_workers(environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    pair = Worker(tmp_path / "one", environment), Worker(tmp_path / "two", environment)
    tick_until(pair, lambda: all(one.through.exists() and len(one.free) == 2 for one in pair), START)
    yield pair
    for one in pair:
        one.kill()


def tick_until(workers: tuple[Worker, Worker], found: Callable[[], Any], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < ends, "it took too long"
        for one in workers:
            one.supervisor.tick()
        time.sleep(0.2)


def test_hung_queue_is_replaced_while_another_works(two_workers):
    """In each way that it may hang; whose was replaced is the other one of the next."""
    hung, other = two_workers
    for hang in (kill_workers, stop_main_loop, stop_everything):
        check_replaced(two_workers, hung, other, hang)
        hung, other = other, hung


def check_replaced(two_workers: tuple[Worker, Worker], hung: Worker, other: Worker, hang: Callable[..., None]) -> None:
    first, second = hung.pid, other.pid
    for one in two_workers:
        one.said.clear()
    hang(hung)
    if hang is stop_everything:  # then the other one gets these: long enough to be taken for stuck, if it were so easy
        for _ in range(2):
            async_task("time.sleep", LIMIT + STUCK_GRACE + MARGIN)
        tick_until(two_workers, lambda: not other.free, MARGIN)
    tick_until(two_workers, lambda: hung.pid != first, LIMIT + STUCK_GRACE + MARGIN)
    assert hung.said == ["queue does not answer and is started again"]
    tick_until(two_workers, lambda: hung.through.exists() and len(hung.free) == 2, START)
    assert (other.said, other.pid) == ([], second)
    assert len(hung.said) == 1
