"""Every way in which one send can go wrong, and that nothing is ever doubled or lost by it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import OperationalError, connection

from campaigns.models import AdAccount, AdSet, Change
from campaigns.operations import ledger
from campaigns.operations.attempt import FLAKY_TRIES, MAX_CLAIMS, attempt
from campaigns.operations.markers import find_surplus
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import Fault, PlatformError
from memory.models import Event
from tests.campaigns.operations.fake_platform import Killed, budget, new_campaign, pause
from tests.factories import AccountFactory, AdSetFactory, CampaignFactory

pytestmark = pytest.mark.django_db


def events():
    return list(Event.objects.order_by("number").values_list("kind", flat=True))


def test_change_is_done_and_journalled_before_and_after(plan, work, platform):
    plan(budget("130001", "50", "60"))
    change = work()
    assert (change.state, change.attempts, change.before["daily_budget"], change.after["daily_budget"]) == (
        "done",
        1,
        "50.00",
        "60",
    )
    assert platform.objects["130001"]["daily_budget"] == "60"
    assert events() == ["change.planned", "change.sent", "change.done"]


def test_our_own_tree_knows_at_once(plan, work, account, platform):
    row = AdSetFactory.create(campaign=CampaignFactory.create(account=account), external_id="130001")
    plan(budget("130001", "50", "60"))
    work()
    assert AdSet.objects.get(pk=row.pk).daily_budget == Decimal(60)


@pytest.mark.parametrize("wish", [new_campaign(), budget("130001", "50", "60"), pause("130001")])
def test_lost_answer_is_looked_up_and_adopted(plan, work_all, platform, wish):
    plan(wish)
    platform.script = ["lost"]
    work_all()
    change = Change.objects.get()
    assert (change.state, change.attempts, platform.writes) == ("done", 1, 1)
    assert events() == ["change.planned", "change.sent", "change.done"]


def test_late_creation_is_not_made_twice(plan, work_all, platform):
    plan(new_campaign())
    platform.script, platform.late_seconds = ["late"], 35
    work_all()
    change = Change.objects.get()
    assert (change.state, platform.writes, platform.marked()) == ("done", 1, {change.marker: 1})


def test_absence_is_not_believed_before_the_settle_window_ends(plan, work, platform):
    plan(new_campaign())
    platform.script = ["error"]
    work()
    platform.pass_time(50)
    assert (work().state, platform.writes) == ("sent", 1)
    platform.pass_time(11)
    assert (work().state, platform.writes) == ("done", 2)


def test_worker_killed_before_sending_leaves_it_to_the_next(plan, work, work_all, platform):
    plan(new_campaign())
    platform.script = ["killed before"]
    with pytest.raises(Killed):
        work()
    assert Change.objects.get().state == "sent"
    work_all()
    assert list(platform.marked().values()) == [1]


def test_worker_killed_after_sending_makes_no_second_object(plan, work, work_all, platform):
    plan(new_campaign())
    platform.script = ["killed after"]
    with pytest.raises(Killed):
        work()
    work_all()
    assert (Change.objects.get().state, list(platform.marked().values()), platform.writes) == ("done", [1], 1)


def test_woken_worker_does_not_send_after_its_lease(plan, work, platform):
    plan(new_campaign())

    def sleep_past_everything():
        platform.pass_time(70)
        assert work().state == "done"

    platform.script = [sleep_past_everything, "ok"]
    assert work().state == "done"
    assert (platform.writes, list(platform.marked().values())) == (1, [1])


def test_stale_workers_answer_is_not_written(plan, platform, now):
    plan(new_campaign())
    stale = ledger.claim()
    platform.pass_time(21)
    fresh = ledger.claim()
    assert attempt(stale, platform, lambda _: None, now, Random(1)).fence == fresh.fence
    assert (platform.writes, Change.objects.get().attempts) == (0, 0)


def test_guardrail_is_asked_in_the_claim(plan, work, platform):
    plan(new_campaign())
    change = work(lambda _: "Over the cap.")
    assert (change.state, change.error["message"], platform.writes) == ("blocked", "Over the cap.", 0)
    assert Event.objects.get(kind="change.blocked").data["reason"] == "Over the cap."


def test_guardrail_that_raises_holds_back(plan, work, platform):
    plan(new_campaign())
    change = work(lambda _: str(1 / 0))
    assert (change.state, platform.writes) == ("blocked", 0)
    assert "ZeroDivisionError" in change.error["message"]


def test_stop_pressed_after_the_guard_still_holds_back(plan, work, platform):
    plan(budget("130001", "50", "60", exposure=17))
    change = work(lambda _: AdAccount.objects.update(is_stopped=True) and None)
    assert (change.state, platform.writes, change.attempts) == ("blocked", 0, 0)


def test_stop_pressed_right_before_the_socket_holds_back(plan, work, platform):
    plan(budget("130001", "50", "60", exposure=17))
    platform.script = [lambda: AdAccount.objects.update(is_stopped=True)]
    change = work()
    assert (change.state, platform.writes, change.attempts) == ("blocked", 0, 1)


@pytest.mark.parametrize("wish", [pause("130001"), budget("130001", "50", "40", exposure=-17)])
def test_lowering_goes_on_with_the_stop_pressed(plan, work, wish):
    plan(wish)
    AdAccount.objects.update(is_stopped=True)
    assert work().state == "done"


def test_change_made_elsewhere_is_not_overwritten(plan, work, platform):
    plan(budget("130001", "50", "60"))
    platform.objects["130001"]["daily_budget"] = "80.00"
    change = work()
    assert (change.state, platform.writes) == ("blocked", 0)
    assert change.error["message"] == (
        "It was changed elsewhere meanwhile: daily budget is 80.00, this was decided on 50."
    )


def test_what_is_so_already_is_not_sent(plan, work, platform):
    plan(pause("130001"))
    platform.objects["130001"]["status"] = "PAUSED"
    assert (work().state, platform.writes) == ("done", 0)
    assert Event.objects.get(kind="change.done").data["reason"] == "it was so already"


@pytest.mark.parametrize("status", ["DELETED", "ARCHIVED", None])
def test_object_that_is_gone_fails_cleanly(plan, work, platform, status):
    plan(pause("130001"))
    if status:
        platform.objects["130001"]["status"] = status
    else:
        del platform.objects["130001"]
    assert (work().state, platform.writes) == ("failed", 0)


def test_invalid_request_is_not_repeated(plan, work, platform):
    plan(new_campaign())
    platform.script = [PlatformError(Fault.INVALID, "Invalid parameter", code=100, field="objective")]
    change = work()
    assert (change.state, change.error["field"], platform.writes) == ("failed", "objective", 1)


def test_flaky_creative_is_tried_three_times(plan, work_all, platform):
    plan(new_campaign())
    flaky = PlatformError(Fault.TRANSIENT, "Something went wrong", code=100, subcode=1487390)
    platform.script = [flaky] * 9
    work_all()
    change = Change.objects.get()
    assert (change.state, change.error["message"], platform.writes) == ("failed", "Something went wrong", FLAKY_TRIES)


def test_what_never_arrives_ends_with_a_person(plan, work_all, platform):
    plan(new_campaign())
    platform.script = ["error"] * 99
    work_all()
    change = Change.objects.get()
    assert (change.state, platform.writes) == ("unknown", Change.MAX_ATTEMPTS)
    assert Event.objects.get(kind="change.unknown").data["attempt"] == Change.MAX_ATTEMPTS


def test_unknown_one_is_looked_for_again_when_resumed(plan, work_all, platform, now):
    plan(new_campaign())
    platform.script = ["error"] * Change.MAX_ATTEMPTS
    work_all()
    change = Change.objects.get()
    platform.objects["1"] = {"name": f"Autumn [mb:{change.marker}]", "status": "PAUSED"}
    assert ledger.resume(change.operation, now, "person:ana@example.com") == 1
    work_all()
    change.refresh_from_db()
    assert (change.state, change.remote_id, platform.writes) == ("done", "1", Change.MAX_ATTEMPTS)


def test_rate_limit_rests_the_account_and_costs_no_attempt(plan, work, platform, account):
    plan(new_campaign())
    plan(new_campaign("Winter"))
    platform.script = [PlatformError(Fault.RATE, "Too many calls", code=80004, wait=timedelta(minutes=5))]
    change = work()
    account.refresh_from_db()
    assert (change.state, change.attempts, work()) == ("planned", 0, None)
    assert timedelta(minutes=4) < account.held_until - database_now() <= timedelta(minutes=5)
    platform.pass_time(301)
    assert (work().state, work().state) == ("done", "done")


@pytest.mark.parametrize(
    ("fault", "connection", "event"),
    [
        (Fault.AUTH, "reconnect", "account.reconnect_needed"),
        (Fault.PERMISSION, "reconnect", "account.reconnect_needed"),
        (Fault.HELD, "held", "account.held"),
    ],
)
def test_refused_account_waits_with_one_event(plan, work, platform, account, fault, connection, event):
    (first,) = plan(new_campaign())
    plan(new_campaign("Winter"))
    (other,) = plan(new_campaign("Spring"), account=AccountFactory.create(brand=account.brand))
    in_hand = [ledger.claim(), ledger.claim()]
    platform.script = [PlatformError(fault, "Refused", code=190), PlatformError(fault, "Refused", code=190)]
    for change in in_hand:
        attempt(change, platform, lambda _: None, change.created_at, Random(1))
    account.refresh_from_db()
    assert (account.connection, Event.objects.filter(kind=event).count()) == (connection, 1)
    assert {(one.state, one.attempts) for one in in_hand} == {("planned", 0)}
    assert work() == other
    AdAccount.objects.update(connection="ok")
    assert (work(), work().state) == (first, "done")


def test_failing_reads_end_in_bounded_time(plan, work, platform):
    plan(pause("130001"))
    platform.reads_fail_with = PlatformError(Fault.TRANSIENT, "Down", code=2)
    for _ in range(MAX_CLAIMS + 2):
        work()
        platform.pass_time(61)
    assert (Change.objects.get().state, platform.writes) == ("failed", 0)


def test_clamped_budget_is_seen(plan, work, platform):
    plan(budget("130001", "50", "60"))
    platform.clamp = Decimal(55)
    change = work()
    assert change.after["daily_budget"] == "55"


def test_surplus_object_is_reported_once(plan, work, platform, account, now):
    plan(new_campaign())
    change = work()
    platform.objects["7"] = {"name": f"Autumn [mb:{change.marker}]", "status": "PAUSED"}
    assert [one.found[0].external_id for one in find_surplus(account, platform, now)] == ["7"]
    find_surplus(account, platform, now)
    assert Event.objects.get(kind="change.doubled").data["surplus"] == ["7"]


@pytest.mark.django_db(transaction=True)
def test_database_lost_after_sending_is_made_good(plan, work, work_all, platform):
    plan(new_campaign())

    def lose_the_database():
        with suppress(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    platform.afterwards = lose_the_database
    with pytest.raises(OperationalError):
        work()
    connection.close()
    platform.afterwards = lambda: None
    assert (Change.objects.get().state, list(platform.marked().values())) == ("sent", [1])
    work_all()
    assert (Change.objects.get().state, platform.writes) == ("done", 1)


# --- Sent once, then held back: more than blocked --------------------------------------------------------------------


def test_lost_and_then_drifted_is_failed_not_held_back(plan, work, work_all, platform):
    plan(budget("130001", "50", "60"))
    platform.script = ["error"]  # no answer, and nothing done
    work()
    platform.objects["130001"]["daily_budget"] = "80.00"
    work_all()
    change = Change.objects.get()
    assert (change.state, change.attempts, platform.writes) == ("failed", 1, 1)
    assert change.error["message"] == (
        "It was sent once, its answer was lost, and the platform does not show it. It is not sent again: "
        "It was changed elsewhere meanwhile: daily budget is 80.00, this was decided on 50."
    )
    assert events() == ["change.planned", "change.sent", "change.failed"]


def test_lost_and_then_refused_is_failed_not_held_back(plan, work, platform):
    plan(new_campaign())
    platform.script = ["error"]
    work()
    platform.pass_time(61)
    change = work(lambda _: "Over the cap.")
    assert (change.state, change.error["held_back"], platform.writes) == ("failed", "Over the cap.", 1)


@pytest.mark.parametrize("moment", ["before it is written down", "right before the socket"])
def test_stop_after_a_lost_answer_is_failed_not_held_back(plan, work, platform, moment):
    plan(budget("130001", "50", "60", exposure=17))
    platform.script = ["error", lambda: AdAccount.objects.update(is_stopped=True)]
    work()
    platform.pass_time(61)
    late = moment == "right before the socket"
    change = work(lambda _: None if late else AdAccount.objects.update(is_stopped=True) and None)
    assert (change.state, change.attempts, platform.writes) == ("failed", 2 if late else 1, 1)
    assert "The stop is pressed" in change.error["held_back"]


def test_refusal_within_the_settle_window_waits_for_its_end(plan, work, work_all, platform):
    """Late ones still land: what a guardrail is against now may have arrived all the same."""
    plan(new_campaign())
    platform.script, platform.late_seconds = ["late"], 35
    work(lambda _: None)
    work_all()
    assert (Change.objects.get().state, platform.writes) == ("done", 1)
