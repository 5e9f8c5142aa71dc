"""An import as people read it: how far it is, what was understood, what it says about the account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.text import capfirst

from campaigns.exports.mapping import TITLES
from campaigns.models import Ad, AdAccount, ImportFile
from campaigns.models.tree import finest_told
from campaigns.result_kinds import (
    cost_title,
    count_results,
    kinds_at,
    kinds_of,
    mixed_words,
    one_result,
    several_results,
)
from collaboration.cycles import decisions_of
from collaboration.kinds import brought, cost_of, count_of, several_of, tells_kinds, untold_words
from mediabuyer.agent.context import with_article
from mediabuyer.agent.models import Cycle
from mediabuyer.lib.money import format_money
from portfolio.metrics import Totals, add_up
from portfolio.performance import Period, Row, data_span, sums, total, totals

State = ImportFile.State
MONEY = ("spend", "revenue")
LEVELS = {"ad": "by ad", "ad_set": "by ad set", "campaign": "by campaign", "account": "for the account"}
SHOWN_ERRORS = 50
SHOWN_ROWS = 6


def stages(row: ImportFile, cycle: Cycle | None) -> list[dict[str, str]]:
    """As `components/stages.html` takes it."""
    reached = 1
    if row.mapping or row.state in (State.RUNNING, State.DONE):
        reached = 2
    if row.state in (State.RUNNING, State.DONE):
        reached = 3 if row.state == State.RUNNING else 4
    if cycle and cycle.state in (Cycle.State.DONE, Cycle.State.FAILED):
        reached = 5
    names = ["Read the file", "Check mapping and totals", "Import", "What I would do"]
    return [
        {"name": name, "state": "done" if place < reached else "now" if place == reached else "todo"}
        for place, name in enumerate(names, 1)
    ]


def about(row: ImportFile) -> str:
    """Size, language, level and shape of the file in one line."""
    mapping = row.mapping
    parts = [size_words(row.size)]
    if mapping:
        parts += [one for one in (mapping["language"], LEVELS.get(mapping["level"])) if one]
        splits = [TITLES.get(name, name).lower() for name in mapping["breakdowns"]]
        if splits:
            parts.append("split by " + " and ".join(splits))
        if mapping["delimiter"]:
            parts.append(f"{mapping['encoding']}, {mapping['delimiter']}")
        told = row.report
        rows = told["rows"] + told["error_count"] if "error_count" in told else mapping["rows"]
        parts.append(f"{rows:,} row{'' if rows == 1 else 's'}")
    return " · ".join(parts)


def days_words(row: ImportFile) -> str:
    """`1 Sep 2026 – 30 Sep 2026`; empty where the file has no days."""
    ends = [date.fromisoformat(day) for day in row.mapping.get("days", []) if day]
    return " – ".join(f"{day:%-d %b %Y}" for day in ends)


def size_words(size: int) -> str:
    if size < 1024:
        return f"{size} bytes"
    return f"{size / 1024:,.0f} kB" if size < 1024**2 else f"{size / 1024**2:,.1f} MB"


def checks(row: ImportFile) -> list[dict[str, Any]]:
    """Totals to check: what the file's own total row says, what the rows add up to, whether it is the same."""
    currency = row.mapping.get("currency") or row.answers.get("currency") or ""
    shown = []
    for check in row.report.get("checks", []):
        file, computed = (_amount(check["field"], check[side], currency) for side in ("file", "computed"))
        gap = "" if check["same"] is not False else _gap(check, currency)
        shown.append({"title": check["title"], "file": file, "computed": computed, "same": check["same"], "gap": gap})
    return shown


def _gap(check: dict[str, Any], currency: str) -> str:
    difference = Decimal(str(check["computed"] or 0)) - Decimal(str(check["file"] or 0))
    if check["field"] in MONEY:
        return format_money(difference, currency, sign=True).strip()
    return f"{difference:+,.2f}".replace("-", "−").removesuffix(".00")


def _amount(field: str, value: float | None, currency: str) -> str:
    if value is None:
        return "–"
    if field in MONEY:
        return format_money(Decimal(str(value)), currency).strip()
    return f"{value:,}"


@dataclass(frozen=True)
class Told(Row):
    """A campaign, an ad set or an ad with what its results are; of several kinds where they cannot be compared."""

    kinds: tuple[str, ...] = ()

    @property
    def results(self) -> str:
        """`20 conversations`; several kinds are not added up."""
        return count_of(self.totals.results, self.kinds[0]) if len(self.kinds) == 1 else "–"

    @property
    def cpa(self) -> Decimal | None:
        """What one costs, where they are of one kind."""
        return self.totals.cpa if len(self.kinds) <= 1 else None


@dataclass(frozen=True)
class Diagnosis:
    """What the account's figures say at first sight. `sentences` rest on totals only and never on a guess."""

    days: tuple[Any, Any]
    totals: Totals
    level: str
    rows: list[Told]
    count: int
    sentences: list[tuple[str, str]]
    kinds: tuple[str, ...]
    """What a result is, one word each; more than one where results cannot be compared."""
    knows_kinds: bool
    """Whether something of it can be compared although it is mixed."""
    kind_totals: list[tuple[str, str, Totals]]
    """Where it is mixed: what many of each kind and the cost of one are called, and what they add up to."""

    @property
    def is_mixed(self) -> bool:
        return len(self.kinds) > 1

    @property
    def mixed(self) -> str:
        return mixed_words(self.kinds)

    @property
    def results(self) -> str:
        return capfirst(several_results(self.kinds))

    @property
    def cost(self) -> str:
        return cost_title(self.kinds)

    def untold(self, currency: str) -> str:
        """What the costs of the kinds do not answer for."""
        return untold_words(self.totals, (part for *_, part in self.kind_totals), currency) if self.kind_totals else ""


def diagnosis(account: AdAccount) -> Diagnosis | None:
    """By the coarsest level of which there are several, and what stands out at the finest; None without figures.

    Where its results mean several things, each is compared with its own kind only.
    """
    span = data_span(account)
    if span is None:
        return None
    kinds, levels = kinds_of(account), list(_levels(account, span))
    whole, (level, rows) = total(account, *span), levels[0]
    said = []
    for chosen in [(one,) for one in kinds] if len(kinds) > 1 else [kinds]:
        words = Words(level, account.currency, chosen, is_one_of_several=len(kinds) > 1)
        for place, (name, found) in enumerate(levels):
            alike = [row for row in found if row.kinds == chosen]
            finders = (_best, _idle) if place else (_dear, _best, _idle)
            part = whole if len(kinds) <= 1 else add_up(row.totals for row in alike)
            said += _found(finders, part, alike, replace(words, level=name))
    knows = tells_kinds(account, kinds)
    by_kind = _by_kind(account, span) if knows else []
    return Diagnosis(span, whole, level, rows[:SHOWN_ROWS], len(rows), said, kinds, knows, by_kind)


def _by_kind(account: AdAccount, span: Period) -> list[tuple[str, str, Totals]]:
    found = brought(account, sums(account, *span, "ad"))
    return [(capfirst(several_of(kind)), cost_of(kind), part) for kind, part in found.items()]


@dataclass(frozen=True)
class Words:
    """What rows and results are called, and what money is written in."""

    level: str
    currency: str
    kinds: tuple[str, ...]
    is_one_of_several: bool = False
    """Sentences on other kinds stand beside."""

    @property
    def one(self) -> str:
        return one_result(self.kinds)

    @property
    def whole(self) -> str:
        """What shares are of."""
        return f"the money for {self.several}" if self.is_one_of_several else "the money"

    @property
    def several(self) -> str:
        return several_of(self.kinds[0]) if self.is_one_of_several else several_results(self.kinds)

    def count(self, results: Decimal) -> str:
        return count_of(results, self.kinds[0]) if self.is_one_of_several else count_results(results, self.kinds)

    def money(self, amount: Decimal | None) -> str:
        return format_money(amount, self.currency)


Said = tuple[str, str]
"""Headline and explanation."""


def _levels(account: AdAccount, span: Period) -> Iterator[tuple[str, list[Told]]]:
    """What spent at the coarsest level of which there are several, and at the finest that the files name."""
    finest = finest_told(account)
    names = ["campaign", *(["ad set"] if account.adset_set.filter(is_placeholder=False).exists() else []), finest]
    for name in dict.fromkeys(names):
        rows = _spent(account, span, name.replace(" ", "_"))
        if len(rows) > 1 or name == finest:
            yield name, rows
            break
    if name != finest:
        yield finest, _spent(account, span, finest.replace(" ", "_"))


def _spent(account: AdAccount, span: Period, level: str) -> list[Told]:
    kinds = _kinds_at(account, level)
    rows = (row for row in totals(account, *span, level) if row.totals.spend)
    if level == "ad":
        ads = set(Ad.pausable_of(account).values_list("pk", flat=True))
        rows = (row for row in rows if row.key in ads)
    return [Told(row.key, row.name, row.totals, kinds=kinds(row.key)) for row in rows]


def _kinds_at(account: AdAccount, level: str) -> Callable[[int], tuple[str, ...]]:
    """What the results of a row are: where there are several kinds, those of the ads below it; untold, any of them."""
    kinds = kinds_of(account)
    if len(kinds) <= 1:
        return lambda _: kinds
    known = kinds_at(account, level)
    return lambda key: tuple(sorted(known.get(key, ()))) or kinds


def _found(
    finders: Sequence[Callable[[Totals, list[Told], Words], Said | None]], whole: Totals, rows: list[Told], words: Words
) -> list[Said]:
    if not whole.results or len(rows) < 2:
        return []
    return [one for find in finders if (one := find(whole, rows, words))]


def _cost_of_others(whole: Totals, row: Told) -> Decimal:
    """What a result costs beside this row; what takes nearly all the money would else be compared with itself."""
    results = whole.results - row.totals.results
    return (whole.spend - row.totals.spend) / results if results else Decimal(0)


def _dear(whole: Totals, rows: list[Told], words: Words) -> Said | None:
    """The dearest one with a tenth of the money or more."""
    heavy = [row for row in rows if row.totals.spend * 10 >= whole.spend]
    one = max(heavy, key=lambda row: row.totals.spend / max(row.totals.results, Decimal("0.5")), default=None)
    others = _cost_of_others(whole, one) if one else Decimal(0)
    if one is None or not others or (one.totals.cpa is not None and one.totals.cpa <= others * Decimal("1.25")):
        return None
    share, brought = one.totals.spend / whole.spend, one.totals.results / whole.results
    each = f", {words.money(one.totals.cpa)} each" if one.totals.results else ""
    return (
        f"One {words.level} takes {share:.0%} of {words.whole} and brings {brought:.0%} of "
        f"{'them' if words.is_one_of_several else f'the {words.several}'}",
        f"“{one.name}” spent {words.money(one.totals.spend)} for "
        f"{words.count(one.totals.results)}{each}; "
        f"the others bring {with_article(words.one)} for {words.money(others)}.",
    )


def _best(whole: Totals, rows: list[Told], words: Words) -> Said | None:
    """The cheapest one that is sure."""
    sure = [(row.totals.cpa, row) for row in rows if row.totals.results >= 10 and row.totals.cpa is not None]
    cost, one = min(sure, key=lambda pair: pair[0], default=(None, None))
    if cost is None or one is None or cost >= _cost_of_others(whole, one) * Decimal("0.8"):
        return None
    return (
        f"Your best {words.level} gets {_share(one.totals.spend / whole.spend)} of {words.whole}",
        f"“{one.name}” brings {with_article(words.one)} for {words.money(cost)}, on {one.totals.results:,.0f} of them; "
        f"the others need {words.money(_cost_of_others(whole, one))}.",
    )


def _share(part: Decimal) -> str:
    return f"{part:.0%}" if part >= Decimal("0.01") else "less than 1%"


def _idle(whole: Totals, rows: list[Told], words: Words) -> Said | None:
    """What was spent without one result. One alone may be bad luck; the sum is not."""
    idle = [row for row in rows if not row.totals.results]
    spent = sum((row.totals.spend for row in idle), Decimal(0))
    if spent * 20 < whole.spend:
        return None
    return (
        f"{spent / whole.spend:.0%} of {words.whole} brought no{'ne' if words.is_one_of_several else f' {words.one}'}",
        f"{len(idle):,} of {len(rows):,} {words.level}s spent {words.money(spent)} without one.",
    )


def shadow_cycle(row: ImportFile) -> Cycle | None:
    """The first cycle on the account that knew this file; for one that brought nothing new, the last there is."""
    if row.account is None or row.finished_at is None:
        return None
    rows = Cycle.objects.filter(account=row.account)
    after = rows.knowing(row.finished_at).order_by("pk").first()
    return after or (None if row.report.get("written") else rows.order_by("-pk").first())


def proposals(cycle: Cycle | None) -> list[dict[str, Any]]:
    """What the cycle proposed, and if it is the last one what it left standing."""
    if cycle is None:
        return []
    is_last = not Cycle.objects.filter(account=cycle.account_id, pk__gt=cycle.pk).exists()
    return decisions_of(cycle, with_standing=is_last)
