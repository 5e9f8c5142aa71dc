"""What each action proposes, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from mediabuyer.agent.actions import pause_ad, refresh_creative, scale_budget, shift_budget
from mediabuyer.agent.actions.base import words_back
from mediabuyer.agent.context import planned_from
from mediabuyer.agent.plan import rank
from tests.agent.worlds import make_ad, make_budget, make_observation
from tests.factories import budget_change

LOSER = make_ad(
    "ad2",
    payout_per_spend=0.5,
    low=0.3,
    high=0.8,
    p_profit=0.02,
    p_bar=0.01,
    spend=Decimal(200),
    spend_7d=Decimal(70),
    cpa=Decimal(48),
)
POOR = make_budget("set2", payout_per_spend=0.6, low=0.4, high=0.8, draws=(0.4, 0.5, 0.6, 0.7, 0.8))


def test_cost_names_whose_orders_it_counts():
    (by_meta,) = pause_ad.propose(make_observation(ads=(make_ad(), LOSER)))
    (own,) = pause_ad.propose(make_observation(ads=(make_ad(), LOSER), has_own_orders=True))
    assert "A purchase has cost €48 here." in by_meta.why
    assert "An own order has cost €48 here over the last 90 days." in own.why


@pytest.mark.parametrize(
    ("worth", "said"),
    [
        (Decimal(40), "over the last 90 days and brings €40 within 30 days."),
        (
            Decimal(50),
            "and brings €50 within 30 days, but the last days count most and ads of the same angle count too.",
        ),
        (None, "over the last 90 days."),
    ],
    ids=["less than it cost", "more than it cost", "not known"],
)
def test_reason_says_why_it_expects_less_than_ninety_days_say(worth, said):
    ads = (make_ad(), replace(LOSER, worth=worth))
    (pause,) = pause_ad.propose(make_observation(ads=ads, has_own_orders=True))
    assert said in pause.why


@pytest.mark.parametrize(
    ("fed", "said"),
    [
        (("ad1", "ad2"), "Its budget stays for the other ad there; what it makes of it is not counted."),
        (("ad1", "ad2", "ad3"), "Its budget stays for the other 2 ads there; what they make of it is not counted."),
        (("ad2", "gone"), ""),
        (("ad1",), ""),
    ],
)
def test_pause_says_who_gets_the_budget(fed, said):
    ads = (make_ad(), LOSER, make_ad("ad3"), make_ad("off", effective_status="PAUSED"))
    (pause,) = pause_ad.propose(make_observation(ads=ads, budgets=(make_budget(ad_ids=(*fed, "off")),)))
    assert said in pause.why
    assert ("Its budget stays" in pause.why) is bool(said)


@pytest.mark.parametrize(("maturity", "said"), [(0.8, "80% of what it will bring"), (1.0, ""), (None, "")])
def test_what_has_come_is_told_where_some_has_not(maturity, said):
    (pause,) = pause_ad.propose(make_observation(ads=(make_ad(), replace(LOSER, maturity=maturity))))
    assert said in pause.why
    assert ("time to arrive" in pause.why) is bool(said)


def test_no_cost_is_told_of_results_of_several_kinds():
    (pause,) = pause_ad.propose(make_observation(ads=(make_ad(), LOSER), results_are_mixed=True))
    assert "has cost" not in pause.why
    assert pause.why.startswith("Each €1 spent on it should bring back 0.50")


@pytest.mark.parametrize(
    ("budgets", "words"),
    [
        ([("50", "60")], "Set it back to €50, one click; a step of this size starts no new learning phase."),
        ([("126", "101")], "Set it back to €126, one click; that is a step of 25%, after which Meta may learn anew"),
        ([("50", "60"), ("50", "40")], "Set both budgets back, one click; that is a step of 25%, after which Meta"),
        ([("50", "55"), ("50", "45")], "Set both budgets back, one click; a step of this size starts no new learning"),
    ],
)
def test_way_back_says_whether_meta_learns_anew(budgets, words):
    changes = planned_from([budget_change(str(place), *pair) for place, pair in enumerate(budgets)])
    assert words_back(changes, "EUR").startswith(words)


def test_sure_loser_is_proposed_for_pausing():
    [proposal] = pause_ad.propose(make_observation(ads=(make_ad(), LOSER)))
    assert proposal.title == "Pause “Ad ad2”"
    assert proposal.changes[0].params == {"status": "PAUSED"}
    assert proposal.effect.per_day == Decimal("5.00")  # €10 a day, half of it comes back
    assert (proposal.effect.low, proposal.effect.high) == (Decimal("2.00"), Decimal("7.00"))


@pytest.mark.parametrize(
    "values",
    [
        {"p_bar": 0.11},
        {"effective_status": "CAMPAIGN_PAUSED"},
        {"spend": Decimal("19.99")},
        {"p_bar": None},
        {"spend_a_day": Decimal(0)},
    ],
    ids=["not sure", "not running", "too little spend", "unknown", "spends nothing"],
)
def test_these_are_not_paused(values):
    assert list(pause_ad.propose(make_observation(ads=(replace(LOSER, **values),)))) == []


def test_winner_is_raised_by_one_step():
    [proposal] = scale_budget.propose(make_observation())
    assert proposal.title == "Raise “Set set1” from €50 to €60 a day"
    assert proposal.changes[0].params == {"daily_budget": "60"}
    assert proposal.effect.low < proposal.effect.per_day < proposal.effect.high


def test_poor_budget_is_cut_by_one_step():
    [proposal] = scale_budget.propose(make_observation(budgets=(POOR,)))
    assert proposal.title == "Cut “Set set2” from €50 to €40 a day"
    assert "brings back 0.60 within 30 days (80%: 0.40 to 0.80), the last one only 0.45" in proposal.why


def test_learning_budget_is_left_alone():
    learning = make_budget(learning_status="LEARNING")
    assert list(scale_budget.propose(make_observation(budgets=(learning,)))) == []


def test_shift_keeps_the_total_and_cuts_first():
    [proposal] = shift_budget.propose(make_observation(budgets=(make_budget(), POOR)))
    assert [change.external_id for change in proposal.changes] == ["set2", "set1"]
    assert sum(change.budget_rise for change in proposal.changes) == 0
    assert proposal.title == "Move €10 a day from “Set set2” to “Set set1”"


def test_equal_budgets_are_not_shifted():
    assert list(shift_budget.propose(make_observation(budgets=(make_budget(), make_budget("set2"))))) == []


def test_tired_winner_asks_for_a_creative():
    [proposal] = refresh_creative.propose(make_observation(ads=(make_ad(is_tired=True, fatigue=0.31),)))
    assert proposal.changes == ()
    assert "31% less" in proposal.why


def test_tired_loser_is_not_renewed():
    assert list(refresh_creative.propose(make_observation(ads=(make_ad(is_tired=True, p_profit=0.2),)))) == []


@pytest.mark.parametrize(
    ("result", "said"),
    [("profile visit", "A profile visit has cost"), ("add to cart", "An add to cart has cost"), ("result", "A result")],
)
def test_reason_calls_a_result_what_it_is(result: str, said: str) -> None:
    [proposal] = pause_ad.propose(make_observation(ads=(LOSER,), result=result))
    assert said in proposal.why
    assert "purchase" not in proposal.why


@pytest.mark.parametrize(
    ("valued_by", "gain"),
    [
        ("revenue", None),
        ("average_cpa", "saved a day at the usual cost of an add to cart"),
        ("target_cpa", "saved a day at your target cost of an add to cart"),
    ],
)
def test_without_revenue_nothing_is_called_profit(valued_by: str, gain: str | None) -> None:
    dear = replace(LOSER, cpa=Decimal(60))
    [proposal] = pause_ad.propose(make_observation(ads=(dear,), valued_by=valued_by, result="add to cart"))
    assert proposal.evidence.get("gain") == gain


@pytest.mark.parametrize(("cpa", "is_proposed"), [("29", False), ("30", False), ("31", True), (None, True)])
def test_what_has_been_cheap_is_not_paused_for_its_dear_clicks(cpa: str | None, is_proposed: bool) -> None:
    """Without revenue: 30 is usual. Few results of dear clicks look like luck, but nobody would believe that."""
    ad = replace(LOSER, cpa=cpa and Decimal(cpa))
    seen = make_observation(ads=(ad,), valued_by="average_cpa", reference_cpa=Decimal(30))
    assert bool(list(pause_ad.propose(seen))) is is_proposed


@pytest.mark.parametrize(
    ("worth", "has_own_orders", "is_proposed"),
    [("29.99", False, True), ("30", False, False), ("45", False, False), (None, False, True), ("45", True, True)],
)
def test_what_has_earned_by_its_file_is_not_paused_for_having_few_orders(
    worth: str | None, has_own_orders: bool, is_proposed: bool
) -> None:
    """A result has cost 30. By the own ledger the last days count most, and the card says so."""
    ad = replace(LOSER, cpa=Decimal(30), worth=worth and Decimal(worth))
    seen = make_observation(ads=(ad,), has_own_orders=has_own_orders)
    assert bool(list(pause_ad.propose(seen))) is is_proposed


def test_of_several_kinds_each_ad_has_a_cost_of_its_own() -> None:
    seen = make_observation(
        ads=(
            replace(LOSER, external_id="1", cpa=Decimal(9), result="profile visit", may_cost=Decimal(3)),
            replace(LOSER, external_id="2", cpa=None, result="lead", may_cost=Decimal(70)),
            replace(LOSER, external_id="3", cpa=Decimal(90)),  # nobody knows of what
            replace(LOSER, external_id="4", spend=Decimal(60), cpa=None, result="lead", may_cost=Decimal(70)),
        ),
        valued_by="average_cpa", reference_cpa=None, result="result", results_are_mixed=True,
    )  # fmt: skip
    first, second = pause_ad.propose(seen)
    assert first.why.startswith("A profile visit costs €9 here, €3 is usual on this account.")
    assert second.why.startswith("It has brought no lead for €200; €70 is usual on this account.")
    assert first.evidence["gain"] == "saved a day at the usual cost of a profile visit"


def test_best_expected_profit_comes_first():
    seen = make_observation(ads=(make_ad(), LOSER), budgets=(make_budget(), POOR))
    ranked = rank([*pause_ad.propose(seen), *scale_budget.propose(seen), *shift_budget.propose(seen)])
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
