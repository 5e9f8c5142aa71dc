"""Payout of 7 and 30 days against spend, by click day.

An event counts in a window of w days when it came less than w days after its click, and is booked on the
CLICK day. Three figures, never mixed: observed (what has arrived), mature (only click days that are w days
old), projected (divided by the share a day of that age usually shows). Today is never whole and never counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portfolio.delay import WINDOW, Floats, ages_of, estimate_conversion_curve, estimate_payout_curve, share_arrived

SHORT_WINDOW = 7
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Events:
    """Purchases and refunds, one row each. Days are indices of the account's days, 0 the first of the history."""

    ad: Integers
    click_day: Integers
    day: Integers
    elapsed: Floats  # days between click and event, with fraction
    count: Floats  # 1 a purchase, 0 a refund: the order was won, its money went back
    value: Floats  # negative for a refund


@dataclass(frozen=True)
class Cohorts:
    """n ads on d whole days, oldest first. Money of events is payout: what the advertiser keeps of it."""

    spend: Floats  # n x d
    clicks: Floats  # n x d
    conversions: Floats  # n x d, by click day, what has arrived
    payout: Floats  # n x d, 30-day window
    payout_short: Floats  # n x d, 7-day window
    conversions_by_lag: Floats  # d x 31, whole account
    payout_by_lag: Floats  # d x 31
    payout_short_by_lag: Floats  # d x 8


@dataclass(frozen=True)
class Curves:
    """Share arrived by age in days: of conversions (31), of 30-day payout (31), of 7-day payout (8)."""

    conversions: Floats
    payout: Floats
    payout_short: Floats


ALL_ARRIVED = Curves(np.ones(WINDOW + 1), np.ones(WINDOW + 1), np.ones(SHORT_WINDOW + 1))
"""For figures that are final, as those of an old file."""


@dataclass(frozen=True)
class Payout:
    """One window, per ad (n,). `projected` is noisy for one ad: use the posterior there."""

    spend: Floats
    observed: Floats
    mature: Floats
    mature_spend: Floats
    projected: Floats
    maturity: Floats  # share of the payout of this spend that has come, 0 to 1; nan without spend


def book_events(events: Events, spend: Floats, clicks: Floats) -> Cohorts:
    """Cohorts of the d days that `spend` and `clicks` (n x d) cover; anything later is left out."""
    shape, days = spend.shape, spend.shape[1]
    known = (events.day < days) & (events.click_day >= 0) & (events.elapsed >= 0) & (events.elapsed < WINDOW)
    short = known & (events.elapsed < SHORT_WINDOW)
    lag = np.minimum(events.day - events.click_day, WINDOW)
    # On the day clocks go forward seven times 24 hours can cross eight midnights.
    short_lag = np.minimum(lag, SHORT_WINDOW)
    return Cohorts(
        spend=spend,
        clicks=clicks,
        conversions=_sum_at(shape, events.ad, events.click_day, events.count, known),
        payout=_sum_at(shape, events.ad, events.click_day, events.value, known),
        payout_short=_sum_at(shape, events.ad, events.click_day, events.value, short),
        conversions_by_lag=_sum_at((days, WINDOW + 1), events.click_day, lag, events.count, known),
        payout_by_lag=_sum_at((days, WINDOW + 1), events.click_day, lag, events.value, known),
        payout_short_by_lag=_sum_at((days, SHORT_WINDOW + 1), events.click_day, short_lag, events.value, short),
    )


def estimate_curves(cohorts: Cohorts) -> Curves:
    count = float(cohorts.conversions.sum())
    return Curves(
        estimate_conversion_curve(cohorts.conversions_by_lag),
        estimate_payout_curve(cohorts.payout_by_lag, count),
        estimate_payout_curve(cohorts.payout_short_by_lag, count, SHORT_WINDOW),
    )


def compute_payout(spend: Floats, payout: Floats, curve: Floats) -> Payout:
    """Payout of the window whose curve R (w+1 shares) is given; `spend` and `payout` are n x d."""
    days = spend.shape[1]
    share = share_arrived(curve, days)
    is_mature = ages_of(days) >= len(curve) - 1
    return Payout(
        spend=spend.sum(axis=1),
        observed=payout.sum(axis=1),
        mature=payout[:, is_mature].sum(axis=1),
        mature_spend=spend[:, is_mature].sum(axis=1),
        projected=(payout / share).sum(axis=1),
        maturity=divide((spend * share).sum(axis=1), spend.sum(axis=1)),
    )


def compute_cpa(spend: Floats, conversions: Floats, curve: Floats) -> Floats:
    """Spend per conversion once all have come: S / sum(N / C(age)), per ad; nan without a conversion."""
    expected = (conversions / share_arrived(curve, spend.shape[1])).sum(axis=1)
    return divide(spend.sum(axis=1), expected)


def divide(part: Floats, whole: Floats) -> Floats:
    """Elementwise, nan where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))


def _sum_at(
    shape: tuple[int, ...], row: Integers, column: Integers, amount: Floats, chosen: NDArray[np.bool_]
) -> Floats:
    table = np.zeros(shape)
    np.add.at(table, (row[chosen], column[chosen]), amount[chosen])
    return table
