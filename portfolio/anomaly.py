"""Is a day stranger than chance and season allow? Runs on the whole account, before any decision.

Surprise of a count y against its expectation mu is (y - mu) / sqrt(mu + (0.15 mu)^2); an exponentially
weighted mean of it (0.4) raises the alarm at three of its standard deviations. An alarm on conversions
freezes pauses: a broken pixel looks like every ad failing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portfolio.delay import Floats
from portfolio.smoothing import exponential_sum

SEASON = 0.15  # relative noise of a day beside counting: weekdays, auctions
WEIGHT = 0.4
SIGMAS = 3.0
LIMIT = SIGMAS * float(np.sqrt(WEIGHT / (2.0 - WEIGHT)))
BASE_DAYS = 28
MIN_BASE_DAYS = 7


@dataclass(frozen=True)
class Chart:
    """Per day (d,): expectation (nan while the history is too short), score and alarm."""

    expected: Floats
    score: Floats
    is_alarm: NDArray[np.bool_]


def chart_counts(counts: Floats, exposure: Floats) -> Chart:
    """Counts against the rate of the 28 days before: clicks on impressions for CTR, impressions on spend for CPM."""
    return _chart(counts, exposure * _base_rate(counts, exposure))


def chart_arrivals(conversions: Floats, clicks: Floats, curve: Floats) -> Chart:
    """Conversions by day of arrival against what the clicks already paid for should bring; curve C(0..30)."""
    steps = np.diff(curve, prepend=0.0)
    matured = np.convolve(clicks, steps)[: len(clicks)] if len(clicks) else clicks
    return _chart(conversions, matured * _base_rate(conversions, matured))


def _base_rate(counts: Floats, exposure: Floats) -> Floats:
    """Rate of up to 28 days before each day, without it; nan in the first week."""
    rate = np.full(len(counts), np.nan)
    above = np.concatenate([[0.0], np.cumsum(counts)])
    below = np.concatenate([[0.0], np.cumsum(exposure)])
    for day in range(MIN_BASE_DAYS, len(counts)):
        start = max(0, day - BASE_DAYS)
        if below[day] > below[start]:
            rate[day] = (above[day] - above[start]) / (below[day] - below[start])
    return rate


def _chart(counts: Floats, expected: Floats) -> Chart:
    known = expected > 0
    noise = np.sqrt(np.where(known, expected + (SEASON * expected) ** 2, 1.0))
    surprise = np.where(known, (counts - expected) / noise, 0.0)
    score = exponential_sum(surprise, WEIGHT)
    return Chart(expected, score, np.abs(score) > LIMIT)
