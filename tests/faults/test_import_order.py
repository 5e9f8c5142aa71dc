"""Two files into one account and a cycle on it, in every order: nobody waits long, and each file gets a cycle that
knew it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from campaigns import uploads
from campaigns.models import Ad, AdAccount, ImportFile, InsightDay
from collaboration.imports import shadow_cycle
from mediabuyer.agent.cycle import run_cycle, start_cycle
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.tasks import sweep_cycles
from mediabuyer.lib.clock import wall_now
from tests.factories import AccountFactory, CycleFactory

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
HEAD = "Campaign name,Ad name,Day,Ad delivery,Amount spent (EUR),Impressions,Results\n"
BEFORE, READING, STAMPED, AFTER = PHASES = ("before it begins", "while it reads", "before it commits", "after it ended")
"""Of the second file's import."""


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def impatient(transactional_db: None) -> Iterator[None]:
    """What waits for a lock in the test's own thread fails instead."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    yield
    connection.close()


@pytest.fixture
def confirmed(brand: Any, manager: Any) -> Callable[..., ImportFile]:
    """A file of one day, confirmed and waiting for its worker."""

    def make(day: int, ad: str = "Sun") -> ImportFile:
        text = f"{HEAD}K,{ad},2026-01-{day},active,{day}.00,100,1\n"
        row = uploads.keep(brand, manager, "shop.csv", [text.encode()])
        uploads.read(row)
        uploads.confirm(row, {"account": "Shop"})
        return row

    return make


class Slow:
    """The import of a file in a thread of its own that stands still twice: while it reads, and before it commits."""

    def __init__(self, row: ImportFile) -> None:
        self.row, self.is_stamped, self.may_commit = row, threading.Event(), threading.Event()
        self.gate = connection.copy()  # holds the row in which the import tells how far it is
        self.gate.set_autocommit(False)
        with self.gate.cursor() as cursor:
            cursor.execute("SELECT 1 FROM campaigns_importfile WHERE id = %s FOR UPDATE", [row.pk])
        self.thread = in_thread(self._import)
        until_one_waits()

    def _import(self) -> None:
        with transaction.atomic():
            uploads.carry_out(self.row)
            self.is_stamped.set()
            self.may_commit.wait(20)

    def stamp(self) -> None:
        if not self.is_stamped.is_set():
            self.gate.rollback()
            self.gate.close()
            assert self.is_stamped.wait(20)

    def commit(self) -> None:
        self.stamp()
        self.may_commit.set()
        self.thread.join(20)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def until_one_waits(count: int = 1) -> None:
    end = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= count:
                return
            time.sleep(0.02)
    raise AssertionError("nobody came to a lock")


def let_all_end() -> None:
    """What the sweeps of some minutes do."""
    for _ in range(3):
        sweep_cycles()
        for cycle in Cycle.objects.filter(state="queued"):
            run_cycle(cycle)


def days_seen(cycle: Cycle) -> int:
    return int(cycle.step_set.get(name="observe").figures["rows"])


ORDERS = [(queued, run) for place, queued in enumerate(PHASES) for run in PHASES[place:]]


@pytest.mark.parametrize(("queued", "run"), ORDERS)
def test_each_file_gets_a_cycle_that_knew_it(confirmed: Any, queued: str, run: str) -> None:
    first, second = confirmed(30), confirmed(31)
    uploads.carry_out(first)
    account = AdAccount.objects.get(name="Shop")
    slow: Slow | None = None
    cycle: Cycle | None = None
    for phase in PHASES:
        if phase == READING:
            slow = Slow(second)
        elif slow and phase == STAMPED:
            slow.stamp()
        elif slow and phase == AFTER:
            slow.commit()
        if phase == queued:
            cycle = start_cycle(account, wall_now(), "command")
        if cycle and slow and phase == run == STAMPED:  # the journal is taken for this moment
            thread = in_thread(lambda known=cycle: run_cycle(known))  # type: ignore[misc]
            until_one_waits()
            slow.commit()
            thread.join(20)
        elif cycle and phase == run:
            run_cycle(cycle)
    let_all_end()
    for row, days in ((first, 1), (second, 2)):
        row.refresh_from_db()
        found = shadow_cycle(row)
        assert (row.state, row.report["written"], found and found.state) == ("done", 1, "done")
        assert found
        assert days_seen(found) >= days
    seen_late = run == AFTER
    assert Cycle.objects.count() == (1 if seen_late else 2)


def test_page_thinks_until_a_cycle_that_knew_the_file_is_done(confirmed: Any, client: Client, manager: Any) -> None:
    client.force_login(manager, "django.contrib.auth.backends.ModelBackend")
    first, second = confirmed(30), confirmed(31)
    pages = [reverse("import-file", args=[row.key]) for row in (first, second)]
    uploads.carry_out(first)
    slow = Slow(second)
    run_cycle(start_cycle(AdAccount.objects.get(), wall_now(), "import"))
    slow.commit()
    assert [client.get(page).context["is_thinking"] for page in pages] == [False, True]
    let_all_end()
    assert [client.get(page).context["is_thinking"] for page in pages] == [False, False]


def test_two_first_files_of_one_new_account_are_both_imported(confirmed: Any) -> None:
    first, second = confirmed(30), confirmed(31)
    slow = Slow(first)
    slow.stamp()
    thread = in_thread(lambda: uploads.carry_out(second))
    until_one_waits()
    slow.commit()
    thread.join(20)
    let_all_end()
    account = AdAccount.objects.get()
    assert InsightDay.objects.filter(account=account).count() == 2
    for row in (first, second):
        row.refresh_from_db()
        assert (row.state, row.account) == ("done", account)
        found = shadow_cycle(row)
        assert found
        assert days_seen(found) == 2


def test_two_files_that_make_the_same_ad_take_turns(confirmed: Any) -> None:
    uploads.carry_out(confirmed(29))
    rows = [confirmed(30, "Moon"), confirmed(31, "Moon")]
    slow = Slow(rows[0])
    thread = in_thread(lambda: uploads.carry_out(rows[1]))
    until_one_waits(2)
    slow.commit()
    thread.join(20)
    assert [
        (row.state, row.report["written"]) for row in ImportFile.objects.filter(pk__in=[row.pk for row in rows])
    ] == [
        ("done", 1),
        ("done", 1),
    ]
    assert InsightDay.objects.filter(ad=Ad.objects.get(name="Moon")).count() == 2


def test_nothing_waits_for_an_import_that_reads(confirmed: Any, manager: Any) -> None:
    """Neither who adds a row that names the account, nor who changes the account itself."""
    uploads.carry_out(confirmed(30))
    account = AdAccount.objects.get()
    slow = Slow(confirmed(31))
    start_cycle(account, wall_now(), "command")
    account.stop(manager, "Enough.", wall_now())
    opened_at = wall_now()
    slow.commit()
    account.refresh_from_db()
    assert (Cycle.objects.get().state, account.is_stopped) == ("queued", True)
    assert account.synced_at
    assert account.synced_at > opened_at  # it is as fresh as its end


def test_stamp_of_a_file_is_later_than_the_last_whatever_the_clock_does(confirmed: Any) -> None:
    row = confirmed(30)
    uploads.carry_out(row)
    ahead = wall_now() + timedelta(hours=1)
    AdAccount.objects.update(synced_at=ahead)
    second = confirmed(31)
    uploads.carry_out(second)
    assert second.finished_at == AdAccount.objects.get().synced_at == ahead + timedelta(microseconds=1)


LATER = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("state", "saw", "is_due"),
    [
        ("queued", None, False),
        ("running", timedelta(0), True),  # tried, and refused while it lives; one that was killed is replaced
        ("done", -LATER, True),
        ("done", timedelta(0), False),
        ("failed", timedelta(0), False),
        ("failed", -LATER, True),
        ("failed", None, True),  # given up before it began
    ],
)
def test_imported_account_is_due_when_no_cycle_knew_its_figures(
    brand: Any, now: Any, state: str, saw: timedelta | None, is_due: bool
) -> None:
    account = AccountFactory.create(
        brand=brand, mode="shadow", platform="export", graph_url="", synced_at=now, last_cycle_at=now + LATER
    )
    cycle = CycleFactory.create(account=account, state=state, figures_at=None if saw is None else now + saw)
    Cycle.objects.update(created_at=now - LATER, alive_at=wall_now() - timedelta(hours=1))
    sweep_cycles()
    assert Cycle.objects.exclude(pk=cycle.pk).exists() == is_due


def test_cycle_notes_how_far_the_figures_were_when_it_began(brand: Any, now: Any) -> None:
    account = AccountFactory.create(brand=brand, mode="shadow", platform="export", graph_url="", synced_at=now)
    assert run_cycle(start_cycle(account, wall_now(), "import")).figures_at == now
    AdAccount.objects.update(synced_at=None)
    assert run_cycle(start_cycle(account, wall_now(), "import")).figures_at == account.created_at
