"""Grading: a week before against a week after, held against what was promised, once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from mediabuyer.agent.models import Decision, Outcome
from mediabuyer.agent.outcomes import await_outcome, grade, measure, measure_due
from mediabuyer.agent.scorecard import scorecard
from memory.models import Event
from portfolio.models import Goal
from tests.factories import AdFactory, AdSetFactory, DecisionFactory, InsightFactory, budget_change

PROMISE = {"per_day": "5.84", "low": "-0.60", "high": "12.30", "p_loss": "0.12"}


@pytest.mark.parametrize(
    ("got", "expected", "verdict"),
    [
        ("5.84", PROMISE, "as_expected"),
        ("-0.60", PROMISE, "as_expected"),
        ("12.30", PROMISE, "as_expected"),
        ("-0.61", PROMISE, "worse"),
        ("12.31", PROMISE, "better"),
        ("0", {**PROMISE, "low": "0.01"}, "worse"),
        ("100", {}, "unclear"),
    ],
)
def test_grade_is_by_the_interval_promised(got, expected, verdict):
    assert grade(Decimal(got), expected) == verdict


@pytest.fixture
def world(account, manager, now):
    """An ad set that earned 2 a day before the change on 10 November and 9 a day after it; another one is noise."""
    Goal.put(account, manager, now, margin=Decimal("0.5"), target_cpa=None, target_roas=None, focus="")
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account, external_id="130001"))
    other = AdFactory.create(ad_set=AdSetFactory.create(campaign=ad.campaign))
    for back in range(1, 8):
        InsightFactory.create(
            ad=ad, day=date(2026, 11, 10) - timedelta(days=back), spend=Decimal(10), revenue=Decimal(24)
        )
        InsightFactory.create(
            ad=ad, day=date(2026, 11, 10) + timedelta(days=back), spend=Decimal(12), revenue=Decimal(42)
        )
        InsightFactory.create(ad=other, day=date(2026, 11, 10) + timedelta(days=back), revenue=Decimal(9000))
    InsightFactory.create(ad=ad, day=date(2026, 11, 10), spend=Decimal(500), revenue=Decimal(0))  # the day itself
    return ad


@pytest.fixture
def outcome(account, world):
    decision = DecisionFactory.create(
        account=account,
        state="done",
        subject_id="130001",
        expected=PROMISE,
        changes=[budget_change("130001", "10", "12")],
    )
    return Outcome.objects.create(decision=decision, due_on=date(2026, 11, 18))


@pytest.mark.django_db
def test_due_day_leaves_a_whole_week_after_the_change(account, now):
    decision = DecisionFactory.create(account=account, state="done")
    assert await_outcome(decision, now).due_on == date(2026, 11, 28)
    assert await_outcome(decision, now + timedelta(days=3)).due_on == date(2026, 11, 28)


@pytest.mark.django_db
def test_profit_a_day_is_after_less_before(account, outcome, now):
    [measured] = measure_due(account, now)
    assert (measured.figures["per_day"], measured.verdict) == ("7.00", "as_expected")
    assert (measured.figures["before"]["spend"], measured.figures["after"]["revenue"]) == ("70.0000", "294.0000")
    assert measured.measured_at == now
    assert Event.objects.get(kind="outcome.measured").data["what"].endswith("as expected")


@pytest.mark.django_db
def test_measured_once_only(account, outcome, now):
    assert len(measure_due(account, now)) == 1
    assert measure_due(account, now) == []
    assert measure(outcome.pk, now) is None
    assert Event.objects.filter(kind="outcome.measured").count() == 1


@pytest.mark.django_db
def test_nothing_is_graded_before_its_day(account, outcome, now):
    assert measure_due(account, now - timedelta(days=3)) == []
    assert Outcome.objects.get().verdict == ""


@pytest.mark.django_db
def test_what_was_taken_back_is_not_graded(account, outcome, now):
    Decision.objects.update(state="undone")
    assert measure_due(account, now) == []
    assert measure(outcome.pk, now) is None  # taken back between the list and the row
    assert scorecard(account, now).due == 0


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["running", "failed", "unknown"])
def test_what_may_stand_in_part_only_gets_no_grade(account, outcome, now, how):
    Decision.objects.update(undo_state=how)
    [measured] = measure_due(account, now)
    assert (measured.figures["per_day"], measured.verdict) == ("7.00", "unclear")


@pytest.mark.django_db
def test_decision_on_an_ad_is_graded_by_that_ad(account, world, now):
    decision = DecisionFactory.create(
        account=account,
        state="done",
        action="pause_ad",
        subject_level="ad",
        subject_id=world.external_id,
        expected={},
        changes=[
            {
                "kind": "set_status",
                "level": "ad",
                "external_id": world.external_id,
                "name": "Ad",
                "params": {"status": "PAUSED"},
                "before": {"status": "ACTIVE"},
            }
        ],
    )
    Outcome.objects.create(decision=decision, due_on=date(2026, 11, 18))
    [measured] = measure_due(account, now)
    assert (measured.figures["per_day"], measured.verdict) == ("7.00", "unclear")
