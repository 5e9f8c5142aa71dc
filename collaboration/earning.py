"""Whether the account earns, in the sentences of Today: yesterday and the last seven whole days, by Meta so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.models import AdAccount
from campaigns.result_kinds import count_results
from collaboration.columns import Scale
from mediabuyer.lib.money import format_money
from portfolio.metrics import Totals, add_up
from portfolio.performance import data_span, last_days, total, totals

WEEK = 7


@dataclass(frozen=True)
class Earning:
    """`words` go into the sentence on top, `yesterday` below the figures of today; empty where nothing is known."""

    words: str = ""
    yesterday: str = ""
    lost: str = ""
    """Which days brought less than they cost, where the last seven or those of the files did."""


def earning_of(account: AdAccount, today: date, scale: Scale) -> Earning:
    """Of imported files all days together. Nothing where no revenue says what results bring."""
    if not scale.has_revenue or not scale.margin:
        return Earning()
    if account.is_read_only:
        return _of_files(account, scale)
    days = {row.key: row.totals for row in totals(account, *last_days(today, WEEK), "day")}
    week, day = add_up(days.values()), days.get(today - timedelta(days=1), Totals())
    if not week.spend:
        return Earning()
    profit, lost = week.profit(scale.margin), f"Lost money in {WEEK} days"
    return Earning(_words(day, week, scale), _yesterday(day, scale) if day.spend else "", lost if profit < 0 else "")


def _of_files(account: AdAccount, scale: Scale) -> Earning:
    span = data_span(account)
    whole = total(account, *span) if span else Totals()
    if not whole.spend:
        return Earning()
    lost = "Lost money in these days" if whole.profit(scale.margin) < 0 else ""
    return Earning(f"These days {_earned(whole, scale)} after the cost of ads{scale.before_goods}.", lost=lost)


def _words(day: Totals, week: Totals, scale: Scale) -> str:
    lately = f"the last {WEEK} days {_earned(week, scale)}"
    first = f"Yesterday {_earned(day, scale)}, " if day.spend else ""
    text = f"{first}{lately}, by Meta so far{scale.before_goods}."
    return text[0].upper() + text[1:]


def _earned(part: Totals, scale: Scale) -> str:
    profit = part.profit(scale.margin)
    return f"{'earned' if profit >= 0 else 'lost'} {format_money(abs(profit), scale.currency, places=0)}"


def _yesterday(day: Totals, scale: Scale) -> str:
    spend, revenue = (format_money(one, scale.currency, places=0) for one in (day.spend, day.revenue))
    each = f" at {format_money(day.cpa, scale.currency)}" if day.cpa is not None else ""
    sold = f"{count_results(day.results, scale.kinds)}{each}"
    profit = format_money(day.profit(scale.margin), scale.currency, places=0, sign=True)
    roas = f"ROAS {day.roas:.2f} (break-even is {float(1 / scale.margin):.2f})" if day.roas is not None else "no ROAS"
    return f"Yesterday: {spend} spent, {revenue} revenue, {roas}, {sold}, {profit} profit{scale.before_goods}."
