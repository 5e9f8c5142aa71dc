import numpy as np
import pytest

from portfolio.smoothing import compute_trend, exponential_rate, exponential_sum, moving_rate, moving_sum


@pytest.mark.parametrize(("window", "expected"), [(1, [1, 2, 3, 4]), (2, [1, 3, 5, 7]), (9, [1, 3, 6, 10])])
def test_moving_sum_of_the_days_before(window: int, expected: list[float]) -> None:
    assert moving_sum(np.array([1.0, 2, 3, 4]), window).tolist() == expected


def test_rates_weigh_days_by_their_size() -> None:
    """10 of 100 and 0 of 900 are 1 %, not the mean of 10 % and 0 %."""
    assert moving_rate(np.array([10.0, 0]), np.array([100.0, 900]), 2)[-1] == 0.01


def test_rate_without_denominator_is_unknown() -> None:
    assert np.isnan(moving_rate(np.zeros((2, 3)), np.zeros((2, 3)))).all()


def test_exponential_sum_halves_each_day() -> None:
    assert exponential_sum(np.array([8.0, 0, 0, 8]), 0.5).tolist() == [4, 2, 1, 4.5]


def test_exponential_rate_smooths_both_sides() -> None:
    assert exponential_rate(np.array([1.0, 0]), np.array([10.0, 30]), 0.5)[-1] == pytest.approx(0.25 / 17.5)


def test_trend_compares_two_equal_spans() -> None:
    part = np.array([[1.0] * 7 + [2.0] * 7, [1.0] * 14, [0.0] * 14])
    trend = compute_trend(part, np.full((3, 14), 10.0))
    assert trend[:2].tolist() == [1.0, 0.0]
    assert np.isnan(trend[2])
