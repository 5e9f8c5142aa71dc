"""Is everything up? One line for each dependency, with what to do about it."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from campaigns.models import AdAccount
from collaboration import health
from mediabuyer.lib.clock import wall_now
from tests.factories import NOW, ChangeFactory, DecisionFactory, InsightFactory, OperationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def beat(tmp_path, settings):
    """`beat(seconds)` is a worker's last sign of life so long ago."""
    settings.HEARTBEAT_FILE = path = tmp_path / "queue-heartbeat"

    def touch(seconds: float) -> None:
        path.touch()
        at = (wall_now() - timedelta(seconds=seconds)).timestamp()
        os.utime(path, (at, at))

    return touch


def test_worker_never_heard_of_is_a_warning(beat):
    assert (health.queue(wall_now()).tone, health.queue(wall_now()).text) == ("warn", "not heard of yet")


@pytest.mark.parametrize(("seconds", "tone"), [(1, "good"), (140, "good"), (160, "bad"), (86_400, "bad")])
def test_worker_is_judged_by_its_heartbeat(beat, seconds, tone):
    beat(seconds)
    assert health.queue(wall_now()).tone == tone


@pytest.fixture
def heard(account):
    """A sandbox whose clock was heard a moment ago; none runs here."""
    cache.set(f"clock-ahead:{account.key}", timedelta(0), 60)
    return account


@pytest.mark.parametrize(
    ("values", "tone", "text"),
    [
        ({}, "good", "figures from"),
        ({"synced_at": None}, "warn", "not read yet"),
        ({"connection": "reconnect"}, "bad", "refuses our token"),
        ({"connection": "held", "connection_detail": "Unpaid."}, "bad", "holds the account"),
    ],
)
def test_platform_is_told_by_the_account(heard, now, values, tone, text):
    AdAccount.objects.update(**values)
    part = health.platform(AdAccount.objects.get(), now)
    assert (part.name, part.tone) == ("Meta (sandbox)", tone)
    assert part.text.startswith(text)


def test_old_figures_are_a_warning_but_not_for_imports(heard, now):
    account = heard
    assert health.platform(account, now + timedelta(hours=27)).tone == "warn"
    account.mode = "shadow"
    assert health.platform(account, now + timedelta(hours=27)).tone == "good"


def test_sandbox_that_does_not_answer_is_bad_news(account, now):
    part = health.platform(account, now)
    assert (part.tone, part.text) == ("bad", "does not answer")


@pytest.mark.parametrize(
    ("states", "tone", "text"),
    [
        ([], "good", "none under way"),
        (["done", "failed"], "good", "none under way"),
        (["planned", "sent"], "good", "2 under way"),
        (["sent", "unknown"], "bad", "1 of unknown outcome"),
    ],
)
def test_ledger_is_told_by_its_changes(account, states, tone, text):
    for state in states:
        ChangeFactory.create(operation=OperationFactory.create(account=account), state=state)
    part = health.ledger(account)
    assert (part.tone, part.text) == (tone, text)


@pytest.mark.parametrize(
    ("state", "tone", "text"),
    [("failed", "bad", "1 not taken back"), ("blocked", "warn", "1 held back from being taken back")],
)
def test_what_could_not_be_taken_back_is_not_well(account, state, tone, text):
    DecisionFactory.create(account=account, state="done", undo_state=state)
    part = health.ledger(account)
    assert (part.tone, part.text) == (tone, text)


def test_age_of_imported_figures_is_that_of_their_last_day(account):
    account.mode, account.synced_at = "shadow", NOW
    assert health.platform(account, NOW).text == "no figures"
    InsightFactory.create(ad__ad_set__campaign__account=account, day=date(2017, 3, 4))
    assert health.platform(account, NOW).text == "figures until 4 Mar 2017"


@pytest.mark.parametrize(("plan", "tone"), [("57.14", "good"), ("57.15", "warn")])
def test_cap_is_held_against_the_worst_day(account, plan, tone):
    account.daily_cap = Decimal(100)
    part = health.cap(account, Decimal(plan))
    assert part is not None
    assert part.tone == tone


def test_no_cap_holds_without_one_or_on_an_import(account):
    account.daily_cap = None
    assert health.cap(account, Decimal(900)) is None
    account.daily_cap, account.platform, account.mode = Decimal(100), "export", "shadow"
    assert health.cap(account, Decimal(900)) is None


def test_every_part_that_is_not_well_says_what_to_do(account, now, beat):
    AdAccount.objects.update(connection="reconnect")
    found = health.parts(AdAccount.objects.get(), now, wall_now())
    assert [part.name for part in found][2:] == ["Database", "Worker", "Memory graph"]
    assert all(part.help for part in found if part.tone != "good")
    assert health.worst(found) == "bad"


def test_nothing_wrong_is_good():
    assert health.worst([]) == "good"
