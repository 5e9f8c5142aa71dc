"""What one unit of money brings on each ad: clicks per money x conversions per click x payout per conversion.

Each factor forgets and pools at its own speed: click rates are plentiful and tire first, conversion rates are
scarce and stable, order values scarcer still. Arrays are n ads x d click days, oldest first, seen on the
morning after the last. Everything is closed form; randomness comes only from the `rng` given.
"""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from portfolio.delay import Floats, ages_of, share_arrived

DRAWS = 256
INTERVAL = (0.1, 0.9)  # 80 %
RESPONSE = 0.25  # eta: payout grows with (b / b0) ** (1 - eta)

HALF_LIFE_CLICKS = 4.0
HALF_LIFE_CONVERSIONS = 30.0
FRESH_DAYS = 7  # an angle's click rate is taken from the first days of its ads, before they tire
CLICKS_PRIOR = 8.0
CLICKS_POOL = 60.0
SPREAD_OF_ADS = 0.45  # coefficients of variation of conversion rates: between ads of an angle,
SPREAD_OF_ANGLES = 0.4  # and between angles
VALUE_PRIOR = 12.0
VALUE_POOL = 40.0
VALUE_SPREAD = 0.65
STOP_ERROR = 0.05


@dataclass(frozen=True)
class Guess:
    """What an account without history is taken to do; each weighs as much as one event."""

    clicks_per_money: float = 1.0
    conversions_per_click: float = 0.02
    payout_per_conversion: float = 50.0


@dataclass(frozen=True)
class Evidence:
    """Spend, clicks, and conversions and payout of 30 days that have arrived, by click day; angle as 0..g-1."""

    spend: Floats
    clicks: Floats
    conversions: Floats
    payout: Floats
    angle: NDArray[np.intp]
    conversion_curve: Floats
    payout_curve: Floats


@dataclass(frozen=True)
class Posterior:
    """Parameters of the three factors per ad (n,): two gammas and a normal."""

    clicks_shape: Floats
    clicks_rate: Floats
    conversions_shape: Floats
    conversions_rate: Floats
    value: Floats
    value_sd: Floats

    @property
    def mean(self) -> Floats:
        clicks = self.clicks_shape / self.clicks_rate
        return np.asarray(clicks * self.conversions_shape / self.conversions_rate * self.value)

    def draw(self, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
        """Joint samples of payout per money, draws x n."""
        shape = (draws, len(self.value))
        clicks = rng.standard_gamma(self.clicks_shape, shape) / self.clicks_rate
        conversions = rng.standard_gamma(self.conversions_shape, shape) / self.conversions_rate
        value = np.maximum(rng.normal(self.value, self.value_sd, shape), 0.0)
        return np.asarray(clicks * conversions * value)


@dataclass(frozen=True)
class Effect:
    """Change of profit a day, in money: mean, 80 % interval, probability that it is a gain."""

    mean: float
    low: float
    high: float
    p_gain: float


def estimate_posterior(evidence: Evidence, guess: Guess | None = None) -> Posterior:
    guess = guess or Guess()
    days = evidence.spend.shape[1]
    groups = Groups(evidence.angle)
    clicks_shape, clicks_rate = _clicks_per_money(evidence, groups, guess)
    weight = 0.5 ** (ages_of(days) / HALF_LIFE_CONVERSIONS)
    arrived = share_arrived(evidence.conversion_curve, days)
    conversions = evidence.conversions @ weight
    exposure = evidence.clicks @ (weight * arrived)
    conversions_shape, conversions_rate = _conversions_per_click(conversions, exposure, groups, guess)
    share = share_arrived(evidence.payout_curve, days) / arrived
    value, value_sd = _payout_per_conversion(
        evidence.payout @ weight, evidence.conversions @ (weight * share), groups, guess
    )
    return Posterior(clicks_shape, clicks_rate, conversions_shape, conversions_rate, value, value_sd)


@dataclass(frozen=True)
class Groups:
    """Which angle each ad is of. An imported account may have as many angles as ads, so no table of both is made."""

    angle: NDArray[np.intp]

    def add_up(self, by_ad: Floats) -> Floats:
        """One sum an angle."""
        return np.bincount(self.angle, weights=by_ad, minlength=1).astype(np.float64)

    def spread(self, by_angle: Floats) -> Floats:
        """Each ad gets what its angle has."""
        return np.asarray(by_angle[self.angle])


def _clicks_per_money(evidence: Evidence, groups: Groups, guess: Guess) -> tuple[Floats, Floats]:
    """Gamma(8 + sum w K, 8/g + sum w S), g the fresh click rate of the angle, shrunk to the account's."""
    delivering = np.cumsum(evidence.spend > 0, axis=1)
    fresh = (delivering > 0) & (delivering <= FRESH_DAYS) & (evidence.spend > 0)
    clicks = np.where(fresh, evidence.clicks, 0.0).sum(axis=1)
    spend = np.where(fresh, evidence.spend, 0.0).sum(axis=1)
    account = (clicks.sum() + 1.0) / (spend.sum() + 1.0 / guess.clicks_per_money)
    angle = (groups.add_up(clicks) + CLICKS_POOL) / (groups.add_up(spend) + CLICKS_POOL / account)
    weight = 0.5 ** (ages_of(evidence.spend.shape[1]) / HALF_LIFE_CLICKS)
    shape = CLICKS_PRIOR + evidence.clicks @ weight
    return shape, CLICKS_PRIOR / groups.spread(angle) + evidence.spend @ weight


def _conversions_per_click(
    conversions: Floats, exposure: Floats, groups: Groups, guess: Guess
) -> tuple[Floats, Floats]:
    """Thinned Poisson: N ~ Poisson(rate x clicks x C(age)), the rate pooled by angle, the angle by account.

    An ad's data count for its angle only up to the spread between ads (`trust`).
    """
    account = (conversions.sum() + 1.0) / (exposure.sum() + 1.0 / guess.conversions_per_click)
    trust = 1.0 / (1.0 + account * exposure * SPREAD_OF_ADS**2)
    angle_weight = 1.0 / SPREAD_OF_ANGLES**2
    pooled = groups.add_up(exposure * trust)
    angle = (groups.add_up(conversions * trust) + angle_weight) / (pooled + angle_weight / account)
    prior = groups.spread(1.0 / (SPREAD_OF_ADS**2 + 1.0 / (angle_weight + account * pooled)))
    return prior + conversions, prior / groups.spread(angle) + exposure


def _payout_per_conversion(payout: Floats, matured: Floats, groups: Groups, guess: Guess) -> tuple[Floats, Floats]:
    """Mean and sd; `matured` counts conversions as far as their own payout has come."""
    payout = np.maximum(payout, 0.0)  # more refunded than sold in what has arrived so far
    account = (payout.sum() + guess.payout_per_conversion) / (matured.sum() + 1.0)
    angle = (groups.add_up(payout) + VALUE_POOL * account) / (groups.add_up(matured) + VALUE_POOL)
    value = (payout + VALUE_PRIOR * groups.spread(angle)) / (matured + VALUE_PRIOR)
    return value, VALUE_SPREAD * value / np.sqrt(matured + VALUE_PRIOR)


def interval(draws: Floats) -> tuple[Floats, Floats]:
    """80 % interval per ad of draws x n."""
    low, high = np.quantile(draws, INTERVAL, axis=0)
    return low, high


def probability_at_least(draws: Floats, bar: float) -> Floats:
    return np.asarray((draws >= bar).mean(axis=0))


def expected_payout(payout_per_money: Floats, current: Floats, budget: Floats) -> Floats:
    """Payout a day at `budget` when `payout_per_money` was seen at `current`, falling returns around it.

    An ad that did not run yet (`current` 0) pays what it promises, without a curve.
    """
    ratio = np.divide(budget, current, out=np.ones(np.broadcast(budget, current).shape), where=current > 0)
    base = np.where(current > 0, current * ratio ** (1.0 - RESPONSE), budget)
    return np.asarray(payout_per_money * base)


def estimate_effect(draws: Floats, current: Floats, budget: Floats) -> Effect:
    """Profit a day of moving n ads from `current` to `budget` together, from joint draws (draws x n)."""
    gain = expected_payout(draws, current, budget) - expected_payout(draws, current, current)
    profit = gain.sum(axis=1) - float(np.sum(budget - current))
    low, high = np.quantile(profit, INTERVAL)
    return Effect(float(profit.mean()), float(low), float(high), float((profit > 0).mean()))


def should_stop_early(spend: Floats, conversions: Floats, curve: Floats, target_cpa: float) -> NDArray[np.bool_]:
    """No sale after ln(20) = 3.0 target CPAs of matured spend: wrong for 5 % of ads that are on target.

    Looking daily costs nothing, since matured spend only grows.
    """
    matured = spend @ share_arrived(curve, spend.shape[1])
    unsold: NDArray[np.bool_] = (matured >= target_cpa * log(1.0 / STOP_ERROR)) & (conversions.sum(axis=1) == 0)
    return unsold
