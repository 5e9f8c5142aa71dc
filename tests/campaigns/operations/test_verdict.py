"""A person's word on a change of unknown outcome: it counts where the platform does not say otherwise."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from campaigns.models import AdSet, Change
from campaigns.operations.verdict import settle_arrived, settle_missing
from mediabuyer.lib.errors import Conflict, Fault, PlatformError
from memory.events import verify_chain
from memory.models import Event
from tests.campaigns.operations.fake_platform import budget, new_campaign
from tests.factories import AdSetFactory, CampaignFactory

pytestmark = pytest.mark.django_db
ANA = "person:ana@example.com"
DOWN = PlatformError(Fault.TRANSIENT, "Meta is down.", code=2)


@pytest.fixture
def unknown(plan, platform, work_all):
    """A change that was sent as often as may be, of which nobody knows whether it arrived."""

    def make(wish) -> Change:
        (change,) = plan(wish)
        platform.script = ["error"] * Change.MAX_ATTEMPTS
        work_all()
        change = Change.objects.select_related("operation", "account__brand").get(pk=change.pk)
        assert change.state == "unknown"
        return change

    return make


def row_of(change: Change) -> Change:
    return Change.objects.get(pk=change.pk)


def test_arrived_is_read_back_and_noted_in_the_tree(unknown, platform, account, now):
    row = AdSetFactory.create(campaign=CampaignFactory.create(account=account), external_id="130001")
    change = unknown(budget("130001", "50", "60"))
    platform.objects["130001"]["daily_budget"] = "60"
    settle_arrived(change, lambda _: platform, now, ANA)
    change = row_of(change)
    assert (change.state, change.after["daily_budget"], change.made_at, change.error) == ("done", "60", now, {})
    assert change.settled_at is not None
    assert AdSet.objects.get(pk=row.pk).daily_budget == Decimal(60)
    line = Event.objects.get(kind="change.done")
    assert (line.actor, line.data["reason"]) == (ANA, "a person asked, and the platform shows it")
    assert verify_chain(account.brand) is None


def test_arrived_creation_gets_its_id(unknown, platform, now):
    change = unknown(new_campaign())
    platform.objects["7"] = {"name": f"Autumn [mb:{change.marker}]", "status": "PAUSED"}
    settle_arrived(change, lambda _: platform, now, ANA)
    assert (row_of(change).state, row_of(change).remote_id) == ("done", "7")


@pytest.mark.parametrize(
    ("wish", "words"),
    [(budget("130001", "50", "60"), "daily budget is €50.00"), (new_campaign(), "there is no campaign with our mark")],
    ids=["budget", "creation"],
)
def test_arrived_is_refused_where_the_platform_shows_otherwise(unknown, platform, now, wish, words):
    change = unknown(wish)
    with pytest.raises(Conflict, match=re.escape(words)):
        settle_arrived(change, lambda _: platform, now, ANA)
    assert row_of(change).state == "unknown"
    assert not Event.objects.filter(kind="change.done").exists()


def test_arrived_is_refused_while_the_platform_cannot_be_asked(unknown, platform, now):
    change = unknown(budget("130001", "50", "60"))
    platform.reads_fail_with = DOWN
    with pytest.raises(Conflict, match=r"Meta could not be asked: Meta is down\. Nothing was changed"):
        settle_arrived(change, lambda _: platform, now, ANA)
    assert row_of(change).state == "unknown"


def test_missing_is_failed_with_what_it_rests_on(unknown, platform, now):
    change = unknown(budget("130001", "50", "60"))
    assert settle_missing(change, lambda _: platform, now, ANA) == (
        "Meta was asked and does not show it: daily budget is €50.00."
    )
    assert (row_of(change).state, row_of(change).made_at) == ("failed", None)
    line = Event.objects.get(kind="change.failed")
    assert (line.actor, line.data["reason"][:20]) == (ANA, "It did not arrive. M")


def test_missing_is_refused_while_it_may_still_land(unknown, platform, now):
    change = unknown(new_campaign())
    Change.objects.update(sent_at=change.settled_at)
    change.refresh_from_db()
    with pytest.raises(Conflict, match="It may still arrive until"):
        settle_missing(change, lambda _: platform, now, ANA)
    assert row_of(change).state == "unknown"


def test_missing_is_refused_where_the_platform_shows_it(unknown, platform, now):
    change = unknown(budget("130001", "50", "60"))
    platform.objects["130001"]["daily_budget"] = "60.00"
    with pytest.raises(Conflict, match="it did arrive"):
        settle_missing(change, lambda _: platform, now, ANA)
    assert row_of(change).state == "unknown"


@pytest.mark.parametrize("fault", [Fault.AUTH, Fault.PERMISSION, Fault.HELD])
def test_missing_rests_on_the_person_where_the_account_is_shut(unknown, platform, now, fault):
    change = unknown(budget("130001", "50", "60"))
    platform.reads_fail_with = PlatformError(fault, "Not with this token.")
    assert "rests on a person's word" in settle_missing(change, lambda _: platform, now, ANA)
    assert row_of(change).state == "failed"
    assert "Not with this token." in Event.objects.get(kind="change.failed").data["reason"]


@pytest.mark.parametrize("fault", [Fault.TRANSIENT, Fault.RATE, Fault.UNKNOWN, Fault.INVALID])
def test_missing_is_refused_while_the_platform_does_not_answer(unknown, platform, now, fault):
    """It did arrive, and a passing fault must not turn a wrong word into room under the cap."""
    change = unknown(budget("130001", "50", "60"))
    platform.objects["130001"]["daily_budget"] = "60"
    platform.reads_fail_with = PlatformError(fault, "Bad gateway.")
    with pytest.raises(Conflict, match=r"Meta could not be asked: Bad gateway\. Nothing was changed"):
        settle_missing(change, lambda _: platform, now, ANA)
    assert row_of(change).state == "unknown"
    assert not Event.objects.filter(kind="change.failed").exists()


def test_object_that_is_gone_did_not_arrive(unknown, platform, now):
    change = unknown(budget("130001", "50", "60"))
    del platform.objects["130001"]
    assert "not there any more" in settle_missing(change, lambda _: platform, now, ANA)


@pytest.mark.parametrize("say", [settle_arrived, settle_missing])
def test_word_is_for_the_unknown_that_was_looked_at(unknown, platform, now, say):
    """It was sent again meanwhile and is unknown once more: that end waits for a word of its own."""
    seen = unknown(budget("130001", "50", "60"))
    Change.objects.update(fence=seen.fence + 2)
    platform.objects["130001"]["daily_budget"] = "60" if say is settle_arrived else "50"
    with pytest.raises(Conflict, match="has changed meanwhile"):
        say(seen, lambda _: platform, now, ANA)
    assert row_of(seen).state == "unknown"


@pytest.mark.parametrize("say", [settle_arrived, settle_missing])
def test_second_word_finds_it_settled(unknown, platform, now, say):
    first = unknown(budget("130001", "50", "60"))
    second = row_of(first)
    settle_missing(first, lambda _: platform, now, ANA)
    platform.objects["130001"]["daily_budget"] = "60" if say is settle_arrived else "50"
    with pytest.raises(Conflict, match="not open any more"):
        say(second, lambda _: platform, now, ANA)
    assert row_of(first).state == "failed"
    assert Event.objects.filter(kind__in=["change.done", "change.failed"]).count() == 1
