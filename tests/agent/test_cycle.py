"""A whole cycle on the real sandbox by the real SDK, and what happens when it fails, doubles or falls silent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection

from campaigns.clock import now_for
from campaigns.models import AdAccount, InsightDay
from mediabuyer.agent import cycle as cycles
from mediabuyer.agent.cycle import SILENCE, run_cycle, start_cycle
from mediabuyer.agent.models import Cycle, Decision, Step
from mediabuyer.agent.steps import NAMES, step
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, PlatformError
from memory.events import verify_chain
from memory.models import Event
from portfolio.models import Goal
from tests.factories import AccountFactory, CycleFactory
from tests.sandbox_process import SandboxInfo, running_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxInfo]:
    with running_sandbox(history_days=40, ads=8) as info:
        yield info


@pytest.fixture
def connected(brand, sandbox, manager) -> AdAccount:
    """The sandbox's account with room for changes: every limit set, and a margin that lets good ads earn."""
    sandbox.control("faults", {})
    credentials = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
    account = AccountFactory.create(
        key=UUID(int=7),  # the draws follow from it
        brand=brand,
        external_id=sandbox.account_id,
        graph_url=sandbox.url,
        daily_cap=Decimal(5000),
        synced_at=None,
        ad_set_cap=Decimal(2000),
        approval_over=Decimal(1),
        credentials=json.dumps(credentials),
    )
    Goal.put(
        account,
        manager,
        datetime.fromisoformat(sandbox.now),
        margin=Decimal("0.6"),
        target_cpa=None,
        target_roas=None,
        focus="",
    )
    return account


def proposals():
    rows = Decision.objects.order_by("pk")
    return [(one.action, one.subject_id, one.title, one.changes, one.expected, one.state) for one in rows]


def test_cycle_goes_from_figures_to_decisions(connected, brand):
    cycle = run_cycle(start_cycle(connected, now_for(connected), "command"))
    connected.refresh_from_db()
    assert cycle.state == "done"
    assert list(Step.objects.values_list("name", "state")) == [(name, "done") for name in NAMES]
    assert Step.objects.exclude(summary="").count() == len(NAMES)
    assert InsightDay.objects.count() > 100
    assert connected.synced_at == cycle.now == connected.last_cycle_at
    made = list(Decision.objects.all())
    assert made
    assert {one.state for one in made} <= {"blocked", "awaiting", "approved"}
    assert all(one.content_hash == one.compute_hash() and one.finding_set.exists() for one in made)
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"cycle.started", "structure.synced", "insights.synced", "decision.proposed", "cycle.finished"} <= kinds
    assert verify_chain(brand) is None
    assert len(cycle.observation["ads"]) == 8
    assert datetime.fromisoformat(cycle.observation["synced_at"]) == cycle.now  # what this cycle read, not the last


def test_same_account_and_hour_propose_the_same(connected):
    now = now_for(connected)
    run_cycle(start_cycle(connected, now, "command"))
    first = proposals()
    Decision.objects.all().delete()
    run_cycle(start_cycle(connected, now, "command"))
    assert proposals() == first
    assert Cycle.objects.values("seed").distinct().count() == 1


def test_failed_step_ends_the_cycle_and_is_told(connected, sandbox, brand):
    now = now_for(connected)
    sandbox.control("faults", {"token_expired": 1.0})
    with pytest.raises(PlatformError):
        run_cycle(start_cycle(connected, now, "command"))
    cycle = Cycle.objects.get()
    assert cycle.state == "failed"
    assert list(Step.objects.values_list("name", "state")) == [("observe", "failed")]
    assert cycle.error == Step.objects.get().summary
    failed = Event.objects.get(kind="cycle.failed")
    assert (failed.data["step"], failed.data["reason"]) == ("observe", cycle.error)
    assert not Event.objects.filter(kind="cycle.finished").exists()
    assert AdAccount.objects.get().connection == "reconnect"
    assert sandbox.access_token not in json.dumps([cycle.error, *Event.objects.values_list("data", flat=True)])
    sandbox.control("faults", {})
    assert run_cycle(start_cycle(connected, now, "command")).state == "done"
    assert AdAccount.objects.get().connection == "ok"


def test_imported_account_is_only_read(account):
    AdAccount.objects.update(mode="shadow", graph_url="")
    account.refresh_from_db()
    cycle = run_cycle(start_cycle(account, wall_now(), "command"))
    assert cycle.state == "done"
    assert (
        Step.objects.get(name="observe").summary
        == "Read what 0 stored rows of imported files tell. There is nothing to pull."
    )
    assert Step.objects.get(name="act").summary == "Nothing may be done on an imported account."


def test_two_cycles_at_once_are_refused(account, now):
    start_cycle(account, now, "command")
    with pytest.raises(Conflict, match="already running"):
        start_cycle(account, now, "command")
    assert Cycle.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_starts_at_once_one_wins(account, now):
    start, told = threading.Barrier(4), []

    def go():
        start.wait()
        try:
            start_cycle(AdAccount.objects.get(), now, "command")
        except Conflict as error:
            told.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert (Cycle.objects.count(), len(told)) == (1, 3)


def test_cycle_begins_once(account, now):
    cycle = CycleFactory.create(account=account, state="running")
    with pytest.raises(Conflict, match="already started"):
        run_cycle(cycle)
    assert Cycle.objects.get().state == "running"


@pytest.mark.parametrize("state", ["queued", "running"])
def test_silent_cycle_is_given_up(account, now, state):
    old = CycleFactory.create(account=account, state=state)
    Step.objects.create(cycle=old, order=0, name="observe", started_at=now)
    Cycle.objects.update(created_at=wall_now() - 2 * SILENCE, alive_at=wall_now() - SILENCE - timedelta(seconds=1))
    new = start_cycle(account, now, "command")
    old.refresh_from_db()
    assert (old.state, old.error, new.state) == ("failed", "It was interrupted and never came back.", "queued")
    assert (Step.objects.get().state, Step.objects.get().summary) == ("failed", "Interrupted.")
    assert Event.objects.get(kind="cycle.failed").data["step"] == "observe"


def test_living_cycle_is_not_given_up(account, now):
    CycleFactory.create(account=account, state="running")
    Cycle.objects.update(created_at=wall_now() - 2 * SILENCE, alive_at=wall_now() - SILENCE + timedelta(minutes=1))
    with pytest.raises(Conflict):
        start_cycle(account, now, "command")


def test_given_up_cycle_that_comes_back_goes_no_further(account, now):
    cycle = CycleFactory.create(account=account, state="running")
    Cycle.objects.update(created_at=wall_now() - 2 * SILENCE, alive_at=wall_now() - 2 * SILENCE)
    start_cycle(account, now, "command")
    with pytest.raises(Conflict, match="given up"), step(cycle, "plan"):
        raise AssertionError("never reached")
    cycles._end(cycle, "done")
    assert Cycle.objects.get(pk=cycle.pk).state == "failed"
    assert Event.objects.filter(kind__startswith="cycle.").count() == 1
