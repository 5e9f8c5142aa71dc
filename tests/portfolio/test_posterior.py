import tracemalloc

import numpy as np
import pytest

from portfolio.delay import CONVERSIONS_PRIOR, PAYOUT_PRIOR, Floats, share_arrived
from portfolio.posterior import (
    Evidence,
    Groups,
    estimate_effect,
    estimate_posterior,
    expected_payout,
    interval,
    probability_at_least,
    should_stop_early,
)

ONE = np.ones(31)


def evidence(spend: Floats, clicks: Floats, conversions: Floats, payout: Floats, angle: list[int]) -> Evidence:
    return Evidence(spend, clicks, conversions, payout, np.array(angle), ONE, ONE)


def simulated(rng: np.random.Generator, ads: int = 60, days: int = 40) -> tuple[Evidence, Floats]:
    """Ads of five angles whose true payout per money is known; what has arrived by the last evening."""
    angle = rng.integers(0, 5, ads)
    rate = 0.03 * rng.gamma(1 / 0.4**2, 0.4**2, 5)[angle] * rng.gamma(1 / 0.45**2, 0.45**2, ads)
    spend = rng.uniform(10, 60, (ads, days))
    clicks = rng.poisson(spend).astype(float)
    conversions = rng.poisson(rate[:, None] * clicks * share_arrived(CONVERSIONS_PRIOR, days)).astype(float)
    ripe = share_arrived(PAYOUT_PRIOR, days) / share_arrived(CONVERSIONS_PRIOR, days)
    values = rng.gamma(np.maximum(conversions, 1e-9) / 0.65**2) * 0.65**2 * 45
    found = Evidence(spend, clicks, conversions, values * ripe, angle, CONVERSIONS_PRIOR, PAYOUT_PRIOR)
    return found, rate * 45


def test_account_without_history_is_the_guess() -> None:
    nothing = np.zeros((2, 0))
    posterior = estimate_posterior(evidence(nothing, nothing, nothing, nothing, [0, 1]))
    assert posterior.mean == pytest.approx([1.0, 1.0])


def test_one_ad_one_day_worked_by_hand() -> None:
    """100 clicks for 50 money, 4 conversions of which half are in (so 50 matured clicks), 200 payout."""
    half = np.concatenate([[0.5], np.ones(30)])
    one = Evidence(*(np.array([[x]]) for x in (50.0, 100.0, 4.0, 200.0)), np.array([0]), half, half)
    posterior = estimate_posterior(one)
    # clicks: account 101/51, angle (100 + 60) / (50 + 60 x 51/101) = 1.99260; Gamma(8 + 100, 8/1.99260 + 50)
    assert posterior.clicks_shape[0] == 108
    assert posterior.clicks_rate[0] == pytest.approx(54.01485, abs=1e-5)
    # conversions: account 5/100; trust 1/(1 + 0.05 x 50 x 0.2025) = 0.66390; angle 8.90560/158.19502 = 0.056295
    # prior 1 / (0.2025 + 1/(6.25 + 0.05 x 33.19502)) = 3.04010
    assert posterior.conversions_shape[0] == pytest.approx(7.0401, abs=1e-3)
    assert posterior.conversions_rate[0] == pytest.approx(104.003, abs=1e-2)
    # value: account 250/5 = 50, as the guess, so all are 50; sd 0.65 x 50 / sqrt(4 + 12)
    assert posterior.value[0] == 50
    assert posterior.value_sd[0] == 8.125


def test_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(7)
    inside = []
    for _ in range(10):
        found, truth = simulated(rng)
        low, high = interval(estimate_posterior(found).draw(rng))
        inside.append(((low <= truth) & (truth <= high)).mean())
    assert 0.8 <= np.mean(inside) < 0.95


def test_ranking_follows_the_truth() -> None:
    found, truth = simulated(np.random.default_rng(3))
    assert np.corrcoef(estimate_posterior(found).mean, truth)[0, 1] > 0.9


def test_young_ad_is_not_blamed_for_late_sales() -> None:
    """Both sell 2 in 100 clicks; the young one has seen half of them."""
    spend = np.array([[100.0] * 40, [0.0] * 39 + [100.0]])
    sales = np.array([[2.0] * 40, [0.0] * 39 + [1.0]])
    half = np.concatenate([[0.5], np.ones(30)])
    found = Evidence(spend, spend, sales, sales * 50, np.array([0, 0]), half, half)
    old, young = estimate_posterior(found).mean
    assert young == pytest.approx(old, rel=0.05)


def test_new_ad_starts_at_its_angle() -> None:
    spend = np.array([[100.0] * 40, [100.0] * 40, [0.0] * 40, [0.0] * 40])
    sales = np.array([[6.0] * 40, [1.0] * 40, [0.0] * 40, [0.0] * 40])
    good, poor, new_good, new_poor = estimate_posterior(evidence(spend, spend, sales, sales * 30, [0, 1, 0, 1])).mean
    assert good > new_good > new_poor > poor


def test_same_seed_draws_the_same() -> None:
    posterior = estimate_posterior(simulated(np.random.default_rng(1))[0])
    first, second = (posterior.draw(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(probability_at_least(first, 1.0), (first >= 1).sum(axis=0) / 256)


@pytest.mark.parametrize(
    ("name", "value", "current", "budget", "profit"),
    [
        ("unchanged", 1.5, 100, 100, 0),
        ("raised", 1.5, 100, 120, 1.98),  # 150 x (1.2 ** 0.75 - 1) - 20
        ("cut", 1.5, 100, 80, -3.12),  # 150 x (0.8 ** 0.75 - 1) + 20
        ("paused winner", 2.0, 100, 0, -100),
        ("paused loser", 0.4, 100, 0, 60),
        ("started", 1.5, 0, 40, 20),
    ],
)
def test_effect_of_a_budget_change(name: str, value: float, current: float, budget: float, profit: float) -> None:
    effect = estimate_effect(np.full((8, 1), value), np.array([float(current)]), np.array([float(budget)]))
    assert effect.mean == pytest.approx(profit, abs=0.005)
    assert (effect.low, effect.high) == (pytest.approx(effect.mean), pytest.approx(effect.mean))
    assert effect.p_gain == (profit > 0)


def test_effect_of_a_shift_joins_both_ads() -> None:
    draws = np.array([[3.0, 0.5], [0.5, 3.0]])
    effect = estimate_effect(draws, np.array([100.0, 100.0]), np.array([120.0, 80.0]))
    assert effect.p_gain == 0.5
    assert effect.low < 0 < effect.high


def test_payout_of_an_ad_that_did_not_run_is_straight() -> None:
    assert expected_payout(np.array([2.0]), np.array([0.0]), np.array([30.0])) == pytest.approx([60.0])


@pytest.mark.parametrize(
    ("name", "spend", "conversions", "stops"),
    [
        ("three targets", 60.0, 0, True),
        ("not yet three", 59.9, 0, False),
        ("one sale", 600.0, 1, False),
    ],
)
def test_no_sale_stops_after_three_matured_targets(name: str, spend: float, conversions: int, stops: bool) -> None:
    found = should_stop_early(np.array([[spend]]), np.array([[float(conversions)]]), ONE, target_cpa=20 * 1.0014)
    assert found.tolist() == [stops]


def test_spend_that_cannot_have_sold_yet_does_not_stop() -> None:
    half = np.full(31, 0.5)
    assert should_stop_early(np.array([[90.0]]), np.zeros((1, 1)), half, target_cpa=20.0).tolist() == [False]


def test_sums_by_angle_equal_products_with_a_table() -> None:
    rng = np.random.default_rng(3)
    angle, by_ad = rng.integers(0, 7, 50), rng.gamma(2.0, 30.0, 50)
    table = np.eye(int(angle.max()) + 1)[angle]
    assert Groups(angle).add_up(by_ad) == pytest.approx(by_ad @ table)
    by_angle = rng.gamma(2.0, 30.0, table.shape[1])
    assert Groups(angle).spread(by_angle).tolist() == (table @ by_angle).tolist()


def test_as_many_angles_as_ads_take_little_memory() -> None:
    """A table of ads by angles would hold 9 million numbers here, and seven times as many for a large import."""
    ads = 3000
    one = np.ones((ads, 3))
    tracemalloc.start()
    posterior = estimate_posterior(evidence(10 * one, 5 * one, one, 20 * one, list(range(ads))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.ptp(posterior.mean) == 0
    assert peak < 5_000_000
