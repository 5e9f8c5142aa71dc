"""The queue on a bad day: full to the brim, down for hours, started twice, and holding messages of an older version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django_q.models import Failure, OrmQ, Schedule
from django_q.scheduler import scheduler
from django_q.tasks import async_task

from campaigns import uploads
from campaigns.clock import now_for
from campaigns.models import Ad, AdAccount, ImportFile
from mediabuyer.agent import answer
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.faults.workload import decide
from mediabuyer.agent.models import Decision
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.servers.postgres import ensure_postgres, is_running, stop_postgres
from tests.sandbox_process import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
HEARTBEAT = "mediabuyer.agent.tasks.heartbeat"
AWAY = 4
START = 30
"""Seconds that a cluster may take to be up on a busy machine; not counted against what is measured."""


@pytest.fixture
def cluster(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Starts a real cluster of this name, and returns its folder once it has done a first task."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        own = {"SECRET_KEY": settings.SECRET_KEY, "MEDIABUYER_VAR": str(folder), "Q_CLUSTER_NAME": name}
        command = [sys.executable, "manage.py", "qcluster", "--skip-checks"]
        started.append(subprocess.Popen(command, cwd=ROOT, env={**environment, **own}, start_new_session=True))
        return folder

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)  # the group that was made for it above
        process.wait()


def until(found: Callable[[], Any], seconds: float) -> float:
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < seconds, "it took too long"
        time.sleep(0.05)
    return time.monotonic() - began


def fill(count: int) -> None:
    """As many messages as a jam of syncs would leave behind."""
    async_task("mediabuyer.agent.tasks.run_cycle", 0)
    one = OrmQ.objects.get()
    rows = [OrmQ(key=one.key, payload=one.payload, lock=one.lock) for _ in range(count - 1)]
    OrmQ.objects.bulk_create(rows, batch_size=5000)


def pause(ad: Ad) -> list[PlannedChange]:
    return [PlannedChange("set_status", "ad", ad.external_id, ad.name, {"status": "PAUSED"}, {"status": ad.status})]


def test_yes_and_stop_do_not_wait_behind_ten_thousand_messages(fault_account, cluster):
    account, manager = fault_account.account, fault_account.manager
    AdAccount.objects.update(daily_cap=100_000)
    now = now_for(account)
    decision = decide(fault_account, pause(Ad.objects.active().first()), now)
    fill(10_000)
    folder = cluster("urgent")
    async_task(HEARTBEAT, q_options={"cluster": "urgent"})
    until((folder / "media" / "queue-heartbeat").exists, START)
    with transaction.atomic():
        answer.approve(decision, manager, decision.content_hash, now, wall_now())
        Decision.objects.update(execute_after=wall_now())  # the seconds to take it back are over
    assert until(lambda: Decision.objects.get().state == "done", START) < 10
    began = time.monotonic()
    account.stop(manager, "Enough.", now)
    assert time.monotonic() - began < 10
    assert OrmQ.objects.filter(key="mediabuyer").count() == 10_000


def test_what_was_approved_goes_on_as_soon_as_postgres_is_back(fault_account, cluster):
    """The message of the approval is at work while Postgres goes; nobody has to wait for the next slot."""
    var = settings.VAR_DIR
    if not is_running(var):
        pytest.skip("Postgres is somebody else's (DATABASE_URL)")
    account, manager = fault_account.account, fault_account.manager
    now = now_for(account)
    decision = decide(fault_account, pause(Ad.objects.active().first()), now)
    folder = cluster("urgent")
    async_task(HEARTBEAT, q_options={"cluster": "urgent"})
    until((folder / "media" / "queue-heartbeat").exists, START)
    with transaction.atomic():
        answer.approve(decision, manager, decision.content_hash, now, wall_now())
        Decision.objects.update(execute_after=wall_now() + timedelta(seconds=2))
    until(lambda: not OrmQ.objects.filter(lock__lte=wall_now()).exists(), START)  # a worker has it
    connection.close()
    stop_postgres(var)
    time.sleep(AWAY)
    ensure_postgres(var, durable=False)
    assert until(lambda: Decision.objects.get().state == "done", START) < 20
    assert not Failure.objects.exists()


def test_messages_of_an_older_version_do_no_harm(cluster):
    """Other arguments, a renamed function, names instead of places: each fails once, and what follows is done."""
    async_task("mediabuyer.agent.tasks.execute_decision", 1, 2, 3)
    async_task("mediabuyer.agent.tasks.run_cycle", cycle_id=1, force=True)
    async_task("mediabuyer.agent.tasks.long_gone", 1)
    folder = cluster("mediabuyer")  # which rings for its heartbeat itself
    until((folder / "media" / "queue-heartbeat").exists, START)
    until(lambda: Failure.objects.count() == 3 and not OrmQ.objects.exists(), 10)
    assert set(Failure.objects.values_list("attempt_count", flat=True)) == {1}


def test_slots_missed_for_a_day_run_once_by_whoever_comes_first():
    call_command("sync_schedules")
    Schedule.objects.update(next_run=wall_now() - timedelta(days=1))
    ready = threading.Barrier(3)

    def another() -> None:
        ready.wait(10)
        scheduler()
        connection.close()

    threads = [threading.Thread(target=another) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    asked = Counter(row.task["func"] for row in OrmQ.objects.all())
    assert asked == Counter(function for _, function, _ in settings.SCHEDULES)
    assert not Schedule.objects.filter(next_run__lt=wall_now() - timedelta(seconds=1)).exists()


KILLED_EACH_TIME = """
import os, signal, time
from campaigns import tasks
for _ in range(6):
    if (child := os.fork()) == 0:
        signal.setitimer(signal.ITIMER_PROF, 0.3)  # seconds of work; then the kernel ends it
        tasks.import_file({})
        os._exit(0)
    print(os.WIFSIGNALED(os.waitpid(child, 0)[1]), flush=True)
    time.sleep(0.5)  # until Postgres notices that the session, and with it the lock on the row, is gone
"""


def test_file_that_kills_its_worker_each_time_is_left_to_people(brand, manager, run_python, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    lines = "".join(f"2026-09-{n % 28 + 1:02},K{n % 7},{n},1.50,10\n" for n in range(50_000)).encode()
    row = uploads.keep(
        brand, manager, "report.csv", [b"Day,Campaign name,Ad name,Amount spent (EUR),Impressions\n", lines]
    )
    ImportFile.objects.filter(pk=row.pk).update(state="running")
    told, wrong = run_python(KILLED_EACH_TIME.format(row.pk), MEDIABUYER_VAR=tmp_path).communicate(timeout=60)
    assert told.split() == ["True"] * 3 + ["False"] * 3, wrong
    row.refresh_from_db()
    assert (row.state, row.report["problem"][:15]) == ("failed", "I began 3 times")
