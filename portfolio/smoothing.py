"""Smoothed rates over days: numerator and denominator are smoothed apart, never the daily ratios.

Arrays have days as their last axis, oldest first; a rate is nan where its denominator is 0.
"""

import numpy as np

from portfolio.delay import Floats
from portfolio.payout import divide

WEEK = 7  # whole weeks, so that weekends do not move the line


def moving_sum(values: Floats, window: int = WEEK) -> Floats:
    """Sum of each day and the `window - 1` before it; the first days have fewer."""
    sums = np.cumsum(values, axis=-1, dtype=np.float64)
    before = np.zeros_like(sums)
    before[..., window:] = sums[..., :-window]
    return np.asarray(sums - before)


def moving_rate(part: Floats, whole: Floats, window: int = WEEK) -> Floats:
    return divide(moving_sum(part, window), moving_sum(whole, window))


def exponential_sum(values: Floats, weight: float) -> Floats:
    """Weight of a day `weight`, of each earlier one (1 - weight) times the next."""
    sums, last = np.empty_like(values, dtype=np.float64), np.zeros_like(values.sum(axis=-1))
    for day in range(np.size(values, -1)):  # a few hundred steps at the most, each over all ads at once
        last = weight * values[..., day] + (1 - weight) * last
        sums[..., day] = last
    return sums


def exponential_rate(part: Floats, whole: Floats, weight: float = 0.2) -> Floats:
    return divide(exponential_sum(part, weight), exponential_sum(whole, weight))


def compute_trend(part: Floats, whole: Floats, window: int = WEEK) -> Floats:
    """Relative change of the rate of the last `window` days to the `window` before; nan where unknown."""
    last = divide(part[..., -window:].sum(axis=-1), whole[..., -window:].sum(axis=-1))
    earlier = slice(-2 * window, -window)
    before = divide(part[..., earlier].sum(axis=-1), whole[..., earlier].sum(axis=-1))
    return divide(last - before, before)
