"""The month so far against the caps: what was spent, what the budgets allow, on how many days it was too much."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import accumulate

from campaigns.models import META_EXPOSURE, AdAccount
from collaboration.columns import Scale
from collaboration.plots import Plot, Series
from mediabuyer.agent.observe import committed_now
from mediabuyer.lib.money import format_money
from portfolio.charts import days_between
from portfolio.metrics import Totals, add_up
from portfolio.performance import Sums, sums, within


@dataclass(frozen=True)
class Pacing:
    """`cap` is the daily cap over the whole month; None without one. `plan` the budgets in force a day."""

    month: date
    days_gone: int
    days: int
    now: Totals
    profit: Decimal
    plan: Decimal
    worst_day: Decimal
    daily_cap: Decimal | None
    days_over: int
    plot: Plot | None

    @property
    def cap(self) -> Decimal | None:
        return self.daily_cap * self.days if self.daily_cap else None

    @property
    def mark(self) -> Decimal | None:
        """The part of the cap that belongs to the days gone."""
        return self.daily_cap * self.days_gone if self.daily_cap else None

    @property
    def words(self) -> str:
        if not self.cap:
            return ""
        return f"{self.now.spend / self.cap:.0%} of the cap spent, {self.days_gone / self.days:.0%} of the month gone"

    @property
    def tone(self) -> str:
        """The caps are kept by guardrails; being over all the same is bad news."""
        return "bad" if self.days_over else "warn" if self.daily_cap and self.worst_day > self.daily_cap else ""


def pacing(account: AdAccount, day: date, scale: Scale, by_day: Sums | None = None) -> Pacing:
    """`day` is the last one that counts, today included while it runs. `by_day` are sums of the days of `month_of`,
    and perhaps of more, where they were read already."""
    start, _ = month_of(day)
    by_day = within(sums(account, start, day, "day") if by_day is None else by_day, (start, day))
    whole = add_up(by_day.values())
    plan = committed_now(account)
    cap = account.daily_cap
    return Pacing(
        month=start,
        days_gone=day.day,
        days=monthrange(day.year, day.month)[1],
        now=whole,
        profit=whole.profit(scale.margin),
        plan=plan,
        worst_day=plan * META_EXPOSURE,
        daily_cap=cap,
        days_over=sum(part.spend > cap for part in by_day.values()) if cap else 0,
        plot=_plot(by_day, start, day, scale) if whole.revenue and len(by_day) > 1 else None,
    )


def month_of(day: date) -> tuple[date, date]:
    return day.replace(day=1), day


def short_money(value: float, currency: str) -> str:
    """For narrow axes: `€950`, `€2.5k`, `−€15k`."""
    if abs(value) < 1000:
        return format_money(Decimal(str(value)), currency, places=0)
    thousands = Decimal(str(value)) / 1000
    return format_money(thousands, currency, places=0 if thousands == round(thousands) else 1) + "k"


def _plot(by_day: dict[date, Totals], start: date, end: date, scale: Scale) -> Plot:
    days = days_between(start, end)
    profits = [float(by_day.get(day, Totals()).profit(scale.margin)) for day in days]
    whole = partial(format_money, currency=scale.currency, places=0)
    line = list(accumulate(profits))
    return Plot(
        title="Profit of the month so far, added up by day",
        summary=f"Profit added up since {start.day} {start:%B}: {whole(Decimal(str(line[-1])), sign=True)}.",
        labels=[f"{day.day} {day:%b}" for day in days],
        series=[Series("Profit, added up", line, filled=True)],
        format=lambda value: short_money(value, scale.currency),
        height=150,
    )
