"""What the queue calls: may run twice, keeps to the account's clock, and the timetable is what the settings say."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from campaigns.models import AdAccount
from mediabuyer.agent import cycle, tasks
from mediabuyer.agent.models import UNDO_WINDOW, Cycle, Decision
from mediabuyer.lib.clock import wall_now
from tests.factories import AccountFactory, CycleFactory, DecisionFactory

pytestmark = pytest.mark.django_db


def test_heartbeat_touches_its_file(settings, tmp_path):
    settings.HEARTBEAT_FILE = tmp_path / "fresh" / "queue-heartbeat"
    tasks.heartbeat()
    assert (tmp_path / "fresh" / "queue-heartbeat").exists()


def test_unanswered_decision_lapses_by_the_accounts_clock(account, now):
    old = DecisionFactory.create(account=account, expires_at=now)
    young = DecisionFactory.create(account=account, expires_at=now + timedelta(hours=1))
    tasks.sweep_decisions()
    tasks.sweep_decisions()
    assert list(Decision.objects.order_by("pk").values_list("pk", "state")) == [
        (old.pk, "expired"),
        (young.pk, "awaiting"),
    ]


def test_due_account_gets_one_cycle(account, now, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_cycles()
        tasks.sweep_cycles()
    assert Cycle.objects.get().account == account
    assert [task.func() for task in OrmQ.objects.all()] == ["mediabuyer.agent.tasks.run_cycle"]


@pytest.mark.parametrize("values", [{"is_agent_on": False}, {"connection": "reconnect"}])
def test_account_that_is_off_gets_no_cycle(account, values):
    AdAccount.objects.update(**values)
    tasks.sweep_cycles()
    assert not Cycle.objects.exists()


@pytest.mark.parametrize("sweep", [tasks.sweep_cycles, tasks.sweep_decisions, tasks.sweep_connections])
def test_account_that_raises_does_not_hold_up_others(account, brand, now, monkeypatch, logged, sweep):
    other = AccountFactory.create(brand=brand)
    AdAccount.objects.update(connection="ok" if sweep is not tasks.sweep_connections else "reconnect")
    for one in (account, other):
        DecisionFactory.create(account=one, expires_at=now)
    reached = []

    def clock(one):
        reached.append(one.pk)
        return 1 / 0 if one == account else now

    monkeypatch.setattr(tasks, "now_for", clock)
    monkeypatch.setattr(tasks, "probe", lambda one, at: False)
    sweep()
    assert set(reached) == {account.pk, other.pk}
    assert logged


def test_recent_cycle_is_not_repeated(account, now):
    AdAccount.objects.update(last_cycle_at=now - timedelta(minutes=239))
    tasks.sweep_cycles()
    assert not Cycle.objects.exists()


def test_forgotten_cycle_is_rung_for_again(account, now, django_capture_on_commit_callbacks):
    AdAccount.objects.update(last_cycle_at=now)
    cycle = CycleFactory.create(account=account, state="queued")
    Cycle.objects.update(created_at=wall_now() - timedelta(minutes=2))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_cycles()
    assert OrmQ.objects.get().task["args"] == (cycle.pk,)


def test_cycle_that_has_begun_is_not_run_again(account):
    cycle = CycleFactory.create(account=account, state="running")
    tasks.run_cycle(cycle.pk)
    assert Cycle.objects.get().started_at is None


def test_nudge_for_a_withdrawn_decision_does_nothing(account, now):
    decision = DecisionFactory.create(account=account)
    tasks.execute_decision(decision.pk)
    tasks.execute_decision(decision.pk + 1)
    assert Decision.objects.get().state == "awaiting"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_approval_that_meets_a_lost_database_is_waited_out_and_carried_out(account, monkeypatch, error):
    """The message may reach its worker in the very moment in which Postgres goes."""
    decision = DecisionFactory.create(account=account)
    slept, rounds, closed = [], [], []
    monkeypatch.setattr(tasks.time, "sleep", slept.append)
    monkeypatch.setattr(tasks, "_carry_out", rounds.append)

    def gone(*asked: object) -> None:
        raise error("server closed the connection unexpectedly")

    monkeypatch.setattr(tasks.connection, "close", lambda: closed.append(True))  # it holds the test's own transaction
    with connection.execute_wrapper(gone):
        tasks.execute_decision(decision.pk)
    assert (slept, rounds, closed) == ([UNDO_WINDOW.total_seconds()], [tasks.RUNG_SECONDS], [True])


def test_same_job_of_one_account_runs_only_once(account):
    with connection.cursor() as cursor, tasks.only_once("cycle", account.pk) as is_mine:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [account.pk])
        assert (is_mine, cursor.fetchone()) == (True, (1,))


@pytest.mark.parametrize(
    ("lost_after", "away", "seconds", "is_done"),
    [
        (3, 6, 15, True),
        (3, 40, 15, True),
        (44, 40, 45, True),
        (50, 5, 15, True),
        (3, 60, 15, False),
        (44, 60, 45, False),
    ],
)
def test_round_that_loses_the_database_begins_again(lost_after, away, seconds, is_done):
    """`lost_after` seconds into its first round the database goes for `away` seconds."""
    clock, asked = [0.0], []

    def round_of(most: float) -> None:
        asked.append(most)
        if len(asked) == 1:
            clock[0] += lost_after
        if clock[0] < lost_after + away:
            raise OperationalError("server closed the connection unexpectedly")

    def wait(pause: float) -> None:
        clock[0] += pause

    with nullcontext() if is_done else pytest.raises(OperationalError):
        tasks._carry_out(seconds, round_of, lambda: clock[0], wait)
    assert asked[0] == seconds
    assert clock[0] + asked[-1] * is_done <= seconds + tasks.OUTAGE_SECONDS
    assert clock[0] - lost_after <= tasks.OUTAGE_SECONDS


def test_no_worker_is_ended_in_the_middle_of_a_send(settings):
    """What takes up changes may begin the last one right before its time is over."""
    main, urgent = settings.Q_CLUSTER, settings.Q_CLUSTER["ALT_CLUSTERS"]["urgent"]
    assert settings.ATTEMPT_SECONDS == settings.LEASE_SECONDS + 2 * settings.PLATFORM_TIMEOUT
    connecting = settings.DATABASES["default"]["OPTIONS"]["connect_timeout"]
    swept = tasks.OUTAGE_SECONDS + connecting + tasks.SWEEP_SECONDS
    assert main["timeout"] > swept + settings.ATTEMPT_SECONDS
    rung = UNDO_WINDOW.total_seconds() + tasks.OUTAGE_SECONDS + 2 * connecting + tasks.RUNG_SECONDS
    assert urgent["timeout"] > rung + settings.ATTEMPT_SECONDS
    assert urgent["timeout"] < main["timeout"] < main["retry"]
    assert main["retry"] > cycle.SECONDS


def test_timetable_becomes_what_the_settings_say(settings):
    Schedule.objects.create(name="old", func="os.getcwd", schedule_type=Schedule.CRON, cron="* * * * *")
    call_command("sync_schedules", verbosity=0)
    first = dict(Schedule.objects.values_list("name", "next_run"))
    assert first.keys() == {name for name, _, _ in settings.SCHEDULES}
    settings.SCHEDULES = [
        (name, function, "5 5 * * *") if name == "heartbeat" else (name, function, cron)
        for name, function, cron in settings.SCHEDULES
    ]
    call_command("sync_schedules", verbosity=0)
    again = dict(Schedule.objects.values_list("name", "next_run"))
    assert {name for name in again if again[name] != first[name]} == {"heartbeat"}


def test_every_scheduled_function_exists(settings):
    assert all(callable(import_string(function)) for _, function, _ in settings.SCHEDULES)
