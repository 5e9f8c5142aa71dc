"""What we believe of each ad on the morning of a day, and its dated snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
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
from portfolio.performance import evaluation_day, totals
from portfolio.posterior import Evidence, Guess, estimate_posterior, interval, probability_at_least
from portfolio.smoothing import WEEK, exponential_rate

TREND_DAYS = 14
TREND_WEIGHT = 0.1  # of a day: the line remembers about ten
TREND_ORDERS = 10  # fewer in both spans together, and a trend would be noise
BEGINNING = date(2000, 1, 1)
BAR = 1.0
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
    average_cpa: Decimal | None  # of the account's history, once all its results have come

    def draws_of(self, ads: Iterable[int]) -> Floats:
        """Draws of several ads (primary keys) together, weighed by what each spent in the last week; () if unknown."""
        places = {pk: place for place, pk in enumerate(self.data.ads)}
        chosen = [places[pk] for pk in ads if pk in places]
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
    data = load_cohorts(account, today, goal.margin, goal.target_cpa)
    returns, draws = _returns(data, np.random.default_rng(_seed(account, today)), bar)
    windows = _windows(data)
    figures = _figures(data, *windows) | returns
    launched = {row.key: row.totals for row in totals(account, BEGINNING, today - timedelta(days=1), by="ad")}
    states = tuple(
        _state(pk, today - timedelta(days=1), {name: values[place] for name, values in figures.items()},
               launched.get(pk, Totals()), _evidence_of(data, *windows, place))
        for place, pk in enumerate(data.ads)
    )  # fmt: skip
    return Evaluation(today, data, draws, states, _alarms(data), _average_cpa(data))


def account_charts(data: AccountCohorts) -> dict[str, Chart]:
    """Control charts of the whole account by day. Conversions only where the ledger says when they came."""
    spend, clicks = data.cohorts.spend.sum(axis=0), data.cohorts.clicks.sum(axis=0)
    impressions = data.impressions.sum(axis=0)
    charts = {"ctr": chart_counts(clicks, impressions), "cpm": chart_counts(impressions, spend)}
    if data.is_from_ledger:
        charts["conversions"] = chart_arrivals(data.arrivals, clicks, data.curves.conversions)
    return charts


def _alarms(data: AccountCohorts) -> tuple[Alarm, ...]:
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
    """Payout per money of each ad, and the draws behind it; nan and no draws where no result is known."""
    cohorts, curves = data.cohorts, data.curves
    if not data.valued_by:
        unknown = np.full(len(data.ads), np.nan)
        return dict.fromkeys(("payout_per_spend", "low", "high", "p_profit", "p_bar"), unknown), unknown[None][:0]
    evidence = Evidence(
        cohorts.spend,
        cohorts.clicks,
        cohorts.conversions,
        cohorts.payout,
        data.angles,
        curves.conversions,
        curves.payout,
    )
    posterior = estimate_posterior(evidence, _guess(data))
    draws = posterior.draw(rng)
    low, high = interval(draws)
    return {
        "payout_per_spend": posterior.mean,
        "low": low,
        "high": high,
        "p_profit": probability_at_least(draws, 1.0),
        "p_bar": probability_at_least(draws, bar),
    }, draws


def _guess(data: AccountCohorts) -> Guess:
    """The account as a whole, so that the guess fits its currency and its kind of result."""
    cohorts = data.cohorts
    spend, clicks, orders = (float(table.sum()) for table in (cohorts.spend, cohorts.clicks, cohorts.conversions))
    payout = float(cohorts.payout.sum())
    return (
        Guess(clicks / spend, orders / clicks, payout / orders) if min(spend, clicks, orders, payout) > 0 else Guess()
    )


def _average_cpa(data: AccountCohorts) -> Decimal | None:
    spend, conversions = data.cohorts.spend.sum(axis=0), data.cohorts.conversions.sum(axis=0)
    return _money(compute_cpa(spend[None], conversions[None], data.curves.conversions)[0])


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
    orders = data.cohorts.conversions[:, -2 * TREND_DAYS :].sum(axis=1)
    return np.where(is_running & (orders >= TREND_ORDERS), change, np.nan)


def _evidence_of(data: AccountCohorts, short: Payout, long: Payout, place: int) -> dict[str, Any]:
    """What the state of one ad rests on, for its page and for replay."""
    cohorts = data.cohorts
    arrived = share_arrived(data.curves.conversions, cohorts.spend.shape[1])
    return {
        "source": "ledger" if data.is_from_ledger else "platform",
        "valued_by": data.valued_by,
        "days": int((cohorts.spend[place] > 0).sum()),
        "spend": _number(cohorts.spend[place].sum()),
        "clicks": int(cohorts.clicks[place].sum()),
        "conversions": _number(cohorts.conversions[place].sum()),
        "matured_spend": _number(cohorts.spend[place] @ arrived),
        "payout_7": _window(short, place),
        "payout_30": _window(long, place),
    }


def _window(payout: Payout, place: int) -> dict[str, float | None]:
    names = ("observed", "mature", "mature_spend", "projected", "maturity")
    return {name: _number(getattr(payout, name)[place]) for name in names}


def _state(ad: int, day: date, figures: dict[str, Any], launched: Totals, evidence: dict[str, Any]) -> AdState:
    money = {name: _money(figures.pop(name)) for name in ("payout_7", "payout_30", "cpa")}
    is_tired = bool(figures.pop("is_tired"))
    rates = {name: _number(value) for name, value in figures.items()}
    return AdState(
        ad_id=ad, day=day, is_tired=is_tired, spend=launched.spend, results=int(launched.results), figures=evidence,
        **money, **rates,
    )  # fmt: skip


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _money(value: float) -> Decimal | None:
    return Decimal(float(value)).quantize(MONEY) if math.isfinite(value) else None


def _seed(account: AdAccount, today: date) -> int:
    return int.from_bytes(sha256(f"{account.key}:{today}".encode()).digest()[:8], "big")
