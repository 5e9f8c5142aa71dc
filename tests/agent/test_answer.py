"""A person's answer: the guardrails are asked once more, the first one counts, and a refusal leaves all as it was."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django_q.models import OrmQ

from mediabuyer.agent import answer
from mediabuyer.agent.models import UNDO_WINDOW, Decision
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, Invalid, NotAllowed
from memory.events import verify_chain
from memory.models import Episode, Event
from tests.factories import DecisionFactory, MemberFactory, budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision(account, ad_sets):
    return DecisionFactory.create(account=account, subject_id="130001", changes=[budget_change("130001", "50", "60")])


def test_yes_rings_for_a_worker(decision, manager, now, django_capture_on_commit_callbacks):
    machine_now = wall_now()
    with django_capture_on_commit_callbacks(execute=True):
        answer.approve(decision, manager, decision.content_hash, now, machine_now, note="Go on.")
    fresh = Decision.objects.get()
    assert (fresh.state, fresh.note, fresh.execute_after) == ("approved", "Go on.", machine_now + UNDO_WINDOW)
    assert OrmQ.objects.get().task["args"] == (decision.pk,)
    assert Event.objects.get().data["reason"] == "Go on."


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"daily_cap": Decimal(180)}, "Account cap"),
        ({"daily_cap": None}, "No daily cap is set"),
        ({"ad_set_cap": Decimal(55)}, "the highest allowed is €55"),
        ({"budget_step": Decimal("0.10")}, "moves by 10% at most"),
        ({"is_stopped": True}, "The stop is pressed"),
        ({"connection": "reconnect"}, "no longer accepts"),
    ],
)
def test_limit_changed_meanwhile_refuses_and_changes_nothing(decision, account, manager, now, limits, said):
    type(account).objects.update(**limits)
    before = Decision.objects.values().get()
    with pytest.raises(Conflict, match=said):
        answer.approve(decision, manager, decision.content_hash, now, wall_now())
    assert Decision.objects.values().get() == before
    assert (Event.objects.count(), OrmQ.objects.count()) == (0, 0)


def test_other_approvals_count_against_the_cap(decision, account, manager, person, now):
    type(account).objects.update(daily_cap=Decimal(200))  # worst day now 175; one raise makes 192.50, two 210
    other = DecisionFactory.create(account=account, subject_id="130002", changes=[budget_change("130002", "50", "60")])
    answer.approve(decision, manager, decision.content_hash, now, wall_now())
    with pytest.raises(Conflict, match="Account cap"):
        answer.approve(other, person("owner"), other.content_hash, now, wall_now())


def test_pauses_approved_together_never_pause_all(account, ad_sets, manager, now):
    ads = list(account.ad_set.order_by("pk"))
    pauses = [
        DecisionFactory.create(
            account=account,
            action="pause_ad",
            subject_level="ad",
            subject_id=ad.external_id,
            changes=[
                {
                    "kind": "set_status",
                    "level": "ad",
                    "external_id": ad.external_id,
                    "name": ad.name,
                    "params": {"status": "PAUSED"},
                    "before": {"status": "ACTIVE"},
                }
            ],
        )
        for ad in ads
    ]
    answer.approve(pauses[0], manager, pauses[0].content_hash, now, wall_now())
    with pytest.raises(Conflict, match="Nothing would be left running"):
        answer.approve(pauses[1], manager, pauses[1].content_hash, now, wall_now())


def test_role_is_refused_before_the_guardrails_speak(decision, account, person, now):
    type(account).objects.update(is_stopped=True)
    with pytest.raises(NotAllowed):
        answer.approve(decision, person("viewer"), decision.content_hash, now, wall_now())


def test_stale_hash_is_told_as_such(decision, account, manager, now):
    type(account).objects.update(is_stopped=True)
    with pytest.raises(Conflict, match="changed since you opened it"):
        answer.approve(decision, manager, "0" * 64, now, wall_now())


def test_no_is_journalled_with_its_reason_and_remembered(decision, manager, now):
    answer.reject(decision, manager, decision.content_hash, "season", now, note="Black Friday.")
    assert Event.objects.get().data["reason"] == "A promotion or season explains it: Black Friday."
    episode = Episode.objects.get()
    assert (episode.kind, episode.outcome, episode.entities[0]) == ("scale_budget", "bad", "ad_set:130001")
    assert episode.text == f"{decision.title}: rejected, “A promotion or season explains it”. Black Friday."


def test_no_without_a_known_reason_leaves_nothing(decision, manager, now):
    with pytest.raises(Invalid):
        answer.reject(decision, manager, decision.content_hash, "", now, note="Because.")
    assert (Decision.objects.get().state, Event.objects.count(), Episode.objects.count()) == ("awaiting", 0, 0)


def test_deferral_of_what_was_answered_is_refused(decision, manager, person, now):
    stale = Decision.objects.get()
    answer.reject(decision, person("owner"), decision.content_hash, "risk", now)
    with pytest.raises(Conflict, match="Somebody was faster"):
        stale.defer(manager, now + timedelta(hours=4), now)
    assert not Event.objects.filter(kind="decision.deferred").exists()


@pytest.mark.django_db(transaction=True)
def test_two_managers_at_once_one_yes_one_no(decision, brand, now):
    """Both hold the same shown version; whoever commits first wins and the other is told, with nothing of his kept."""
    people = [MemberFactory.create(brand=brand).user for _ in range(2)]
    rows, start, told = [Decision.objects.get() for _ in people], threading.Barrier(2), []

    def say(number):
        start.wait()
        try:
            if number == 0:
                answer.approve(rows[0], people[0], rows[0].content_hash, now, wall_now())
            else:
                answer.reject(rows[1], people[1], rows[1].content_hash, "risk", now)
        except Conflict as error:
            told.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=say, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    fresh = Decision.objects.get()
    assert len(told) == 1
    assert fresh.decided_by == people[0 if fresh.state == "approved" else 1]
    assert Event.objects.get().kind == f"decision.{fresh.state}"
    assert Episode.objects.count() == (fresh.state == "rejected")
    assert verify_chain(brand) is None
