"""What the last evaluation says of ads, and of several together: recomputed from their sums, never averaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from campaigns.models import AdAccount
from portfolio.models import AdState

EVERY_AD = Q()


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


def belief_of(state: AdState) -> Belief:
    figures = state.figures
    spend = float(figures.get("spend") or 0)
    return Belief(
        day=state.day,
        spend=spend,
        orders=spend / float(state.cpa) if state.cpa else 0.0,
        worth_7=_projected(figures, "payout_7"),
        worth_30=_projected(figures, "payout_30"),
        arrived=spend * (state.maturity or 0.0),
        has_revenue=state.payout_30 is not None,
        expected=state.payout_per_spend,
        low=state.low,
        high=state.high,
        p_profit=state.p_profit,
        trend=state.trend,
        fatigue=state.fatigue,
        is_tired=state.is_tired,
    )


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
    states = AdState.objects.filter(ad__account=account)
    day = states.order_by("-day").values_list("day", flat=True).first()
    return {state.ad_id: belief_of(state) for state in states.filter(where, day=day)} if day else {}


def money_of(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _projected(figures: dict[str, dict[str, float | None]], window: str) -> float:
    return float((figures.get(window) or {}).get("projected") or 0.0)
