"""What the last evaluation says of ads, and of several together: recomputed from their sums, never averaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, FloatField, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

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


def _belief(row: dict[str, Any]) -> Belief:
    """From the columns of an AdState; its figures in JSON are taken apart by the database, which is much quicker."""
    cpa, payout_30 = row.pop("cpa"), row.pop("payout_30")
    maturity, spend = row.pop("maturity") or 0.0, row.pop("spent") or 0.0
    worth: dict[str, Any] = {name: row.pop(name) or 0.0 for name in ("worth_7", "worth_30")}
    return Belief(
        spend=spend,
        orders=spend / float(cpa) if cpa else 0.0,
        arrived=spend * maturity,
        has_revenue=payout_30 is not None,
        **worth,
        **row,
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
    if day is None:
        return {}
    rows: Any = states.filter(where, day=day).order_by().values(
        "ad_id", "day", "cpa", "payout_30", "maturity", "low", "high", "p_profit", "trend", "fatigue", "is_tired",
        expected=F("payout_per_spend"),
        spent=_figure("spend"),
        worth_7=_figure("payout_7__projected"),
        worth_30=_figure("payout_30__projected"),
    )  # fmt: skip
    return {row.pop("ad_id"): _belief(row) for row in rows}


def _figure(name: str) -> Cast:
    return Cast(KT(f"figures__{name}"), FloatField())


def money_of(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
