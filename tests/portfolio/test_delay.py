import numpy as np
import pytest

from portfolio.delay import (
    CONVERSIONS_PRIOR,
    PAYOUT_PRIOR,
    ages_of,
    estimate_conversion_curve,
    estimate_curve,
    estimate_payout_curve,
    share_arrived,
)

# three click days, aged 2, 1 and 0, by lag 0..2
BY_LAG = np.array([[2.0, 1.0, 1.0], [4.0, 2.0, 0.0], [5.0, 0.0, 0.0]])
PRIOR = np.array([0.5, 0.8, 1.0])


@pytest.mark.parametrize(
    ("prior_events", "curve"),
    [
        # q2 = 3/4 from the first day alone, q1 = (2 + 4) / (3 + 6) from the first two
        (0.0, [0.5, 0.75, 1.0]),
        # q2 = (3 + 4 x 0.8) / (4 + 4), q1 = (6 + 4 x 0.5/0.8) / (9 + 4)
        (4.0, [0.775 * 8.5 / 13, 0.775, 1.0]),
    ],
)
def test_curve_is_the_chain_of_steps(prior_events: float, curve: list[float]) -> None:
    assert estimate_curve(BY_LAG, PRIOR, prior_events) == pytest.approx(curve)


def test_nothing_seen_is_the_prior() -> None:
    assert estimate_conversion_curve(np.zeros((60, 31))) == pytest.approx(CONVERSIONS_PRIOR)
    assert estimate_payout_curve(np.zeros((0, 31)), 0) == pytest.approx(PAYOUT_PRIOR)


def test_short_window_ends_at_one() -> None:
    curve = estimate_payout_curve(np.zeros((60, 8)), 0, window=7)
    assert len(curve) == 8
    assert curve == pytest.approx(PAYOUT_PRIOR[:8] / PAYOUT_PRIOR[7])


def test_young_click_days_do_not_steepen_the_curve() -> None:
    """Half of all conversions come on day 1. Ten days that saw only their first day must not hide them."""
    days = np.zeros((40, 31))
    days[:, 0] = days[:, 1] = 50.0
    days[-1, 1] = 0.0
    young = np.vstack([days, np.tile([5_000.0] + [0.0] * 30, (1, 1))])
    assert estimate_conversion_curve(young)[0] == pytest.approx(0.5, abs=0.02)


def test_refunds_keep_the_curve_a_share() -> None:
    money = np.zeros((60, 31))
    money[:, 0] = 100.0
    money[:, 5] = -40.0
    curve = estimate_payout_curve(money, 60)
    assert curve.min() > 0
    assert curve.max() == 1.0


def test_last_whole_day_is_aged_zero() -> None:
    assert ages_of(3).tolist() == [2, 1, 0]
    assert share_arrived(np.array([0.5, 1.0]), 4).tolist() == [1.0, 1.0, 1.0, 0.5]
