import numpy as np
import pytest

from portfolio.anomaly import LIMIT, chart_arrivals, chart_counts
from portfolio.delay import CONVERSIONS_PRIOR, Floats

BROKEN = 50


def arrivals(rng: np.random.Generator, days: int = 60, broken: bool = False) -> tuple[Floats, Floats]:
    """Conversions by day of arrival and clicks of an account that sells about 24 a day."""
    clicks = rng.poisson(1_000, days + 30).astype(float)
    expected = np.convolve(clicks * 0.024, np.diff(CONVERSIONS_PRIOR, prepend=0.0))[: days + 30]
    conversions = rng.poisson(expected).astype(float)[30:]
    if broken:
        conversions[BROKEN:] = rng.binomial(conversions[BROKEN:].astype(int), 0.4)
    return conversions, clicks[30:]


def test_limit_is_three_deviations_of_the_mean() -> None:
    assert abs(LIMIT - 1.5) < 1e-12


def test_score_worked_by_hand() -> None:
    counts = np.array([100.0] * 7 + [50.0, 50.0])
    chart = chart_counts(counts, np.full(9, 1_000.0))
    assert np.isnan(chart.expected[6])
    assert chart.expected[7:].tolist() == [100.0, 93.75]
    # (50 - 100) / sqrt(100 + 15 ** 2) x 0.4, then the same from 93.75 with 0.6 of the day before
    assert chart.score[7] == pytest.approx(-1.1094, abs=1e-4)
    assert chart.score[8] == pytest.approx(-1.6907, abs=1e-3)
    assert chart.is_alarm.tolist() == [False] * 8 + [True]


def test_broken_pixel_is_seen_within_a_week() -> None:
    rng = np.random.default_rng(5)
    caught = [chart_arrivals(*arrivals(rng, broken=True), CONVERSIONS_PRIOR).is_alarm[BROKEN : BROKEN + 7].any()
              for _ in range(100)]  # fmt: skip
    assert np.mean(caught) >= 0.9


def test_quiet_account_rarely_alarms() -> None:
    rng = np.random.default_rng(6)
    alarms = [chart_arrivals(*arrivals(rng), CONVERSIONS_PRIOR).is_alarm[30:].sum() for _ in range(100)]
    assert np.sum(alarms) / (100 * 30) < 0.02


def test_days_without_exposure_do_not_alarm() -> None:
    assert not chart_counts(np.zeros(20), np.zeros(20)).is_alarm.any()
    assert not chart_arrivals(np.zeros(0), np.zeros(0), CONVERSIONS_PRIOR).is_alarm.any()
