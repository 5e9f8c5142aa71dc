"""The columns of tables of ads, angles and campaigns: what each figure is, how it is read and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

from django.utils.text import capfirst

from campaigns.result_kinds import CPA, OF_META, cost_title, mixed_words, several_results
from collaboration.beliefs import Belief
from collaboration.kinds import several_of
from collaboration.tables import Head, Value
from collaboration.templatetags.ui import delta, number, percent
from mediabuyer.lib.money import format_money
from portfolio.metrics import Totals, has_enough_data

TRADE = ("cpa", "roas", "cvr", "profit")
"""Figures that rest on results, so that few results make them chance."""


class Measured(Protocol):
    """A row that figures can be read of. `before` is None without a comparison."""

    @property
    def budget(self) -> Decimal | None: ...
    @property
    def budget_note(self) -> str: ...
    @property
    def totals(self) -> Totals: ...
    @property
    def before(self) -> Totals | None: ...
    @property
    def kinds(self) -> frozenset[str]: ...
    @property
    def belief(self) -> Belief | None: ...


@dataclass(frozen=True)
class Scale:
    """What the figures of one account are written with."""

    currency: str
    margin: Decimal
    target_cpa: Decimal | None
    has_revenue: bool = True
    """Without any, what needs revenue is left out: it is not known, and 0 would be a lie."""
    kinds: tuple[str, ...] = OF_META
    """What a result is; empty where nothing says it."""
    has_ledger: bool = True
    """Without own orders, what needs them is left out."""
    is_of_files: bool = False
    """Imported files name what a result is, and few of them count purchases."""
    has_results: bool = True
    """Files may not say what came of the ads: that is not known, and not 0."""
    knows_kinds: bool = False
    """Of several kinds, which ad counts which."""
    has_margin: bool = True
    """Until somebody sets one, revenue counts in full, and that is said wherever something is said to earn."""

    @property
    def before_goods(self) -> str:
        """Ends a sentence on what was earned; empty where the margin is known."""
        return "" if self.has_margin else ", before the cost of goods, as no margin is set"

    @property
    def results(self) -> str:
        return capfirst(several_results(self.kinds))

    @property
    def cost(self) -> str:
        """What the cost of a result is called."""
        return cost_title(self.kinds) if self.is_of_files else CPA

    @property
    def is_mixed(self) -> bool:
        return len(self.kinds) > 1

    @property
    def adds_up(self) -> bool:
        """Conversations and visits are added up only where nobody knows which ads bring which."""
        return not (self.is_mixed and self.knows_kinds)

    @property
    def mixed(self) -> str:
        """Why figures of one kind of result are not told; empty where they are."""
        if not self.is_mixed:
            return ""
        stated = "only where all results are of one" if self.knows_kinds else "nowhere"
        return (
            f"{mixed_words(self.kinds)} What one costs, what it brings and how many clicks it takes differ by kind, so "
            f"I state them {stated}."
        )

    def of(self, kinds: frozenset[str]) -> Scale:
        """For a row whose results are of these kinds: of one alone, what it costs can be said."""
        return replace(self, kinds=tuple(kinds)) if self.is_mixed and len(kinds) == 1 else self

    def alone(self, value: Value) -> Value:
        """A figure that makes sense of one kind of result, else None."""
        return self.told(None if self.is_mixed else value)

    def count(self, value: Value) -> Value:
        """Results, where they are of one kind or may be added up."""
        return self.told(value if self.adds_up else None)

    def told(self, value: Value) -> Value:
        """A figure of results where there are any to know of, else None."""
        return value if self.has_results else None


@dataclass(frozen=True)
class Column:
    """`read` takes the totals, the belief and the scale; `good` is the direction that is good, empty for cost."""

    key: str
    label: str
    kind: str
    definition: str
    read: Callable[[Totals, Scale], Value] | None = None
    believe: Callable[[Belief], Value] | None = None
    good: str = ""
    compares: bool = False
    css: str = "n wide"

    def value(self, row: Measured, scale: Scale) -> Value:
        if self.key == "budget":
            return row.budget
        if self.read is not None:
            return self.read(row.totals, scale.of(row.kinds))
        return self.believe(row.belief) if self.believe is not None and row.belief is not None else None

    def value_before(self, row: Measured, scale: Scale) -> Value:
        """The same figure in the period that is compared with; None without one."""
        return self.read(row.before, scale.of(row.kinds)) if self.read is not None and row.before is not None else None

    def head(self, scale: Scale) -> Head:
        return Head(self.key, self.title(scale), self.kind)

    def title(self, scale: Scale) -> str:
        return {"results": scale.results, "cpa": scale.cost}.get(self.key, self.label)


@dataclass(frozen=True)
class Cell:
    """One figure as text; `change` are the arguments of components/delta.html, `note` stands in its place."""

    text: str
    css: str
    change: dict[str, str] | None = None
    note: str = ""


COLUMNS = {
    column.key: column
    for column in (
        Column("budget", "Budget", "money", "What may be spent a day, where the budget lies; several are added up."),
        Column("spend", "Spend", "money", "Charged by the platform in the period, before tax.",
               lambda one, _: one.spend, compares=True, css="n"),
        Column("results", "Results", "number", "What the ads are optimised for, as the platform attributes it.",
               lambda one, scale: scale.count(one.results), good="up", compares=True),
        Column("cpa", CPA, "money", "Spend divided by results as Meta counts them, in the period.",
               lambda one, scale: scale.alone(one.cpa), good="down", compares=True),
        Column("revenue", "Revenue", "money", "Order value that the platform attributes to clicks and views.",
               lambda one, _: one.revenue, good="up", compares=True),
        Column("roas", "ROAS", "multiple", "Revenue divided by spend.",
               lambda one, _: one.roas, good="up", compares=True, css="n"),
        Column("profit", "Profit", "money", "Revenue × margin − spend. The margin is set in Settings.",
               lambda one, scale: one.profit(scale.margin), good="up", css="n"),
        Column("impressions", "Impressions", "count", "How often the ads were shown.",
               lambda one, _: one.impressions or (None if one.spend else 0), compares=True),
        Column("cpm", "CPM", "money", "Price of 1,000 impressions.", lambda one, _: one.cpm, compares=True),
        Column("clicks", "Clicks", "count", "All clicks, as the platform counts them.",
               lambda one, _: one.clicks, compares=True),
        Column("ctr", "CTR", "share", "Clicks divided by impressions.",
               lambda one, _: one.ctr, good="up", compares=True, css="n"),
        Column("cpc", "CPC", "money", "Spend divided by all clicks, as the platform counts them.",
               lambda one, _: one.cpc, compares=True),
        Column("cvr", "CVR", "share", "Results divided by clicks.",
               lambda one, scale: scale.alone(one.cvr), good="up", compares=True),
        Column("fatigue", "Fatigue", "share", "By how much the click rate has fallen since the first day, fitted.",
               believe=lambda one: one.fatigue),
        Column("true_cpa", "Cost of an own order", "money",
               "Spend divided by the orders of your own ledger, once all have come; late ones are expected as usual. "
               "Clicks of the last 90 days.",
               believe=lambda one: one.cpa),
        Column("payout_7", "Payout 7", "money", "Margin that an order brings within 7 days of the click. Last 90 days.",
               believe=lambda one: one.payout_7),
        Column("payout_30", "Payout 30", "money",
               "Margin that an order brings within 30 days of the click; what is still to come is expected.",
               believe=lambda one: one.payout_30),
        Column("maturity", "Has come", "share", "Share of the 30-day payout that has had time to arrive.",
               believe=lambda one: one.maturity),
        Column("per_spend", "Back per 1", "multiple",
               "What one unit of money brings back in 30 days, margin in; 1 breaks even. 80% interval below.",
               believe=lambda one: one.per_spend, css="n"),
        Column("p_profit", "Earns", "certainty", "Certainty that it brings back more than it costs.",
               believe=lambda one: one.p_profit, css="n"),
    )
}  # fmt: skip

TWO_COSTS = (
    f"{CPA} counts the purchases that Meta credits to clicks and views of the period; the cost of an own order "
    "counts the orders of your own ledger, by their click, over the last 90 days and with those still expected. So the "
    "two differ."
)
"""Stands on every page that shows both."""

PRESETS = {
    "performance": ("budget", "spend", "results", "cpa", "roas", "profit"),
    "delivery": ("spend", "impressions", "cpm", "clicks", "ctr", "cpc", "fatigue"),
    "payout": ("spend", "true_cpa", "payout_7", "payout_30", "maturity", "per_spend", "p_profit"),
}
PRESET_LABELS = {"performance": "Performance", "delivery": "Delivery", "payout": "Payout"}
CAMPAIGN_COLUMNS = ("budget", "spend", "results", "cpa", "payout_7", "payout_30", "roas", "profit")
PART_COLUMNS = ("spend", "results", "cpa", "roas", "profit")
OF_LEDGER = ("true_cpa", "payout_7", "payout_30")
WITHOUT_REVENUE = {"revenue": "impressions", "roas": "ctr", "profit": "cpc", "payout_7": "", "payout_30": ""}
"""What stands in for a figure that needs revenue; nothing for some."""
BY_COST = {
    "per_spend": ("Against usual", "What a result may cost, divided by what one costs here: your goal, or else what "
                  "one costs on average. Above 1 it is cheaper. 80% interval below."),
    "p_profit": ("Cheaper", "Certainty that the next results cost less than one may."),
}  # fmt: skip
"""What the judgement of an ad means where no revenue is known."""
WITHOUT_MARGIN = {
    "profit": ("Profit", "Revenue − spend. No margin is set in Settings, so the cost of goods is not taken off."),
    "per_spend": ("Back per 1", "What one unit of money brings back in 30 days; 1 breaks even before the cost of "
                  "goods, as no margin is set. 80% interval below."),
    "p_profit": ("Earns before goods", "Certainty that it brings back more than the ads cost. The cost of goods is "
                 "not taken off, as no margin is set."),
}  # fmt: skip
NARROW = ("spend", "results", "cpa")
"""What a phone shows where there is no revenue to show."""


def _in_scale(column: Column, scale: Scale) -> Column:
    other = BY_COST if not scale.has_revenue else {} if scale.has_margin else WITHOUT_MARGIN
    label, definition = other.get(column.key, (column.label, column.definition))
    return replace(column, label=label, definition=definition)


def columns_of(keys: Sequence[str], scale: Scale) -> list[Column]:
    """The columns of a preset that mean something in this account."""
    if not scale.has_revenue:
        keys = [key for one in keys if (key := WITHOUT_REVENUE.get(one, one))]
    if not scale.has_ledger:
        keys = [key for key in keys if key not in OF_LEDGER]
    columns = [_in_scale(COLUMNS[key], scale) for key in dict.fromkeys(keys)]
    if scale.has_revenue or "cpa" not in keys:
        return columns
    return [replace(one, css="n" if one.key in NARROW else "n wide") for one in columns]


def cells_of(row: Measured, columns: Sequence[Column], scale: Scale) -> list[Cell]:
    return [_cell(row, column, scale) for column in columns]


def write(value: Value, kind: str, currency: str) -> str:
    """One figure as people read it; `–` for unknown."""
    if value is None or isinstance(value, str):
        return value or "–"
    if kind == "money":
        return format_money(Decimal(str(value)), currency)
    if kind == "share":
        return percent(value, 0 if value >= Decimal("0.1") else 2)
    if kind == "certainty":
        return certainty(float(value))
    if kind == "number":
        return number(value, 0 if value == round(value) else 1)
    return number(value, 2 if kind == "multiple" else 0)


def certainty(share: float) -> str:
    """A probability; what was drawn a few hundred times is never certain."""
    return "< 1%" if share < 0.01 else "> 99%" if share > 0.99 else f"{share:.0%}"


def _cell(row: Measured, column: Column, scale: Scale) -> Cell:
    value = column.value(row, scale)
    if column.key == "profit":
        return _profit_cell(value, column, scale)
    text = write(value, column.kind, scale.currency)
    if column.key == "budget":
        return Cell(text, column.css, note=row.budget_note)
    if column.key == "per_spend" and row.belief and row.belief.low is not None and row.belief.high is not None:
        return Cell(text, column.css, note=f"{row.belief.low:.2f}–{row.belief.high:.2f}")
    if column.key == "results" and value and scale.is_mixed and len(row.kinds) == 1:
        return Cell(text, column.css, note=several_of(next(iter(row.kinds))))
    if value is not None and column.key in TRADE and not has_enough_data(row.totals, scale.target_cpa):
        return Cell(text, f"{column.css} muted", note="too few")
    return Cell(text, column.css, _change(row, column, scale))


def _profit_cell(value: Any, column: Column, scale: Scale) -> Cell:
    tone = "" if not value else "good" if value > 0 else "bad"
    return Cell(format_money(value, scale.currency, sign=True), f"{column.css} {tone}".strip())


def _change(row: Measured, column: Column, scale: Scale) -> dict[str, str] | None:
    if not column.compares:
        return None
    old, new = column.value_before(row, scale), column.value(row, scale)
    if not old or new is None or isinstance(old, str) or isinstance(new, str):
        return None
    return delta(float(new) / float(old) - 1, good=column.good, digits=0)
