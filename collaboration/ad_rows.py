"""The campaign tree with its figures: which ads are chosen, what stands above them, what is open.

A filter chooses ads; ad sets and campaigns then add up the chosen ads only, so every total is the sum of what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q

from campaigns.models import Ad, AdAccount, AdSet, Campaign
from campaigns.models.tree import OF_ALL
from campaigns.result_kinds import told_kinds
from collaboration.beliefs import Belief, beliefs_by_ad_set, latest_beliefs, together
from collaboration.columns import COLUMNS, Scale
from collaboration.period import Period
from collaboration.statuses import GONE, StatusWords, ad_status, as_of_file, status_of
from collaboration.tables import Head, Value
from portfolio.charts import RATES, Values, smooth_lines
from portfolio.metrics import Totals, add_up
from portfolio.performance import EVERYTHING, Sums, add_up_by, cross_totals, day_series, sums
from portfolio.smoothing import WEEK

SPARK_DAYS = 14
LEVELS = ("campaign", "ad_set", "ad")
NOTHING = Totals()
REACHED_NOBODY = Totals(reach=0)


@dataclass
class Line:
    """One row: a campaign, an ad set or an ad, with the ads below it that were chosen."""

    level: str
    pk: int
    key: UUID
    name: str
    status: StatusWords
    external_id: str = ""
    budget: Decimal | None = None
    budget_note: str = ""
    angle: str = ""
    within: str = ""
    """What it is part of, for lists without the rows above."""
    path: tuple[tuple[str, str], ...] = ()
    """Name and Meta's id of its campaign, its ad set and itself, as far down as it lies."""
    totals: Totals = field(default_factory=Totals)
    before: Totals | None = None
    belief: Belief | None = None
    kinds: frozenset[str] = frozenset()
    """What its results are, by the files that tell it of ads."""
    children: list[Line] = field(default_factory=list)
    is_open: bool = False

    @cached_property
    def short(self) -> str:
        """Its name in the address: enough of the key to tell the rows of one account apart."""
        return self.key.hex[:8]

    @property
    def is_unnamed(self) -> bool:
        """It stands for what an imported file did not name."""
        return self.external_id.startswith(OF_ALL)

    @property
    def depth(self) -> int:
        return LEVELS.index(self.level) + 1


@dataclass(frozen=True)
class Choice:
    """Which ads: a condition on Ad, and one on a breakdown row (`age`, `25-34`) where only a part is asked for."""

    ads: Q = field(default_factory=Q)
    split: tuple[str, str] | None = None
    is_narrowed: bool = False
    """Something is filtered, so what was chosen is shown opened."""
    with_gone: bool = False
    only_tired: bool = False


@dataclass(frozen=True)
class Figures:
    """Totals by ad of the period and of the one before; the latter empty where nothing is compared."""

    now: Sums
    before: Sums


def load_figures(account: AdAccount, period: Period, where: Q = EVERYTHING) -> Figures:
    before = sums(account, *period.before, "ad", where) if period.before else {}
    return Figures(sums(account, period.start, period.end, "ad", where), before)


def load_tree(account: AdAccount, period: Period, choice: Choice) -> list[Line]:
    """Campaigns with their ad sets and ads. The number of queries does not depend on the number of ads."""
    campaigns = {row.pk: row for row in Campaign.objects.filter(account=account)}
    ad_sets = {row.pk: row for row in AdSet.objects.filter(account=account)}
    ads = _ad_lines(account, period, choice, campaigns, ad_sets)
    sets: dict[int, list[Line]] = {}
    for pk, one in ad_sets.items():
        if pk in ads or _is_shown_empty(one, choice):
            line = _ad_set_line(one, campaigns[one.campaign_id])
            sets.setdefault(one.campaign_id, []).append(_sum(line, ads.get(pk, []), period))
    return _as_told(account, _campaign_lines(campaigns, sets, period, choice))


def load_campaigns(account: AdAccount, period: Period, figures: Figures) -> list[Line]:
    """As `load_tree` of everything, with its ad sets, but without a row for each of perhaps thousands of ads."""
    campaigns = {row.pk: row for row in Campaign.objects.filter(account=account)}
    ads = Ad.objects.filter(account=account).order_by()
    shown, hidden = {}, []
    kinds: dict[int, frozenset[str]] = {}
    for pk, ad_set, status, kind in ads.values_list("pk", "ad_set_id", "effective_status", "result_kind"):
        if kind:
            kinds[ad_set] = kinds.get(ad_set, frozenset()) | told_kinds(kind)
        if status in GONE and pk not in figures.now and pk not in figures.before:
            hidden.append(pk)
        else:
            shown[pk] = ad_set
    now, before = (add_up_by(part, shown) for part in (figures.now, figures.before))
    beliefs, filled = beliefs_by_ad_set(account, hidden), set(shown.values())
    sets: dict[int, list[Line]] = {}
    for one in AdSet.objects.filter(account=account):
        if one.pk in filled or _is_shown_empty(one, Choice()):
            line = _ad_set_line(one, campaigns[one.campaign_id])
            idle, line.kinds = REACHED_NOBODY if one.pk in filled else NOTHING, kinds.get(one.pk, frozenset())
            line.totals, line.belief = now.get(one.pk, idle), beliefs.get(one.pk)
            line.before = before.get(one.pk, idle) if period.before else None
            sets.setdefault(one.campaign_id, []).append(line)
    return _as_told(account, _campaign_lines(campaigns, sets, period, Choice()))


def _as_told(account: AdAccount, lines: list[Line]) -> list[Line]:
    """Of an imported account what its files said of their days."""
    for line in lines if account.is_read_only else ():
        line.status = as_of_file(line.status)
        _as_told(account, line.children)
    return lines


def open_lines(lines: Iterable[Line], names: frozenset[str], *, everything: bool) -> None:
    """Opens the rows that are named, or all but those named with a minus in front."""
    for line in lines:
        if line.children:
            line.is_open = f"-{line.short}" not in names if everything else line.short in names
            open_lines(line.children, names, everything=everything)


def toggled(line: Line, names: frozenset[str], *, everything: bool) -> str:
    """The names after a click on this row, for the address."""
    name = f"-{line.short}" if everything else line.short
    return ",".join(sorted((names ^ {name}) | ({"all"} if everything else set()))) or "none"


def total_line(lines: Iterable[Line], period: Period) -> Line:
    """Everything that was chosen, as one row."""
    return _sum(Line("account", 0, UUID(int=0), "Total", StatusWords("")), list(lines), period)


def flat(lines: Iterable[Line], level: str) -> list[Line]:
    """All rows of one level, without those above and below them."""
    found = list(lines)
    for _ in range(LEVELS.index(level)):
        found = [child for line in found for child in line.children]
    return found


def visible(lines: Iterable[Line]) -> list[Line]:
    """Rows from top to bottom with what is open below them."""
    found = []
    for line in lines:
        found.append(line)
        if line.is_open:
            found += visible(line.children)
    return found


def sort_lines(lines: list[Line], sort: str, scale: Scale) -> list[Line]:
    """By `name` or a column's key, with a minus from the largest; unknown always last. Each level in itself."""
    key, is_descending = sort.removeprefix("-"), sort.startswith("-")
    for line in lines:
        if line.children:
            line.children = sort_lines(line.children, sort, scale)
    if key == "name":
        return sorted(lines, key=lambda line: line.name.casefold(), reverse=is_descending)
    values = {line.pk: COLUMNS[key].value(line, scale) for line in lines}
    known = sorted(
        (line for line in lines if values[line.pk] is not None),
        key=lambda line: values[line.pk],  # type: ignore[arg-type,return-value]
        reverse=is_descending,
    )
    return known + [line for line in lines if values[line.pk] is None]


def sparks(account: AdAccount, lines: Iterable[Line], end: date, rate: str) -> dict[tuple[str, int], Values]:
    """Fourteen days of a rate, each the mean of the seven days before it; one query a level."""
    start = end - timedelta(days=SPARK_DAYS + WEEK - 2)
    by_level: dict[str, list[int]] = {}
    for line in lines:
        by_level.setdefault(line.level, []).append(line.pk)
    found = {}
    for level, keys in by_level.items():
        where = Q(ad_id__in=keys) if level == "ad" else Q(**{f"ad__{level}_id__in": keys})
        series = day_series(account, start, end, level, RATES[rate], where=where)
        for key, values in smooth_lines(series).items():
            found[level, key] = values[-SPARK_DAYS:]
    return found


def rate_of(columns: str, scale: Scale) -> str:
    """The small line that fits a preset: clicks for delivery, the return where there is one, else the cost."""
    if columns == "delivery" or ((scale.is_mixed or not scale.has_results) and not scale.has_revenue):
        return "ctr"
    return "roas" if scale.has_revenue else "cpa"


def rate_title(rate: str, scale: Scale) -> str:
    return scale.cost if rate == "cpa" and scale.is_of_files else rate.upper()


def _part_figures(account: AdAccount, period: Period, split: tuple[str, str], where: Q) -> Figures:
    """Of one value of a breakdown only."""
    dimension, value = split

    def part_of(start: date, end: date) -> Sums:
        found = cross_totals(account, start, end, "ad", dimension, where=where, only=value)
        return {ad: part for (ad, _), part in found.items()}

    return Figures(part_of(period.start, period.end), part_of(*period.before) if period.before else {})


def _ad_lines(
    account: AdAccount,
    period: Period,
    choice: Choice,
    campaigns: dict[int, Campaign],
    ad_sets: dict[int, AdSet],
) -> dict[int, list[Line]]:
    """The chosen ads by ad set. What is gone is left out unless it spent in the period or is asked for."""
    rows = _ads(account, choice)
    where = Q(ad_id__in=[row["pk"] for row in rows]) if choice.is_narrowed else EVERYTHING
    figures = (
        _part_figures(account, period, choice.split, where) if choice.split else load_figures(account, period, where)
    )
    beliefs = latest_beliefs(account, where)
    paths = {pk: _path(campaigns[one.campaign_id], one) for pk, one in ad_sets.items()}
    found: dict[int, list[Line]] = {}
    for row in rows:
        pk = row["pk"]
        if (
            row["effective_status"] in GONE
            and not choice.with_gone
            and pk not in figures.now
            and pk not in figures.before
        ):
            continue
        belief = beliefs.get(pk)
        if choice.only_tired and not (belief and belief.is_tired):
            continue
        ad_set = ad_sets[row["ad_set_id"]]
        line = _ad_line(row, campaigns[row["campaign_id"]], ad_set, paths[ad_set.pk])
        line.totals, line.belief = figures.now.get(pk, NOTHING), belief
        line.before = figures.before.get(pk, NOTHING) if period.before else None
        found.setdefault(row["ad_set_id"], []).append(line)
    return found


def _ads(account: AdAccount, choice: Choice) -> Sequence[Any]:
    rows = Ad.objects.filter(choice.ads, account=account).values(
        "pk", "key", "external_id", "name", "effective_status", "review_feedback", "ad_set_id", "campaign_id",
        "creative__angle__name", "result_kind",
    )  # fmt: skip
    return list(rows)


def _is_shown_empty(row: Campaign | AdSet, choice: Choice) -> bool:
    """A campaign or ad set without ads is shown only where nothing is filtered."""
    return not choice.is_narrowed and row.effective_status not in GONE


def _sum(line: Line, children: list[Line], period: Period) -> Line:
    line.children = children
    line.totals = add_up(child.totals for child in children)
    line.before = add_up(child.before or Totals() for child in children) if period.before else None
    line.belief = together(child.belief for child in children)
    line.kinds = frozenset().union(*(child.kinds for child in children))
    if line.budget is None and line.level in ("campaign", "account"):
        known = [child.budget for child in children if child.budget is not None and child.status.label != "Paused"]
        line.budget = sum(known, Decimal(0)) if known else None
    return line


def _campaign_lines(
    campaigns: Mapping[int, Campaign], sets: Mapping[int, list[Line]], period: Period, choice: Choice
) -> list[Line]:
    """Those with chosen ad sets below them, and those shown empty."""
    return [
        _sum(_campaign_line(one), sets.get(pk, []), period)
        for pk, one in campaigns.items()
        if pk in sets or _is_shown_empty(one, choice)
    ]


def _campaign_line(row: Campaign) -> Line:
    budget = row.daily_budget or row.lifetime_budget
    note = "for its whole life" if row.daily_budget is None and row.lifetime_budget else ""
    return Line("campaign", row.pk, row.key, row.name, status_of(row), row.external_id, budget, note, path=_path(row))


def _ad_set_line(row: AdSet, campaign: Campaign) -> Line:
    budget = row.daily_budget or row.lifetime_budget
    note = "for its whole life" if row.daily_budget is None and row.lifetime_budget else ""
    if budget is None and campaign.daily_budget:
        note = "held by the campaign"
    status, path = status_of(row, campaign), _path(campaign, row)
    own = (row.pk, row.key, row.name, status, row.external_id)
    return Line("ad_set", *own, budget, note, within=campaign.name, path=path)


def _ad_line(row: Mapping[str, Any], campaign: Campaign, ad_set: AdSet, above: tuple[tuple[str, str], ...]) -> Line:
    status = ad_status(row["effective_status"], row["review_feedback"], campaign, ad_set)
    if status.label.startswith("Learning"):
        status = replace(status, reason="")  # its ad set's row says it
    return Line(
        "ad",
        row["pk"],
        row["key"],
        row["name"],
        status,
        row["external_id"],
        angle=row["creative__angle__name"] or "",
        within=ad_set.name,
        path=(*above, _named(row["name"], row["external_id"])),
        kinds=told_kinds(row["result_kind"]),
    )


def _path(*nodes: Campaign | AdSet) -> tuple[tuple[str, str], ...]:
    return tuple(_named(one.name, one.external_id) for one in nodes)


def _named(name: str, external_id: str) -> tuple[str, str]:
    """Meta's ids are digits; what an imported file did not name has one of ours, which means nothing to anybody."""
    return name, external_id if external_id.isdigit() else ""


def path_heads(level: str) -> list[Head]:
    """Names and ids of a file of this level; of the tree, which may be open anywhere, those of every level."""
    shown = LEVELS[: LEVELS.index(level) + 1] if level != LEVELS[0] else LEVELS
    labels = {one: one.replace("_", " ").capitalize() for one in shown}
    return [
        head
        for one, label in labels.items()
        for head in (Head(f"{one}_name", label), Head(f"{one}_id", f"{label} id at Meta"))
    ]


def path_values(line: Line, heads: Sequence[Head]) -> list[Value]:
    """Empty below the level of the row."""
    known: list[Value] = [part for pair in line.path for part in pair]
    return known + [None] * (len(heads) - len(known))


def values_of(line: Line, keys: Sequence[str], scale: Scale) -> list[Value]:
    """The figures of one row for a file, in the order of the columns."""
    return [COLUMNS[key].value(line, scale) for key in keys]
