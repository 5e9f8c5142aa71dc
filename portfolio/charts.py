"""What the pages draw: series by day, cells of a heat map, weeks of payout, and specs for plotly.

Figures only; how they are drawn is the business of the pages. Colours in a plotly spec are names (c1 result, c2 cost,
c3 payout 30, c4 payout 7, muted, grid), which the page resolves for its scheme. Unknown is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite, log, sqrt
from typing import Any

import numpy as np

from portfolio.conversions import AccountCohorts
from portfolio.delay import Floats, share_arrived
from portfolio.metrics import Totals, has_enough_data
from portfolio.performance import Row
from portfolio.posterior import VALUE_SPREAD
from portfolio.smoothing import WEEK, moving_rate

Values = list[float | None]

RATES = {
    "roas": ("revenue", "spend"),
    "cpa": ("spend", "results"),
    "ctr": ("clicks", "impressions"),
    "cvr": ("results", "clicks"),
}
HEAT_STEPS = (0.05, 0.2, 0.4)  # relative distance from break-even, in logarithms, of levels 1, 2 and 3
EIGHTY = 1.2816  # half an 80 % interval, in standard deviations
WEEKS = 8


@dataclass(frozen=True)
class Mark:
    """Something that happened on a day: a decision, numbered on the time axis."""

    day: date
    text: str


@dataclass(frozen=True)
class HeatCell:
    """`level` -3 (far under break-even) to 3; None without a ROAS. `is_few`: too little to rest on, drawn dashed."""

    totals: Totals
    level: int | None
    is_few: bool


@dataclass(frozen=True)
class PayoutWeek:
    """Click days of one week from Monday, in money per order that is expected of them; None without an order.

    `low` to `high` is the 80 % interval of `payout_30`, None once all of it has come.
    """

    start: date
    spend: float
    orders: float
    cpa: float | None
    payout_7: float | None
    payout_30: float | None
    low: float | None
    high: float | None
    maturity: float | None


def days_between(start: date, end: date) -> list[date]:
    return [start + timedelta(days=index) for index in range((end - start).days + 1)]


def daily(parts: Mapping[date, Totals], figure: str, start: date, end: date) -> Values:
    """One figure for each day of the range: a sum is 0 on a day without rows, a rate is unknown."""
    empty = Totals()
    return [_number(getattr(parts.get(day, empty), figure)) for day in days_between(start, end)]


def daily_rows(rows: Iterable[Row], figure: str, start: date, end: date, *, before: bool = False) -> Values:
    """The same from totals by day; `before` draws the previous period over this one."""
    parts = {row.key: (row.before or Totals()) if before else row.totals for row in rows}
    return daily(parts, figure, start, end)


def smooth_lines(series: Mapping[Any, Floats], window: int = WEEK) -> dict[Any, Values]:
    """Small lines: for each key the rate over a moving window, from both sides of a rate of RATES by day (2 x days)."""
    if not series:
        return {}
    sides = np.stack([*series.values()])
    rates = moving_rate(sides[:, 0], sides[:, 1], window)
    return {key: [_known(value) for value in line] for key, line in zip(series, rates.tolist(), strict=True)}


def heat_cell(totals: Totals, break_even: float, target_cpa: Decimal | None = None) -> HeatCell:
    """`break_even` is the ROAS that just pays: 1 / margin."""
    return HeatCell(totals, _level(totals.roas, break_even), not has_enough_data(totals, target_cpa))


def payout_weeks(data: AccountCohorts, weeks: int = WEEKS) -> list[PayoutWeek]:
    """What orders cost and bring by week of the click, oldest first; payout only where there is revenue."""
    first, days = data.first_day, data.cohorts.spend.shape[1]
    monday = first + timedelta(days=-first.weekday() % 7)
    starts = [(monday - first).days + 7 * week for week in range((days - (monday - first).days + 6) // 7)]
    return [_payout_week(data, place, min(place + 7, days)) for place in starts[-weeks:]]


def trend_spec(rows: Sequence[Row], start: date, end: date, marks: Sequence[Mark] = ()) -> dict[str, Any]:
    """Plotly: revenue and spend by day, revenue of the period before, and what was decided."""
    days = [day.isoformat() for day in days_between(start, end)]
    traces = [_line("Revenue", days, daily_rows(rows, "revenue", start, end), "c1")]
    if any(row.before is not None for row in rows):
        earlier = daily_rows(rows, "revenue", start, end, before=True)
        traces.append(_line("Revenue before", days, earlier, "c1", dash="dash", width=1))
    traces.append(_line("Spend", days, daily_rows(rows, "spend", start, end), "c2"))
    return {"data": traces, "layout": _layout_with(marks)}


def payout_spec(weeks: Sequence[PayoutWeek]) -> dict[str, Any]:
    """Plotly: cost of an order against its payout of 7 and 30 days, by week; the interval where more is to come."""
    days = [week.start.isoformat() for week in weeks]
    long = _line("Payout 30", days, [week.payout_30 for week in weeks], "c3", mode="markers")
    long["error_y"] = {
        "type": "data",
        "symmetric": False,
        "array": [_gap(week.high, week.payout_30) for week in weeks],
        "arrayminus": [_gap(week.payout_30, week.low) for week in weeks],
        "color": "c3",
    }
    return {
        "data": [
            _line("CPA", days, [week.cpa for week in weeks], "c2"),
            _line("Payout 7", days, [week.payout_7 for week in weeks], "c4", mode="markers"),
            long,
        ],
        "layout": {},
    }


def _level(roas: float | None, break_even: float) -> int | None:
    if roas is None:
        return None
    if roas <= 0:
        return -len(HEAT_STEPS)
    distance = log(roas / break_even)
    size = sum(abs(distance) >= step for step in HEAT_STEPS)
    return size if distance > 0 else -size


def _payout_week(data: AccountCohorts, start: int, end: int) -> PayoutWeek:
    cohorts, curves = data.cohorts, data.curves
    days = cohorts.spend.shape[1]
    week = slice(start, end)

    def projected(by_day: Floats, curve: Floats) -> float:
        return float((by_day.sum(axis=0) / share_arrived(curve, days))[week].sum())

    spend = float(cohorts.spend[:, week].sum())
    seen = float(cohorts.conversions[:, week].sum()), float(cohorts.payout[:, week].sum())
    orders = projected(cohorts.conversions, curves.conversions)
    earning = orders if data.valued_by == "revenue" else 0.0
    long = projected(cohorts.payout, curves.payout)
    low, high = _payout_interval(orders, long, seen)
    arrived = float((cohorts.spend.sum(axis=0) * share_arrived(curves.payout, days))[week].sum())
    return PayoutWeek(
        start=data.first_day + timedelta(days=start),
        spend=spend,
        orders=orders,
        cpa=_ratio(spend, orders),
        payout_7=_ratio(projected(cohorts.payout_short, curves.payout_short), earning),
        payout_30=_ratio(long, earning),
        low=_ratio(low, earning) if high > low else None,
        high=_ratio(high, earning) if high > low else None,
        maturity=_ratio(min(arrived, spend), spend),
    )


def _payout_interval(orders: float, payout: float, seen: tuple[float, float]) -> tuple[float, float]:
    """80 % of what 30 days will bring: only what is still to come is uncertain.

    Its relative variance is that of so many orders of spread value, and of the rate that so many seen orders tell.
    """
    coming, rest = orders - seen[0], payout - seen[1]
    if coming <= 0 or rest <= 0 or seen[0] <= 0:
        return payout, payout
    half = EIGHTY * rest * sqrt((1 + VALUE_SPREAD**2) / coming + 1 / seen[0])
    return max(payout - half, seen[1]), payout + half


def _line(
    name: str, x: Sequence[str], y: Sequence[float | None], color: str, *, dash: str = "solid", width: float = 2,
    mode: str = "lines",
) -> dict[str, Any]:  # fmt: skip
    trace: dict[str, Any] = {"type": "scatter", "mode": mode, "name": name, "x": list(x), "y": list(y)}
    if mode == "markers":
        return trace | {"marker": {"color": color, "size": 9}}
    return trace | {"line": {"color": color, "dash": dash, "width": width}}


def _layout_with(marks: Sequence[Mark]) -> dict[str, Any]:
    """Each mark is a dotted line with its number on top; the text shows on hover."""
    lines = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": mark.day.isoformat(), "x1": mark.day.isoformat(),
         "y0": 0, "y1": 1, "line": {"color": "muted", "dash": "dot", "width": 1}}
        for mark in marks
    ]  # fmt: skip
    numbers = [
        {"xref": "x", "yref": "paper", "x": mark.day.isoformat(), "y": 1, "text": str(number), "hovertext": mark.text,
         "showarrow": False, "yanchor": "bottom", "bgcolor": "ink", "borderpad": 3, "font": {"color": "surface"}}
        for number, mark in enumerate(marks, 1)
    ]  # fmt: skip
    return {"shapes": lines, "annotations": numbers}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _gap(upper: float | None, lower: float | None) -> float:
    return upper - lower if upper is not None and lower is not None else 0.0
