"""What the last evaluation says of ads, and of several together: recomputed from their sums, never averaged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import BooleanField, ExpressionWrapper, F, FloatField, Max, Q, QuerySet, Sum, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, NullIf

from campaigns.models import AdAccount
from portfolio.models import AdState
from portfolio.performance import plain_rows

EVERY_AD = Q()
HAS_PAYOUT = Q(payout_30__isnull=False)


@dataclass(frozen=True)
class Belief:
    """Sums over the click days of the last evaluation; money in floats, as it is estimated anyway.

    What cannot be summed (certainty, interval, fatigue) is known of a single ad only.
    """

    day: date
    spend: float = 0.0
    orders: float = 0.0  # expected once all have come
    worth_7: float = 0.0
    worth_30: float = 0.0
    arrived: float = 0.0  # spend × share of its payout that has had time to arrive
    has_revenue: bool = False
    expected: float | None = None  # of one ad: posterior mean of what one unit of money brings back
    low: float | None = None
    high: float | None = None
    p_profit: float | None = None
    trend: float | None = None
    fatigue: float | None = None
    is_tired: bool = False

    @property
    def cpa(self) -> float | None:
        return self.spend / self.orders if self.orders else None

    @property
    def payout_7(self) -> float | None:
        return self.worth_7 / self.orders if self.orders and self.has_revenue else None

    @property
    def payout_30(self) -> float | None:
        return self.worth_30 / self.orders if self.orders and self.has_revenue else None

    @property
    def per_spend(self) -> float | None:
        if self.expected is not None:
            return self.expected
        return self.worth_30 / self.spend if self.spend and self.worth_30 else None

    @property
    def maturity(self) -> float | None:
        return self.arrived / self.spend if self.spend else None


def together(beliefs: Iterable[Belief | None]) -> Belief | None:
    """Several ads as one; None where nothing is believed of any."""
    known = [one for one in beliefs if one is not None]
    if not known:
        return None
    return Belief(
        day=max(one.day for one in known),
        spend=sum(one.spend for one in known),
        orders=sum(one.orders for one in known),
        worth_7=sum(one.worth_7 for one in known),
        worth_30=sum(one.worth_30 for one in known),
        arrived=sum(one.arrived for one in known),
        has_revenue=any(one.has_revenue for one in known),
        is_tired=any(one.is_tired for one in known),
    )


def latest_beliefs(account: AdAccount, where: Q = EVERY_AD) -> dict[int, Belief]:
    """By ad, of the last day on which the account was evaluated."""
    states = _latest_states(account)
    if states is None:
        return {}
    rows = states.filter(where).order_by().values_list(
        "ad_id", "day", _figure("spend"), _orders(), _figure("payout_7__projected"), _figure("payout_30__projected"),
        Coalesce("maturity", 0.0), ExpressionWrapper(HAS_PAYOUT, BooleanField()), "payout_per_spend",
        "low", "high", "p_profit", "trend", "fatigue", "is_tired",
    )  # fmt: skip
    return {ad: _belief(*figures) for ad, *figures in plain_rows(rows)}


def beliefs_by_ad_set(account: AdAccount, hidden: Collection[int] = ()) -> dict[int, Belief]:
    """As `together` of the ads of each ad set, but for those hidden; the database adds them up."""
    states = _latest_states(account)
    if states is None:
        return {}
    spend = _figure("spend")
    rows: Any = (
        states.exclude(ad_id__in=hidden)
        .order_by()
        .values(group=F("ad__ad_set_id"))
        .annotate(
            latest=Max("day"),
            spent=Sum(spend),
            orders=Sum(_orders()),
            worth_7=Sum(_figure("payout_7__projected")),
            worth_30=Sum(_figure("payout_30__projected")),
            arrived=Sum(spend * Coalesce("maturity", 0.0)),
            has_revenue=BoolOr(HAS_PAYOUT),
            any_tired=BoolOr("is_tired"),
        )
    )
    return {
        row.pop("group"): Belief(row.pop("latest"), row.pop("spent"), is_tired=row.pop("any_tired"), **row)
        for row in rows
    }


def _latest_states(account: AdAccount) -> QuerySet[AdState] | None:
    """Those of the last day on which the account was evaluated, None before the first."""
    states = AdState.objects.filter(ad__account=account)
    day = states.order_by("-day").values_list("day", flat=True).first()
    return None if day is None else states.filter(day=day)


def _belief(
    day: date, spend: float, orders: float, worth_7: float, worth_30: float, maturity: float, *rest: Any
) -> Belief:
    return Belief(day, spend, orders, worth_7, worth_30, spend * maturity, *rest)


def _orders() -> Coalesce:
    """What an ad's spend brings at its cost of an order."""
    return Coalesce(_figure("spend") / NullIf(Cast("cpa", FloatField()), Value(0.0)), 0.0)


def _figure(name: str) -> Coalesce:
    """A number of its figures in JSON, 0 where there is none. Taken apart by the database, which is much quicker."""
    return Coalesce(Cast(KT(f"figures__{name}"), FloatField()), 0.0)
