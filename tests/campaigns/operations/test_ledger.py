"""Planning and claiming: one row a wish, one worker a row, and the order kept."""

from __future__ import annotations

import uuid
from random import Random

import pytest
from django.db import connection

from campaigns.models import Change, Operation
from campaigns.operations import ledger
from campaigns.operations.attempt import attempt
from campaigns.platforms.base import ChangeKind, Level
from mediabuyer.lib.errors import Conflict, Fault, NotAllowed, PlatformError
from memory.events import verify_chain
from memory.models import Event
from tests.campaigns.operations.fake_platform import budget, new_campaign, pause
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


def test_same_key_planned_twice_gives_the_same_rows(plan):
    key = uuid.uuid4()
    first, second = plan(new_campaign(), key=key), plan(new_campaign(), key=key)
    assert [change.pk for change in first] == [change.pk for change in second]
    assert Event.objects.filter(kind="change.planned").count() == 1


def test_same_key_with_other_content_is_a_conflict(plan):
    key = uuid.uuid4()
    plan(budget("130001", "50", "60"), key=key)
    with pytest.raises(Conflict, match="another content"):
        plan(budget("130001", "50", "70"), key=key)
    assert Change.objects.get().params == {"daily_budget": "60"}


def test_shadow_account_never_gets_a_change(now, brand):
    shadow = AccountFactory.create(brand=brand, mode="shadow", graph_url="")
    with pytest.raises(NotAllowed, match="only watched"):
        ledger.plan(Operation(account=shadow, workflow="test", actor="agent"), [new_campaign()], now)
    assert not Operation.objects.exists()


def test_claimed_change_is_not_claimed_again(plan):
    plan(new_campaign())
    first = ledger.claim()
    assert (first.fence, ledger.claim()) == (1, None)


def test_expired_lease_is_taken_with_a_higher_fence(plan, platform):
    plan(new_campaign())
    ledger.claim()
    platform.pass_time(21)
    assert ledger.claim().fence == 2


def test_lower_order_goes_first(plan):
    later, sooner = plan(pause("130001", order=1), pause("130002"))[::-1]
    assert ledger.claim() == sooner
    assert ledger.claim() is None
    Change.objects.filter(pk=sooner.pk).update(state="done")
    assert ledger.claim() == later


def test_what_lowers_spending_goes_first(plan):
    plan(budget("130001", "50", "60", exposure=17))
    plan(budget("130002", "50", "40", exposure=-17))
    assert ledger.claim().external_id == "130002"


def test_second_change_of_one_object_waits_for_the_first(plan):
    (first,) = plan(budget("130001", "50", "60"))
    (second,) = plan(budget("130001", "60", "70"))
    (other_kind,) = plan(pause("130001"))
    assert {ledger.claim(), ledger.claim(), ledger.claim()} == {first, other_kind, None}
    Change.objects.filter(pk=first.pk).update(state="done")
    assert ledger.claim() == second


@pytest.mark.parametrize(
    "values", [{"connection": "reconnect"}, {"connection": "held"}, {"mode": "shadow", "graph_url": ""}]
)
def test_account_that_cannot_be_reached_is_passed_over(plan, account, values):
    plan(new_campaign())
    type(account).objects.update(**values)
    assert ledger.claim() is None


def test_resting_account_does_not_hold_up_others(plan, account, now):
    plan(new_campaign())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_adaccount SET held_until = clock_timestamp() + interval '1 hour'")
    (other,) = plan(new_campaign("Winter"), account=AccountFactory.create(brand=account.brand))
    assert ledger.claim() == other
    assert ledger.claim() is None


def test_cancelled_operation_sends_nothing(plan, work, platform, now):
    (change,) = plan(new_campaign())
    assert ledger.cancel(change.operation, now, "person:ana@example.com") == 1
    assert work() is None
    assert platform.writes == 0
    assert Event.objects.get(kind="change.cancelled").actor == "person:ana@example.com"


def test_cancelling_beats_a_worker_that_holds_the_claim(plan, platform, now):
    (change,) = plan(new_campaign())
    held = ledger.claim()
    ledger.cancel(change.operation, now, "person:ana@example.com")
    assert attempt(held, platform, lambda _: None, now, Random(1)).state == "cancelled"
    assert platform.objects.keys() == {str(key) for key in range(130001, 130006)}


def test_cancel_leaves_what_is_on_its_way(plan, platform, work, now):
    platform.script = ["lost"]
    (change,) = plan(new_campaign())
    work()
    assert ledger.cancel(change.operation, now, "agent") == 0
    assert Change.objects.get().state == "sent"


def test_resume_makes_only_the_missing_part(plan, platform, work_all, now):
    campaign, ad_set = _chain(plan)
    platform.script = ["ok", _invalid()]
    work_all()
    assert [one.state for one in Change.objects.order_by("id")] == ["done", "failed"]
    assert ledger.resume(campaign.operation, now, "agent") == 1
    work_all()
    ad_set.refresh_from_db()
    campaign.refresh_from_db()
    assert (campaign.state, ad_set.state) == ("done", "done")
    assert platform.objects[ad_set.remote_id]["campaign_id"] == campaign.remote_id
    assert list(platform.marked().values()) == [1, 1]


def test_step_after_a_failed_one_is_cancelled(plan, platform, work_all):
    _chain(plan)
    platform.script = [_invalid()]
    work_all()
    assert [one.state for one in Change.objects.order_by("id")] == ["failed", "cancelled"]
    assert platform.marked() == {}


def test_journal_chain_stays_whole(plan, platform, work_all, brand):
    _chain(plan)
    platform.script = ["lost", "error", "ok"]
    work_all()
    assert verify_chain(brand) is None
    kinds = list(Event.objects.order_by("number").values_list("kind", flat=True))
    assert kinds == [
        "change.planned",
        "change.planned",
        "change.sent",
        "change.done",
        "change.sent",
        "change.sent",
        "change.done",
    ]


def _chain(plan):
    return plan(
        new_campaign(),
        ledger.Wish(
            ChangeKind.CREATE_AD_SET,
            Level.AD_SET,
            order=1,
            params={
                "name": "Broad",
                "campaign_id": {"from_step": 0},
                "targeting": {},
                "optimization_goal": "OFFSITE_CONVERSIONS",
            },
        ),
    )


def _invalid():
    return PlatformError(Fault.INVALID, "Invalid parameter", code=100, field="targeting")
