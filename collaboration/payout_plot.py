"""What an order costs and brings, by week of the click: dashes, dots and intervals as SVG. Pure.

Positions are percentages across and pixels down, as in `collaboration.plots`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from collaboration.plots import position, round_scale
from mediabuyer.lib.money import format_money
from portfolio.charts import PayoutWeek

HEIGHT = 300
TOP, BASE = 16, 256
TOO_EARLY = 0.5
"""Below this share of what is to come, a week's payout says more of the model than of the buyers."""


@dataclass(frozen=True)
class Mark:
    """One week: x in percent, y in pixels; None where nothing is known. `is_final`: all has come."""

    label: str
    maturity: str
    x: float
    left: float
    width: float
    cpa: float | None
    payout_7: float | None
    payout_30: float | None
    high: float | None
    low: float | None
    is_early: bool
    is_final: bool


@dataclass(frozen=True)
class PayoutPlot:
    marks: list[Mark]
    ticks: list[tuple[float, str]]
    rows: list[list[str]]
    summary: str
    height: int = HEIGHT
    base: int = BASE


def draw_payout(weeks: Sequence[PayoutWeek], currency: str) -> PayoutPlot | None:
    """None while no week has an order."""
    values = [
        value
        for week in weeks
        for value in (week.cpa, week.payout_7, week.payout_30, week.low, week.high)
        if value is not None
    ]
    if not values:
        return None
    low, high, step = round_scale([min(values) * 0.75, *values], from_zero=False)

    def y(value: float | None) -> float | None:
        return None if value is None else round(BASE - position(value, low, high) / 100 * (BASE - TOP), 1)

    share = 100 / len(weeks)
    marks = [
        Mark(
            label=f"{week.start.day} {week.start:%b}",
            maturity=f"{week.maturity:.0%}" if week.maturity is not None else "–",
            x=round(share * (index + 0.5), 2),
            left=round(share * index, 2),
            width=round(share, 2),
            cpa=y(week.cpa),
            payout_7=y(week.payout_7),
            payout_30=y(week.payout_30),
            high=y(week.high),
            low=y(week.low),
            is_early=(week.maturity or 0) < TOO_EARLY,
            is_final=week.high is None,
        )
        for index, week in enumerate(weeks)
    ]
    whole = partial(format_money, currency=currency, places=0)
    steps = [low + step * index for index in range(round((high - low) / step) + 1)]
    ticks = [(y(value) or 0.0, whole(Decimal(str(value)))) for value in steps]
    return PayoutPlot(marks, ticks, [_row(week, currency) for week in weeks], _summary(weeks, currency))


def _row(week: PayoutWeek, currency: str) -> list[str]:
    def money(value: float | None) -> str:
        return "–" if value is None else format_money(Decimal(str(value)), currency)

    known = "–" if week.maturity is None else f"{week.maturity:.0%}"
    spread = f"{money(week.low)} to {money(week.high)}" if week.high is not None else "all has come"
    early = " · too early" if (week.maturity or 0) < TOO_EARLY else ""
    orders = f"{week.orders:,.1f}"
    return [f"{week.start.day} {week.start:%b}", orders, money(week.cpa), money(week.payout_7), money(week.payout_30),
            spread if week.payout_30 is not None else "–", f"{known}{early}"]  # fmt: skip


def _summary(weeks: Sequence[PayoutWeek], currency: str) -> str:
    """What a listener hears: the newest week that is no longer too early."""
    known = [week for week in weeks if week.cpa is not None and (week.maturity or 0) >= TOO_EARLY]
    if not known:
        return "Every week is too young to compare what an order costs with what it brings."
    week, money = known[-1], partial(format_money, currency=currency)
    cost = f"In the week of {week.start.day} {week.start:%B} an own order cost {money(Decimal(str(week.cpa)))}"
    if week.payout_30 is None or week.payout_7 is None:
        return f"{cost}."
    return (
        f"{cost}; it brings {money(Decimal(str(week.payout_7)))} within 7 days "
        f"and {money(Decimal(str(week.payout_30)))} within 30."
    )
