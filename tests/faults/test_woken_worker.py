"""A worker that stands still past its lease (SIGSTOP, a paused machine) and then goes on as if nothing had been."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns.clock import now_for
from campaigns.models import AdAccount, Change
from campaigns.platforms.base import marker_text
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.faults.workload import approve
from mediabuyer.agent.faults.world import FaultWorld
from memory.models import Event
from tests.faults.conftest import Fork

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
TIMES = {"PLATFORM_TIMEOUT": 2, "LEASE_SECONDS": 2, "SETTLE_SECONDS": 3, "IDLE_TRANSACTION_SECONDS": 2}
IMPORTS = """
import time
from campaigns.models import AdAccount
from mediabuyer.agent import execute
"""
WORK = """
account = AdAccount.objects.get()
while True:
    execute.carry_out(seconds=1, account=account)
    print("a round is over", flush=True)
    time.sleep(0.1)
"""


@pytest.fixture
def worker(fork_python: Callable[..., Fork], fault_account: FaultWorld) -> Callable[[], Fork]:
    return lambda: fork_python(IMPORTS, WORK, **TIMES)


def until(found: Callable[[], Any], seconds: float = 40) -> Any:
    ends = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < ends, f"it did not come to that: {list(Change.objects.values('state', 'error'))}"
        time.sleep(0.02)
    return value


def ask_for_a_campaign(world: FaultWorld) -> None:
    AdAccount.objects.update(daily_cap=100_000)
    params = {"name": "Autumn", "objective": "OUTCOME_SALES"}
    approve(world, [PlannedChange("create_campaign", "campaign", "", "Autumn", params)], now_for(world.account))


def stop(process: Fork) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    until(lambda: "State:\tT" in Path(f"/proc/{process.pid}/status").read_text())


def go_on(process: Fork) -> None:
    """Until whatever it would still do is done: it slept in its first round, which ends, or ends with its process."""
    os.kill(process.pid, signal.SIGCONT)
    process.stdout.readline()


def assert_made_once(world: FaultWorld, finished_by_fence: int) -> None:
    change = Change.objects.get()
    made = [one for one in world.control("truth")["objects"] if marker_text(change.marker) in one["name"]]
    assert [one["id"] for one in made] == [change.remote_id]
    assert (change.state, change.fence) == ("done", finished_by_fence)
    kinds = Event.objects.filter(subject="change").values_list("kind", flat=True)
    assert list(kinds).count("change.done") == 1


def test_answer_read_after_the_lease_is_nobodys(fault_account, worker):
    """The answer waits in its socket while another worker looks, finds what was made and settles it."""
    fault_account.control("faults", {"match": "POST", "delay": 1})
    ask_for_a_campaign(fault_account)
    first = worker()
    until(lambda: Change.objects.filter(state="sent").exists())
    time.sleep(0.4)
    stop(first)
    worker()
    until(lambda: Change.objects.filter(state="done").exists())
    fence = Change.objects.get().fence
    go_on(first)
    assert_made_once(fault_account, fence)


def test_worker_that_slept_before_it_says_so_does_not_send(fault_account, worker):
    """It holds the account's lock in its sleep, which the database takes from it: the stop needs that lock too."""
    ask_for_a_campaign(fault_account)
    with account_held():
        first = worker()
        until(waiting)
        stop(first)
    worker()
    until(lambda: Change.objects.filter(state="done").exists())
    fence, attempts = Change.objects.values_list("fence", "attempts").get()
    go_on(first)
    assert_made_once(fault_account, fence)
    assert attempts == Change.objects.get().attempts == 1


def test_worker_that_slept_between_the_last_look_and_the_socket_does_not_send(fault_account, worker):
    """The database has said “still yours”, and the answer lies in the sleeper's hand when it wakes."""
    ask_for_a_campaign(fault_account)
    locked, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=hold_the_table, args=(locked, release))
    with account_held():
        first = worker()
        until(waiting)
        holder.start()
        until(lambda: waiting("relation"))
    assert locked.wait(10)
    until(lambda: waiting("relation"))
    stop(first)
    release.set()
    holder.join()
    worker()
    until(lambda: Change.objects.filter(state="done").exists())
    fence = Change.objects.get().fence
    go_on(first)
    assert_made_once(fault_account, fence)


@contextmanager
def account_held() -> Iterator[None]:
    """A worker comes as far as `begin_sending` and waits there."""
    with transaction.atomic():
        AdAccount.objects.select_for_update(no_key=True).get()
        yield


def hold_the_table(locked: threading.Event, release: threading.Event) -> None:
    """Asked for while a worker is inside its transaction, had the moment it commits: it waits at its next look."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE campaigns_adaccount IN ACCESS EXCLUSIVE MODE")
            locked.set()
            release.wait(30)
    finally:
        connection.close()


def waiting(kind: str = "") -> int:
    """How many ask the database for a lock that somebody else has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND (locktype = %s OR %s = '')", [kind, kind])
        return int(cursor.fetchone()[0])
