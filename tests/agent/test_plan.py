"""Which proposals remain: the best ones, never two on one object, none on what is already asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from mediabuyer.agent.models import Cycle, Decision, Step
from mediabuyer.agent.plan import MOST, plan, rank
from mediabuyer.agent.steps import step
from memory.models import Event
from tests.agent.worlds import budget_to, make_ad, make_budget, make_observation, make_proposal
from tests.factories import CycleFactory, DecisionFactory


@pytest.fixture
def plan_now(account):
    def run(seen):
        with step(CycleFactory.create(account=account, state="running"), "plan") as note:
            found = plan(account, seen, note)
        Cycle.objects.update(state="done")
        return found

    return run


def loser(external_id, **values):
    return make_ad(external_id, payout_per_spend=0.4, low=0.2, high=0.7, p_profit=0.02, p_bar=0.02, **values)


def test_rank_is_by_worth_then_by_name():
    first, second, third = (make_proposal(budget_to("60", external_id=key)) for key in "abc")
    better = make_proposal(budget_to("60", external_id="z"), score=2.0)
    assert rank([third, better, second, first]) == [better, first, second, third]


@pytest.mark.django_db
def test_nothing_is_proposed_where_nothing_is_known(plan_now):
    assert plan_now(make_observation(ads=(), budgets=())) == []
    assert Step.objects.get().summary == "Nothing is worth changing."


@pytest.mark.django_db
def test_no_more_than_a_person_can_weigh(plan_now):
    ads = tuple(loser(f"ad{number}") for number in range(MOST + 3))
    kept = plan_now(make_observation(ads=ads, budgets=()))
    assert len(kept) == MOST
    assert Step.objects.get().summary == f"{MOST + 3} candidates, {MOST} worth asking."


@pytest.mark.django_db
def test_one_budget_is_not_pulled_two_ways(plan_now):
    good = make_budget("130001", draws=(1.9, 2.0, 2.1), payout_per_spend=2.0)
    bad = make_budget("130002", draws=(0.5, 0.6, 0.7), payout_per_spend=0.6)
    kept = plan_now(make_observation(ads=(), budgets=(good, bad)))
    touched = [change.external_id for proposal in kept for change in proposal.changes]
    assert kept
    assert len(touched) == len(set(touched))


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["awaiting", "approved", "executing", "unknown"])
def test_what_is_already_asked_is_left_alone(account, plan_now, state):
    DecisionFactory.create(
        account=account, state=state, action="pause_ad", subject_level="ad", subject_id="ad1", changes=[]
    )
    assert plan_now(make_observation(ads=(loser("ad1"),), budgets=())) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "is_asked"), [(13, False), (15, True)])
def test_what_people_agreed_to_make_is_not_asked_again_at_once(account, plan_now, now, days, is_asked):
    """The ad itself stays free: it may be paused meanwhile."""
    tired = make_ad("ad1", is_tired=True, fatigue=0.4)
    seen = make_observation(ads=(tired,), budgets=())
    (asked,) = [one for one in plan_now(seen) if one.action == "refresh_creative"]
    DecisionFactory.create(
        account=account, state="done", action="refresh_creative", subject_level=asked.subject_level,
        subject_id=asked.subject_id, changes=[], decided_at=now - timedelta(days=days),
    )  # fmt: skip
    assert bool(plan_now(seen)) is is_asked
    if not is_asked:
        assert plan_now(make_observation(ads=(loser("ad1"),), budgets=()))


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "is_asked"), [(71, False), (73, True)])
def test_what_was_taken_back_rests_from_then_on(account, plan_now, now, hours, is_asked):
    """It was approved ten days ago; what counts is when somebody took it back."""
    decision = DecisionFactory.create(
        account=account,
        state="done",
        action="pause_ad",
        subject_level="ad",
        subject_id="ad1",
        changes=[],
        decided_at=now - timedelta(days=10),
    )
    decision.mark_undone(now - timedelta(hours=hours), "person:ana@example.com")
    assert bool(plan_now(make_observation(ads=(loser("ad1"),), budgets=()))) is is_asked


@pytest.mark.django_db
@pytest.mark.parametrize(("reason", "is_asked"), [("season", False), ("retracted", True)])
def test_what_somebody_retracted_is_no_refusal(account, plan_now, now, reason, is_asked):
    DecisionFactory.create(
        account=account,
        state="rejected",
        reason_code=reason,
        action="pause_ad",
        subject_level="ad",
        subject_id="ad1",
        changes=[],
        decided_at=now,
    )
    assert bool(plan_now(make_observation(ads=(loser("ad1"),), budgets=()))) is is_asked


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["proposed", "awaiting"])
def test_what_lapsed_may_be_asked_again(account, plan_now, now, state):
    DecisionFactory.create(
        account=account,
        state=state,
        action="pause_ad",
        subject_level="ad",
        subject_id="ad1",
        changes=[],
        proposed_at=now - timedelta(days=3),
        expires_at=now - timedelta(days=1),
    )
    kept = plan_now(make_observation(ads=(loser("ad1"),), budgets=()))
    assert [proposal.action for proposal in kept] == ["pause_ad"]
    assert Decision.objects.get().state == "expired"


def proposed_on_file(account, subject_id, **values):
    account.mode = "shadow"
    return DecisionFactory.create(
        account=account, state="proposed", action="pause_ad", subject_level="ad", subject_id=subject_id, changes=[],
        **values,
    )  # fmt: skip


@pytest.mark.django_db
def test_what_stands_is_counted_among_what_a_person_can_weigh(account, plan_now):
    seen = make_observation(ads=tuple(loser(f"ad{number}") for number in range(MOST + 3)), budgets=())
    for one in plan_now(seen)[:2]:
        proposed_on_file(account, one.subject_id, why=one.why)
    assert len(plan_now(seen)) == MOST - 2
    assert Decision.objects.filter(state="proposed").count() == 2


@pytest.mark.django_db
def test_what_a_person_proposed_on_a_file_is_not_set_aside(account, plan_now, manager):
    proposed_on_file(account, "ad1", why="Old figures.", requested_by=manager)
    assert plan_now(make_observation(ads=(loser("ad1"),), budgets=())) == []
    assert Decision.objects.get().state == "proposed"


@pytest.mark.django_db
def test_proposal_that_ends_as_it_is_set_aside_stops_no_cycle(account, plan_now, now):
    """The sweep of what lapsed was faster, after the rows were read."""
    rivals = [proposed_on_file(account, "ad1", why="Old figures.")]

    def then_expire(execute, sql, *rest):
        answer = execute(sql, *rest)
        if '"requested_by_id" IS NULL' in sql and rivals:
            rivals.pop().expire(now)
        return answer

    with connection.execute_wrapper(then_expire):
        (kept,) = plan_now(make_observation(ads=(loser("ad1"),), budgets=()))
    assert (kept.subject_id, rivals) == ("ad1", [])
    told = Event.objects.filter(kind__startswith="decision.")
    assert list(told.values_list("kind", flat=True)) == ["decision.expired"]
