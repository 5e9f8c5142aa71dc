"""Where the result comes from: by angle, page and breakdown, and the heat map of angle by another key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q

from campaigns.models import Ad, AdAccount, AdSet, InsightBreakdown
from campaigns.models.tree import OF_ALL
from collaboration.ad_rows import Figures
from collaboration.beliefs import Belief
from collaboration.columns import Scale, write
from collaboration.kinds import count_of, kinds_by
from collaboration.period import Period
from creatives.models import Angle, LandingPage
from mediabuyer.lib.money import format_money, format_short
from portfolio.charts import HeatCell, heat_cell
from portfolio.metrics import Totals, add_up
from portfolio.performance import EVERYTHING, Row, add_up_by, cross_totals, owners, rows_of, totals
from portfolio.splits import told_of_split, told_splits

LABELS = {
    "angle": "Angle",
    "age": "Age",
    "gender": "Gender",
    "country": "Country",
    "publisher_platform,platform_position": "Placement",
    "region": "Region",
    "landing_page": "Landing page",
}
SHORT = {
    "publisher_platform": "platform",
    "platform_position": "placement",
    "impression_device": "device",
    "dma": "market area",
}
LEVELS = {"ad_set": "Ad set", "ad": "Ad"}
"""Asked by where angles tell nothing; campaigns have a table of their own."""
OURS = ("angle", "landing_page", *LEVELS)
"""Keys of our own tree; every other one is a breakdown of the platform."""
ROUNDING = Decimal("0.001")
"""By this share the parts may miss the whole because a file rounds them."""
MOST_PARTS = 40
HEAT_SIDE = 8


@dataclass(frozen=True)
class Part:
    """One angle, age, country … with its totals; `href` leads to its ads."""

    name: str
    totals: Totals
    before: Totals | None
    href: str
    budget: Decimal | None = None
    budget_note: str = ""
    belief: Belief | None = None
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Split:
    """The largest parts, and all of them together: perhaps less than the whole, where only some files tell it."""

    parts: list[Part]
    total: Part
    left_out: int


def dimensions(account: AdAccount) -> dict[str, str]:
    """What can be asked by, with the word for it: the usual ones first, then what an import brought."""
    there = told_splits(account)
    return _labelled(there)


def dimensions_of(ad: Ad) -> dict[str, str]:
    """By what breakdowns there are figures of this one ad: its own of those of the account."""
    known = {name: label for name, label in dimensions(ad.account).items() if name not in OURS}
    stored = set(InsightBreakdown.objects.filter(ad=ad).order_by().values_list("dimension", flat=True).distinct())
    told = stored | {part for name in stored for part in name.split(",")}
    return {name: label for name, label in known.items() if name in told}


def levels_of(account: AdAccount) -> dict[str, str]:
    """Those of the tree that have several parts with a name."""
    rows: dict[str, Any] = {"ad_set": account.adset_set, "ad": account.ad_set}
    several = {name for name in LEVELS if rows[name].exclude(external_id__startswith=OF_ALL)[1:2].exists()}
    return {name: label for name, label in LEVELS.items() if name in several}


def scale_by(account: AdAccount, by: str, scale: Scale) -> Scale:
    """What a breakdown tells of what came of the ads: 0 where nothing is told would be taken for a loss."""
    if by in OURS:
        return scale
    told = told_of_split(account, by, ("revenue", "results"))
    has_revenue, has_results = scale.has_revenue and "revenue" in told, scale.has_results and "results" in told
    return replace(scale, has_revenue=has_revenue, has_results=has_results)


def gap_words(account: AdAccount, told: Decimal, whole: Decimal) -> str:
    """Where a split tells only a part of what was spent; empty where it tells all, but for rounding."""
    if told >= whole * (1 - ROUNDING):
        return ""
    part, all_of_it = (format_money(one, account.currency) for one in (told, whole))
    by_whom = "no file tells it" if account.is_read_only else "it is not told"
    return f"{part} of {all_of_it}: of the rest {by_whom}."


def _labelled(there: set[str]) -> dict[str, str]:
    known = {name: label for name, label in LABELS.items() if name in OURS or name in there}
    others = sorted(name for name in there - known.keys() if name != "age,gender")
    return known | {name: " × ".join(map(_split_word, name.split(","))).capitalize() for name in others}


def _split_word(name: str) -> str:
    return SHORT.get(name) or name.replace("_", " ")


def parts(account: AdAccount, period: Period, by: str, *, where: Q = EVERYTHING, base: str = "") -> Split:
    """Most spend first. `base` is the address of the list of ads that the links narrow."""
    rows = totals(account, period.start, period.end, by, compare=period.before or False, where=where)
    return _split(account, rows, by, period, base)


def angle_parts(account: AdAccount, period: Period, figures: Figures, base: str) -> Split:
    """The same by angle, from figures by ad that were read already."""
    angles = owners(account, "angle")
    now, before = (add_up_by(part, angles) for part in (figures.now, figures.before))
    rows = rows_of(account, now, before if period.before else None, "angle")
    return _split(account, rows, "angle", period, base)


def _split(account: AdAccount, rows: list[Row], by: str, period: Period, base: str) -> Split:
    before = add_up(row.before or Totals() for row in rows) if period.before else None
    total = Part("Total", add_up(row.totals for row in rows), before, "")
    shown = rows[:MOST_PARTS]
    keys = _keys(by, [row.key for row in shown])
    kinds = kinds_by(account, by) if by in OURS else {}
    found = [
        Part(
            value_words(by, row.name),
            row.totals,
            row.before,
            _href(base, by, keys.get(row.key, row.key), period),
            kinds=kinds.get((row.key,), frozenset()),
        )
        for row in shown
    ]
    return Split(found, total, len(rows) - len(shown))


def value_words(by: str, value: str) -> str:
    """A value as people say it: `facebook · feed`."""
    if by == "landing_page":
        return value.partition("://")[2] or value or "No page"
    if by in OURS:
        return value or ("Unsorted" if by == "angle" else "No name")
    return " · ".join(part.replace("_", " ") for part in value.split(",")) or "Unknown"


def heat_map(account: AdAccount, period: Period, across: str, scale: Scale, base: str) -> dict[str, Any] | None:
    """Arguments of components/heat.html: angles down, ad sets or a breakdown across, sums at the ends.

    Where results bring no revenue each is valued at its target or average cost, and the cost is what is shown; of
    results of several kinds, and of none that are known, only the spend. How many is said of cells of one kind.
    """
    crossed = cross_totals(account, period.start, period.end, "angle", across)
    if len({row for row, _ in crossed}) < 2 and len({column for _, column in crossed}) < 2:
        return None
    rows, columns = (_largest(crossed, side) for side in (0, 1))
    whole, told = add_up(crossed.values()), _kinds_of_cells(account, across, crossed)
    names = {angle.pk: angle for angle in Angle.objects.filter(pk__in=[row for row in rows if row])}
    heads = _column_names(across, columns)

    def line(name: str, row: list[Any], angle: Angle | None) -> dict[str, Any]:
        places = [[(key, column) for key in row if (key, column) in crossed] for column in columns]
        places.append([place for place in crossed if place[0] in row])
        hrefs = [*(_cell_href(base, angle, across, column, period) for column in columns), ""]
        parts = [Part(name, add_up(map(crossed.__getitem__, place)), None, href, kinds=_union(told, place))
                 for place, href in zip(places, hrefs, strict=True)]  # fmt: skip
        return {"name": name, "cells": [_heat(part, whole, scale) for part in parts]}

    lines = [line(names[row].name if row in names else "Unsorted", [row], names.get(row)) for row in rows]
    every = list({key for key, _ in crossed})
    left_out = len({column for _, column in crossed}) - len(columns)
    return {"columns": [*heads, "All"], "rows": [*lines, line("All angles", every, None)], "left_out": left_out}


Place = tuple[Any, Any]
"""An angle and what it is crossed with."""


def _kinds_of_cells(account: AdAccount, across: str, places: Iterable[Place]) -> dict[Place, frozenset[str]]:
    """What the results of each are; of a breakdown, of which ads tell nothing, those of the whole angle."""
    keys = ("angle", across) if across in OURS else ("angle",)
    told = kinds_by(account, *keys)
    return {place: told.get(place[: len(keys)], frozenset()) for place in places}


def _union(told: Mapping[Place, frozenset[str]], places: Iterable[Place]) -> frozenset[str]:
    return frozenset().union(*(told[place] for place in places))


def _heat(one: Part, whole: Totals, scale: Scale) -> dict[str, Any]:
    part = one.totals
    if not part.spend and not part.results:
        return {}
    if scale.has_revenue:
        cell = heat_cell(part, float(1 / scale.margin), scale.target_cpa)
        value = write(part.roas, "multiple", scale.currency)
    elif scale.is_mixed or not scale.has_results:
        cell = HeatCell(part, None, is_few=False)
        value = format_short(part.spend, scale.currency)
    else:
        worth = scale.target_cpa or whole.cpa or Decimal(0)
        cell = heat_cell(replace(part, revenue=part.results * worth), 1.0, scale.target_cpa)
        value = format_short(part.cpa, scale.currency)
    few = " · few" if cell.is_few else ""
    note = f"{_count(one, scale)}{few}".removeprefix(" · ")
    return {"value": value, "note": note, "level": cell.level or 0, "few": cell.is_few, "href": one.href}


def _count(one: Part, scale: Scale) -> str:
    """How many results, by a letter where all cells count the same; nothing where kinds would be added up."""
    if not scale.has_results:
        return ""
    if scale.adds_up:
        return f"{write(one.totals.results, 'number', scale.currency)} {scale.results[0].lower()}."
    return count_of(one.totals.results, next(iter(one.kinds))) if len(one.kinds) == 1 else ""


def _largest(crossed: Mapping[tuple[Any, Any], Totals], side: int) -> list[Any]:
    """Keys of one side, most spend first."""
    spend: dict[Any, Decimal] = {}
    for key, part in crossed.items():
        spend[key[side]] = spend.get(key[side], Decimal(0)) + part.spend
    largest = sorted(spend, key=lambda key: -spend[key])[:HEAT_SIDE]
    return sorted(largest) if side and all(isinstance(key, str) for key in largest) else largest


def _column_names(across: str, columns: list[Any]) -> list[str]:
    if across != "ad_set":
        return [value_words(across, column) for column in columns]
    names = dict(AdSet.objects.filter(pk__in=columns).values_list("pk", "name"))
    return [names[column] for column in columns]


def _keys(by: str, found: list[Any]) -> dict[Any, UUID]:
    """Primary keys to the keys that are shown outside."""
    models: dict[str, Any] = {"angle": Angle, "landing_page": LandingPage, "ad_set": AdSet, "ad": Ad}
    return dict(models[by].objects.filter(pk__in=found).values_list("pk", "key")) if by in models else {}


def _href(base: str, by: str, value: Any, period: Period) -> str:
    if not base or value is None:
        return ""
    if by == "ad":
        return f"{base}{value}/{period.query}"  # its page lies below the list
    return f"{base}?{urlencode({**period.address, **_choice(by, value)})}"


def _cell_href(base: str, angle: Angle | None, across: str, column: Any, period: Period) -> str:
    if angle is None or across == "ad_set":
        return _href(base, "angle", angle.key, period) if angle else ""
    return f"{base}?{urlencode({**period.address, 'angle': angle.key, **_choice(across, column)})}"


def _choice(by: str, value: Any) -> dict[str, Any]:
    return {by: value} if by in OURS else {"split": f"{by}:{value}"}
