"""Is an ad tired? Its click rate falls with the impressions it has had.

Weighted slope of ln(click rate) on ln(1 + impressions so far / first day's). Dividing by the account's own
click rate would hide fatigue when all ads tire together, so it is not done.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portfolio.delay import Floats
from portfolio.payout import divide

DAY_NOISE = 0.12  # of ln(click rate) from day to day, beside the counting noise 1/clicks
ALARM_Z = -2.33  # one-sided 1 %
ALARM_FALL = 0.15
MIN_DAYS = 3
RUNNING_DAYS = 2


@dataclass(frozen=True)
class Fatigue:
    """Per ad (n,): `fall` is the fitted share of its click rate lost since its first day, nan where unknown."""

    slope: Floats
    z: Floats
    fall: Floats
    is_tired: NDArray[np.bool_]


def estimate_fatigue(clicks: Floats, impressions: Floats) -> Fatigue:
    """From whole days (n x d, oldest first). An ad is tired when the alarm stands on the last two of them."""
    today = _fit(clicks, impressions)
    tired = today.is_tired
    for back in range(1, RUNNING_DAYS):
        tired = tired & _fit(clicks[:, :-back], impressions[:, :-back]).is_tired
    return Fatigue(today.slope, today.z, today.fall, tired)


def _fit(clicks: Floats, impressions: Floats) -> Fatigue:
    counted = (clicks > 0) & (impressions > 0)
    weight = np.where(counted, 1.0 / (1.0 / np.maximum(clicks, 1.0) + DAY_NOISE**2), 0.0)
    rate = np.log(np.where(counted, clicks, 1.0) / np.where(counted, impressions, 1.0))
    wear = _wear(impressions)
    total = weight.sum(axis=1)
    wear_mean = divide((weight * wear).sum(axis=1), total)
    centred = np.where(counted, wear - wear_mean[:, None], 0.0)
    spread = (weight * centred**2).sum(axis=1)
    spread = np.where(counted.sum(axis=1) >= MIN_DAYS, spread, 0.0)
    slope = divide((weight * centred * rate).sum(axis=1), spread)
    fall = 1.0 - np.exp(slope * _distance(wear, counted))
    z = slope * np.sqrt(spread)
    return Fatigue(slope, z, fall, (z < ALARM_Z) & (fall > ALARM_FALL))


def _wear(impressions: Floats) -> Floats:
    """ln(1 + impressions before the day / those of the ad's first day)."""
    if not impressions.shape[1]:
        return impressions
    first = np.argmax(impressions > 0, axis=1)
    start = np.take_along_axis(impressions, first[:, None], axis=1)
    before = np.cumsum(impressions, axis=1) - impressions
    return np.asarray(np.log1p(np.divide(before, start, out=np.zeros_like(before), where=start > 0)))


def _distance(wear: Floats, counted: NDArray[np.bool_]) -> Floats:
    """From the first to the last day that counts."""
    last = np.where(counted, wear, 0.0).max(axis=1, initial=0.0)
    first = np.where(counted, wear, np.inf).min(axis=1, initial=np.inf)
    return np.asarray(np.maximum(last - np.where(np.isfinite(first), first, 0.0), 0.0))
