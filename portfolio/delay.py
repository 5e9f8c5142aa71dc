"""Delay curves: which share of a click day's conversions, or of their payout, has arrived after `a` whole days.

Chain ladder on click day x lag, with a prior. No parametric law, so it follows drift as long as the
caller passes only recent click days (60 are enough).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW = 30
PRIOR_EVENTS = 40.0
MIN_SHARE = 1e-6  # a curve is divided by; refunds may push its early part to zero


def prior_curve(same_day: float, mean_days: float, window: int = WINDOW) -> Floats:
    """Cumulated share by lag 0..window: `same_day` at once, the rest exponential with `mean_days`."""
    lags = np.arange(window + 1)
    curve = same_day + (1.0 - same_day) * (1.0 - np.exp(-lags / mean_days))
    return np.asarray(curve / curve[-1], dtype=np.float64)


CONVERSIONS_PRIOR = prior_curve(same_day=0.5, mean_days=5.0)
PAYOUT_PRIOR = prior_curve(same_day=0.4, mean_days=7.0)


def ages_of(days: int) -> NDArray[np.intp]:
    """Age of each click day on the morning after the last of `days` whole days: the last one is 0 days old."""
    return np.arange(days - 1, -1, -1, dtype=np.intp)


def estimate_curve(by_lag: Floats, prior: Floats, prior_events: float = PRIOR_EVENTS) -> Floats:
    """Cumulated share arrived by lag 0..w from counts (d click days, oldest first, x w+1 lags).

    Each step uses only click days old enough to have seen it: young ones would make the curve too steep.
    `prior_events` is in the unit of `by_lag`: conversions, or money (events x average value).
    """
    cumulated = np.cumsum(by_lag, axis=1)
    ages = ages_of(len(by_lag))
    curve = np.ones(len(prior))
    for lag in range(len(prior) - 1, 0, -1):
        seen = ages >= lag
        earlier = cumulated[seen, lag - 1].sum() + prior_events * prior[lag - 1] / prior[lag]
        step = earlier / (cumulated[seen, lag].sum() + prior_events)
        curve[lag - 1] = np.clip(curve[lag] * step, MIN_SHARE, 1.0)
    return curve


def estimate_conversion_curve(conversions_by_lag: Floats) -> Floats:
    """C(a) from conversions (d x 31)."""
    return estimate_curve(conversions_by_lag, CONVERSIONS_PRIOR)


def estimate_payout_curve(payout_by_lag: Floats, conversions: float, window: int = WINDOW) -> Floats:
    """R(a) of a window from payout (d x window+1); `conversions` turn the prior's weight into money."""
    prior = PAYOUT_PRIOR[: window + 1] / PAYOUT_PRIOR[window]
    total = float(payout_by_lag.sum())
    value = total / conversions if conversions > 0 and total > 0 else 1.0
    return estimate_curve(payout_by_lag, prior, PRIOR_EVENTS * value)


def share_arrived(curve: Floats, days: int) -> Floats:
    """The curve read at the age of each of `days` click days, oldest first; 1 past its end."""
    return np.asarray(curve[np.minimum(ages_of(days), len(curve) - 1)])
