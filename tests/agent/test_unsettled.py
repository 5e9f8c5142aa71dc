"""A change of which nobody knows whether it arrived: what is said of it, and what a person can do about it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from campaigns.models import AdAccount, Change
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import open_rises
from mediabuyer.agent.undo import undo
from mediabuyer.agent.unsettled import look_again, open_ends, say_arrived, say_missing, standing_of
from mediabuyer.lib.clock import database_now, wall_now
from mediabuyer.lib.errors import Conflict, Fault, NotAllowed, PlatformError
from memory.events import sentence, verify_chain
from memory.models import Event
from tests.agent.conftest import Unknown
from tests.campaigns.operations.fake_platform import FakePlatform
from tests.factories import budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(never_known: Unknown) -> AdAccount:
    """All happens in the account of the one that is not known, also what happens to others."""
    return never_known.decision.account


@pytest.fixture
def brand(account: AdAccount) -> Any:
    return account.brand


@pytest.fixture
def fake(never_known: Unknown) -> FakePlatform:
    return never_known.platform


@pytest.fixture
def unknown(never_known: Unknown) -> tuple[Decision, Change]:
    return never_known.decision, never_known.change


def state() -> str:
    return Decision.objects.get().state


def test_it_counts_against_the_cap_until_somebody_says(unknown, person, account, fake, now):
    decision, change = unknown
    assert open_rises(account, None) == Decimal(10)
    rests_on = say_missing(decision, change, person("owner"), decision.content_hash, now, platform_for=lambda _: fake)
    assert rests_on == "Meta was asked and does not show it: daily budget is €50.00."
    assert (state(), open_rises(account, None)) == ("failed", Decimal(0))


def test_passing_fault_does_not_turn_a_wrong_word_into_room_under_the_cap(unknown, person, account, fake, now):
    decision, change = unknown
    fake.objects["130001"]["daily_budget"] = "60"  # it did arrive
    fake.reads_fail_with = PlatformError(Fault.TRANSIENT, "Bad gateway.", code=502)
    with pytest.raises(Conflict, match="Bad gateway"):
        say_missing(decision, change, person("owner"), decision.content_hash, now, platform_for=lambda _: fake)
    assert (state(), open_rises(account, None)) == ("unknown", Decimal(10))


def test_arrived_ends_the_decision_as_done(unknown, person, fake, now, brand):
    decision, change = unknown
    fake.objects["130001"]["daily_budget"] = "60"
    owner = person("owner")
    say_arrived(decision, change, owner, decision.content_hash, now, platform_for=lambda _: fake)
    assert state() == "done"
    assert Event.objects.get(kind="decision.said_arrived").actor == f"person:{owner.email}"
    said = Event.objects.get(kind="change.done")  # by the owner's word, who had not agreed to it
    assert (said.actor, sentence(said)[:22]) == (f"person:{owner.email}", "said that it arrived: ")
    assert verify_chain(brand) is None


@pytest.mark.parametrize(("is_stopped", "ended"), [(False, ("done", "60")), (True, ("failed", "50.00"))])
def test_what_waited_goes_on_when_the_first_half_arrived(
    approved, fake, let_time_pass, carry_out, person, now, is_stopped, ended
):
    """A shift whose cut was unknown: its raise is judged by the guardrails anew, and not dropped by the word."""
    decision = approved(
        [budget_change("130002", "50", "60"), budget_change("130001", "50", "40")], action="shift_budget"
    )
    fake.script = ["error"] * Change.MAX_ATTEMPTS
    let_time_pass()
    decision.refresh_from_db()
    fake.objects["130001"]["daily_budget"] = "40"
    AdAccount.objects.update(is_stopped=is_stopped)
    change = open_ends([decision]).get()
    say_arrived(decision, change, person("owner"), decision.content_hash, now, platform_for=lambda _: fake)
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, fake.objects["130002"]["daily_budget"]) == ended


def test_arrived_is_refused_where_the_platform_shows_otherwise(unknown, person, fake, now):
    decision, change = unknown
    with pytest.raises(Conflict, match=r"daily budget is €50\.00"):
        say_arrived(decision, change, person("owner"), decision.content_hash, now, platform_for=lambda _: fake)
    assert state() == "unknown"
    assert not Event.objects.filter(kind="decision.said_arrived").exists()


def test_looking_again_finds_what_arrived(unknown, person, fake, now, let_time_pass):
    decision, change = unknown
    fake.objects["130001"]["daily_budget"] = "60"
    look_again(decision, change, person("owner"), decision.content_hash, now)
    let_time_pass()
    assert (state(), fake.writes) == ("done", Change.MAX_ATTEMPTS)
    assert Event.objects.filter(kind__in=["decision.looked_again", "change.looked_again"]).count() == 2


def test_looking_again_sends_what_is_not_there_once_more(unknown, person, fake, now, let_time_pass):
    decision, change = unknown
    look_again(decision, change, person("owner"), decision.content_hash, now)
    let_time_pass()
    assert (state(), fake.writes, fake.objects["130001"]["daily_budget"]) == ("done", Change.MAX_ATTEMPTS + 1, "60")


def test_looking_again_does_not_send_what_the_guardrails_are_against(unknown, person, fake, now, let_time_pass):
    decision, change = unknown
    AdAccount.objects.update(is_stopped=True)
    look_again(decision, change, person("owner"), decision.content_hash, now)
    let_time_pass()
    assert (state(), fake.writes) == ("failed", Change.MAX_ATTEMPTS)


def test_each_look_allows_one_sending_more_and_all_are_told(unknown, person, fake, now, let_time_pass):
    decision, change = unknown
    fake.script = ["error"] * 99
    for sent in (Change.MAX_ATTEMPTS + 1, Change.MAX_ATTEMPTS + 2):
        look_again(decision, change, person("owner"), decision.content_hash, now)
        let_time_pass()
        change.refresh_from_db()
        assert (change.state, fake.writes) == ("unknown", sent)
        assert standing_of(change, database_now()).known.startswith(f"It was sent {sent} times, and")
        decision.refresh_from_db()


def test_looking_again_twice_is_one_look(unknown, person, now):
    decision, change = unknown
    look_again(decision, change, person("owner"), decision.content_hash, now)
    with pytest.raises(Conflict, match="looked for already"):
        look_again(decision, change, person("owner"), decision.content_hash, now)
    assert Event.objects.filter(kind="decision.looked_again").count() == 1


ACTS = [look_again, partial(say_arrived, platform_for=None), partial(say_missing, platform_for=None)]


@pytest.mark.parametrize("act", ACTS)
def test_every_word_needs_right_separation_and_hash(unknown, person, now, act):
    decision, change = unknown
    before = Event.objects.count()
    owner = person("owner")
    with pytest.raises(NotAllowed, match="You may not approve"):
        act(decision, change, person("team"), decision.content_hash, now)
    with pytest.raises(Conflict, match="changed since you opened it"):
        act(decision, change, owner, "0" * 64, now)
    decision.requested_by = owner
    with pytest.raises(NotAllowed, match="You asked for this"):
        act(decision, change, owner, decision.content_hash, now)
    assert (state(), Event.objects.count()) == ("unknown", before)


def test_nothing_is_said_of_what_is_settled(unknown, person, now):
    decision, change = unknown
    change.state = "done"
    with pytest.raises(Conflict, match="“Done” by now"):
        look_again(decision, change, person("owner"), decision.content_hash, now)


def test_undo_of_unknown_outcome_is_settled_the_same_way(approved, carry_out, person, fake, now, let_time_pass):
    decision = approved([budget_change("130002", "50", "40")])
    carry_out()
    fake.script = ["error"] * Change.MAX_ATTEMPTS
    undo(decision, person("manager"), now, wall_now())
    let_time_pass()
    decision.refresh_from_db()
    change = open_ends([decision]).get()
    assert (decision.undo_state, change.operation.is_undo) == ("unknown", True)
    fake.objects["130002"]["daily_budget"] = "50"
    say_arrived(decision, change, person("owner"), decision.content_hash, now, platform_for=lambda _: fake)
    decision.refresh_from_db()
    assert decision.state == "undone"


# --- The words -------------------------------------------------------------------------------------------------------


def test_words_say_what_is_known_and_that_nothing_happens_by_itself(unknown):
    _, change = unknown
    said = standing_of(change, database_now())
    assert said.known == (
        "It was sent 6 times, and it is not known whether it arrived. "
        "Last I heard: Sent 6 times; the platform neither confirms nor shows it."
    )
    assert said.next == (
        "I do nothing more by myself; somebody has to say how it ended. "
        "Until then what it would raise counts against the daily cap."
    )
    assert (said.needs_person, said.may_be_missing, said.at) == (True, True, None)


def test_words_say_when_it_is_looked_for(approved, carry_out, fake):
    decision = approved([budget_change("130002", "50", "60")])
    fake.script = ["lost"]
    carry_out()
    change = open_ends([decision]).get()
    said = standing_of(change, change.sent_at + timedelta(seconds=1))
    assert said.known == ("It was sent once, and it is not known whether it arrived. Last I heard: No usable answer.")
    assert said.next == "I look for it at Meta. It may still land, so it is not sent again yet."
    assert (said.at, said.needs_person, said.may_be_missing) == (change.not_before, False, False)


def test_words_say_that_meta_cannot_be_asked(unknown, person, now, fake):
    decision, change = unknown
    change.account.connection = "reconnect"
    assert standing_of(change, database_now()).known.endswith("Meta cannot be asked now: needs to be connected again.")
    fake.reads_fail_with = PlatformError(Fault.AUTH, "The token has expired.", code=190)
    with pytest.raises(Conflict, match="Meta could not be asked: The token has expired"):
        say_arrived(decision, change, person("owner"), decision.content_hash, now, platform_for=lambda _: fake)
