"""The market: what an hour of delivery brings. Pure and seeded; knows nothing of HTTP, storage or the Graph API.

Money is in minor units (cents). An ad's latent quality is a function of its angle, copy, image and audience, so that an
ad made tomorrow through the API has its quality the moment it is written, and the same text performs the same twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from campaigns.sandbox.draws import Floats, Ints, Keys, key_of, mixed, normal, poisson, rounded, uniform

BASE_CPM = 980.0  # cents per 1,000 impressions in a middling auction
BASE_CTR = 0.0150  # all clicks per impression of a fresh, average ad
LINK_SHARE = 0.76  # clicks that lead to the shop
BASE_CVR = 0.047  # first orders per link click
BASE_ORDER = 5600.0  # cents
FATIGUE = -0.43  # click rate ~ (1 + impressions / audience) ** FATIGUE
LEARNING_NOISE = 2.2  # how much wider the luck of a day is before the ad set has learnt
LEARNING_CPM = 1.08
VIEW_SHARE = 0.06  # orders claimed by a view without a click, per order by click
HOUR_WEIGHTS = np.array(
    [
        1.6,
        1.0,
        0.7,
        0.5,
        0.5,
        0.8,
        1.9,
        3.4,
        4.5,
        4.8,
        4.7,
        4.7,
        5.0,
        4.8,
        4.5,
        4.5,
        4.7,
        5.1,
        5.9,
        7.0,
        8.0,
        8.2,
        6.4,
        3.8,
    ]
)
HOUR_WEIGHTS = HOUR_WEIGHTS / HOUR_WEIGHTS.sum()
# Monday first: weekends cost a little more and sell a little better, a wave of about 12 %.
WEEKDAY_CPM = (0.97, 0.96, 0.98, 1.00, 1.02, 1.04, 1.03)
WEEKDAY_CVR = (0.97, 0.95, 0.95, 0.97, 1.00, 1.06, 1.10)
COUNTRY_CPM = {
    "DE": 1.0,
    "AT": 0.94,
    "CH": 1.25,
    "NL": 1.02,
    "FR": 0.9,
    "IT": 0.76,
    "ES": 0.72,
    "PL": 0.5,
    "GB": 1.15,
    "US": 1.5,
    "BE": 0.95,
    "DK": 1.1,
    "SE": 1.05,
    "CZ": 0.55,
}
COUNTRY_PEOPLE = {
    "DE": 40.0,
    "AT": 4.5,
    "CH": 4.0,
    "NL": 9.0,
    "FR": 32.0,
    "IT": 30.0,
    "ES": 24.0,
    "PL": 18.0,
    "GB": 38.0,
    "US": 190.0,
    "BE": 6.0,
    "DK": 3.5,
    "SE": 5.5,
    "CZ": 5.0,
}  # millions reachable


@dataclass(frozen=True, slots=True)
class Content:
    """What an ad says and to whom: everything its quality depends on."""

    angle: str
    copy: str
    image: str
    audience: str  # a stable text of the targeting
    people: float  # size of the audience that the ad competes for
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traits:
    """Latent quality of one fresh ad. `cpm` and `value` in cents, `ctr` and `cvr` as shares."""

    cpm: float
    ctr: float
    cvr: float
    value: float
    people: float


@dataclass(frozen=True, slots=True)
class Ads:
    """All ads at the start of an hour, one entry an ad (shape (n,)). `holder` points into the money arrays."""

    key: Keys
    cpm: Floats
    ctr: Floats
    cvr: Floats
    value: Floats
    people: Floats
    seen: Floats  # impressions so far
    learning: Floats  # 1.0 while the ad set learns
    live: Floats  # 1.0 where the ad may deliver
    holder: Ints
    luck: Luck


@dataclass(frozen=True, slots=True)
class Luck:
    """Slow luck of a day, one standard normal an ad for each thing that wanders."""

    share: Floats
    ctr: Floats
    cpm: Floats
    cvr: Floats


@dataclass(frozen=True, slots=True)
class Money:
    """One entry per budget holder (a campaign or an ad set): wished for this hour, and left under today's caps."""

    wish: Floats
    left: Floats


@dataclass(frozen=True, slots=True)
class Moment:
    """Which hour it is: `hour` counts UTC hours since 1970, the rest is of the account's own calendar."""

    hour: int
    day: int  # ordinal of the local date
    weekday: int  # Monday is 0
    of_day: int
    month: int
    of_month: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the hour brought, one entry an ad; spend in cents. `cvr` is what its clicks are worth that day."""

    impressions: Ints
    clicks: Ints
    link_clicks: Ints
    spend: Ints
    cvr: Floats


def _effect(seed: int, *names: object) -> float:
    return float(normal(key_of(seed, *names))[0])


def image_effect(seed: int, image: str) -> float:
    """How much an image lifts or sinks the click rate (log scale); a function of the image alone."""
    return 0.18 * _effect(seed, "image", image)


@lru_cache(maxsize=8192)
def traits_of(seed: int, content: Content) -> Traits:
    """Latent quality from the parts of an ad; log-normal in each part, with an interplay of angle and audience."""
    angle = 0.13 * _effect(seed, "angle", content.angle)
    copy = 0.10 * _effect(seed, "copy", content.copy)
    image = image_effect(seed, content.image)
    fit = 0.08 * _effect(seed, "fit", content.angle, content.audience)
    audience = 0.10 * _effect(seed, "audience", content.audience)
    price = float(np.mean([COUNTRY_CPM.get(country, 0.8) for country in content.countries] or [0.8]))
    return Traits(
        cpm=BASE_CPM * price * float(np.exp(0.10 * _effect(seed, "auction", content.audience) - 0.15 * image)),
        ctr=BASE_CTR * float(np.exp(0.7 * angle + copy + image + fit)),
        cvr=BASE_CVR * price**0.75 * float(np.exp(0.5 * angle + 0.3 * copy + audience)),
        value=BASE_ORDER * price**0.2 * float(np.exp(0.08 * _effect(seed, "basket", content.angle))),
        people=content.people,
    )


def season(moment: Moment) -> float:
    """Dearer auctions before Christmas, cheaper ones in January."""
    if moment.month == 12 and moment.of_month <= 22:
        return 1.16
    if moment.month == 11:
        return 1.0 + 0.14 * moment.of_month / 30
    return 0.92 if moment.month == 1 else 1.0


def drift(key: Keys, day: int, stream: int, days: int = 6, memory: float = 0.75) -> Floats:
    """Slow luck: a moving average of daily draws, which is an AR(1) without a state to store. Unit variance."""
    weights = memory ** np.arange(days)
    total = np.zeros(key.shape)
    for back, weight in enumerate(weights):
        total = total + weight * normal(key, day - back, stream)
    return total / float(np.sqrt((weights**2).sum()))


def luck_of(key: Keys, day: int) -> Luck:
    """The luck of a day; the same for all its hours."""
    return Luck(drift(key, day, 41), drift(key, day, 42), drift(key, day, 43), drift(key, day, 44))


def day_flex(seed: int, holders: Keys, day: int) -> Floats:
    """How much of a daily budget the platform means to spend that day: around 1, now and then up to 1.75."""
    usual = np.exp(0.17 * normal(holders, seed, day, 31) - 0.06)
    rush = 1.40 + 0.35 * uniform(holders, seed, day, 33)
    return np.clip(np.where(uniform(holders, seed, day, 32) < 0.05, rush, usual), 0.6, 1.75)


def _shares(ads: Ads, ctr: Floats) -> Floats:
    """Within one budget the better ad gets more, but nobody nothing. Shares of each holder's money."""
    promise = ctr * ads.cvr * ads.value / ads.cpm
    luck = np.exp((0.25 + 0.35 * ads.learning) * ads.luck.share)
    weight = ads.live * (promise**1.2 * luck)
    size = max(int(ads.holder.max(initial=0)) + 1, 1)
    total = np.bincount(ads.holder, weights=weight, minlength=size)[ads.holder]
    count = np.bincount(ads.holder, weights=ads.live, minlength=size)[ads.holder]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, weight / total, 0.0)
        even = np.where(count > 0, ads.live / count, 0.0)
    return 0.9 * share + 0.1 * even


def simulate_hour(seed: int, ads: Ads, money: Money, moment: Moment) -> Delivery:
    """One hour of auctions for all ads together. Never spends more than `money.left` of a holder."""
    wide = 1.0 + (LEARNING_NOISE - 1.0) * ads.learning
    tired = (1.0 + ads.seen / ads.people) ** FATIGUE
    ctr = ads.ctr * tired * np.exp(0.09 * wide * ads.luck.ctr)
    cpm = (
        ads.cpm
        * WEEKDAY_CPM[moment.weekday]
        * season(moment)
        * (1.0 + (LEARNING_CPM - 1.0) * ads.learning)
        * (ctr / ads.ctr) ** -0.12
        * np.exp(0.07 * ads.luck.cpm)
    )
    cvr = ads.cvr * WEEKDAY_CVR[moment.weekday] * np.exp(0.08 * wide * ads.luck.cvr)
    wished = money.wish[ads.holder] * _shares(ads, ctr)
    impressions = poisson(wished / cpm * 1000.0, ads.key, seed, moment.hour, 1)
    spend = rounded(impressions * cpm / 1000.0, ads.key, seed, moment.hour, 2)
    impressions, spend = _capped(impressions, spend, ads.holder, money.left)
    clicks = np.minimum(poisson(impressions * ctr, ads.key, seed, moment.hour, 3), impressions)
    links = np.minimum(rounded(clicks * LINK_SHARE, ads.key, seed, moment.hour, 4), clicks)
    return Delivery(impressions, clicks, links, spend, cvr)


def _capped(impressions: Ints, spend: Ints, holder: Ints, left: Floats) -> tuple[Ints, Ints]:
    """Scale down where a holder's hour would pass its cap; floors, so the cap holds to the cent."""
    total = np.bincount(holder, weights=spend, minlength=len(left))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(total > left, np.maximum(left, 0.0) / np.maximum(total, 1.0), 1.0)[holder]
    shown = np.floor(impressions * factor).astype(np.int64)
    paid = np.where(shown > 0, np.floor(spend * factor), 0.0).astype(np.int64)
    return np.where(paid > 0, shown, 0).astype(np.int64), paid


def order_key(seed: int, ad_key: Keys, hour: int) -> Keys:
    """The key under which all orders of one ad's clicks in one hour are drawn."""
    return mixed(ad_key, seed, hour, 900)
