"""What we believe of each ad on the morning of a day, and its dated snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from campaigns.models import AdAccount
from portfolio.anomaly import Chart, chart_arrivals, chart_counts
from portfolio.conversions import AccountCohorts, load_cohorts
from portfolio.delay import Floats, share_arrived
from portfolio.fatigue import estimate_fatigue
from portfolio.metrics import Totals
from portfolio.models import AdState, Goal
from portfolio.payout import Payout, compute_cpa, compute_payout, divide
from portfolio.performance import Sums, evaluation_day, sums
from portfolio.posterior import Evidence, Guess, estimate_posterior, interval, probability_at_least
from portfolio.smoothing import WEEK, exponential_rate

TREND_DAYS = 14
TREND_WEIGHT = 0.1  # of a day: the line remembers about ten
TREND_ORDERS = 10  # fewer in both spans together, and a trend would be noise
BEGINNING = date(2000, 1, 1)
BAR = 1.0
RETURNS = ("payout_per_spend", "low", "high", "p_profit", "p_bar")
BY_AD = ("spend", "clicks", "conversions", "payout", "payout_short")
"""Tables of the cohorts with a row an ad."""
MONEY = Decimal("0.0001")


@dataclass(frozen=True)
class Alarm:
    """A figure of the whole account that is stranger on the last day than chance and season allow."""

    name: str  # conversions, ctr or cpm
    seen: float
    expected: float
    score: float

    @property
    def is_low(self) -> bool:
        return self.score < 0


@dataclass(frozen=True)
class Evaluation:
    """Everything that a cycle needs to know of an account's ads; `states` are in the order of `data.ads`."""

    today: date
    data: AccountCohorts
    draws: Floats  # draws x n, 30-day payout per money; 0 x n where no result of any ad is known
    states: tuple[AdState, ...]
    alarms: tuple[Alarm, ...]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {pk: place for place, pk in enumerate(self.data.ads)}

    def draws_of(self, ads: Iterable[int]) -> Floats:
        """Draws of several ads (primary keys) together, weighed by what each spent in the last week; () if unknown."""
        chosen = [self._places[pk] for pk in ads if pk in self._places]
        if not chosen:
            return np.zeros(0)
        spend = self.data.cohorts.spend[chosen, -WEEK:].sum(axis=1)
        weight = spend / spend.sum() if spend.any() else np.full(len(chosen), 1.0 / len(chosen))
        return np.asarray(self.draws[:, chosen] @ weight)


def snapshot(account: AdAccount, now: datetime, bar: float = BAR) -> Evaluation:
    """Evaluates the account and keeps the states of the day; a second run on the same day replaces them."""
    found = evaluate(account, evaluation_day(account, now), bar)
    AdState.objects.bulk_create(
        found.states,
        update_conflicts=True,
        unique_fields=["ad", "day"],
        update_fields=[field.name for field in AdState._meta.fields if field.name not in ("id", "ad", "day")],
    )
    return found


def evaluate(account: AdAccount, today: date, bar: float = BAR) -> Evaluation:
    """Rests on whole days before `today` only. The draws are the same however often the day is evaluated.

    `bar` is what the last unit of money must bring, at least 1: the price of money of the day before.
    """
    goal = Goal.current(account)
    data = load_cohorts(account, today, goal.margin)
    returns, draws = _returns(data, np.random.default_rng(_seed(account, today)), bar)
    windows = _windows(data)
    figures = _figures(data, *windows) | returns
    last = today - timedelta(days=1)
    states = _states(data.ads, last, figures, sums(account, BEGINNING, last, "ad"), _evidence(data, *windows))
    return Evaluation(today, data, draws, states, _alarms(data))


def account_charts(data: AccountCohorts) -> dict[str, Chart]:
    """Control charts of the whole account by day. Conversions only where the ledger says when they came."""
    spend, clicks = data.cohorts.spend.sum(axis=0), data.cohorts.clicks.sum(axis=0)
    impressions = data.impressions.sum(axis=0)
    charts = {"ctr": chart_counts(clicks, impressions), "cpm": chart_counts(impressions, spend)}
    if data.is_from_ledger:
        charts["conversions"] = chart_arrivals(data.arrivals, clicks, data.curves.conversions)
    return charts


def _alarms(data: AccountCohorts) -> tuple[Alarm, ...]:
    """Where days are told: a month that is booked on its last day would look like a strange day."""
    if not data.is_daily:
        return ()
    seen = {
        "conversions": data.arrivals,
        "ctr": data.cohorts.clicks.sum(axis=0),
        "cpm": data.impressions.sum(axis=0),
    }
    return tuple(
        Alarm(name, float(seen[name][-1]), float(chart.expected[-1]), float(chart.score[-1]))
        for name, chart in account_charts(data).items()
        if chart.is_alarm[-1]
    )


def _returns(data: AccountCohorts, rng: np.random.Generator, bar: float) -> tuple[dict[str, Floats], Floats]:
    """Payout per money of each ad, and the draws behind it; nan and no draws where no result is known.

    Ads whose results are the same are pooled; what is of another kind tells nothing about them.
    """
    unknown = np.full(len(data.ads), np.nan)
    found, draws = {name: unknown.copy() for name in RETURNS}, unknown[None][:0]
    if not data.valued_by:
        return found, draws
    usual = _guess(data) or Guess()
    for group in range(data.groups.max(initial=-1) + 1):
        chosen = data.groups == group
        if not chosen.any():
            continue
        figures, drawn = _returns_of(_part(data, chosen), rng, bar, usual)
        for name, values in figures.items():
            found[name][chosen] = values
        if not len(draws):
            draws = np.full((len(drawn), len(data.ads)), np.nan)
        draws[:, chosen] = drawn
    return found, draws


def _part(data: AccountCohorts, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> AccountCohorts:
    """Some of its ads."""
    if chosen.all():
        return data
    cohorts = replace(data.cohorts, **{name: getattr(data.cohorts, name)[chosen] for name in BY_AD})
    angles = np.unique(data.angles[chosen], return_inverse=True)[1].astype(np.intp)
    ads = tuple(ad for ad, is_chosen in zip(data.ads, chosen, strict=True) if is_chosen)
    tables = {"cohorts": cohorts, "impressions": data.impressions[chosen], "orders": data.orders[chosen]}
    return replace(data, ads=ads, angles=angles, **tables)


def _returns_of(
    data: AccountCohorts, rng: np.random.Generator, bar: float, usual: Guess
) -> tuple[dict[str, Floats], Floats]:
    """`usual` is what the whole account does, for a group that has brought nothing yet."""
    cohorts, curves = data.cohorts, data.curves
    evidence = Evidence(
        cohorts.spend,
        _visits(data),
        data.orders,
        cohorts.payout,
        data.angles,
        curves.conversions,
        curves.payout,
    )
    posterior = estimate_posterior(evidence, _guess(data) or usual)
    draws = posterior.draw(rng)
    low, high = interval(draws)
    return {
        "payout_per_spend": posterior.mean,
        "low": low,
        "high": high,
        "p_profit": probability_at_least(draws, 1.0),
        "p_bar": probability_at_least(draws, bar),
    }, draws


def _guess(data: AccountCohorts) -> Guess | None:
    """They together, so that the guess fits its currency and its kind of result; None where nothing was brought."""
    cohorts = data.cohorts
    spend, clicks, orders = (float(table.sum()) for table in (cohorts.spend, _visits(data), data.orders))
    payout = float(cohorts.payout.sum())
    return Guess(clicks / spend, orders / clicks, payout / orders) if min(spend, clicks, orders, payout) > 0 else None


def _visits(data: AccountCohorts) -> Floats:
    """Clicks, and where there are fewer of them than results, these: a file may have no clicks, or results that need
    none, and one click brings at most one result.
    """
    return np.maximum(data.cohorts.clicks, data.orders)


def _windows(data: AccountCohorts) -> tuple[Payout, Payout]:
    """Payout of 7 and of 30 days."""
    cohorts, curves = data.cohorts, data.curves
    return (
        compute_payout(cohorts.spend, cohorts.payout_short, curves.payout_short),
        compute_payout(cohorts.spend, cohorts.payout, curves.payout),
    )


def _figures(data: AccountCohorts, short: Payout, long: Payout) -> dict[str, Floats]:
    """Fields of AdState that come from the cohorts, per ad (n,).

    Payouts are projected, per order that is expected; nan where results bring no revenue.
    """
    cohorts, curves = data.cohorts, data.curves
    cpa = compute_cpa(cohorts.spend, cohorts.conversions, curves.conversions)
    orders = divide(cohorts.spend.sum(axis=1), cpa)
    if data.valued_by != "revenue":
        orders = np.full(len(data.ads), np.nan)
    fatigue = estimate_fatigue(cohorts.clicks, data.impressions)
    return {
        "payout_7": divide(short.projected, orders),
        "payout_30": divide(long.projected, orders),
        "cpa": cpa,
        "maturity": long.maturity,
        "fatigue": np.maximum(fatigue.fall, 0.0),
        "is_tired": fatigue.is_tired,
        "trend": _trend(data),
    }


def _trend(data: AccountCohorts) -> Floats:
    """Smoothed return now against two weeks ago, both matured; nan without spend last week or with few orders."""
    spend = data.cohorts.spend
    days = spend.shape[1]
    if days <= TREND_DAYS:
        return np.full(len(spend), np.nan)
    rate = exponential_rate(data.cohorts.payout, spend * share_arrived(data.curves.payout, days), TREND_WEIGHT)
    before = rate[:, -1 - TREND_DAYS]
    change = divide(rate[:, -1] - before, before)
    is_running = spend[:, -WEEK:].any(axis=1)
    orders = data.orders[:, -2 * TREND_DAYS :].sum(axis=1)
    return np.where(is_running & (orders >= TREND_ORDERS), change, np.nan)


def _evidence(data: AccountCohorts, short: Payout, long: Payout) -> list[dict[str, Any]]:
    """What the state of each ad rests on, for its page and for replay. By columns: there may be thousands of ads."""
    cohorts = data.cohorts
    arrived = share_arrived(data.curves.conversions, cohorts.spend.shape[1])
    columns: dict[str, list[Any]] = {
        "days": (cohorts.spend > 0).sum(axis=1).tolist(),
        "spend": _numbers(cohorts.spend.sum(axis=1)),
        "clicks": cohorts.clicks.sum(axis=1).astype(int).tolist(),
        "conversions": _numbers(cohorts.conversions.sum(axis=1)),
        "matured_spend": _numbers(cohorts.spend @ arrived),
        "payout_7": _window(short),
        "payout_30": _window(long),
    }
    told = {"source": "ledger" if data.is_from_ledger else "platform", "valued_by": data.valued_by}
    return [told | row for row in _rows(columns)]


def _window(payout: Payout) -> list[dict[str, float | None]]:
    names = ("observed", "mature", "mature_spend", "projected", "maturity")
    return _rows({name: _numbers(getattr(payout, name)) for name in names})


def _states(
    ads: Sequence[int], day: date, figures: dict[str, Floats], launched: Sums, evidence: list[dict[str, Any]]
) -> tuple[AdState, ...]:
    """`figures` are fields of AdState, one value an ad."""
    write = dict.fromkeys(("payout_7", "payout_30", "cpa"), _amounts) | {"is_tired": np.ndarray.tolist}
    rows = _rows({name: write.get(name, _numbers)(values) for name, values in figures.items()})
    return tuple(
        AdState(ad_id=ad, day=day, spend=total.spend, results=int(total.results), figures=rests_on, **row)
        for ad, total, rests_on, row in zip(
            ads, (launched.get(ad, Totals()) for ad in ads), evidence, rows, strict=True
        )
    )


def _rows(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _numbers(values: Floats) -> list[float | None]:
    return [round(value, 6) if math.isfinite(value) else None for value in values.tolist()]


def _amounts(values: Floats) -> list[Decimal | None]:
    return [_money(value) for value in values.tolist()]


def _money(value: float) -> Decimal | None:
    return Decimal(float(value)).quantize(MONEY) if math.isfinite(value) else None


def _seed(account: AdAccount, today: date) -> int:
    return int.from_bytes(sha256(f"{account.key}:{today}".encode()).digest()[:8], "big")
