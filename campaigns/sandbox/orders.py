"""Orders that follow clicks: when they come, what they are worth, what comes back, when the platform hears of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaigns.sandbox.draws import Floats, Ints, Keys, mixed, normal, poisson, uniform
from campaigns.sandbox.market import VIEW_SHARE, Ads, Delivery, order_key

PURCHASE, REFUND, VIEW = 0, 1, 2
SAME_DAY = 0.5  # share of first orders that come within hours of the click
LATE_MEAN = 8.4  # days, of the other half: about 5 days over all orders
LONGEST = 30.0  # days after the click
REPEAT = 0.22  # share of buyers who order again within the window
REFUNDED = 0.03
HOUR, DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Orders:
    """Events, one entry each: `ad` is the ad's number, times are epoch seconds, `value` in cents (refunds negative).

    `reported` is when the platform counts it; `clicked` is 0 where nobody clicked (a view).
    """

    ad: Ints
    key: Keys
    clicked: Ints
    converted: Ints
    reported: Ints
    value: Ints
    kind: Ints


def _delays(key: Keys) -> Floats:
    """Days from click to order: half within hours, the rest exponential, redrawn evenly where it would pass the end."""
    hours = -np.log(uniform(key, 11)) * 0.09
    late = 0.25 - LATE_MEAN * np.log(uniform(key, 12))
    late = np.where(late < LONGEST, late, LONGEST * uniform(key, 13))
    return np.where(uniform(key, 14) < SAME_DAY, np.minimum(hours, 0.9), late)


def _report_lags(key: Keys) -> Floats:
    """Seconds until the platform attributes an order: mostly an hour, some in days, a few in up to four weeks."""
    draw = uniform(key, 21)
    days = np.where(draw < 0.92, 0.2 + 2.5 * uniform(key, 22), 2.0 + 25.5 * uniform(key, 23))
    return np.where(draw < 0.80, 0.04 * uniform(key, 24), days) * DAY


def _spread(counts: Ints, ads: Ads, seed: int, hour: int, stream: int) -> tuple[Ints, Keys]:
    """One entry per event: the number of its ad, and a key of its own."""
    ad = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return ad, mixed(order_key(seed, ads.key[ad], hour), stream, np.arange(len(ad)) - starts)


def draw_orders(seed: int, ads: Ads, delivery: Delivery, hour: int) -> Orders | None:
    """Everything that the clicks and views of this hour will ever lead to, most of it in the future."""
    first = poisson(delivery.link_clicks * delivery.cvr, ads.key, seed, hour, 5)
    views = poisson(delivery.link_clicks * delivery.cvr * VIEW_SHARE, ads.key, seed, hour, 6)
    if not first.any() and not views.any():
        return None
    bought = _purchases(first, ads, seed, hour)
    again = _repeats(bought)
    seen = _views(views, ads, seed, hour)
    return joined([bought, again, _refunds(joined([bought, again])), seen])


def _purchases(counts: Ints, ads: Ads, seed: int, hour: int) -> Orders:
    ad, key = _spread(counts, ads, seed, hour, 1)
    clicked = (hour * HOUR + HOUR * uniform(key, 1)).astype(np.int64)
    converted = clicked + 60 + (_delays(key) * DAY).astype(np.int64)
    return Orders(
        ad,
        key,
        clicked,
        converted,
        converted + _report_lags(key).astype(np.int64),
        _values(key, ads.value[ad]),
        np.full(len(ad), PURCHASE),
    )


def _values(key: Keys, mean: Floats) -> Ints:
    """Log-normal baskets around the ad's mean."""
    return np.maximum(np.round(mean * np.exp(0.45 * normal(key, 2) - 0.10)), 100).astype(np.int64)


def _repeats(bought: Orders) -> Orders:
    """A second order of the same buyer, while it still falls into the thirty days after the click."""
    key = mixed(bought.key, 3)
    converted = bought.converted + DAY + (-9.0 * DAY * np.log(uniform(key, 1))).astype(np.int64)
    keep = (uniform(key, 2) < REPEAT) & (converted - bought.clicked < LONGEST * DAY)
    value = _values(key, bought.value.astype(np.float64))
    reported = converted + _report_lags(key).astype(np.int64)
    return Orders(
        bought.ad[keep],
        key[keep],
        bought.clicked[keep],
        converted[keep],
        reported[keep],
        value[keep],
        bought.kind[keep],
    )


def _refunds(bought: Orders) -> Orders:
    """A few orders are sent back whole, days later. The platform never hears of it."""
    key = mixed(bought.key, 4)
    keep = uniform(key, 1) < REFUNDED
    when = bought.converted + (DAY * (2.0 + 16.0 * uniform(key, 2))).astype(np.int64)
    return Orders(
        bought.ad[keep],
        key[keep],
        bought.clicked[keep],
        when[keep],
        when[keep],
        -bought.value[keep],
        np.full(int(keep.sum()), REFUND),
    )


def _views(counts: Ints, ads: Ads, seed: int, hour: int) -> Orders:
    """Orders within a day of an impression that nobody clicked: only the platform claims them."""
    ad, key = _spread(counts, ads, seed, hour, 2)
    converted = (hour * HOUR + 22 * HOUR * uniform(key, 1)).astype(np.int64)
    return Orders(
        ad,
        key,
        np.zeros(len(ad), dtype=np.int64),
        converted,
        converted + _report_lags(key).astype(np.int64),
        _values(key, ads.value[ad]),
        np.full(len(ad), VIEW),
    )


def joined(parts: list[Orders]) -> Orders:
    """Several lots as one."""
    return Orders(*(np.concatenate([getattr(part, name) for part in parts]) for name in Orders.__slots__))
