import numpy as np
import pytest

from portfolio.delay import Floats
from portfolio.fatigue import estimate_fatigue

DAYS = 60
SHOWN = np.full(DAYS, 10_000.0)


def worn(power: float) -> Floats:
    """Clicks of a day when the click rate falls with the impressions so far."""
    return 0.02 * SHOWN * (1 + np.arange(DAYS)) ** power


def test_slope_is_found_exactly() -> None:
    fatigue = estimate_fatigue(worn(-0.43)[None], SHOWN[None])
    assert fatigue.slope[0] == pytest.approx(-0.43)
    assert fatigue.fall[0] == pytest.approx(1 - 60**-0.43)
    assert fatigue.is_tired.tolist() == [True]


@pytest.mark.parametrize(("name", "power"), [("steady", 0.0), ("rising", 0.2), ("hardly falling", -0.02)])
def test_fresh_ad_is_not_tired(name: str, power: float) -> None:
    assert not estimate_fatigue(worn(power)[None], SHOWN[None]).is_tired[0]


def test_noise_is_rarely_called_fatigue() -> None:
    rng = np.random.default_rng(11)
    clicks = rng.poisson(200 * np.exp(rng.normal(0, 0.12, (300, DAYS)))).astype(float)
    assert estimate_fatigue(clicks, np.tile(SHOWN, (300, 1))).is_tired.mean() < 0.02


def test_one_bad_day_is_not_enough() -> None:
    """The alarm must stand on two days running."""
    tired = worn(-0.43)
    for days in range(3, DAYS):
        if estimate_fatigue(tired[None, :days], SHOWN[None, :days]).is_tired[0]:
            break
    day_before = estimate_fatigue(tired[None, : days - 1], SHOWN[None, : days - 1])
    assert day_before.z[0] < -2.33
    assert not day_before.is_tired[0]


@pytest.mark.parametrize("days", [0, 1, 2])
def test_too_short_a_history_says_nothing(days: int) -> None:
    fatigue = estimate_fatigue(np.ones((1, days)), np.ones((1, days)))
    assert np.isnan(fatigue.slope[0])
    assert not fatigue.is_tired[0]


def test_ad_without_delivery_says_nothing() -> None:
    assert np.isnan(estimate_fatigue(np.zeros((1, 20)), np.zeros((1, 20))).fall[0])
