"""The chart of Today: what was spent by day and, where any is known, what came in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

from campaigns.models import AdAccount
from collaboration.columns import Scale
from collaboration.plots import Level, Plot, Series
from mediabuyer.lib.money import format_money
from portfolio.charts import daily_rows, days_between
from portfolio.metrics import add_up
from portfolio.performance import totals


def spend_plot(account: AdAccount, start: date, last: date, plan: Decimal, scale: Scale) -> Plot | None:
    """None where fewer than two days have figures: there is nothing to draw a line between."""
    rows = totals(account, start, last, "day")
    if len(rows) < 2:
        return None
    days = days_between(start, last)
    whole = partial(format_money, currency=account.currency, places=0)
    sums = add_up(row.totals for row in rows)
    earned = [Series("Revenue", daily_rows(rows, "revenue", start, last), "k1", filled=True)]
    came = f" and {whole(sums.revenue)} came in" if scale.has_revenue else ""
    return Plot(
        title=f"Spend{' and revenue' if scale.has_revenue else ''}, last {len(days)} whole days",
        summary=f"In {len(days)} days {whole(sums.spend)} were spent{came}.",
        labels=[f"{day.day} {day:%b}" for day in days],
        series=[*(earned if scale.has_revenue else []), Series("Spend", daily_rows(rows, "spend", start, last), "k2")],
        levels=[Level(float(plan), f"Budgets {whole(plan)}")] if plan else [],
        format=lambda value: whole(Decimal(str(value))),
        height=190,
    )
