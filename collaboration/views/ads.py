"""Ads: what is running, and how is each doing? The tree with its figures, and the same as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from campaigns.clock import known_now
from campaigns.models import AdAccount
from campaigns.models.tree import finest_told
from collaboration.ad_rows import (
    LEVELS,
    Choice,
    Line,
    flat,
    load_tree,
    open_lines,
    path_heads,
    path_values,
    rate_of,
    rate_title,
    sort_lines,
    sparks,
    toggled,
    total_line,
    values_of,
    visible,
)
from collaboration.columns import PRESET_LABELS, PRESETS, Column, Scale, cells_of, columns_of
from collaboration.figures import page_period, scale_of, source_of
from collaboration.frame import account_for, as_key
from collaboration.kinds import kind_words
from collaboration.period import Period
from collaboration.statuses import OF_FILES, STATUS_FILTERS, STATUS_LABELS
from collaboration.tables import FORMATS, Head, Table, Value, export
from collaboration.views.saved import saved_views
from creatives.models import Angle
from mediabuyer.agent.ask import open_by_id
from mediabuyer.brands.permissions import Right, may
from portfolio.splits import told_splits

EACH_PAGE = {"campaign": 25, "ad_set": 50, "ad": 50}
MOST_ROWS = 150
"""Rows of one page, however much is open."""
LEVEL_LABELS = {"campaign": "Tree", "ad_set": "Ad sets", "ad": "Ads"}
KEYS = {"angle": "creative__angle__key", "campaign": "campaign__key", "ad_set": "ad_set__key",
        "landing_page": "creative__landing_page__key"}  # fmt: skip
DEFAULT_SORT = "-spend"
RUNNING = ("Running", OF_FILES["running"], "Learning", "Learning limited")
ANY_KEY = UUID("a0d1f5b2-3c4e-4a6b-8d7f-90e1c2b3a4d5")
"""Stands in an address for what differs from row to row."""


@dataclass(frozen=True)
class Asked:
    """The address, read. What is not understood is as if it were not there."""

    level: str
    preset: str
    sort: str
    text: str
    status: str
    keys: dict[str, UUID]
    split: tuple[str, str] | None
    open: frozenset[str]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.status or self.keys)

    @property
    def opens_all(self) -> bool:
        return "all" in self.open or (self.is_narrowed and not self.open)


@login_required
@require_GET
def ads(request: HttpRequest, key: UUID) -> HttpResponseBase:
    account = account_for(request, key)
    now = known_now(account)
    period, asked = page_period(request, account, now), read_asked(request.GET)
    tree = load_tree(account, period, choice_of(asked))
    whole = total_line(tree, period)
    scale, _ = scale_of(account)
    tree = sort_lines(tree, asked.sort, scale)
    open_lines(tree, asked.open, everything=asked.opens_all)
    top = tree if asked.level == "campaign" else sort_lines(flat(tree, asked.level), asked.sort, scale)
    columns, rate = columns_of(PRESETS[asked.preset], scale), rate_of(asked.preset, scale)
    if request.GET.get("format") in FORMATS:
        return export(_table(account, period, top, asked, columns, scale), request.GET["format"])
    page = Paginator(top, EACH_PAGE[asked.level]).get_page(request.GET.get("page"))
    shown = visible(page) if asked.level == "campaign" else list(page)
    context = {
        "period": period,
        "asked": asked,
        "source": source_of(account, now),
        "scale": scale,
        "headline": _headline(tree, finest_told(account), is_of_file=account.is_read_only),
        "rows": _rows(request, account, shown[:MOST_ROWS], asked, columns, scale, period, rate),
        "rate": rate_title(rate, scale),
        "left_out": max(len(shown) - MOST_ROWS, 0),
        "columns": [(one, one.title(scale)) for one in columns],
        "total_cells": cells_of(whole, columns, scale),
        "page": page,
        "chips": _chips(asked, account),
        "default_sort": DEFAULT_SORT,
        "may_propose": may(request.user, Right.PROPOSE, account.brand),
        **saved_views(request, account, "ads"),
    }
    return _answer(request, account, context)


def _answer(request: HttpRequest, account: AdAccount, context: dict[str, Any]) -> HttpResponseBase:
    """The whole page, or for htmx its table alone."""
    choices = {
        "levels": LEVEL_LABELS.items(),
        "presets": PRESET_LABELS.items(),
        "statuses": _statuses(account),
        "angles": Angle.objects.filter(creative__ad__account=account).distinct(),
    }
    is_part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    answer = render(request, "ads/ads.html#table" if is_part else "ads/ads.html", context | choices)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _statuses(account: AdAccount) -> list[tuple[str, str]]:
    """What can be chosen by, in the words of the badges."""
    if account.is_read_only:
        return [*(STATUS_LABELS | OF_FILES).items()]
    return [(key, label) for key, label in STATUS_LABELS.items() if key != "delivered"]


def read_asked(given: Mapping[str, str]) -> Asked:
    level, preset, status = given.get("level", ""), given.get("columns", ""), given.get("status", "")
    preset = preset if preset in PRESETS else "performance"
    sort = given.get("sort", "")
    dimension, _, value = given.get("split", "").partition(":")
    return Asked(
        level=level if level in LEVELS else "campaign",
        preset=preset,
        sort=sort if sort.removeprefix("-") in ("name", *PRESETS[preset], "ctr", "cpc") else DEFAULT_SORT,
        text=given.get("q", "").replace("\x00", "").strip()[:200],
        status=status if status in STATUS_FILTERS else "",
        keys={name: key for name in KEYS if (key := as_key(given.get(name, "")))},
        split=(dimension, value.replace("\x00", "")) if dimension and value and "\x00" not in dimension else None,
        open=frozenset(filter(None, given.get("open", "").split(",")[:MOST_ROWS])),
    )


def choice_of(asked: Asked) -> Choice:
    """An ad is chosen by its own name or id, its ad set's, its campaign's, or its angle's."""
    chosen = STATUS_FILTERS.get(asked.status, Q())
    if asked.text:
        fields = ("name", "ad_set__name", "campaign__name", "creative__angle__name")
        words = Q(external_id=asked.text)
        for field in fields:
            words |= Q(**{f"{field}__unaccent__icontains": asked.text})
        chosen &= words
    for name, key in asked.keys.items():
        chosen &= Q(**{KEYS[name]: key})
    with_gone = asked.status in ("archived", "deleted")
    return Choice(chosen, asked.split, asked.is_narrowed, with_gone, only_tired=asked.status == "tired")


def _rows(
    request: HttpRequest, account: AdAccount, lines: list[Line], asked: Asked, columns: list[Column], scale: Scale,
    period: Period, rate: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Everything that the template prints of a row."""
    small = sparks(account, lines, period.end, rate)
    toggle, page = _address(request, "open"), reverse("ad", args=[account.key, ANY_KEY]) + period.query
    taken = open_by_id(account)
    return [
        {
            "line": line,
            "cells": cells_of(line, columns, scale),
            "spark": small.get((line.level, line.pk), []),
            "spark_label": f"{rate_title(rate, scale)} of {line.name}, 14 days",
            "is_tired": line.belief is not None and line.belief.is_tired and line.level == "ad",
            "toggle": toggle(toggled(line, asked.open, everything=asked.opens_all)) if line.children else "",
            "href": page.replace(str(ANY_KEY), str(line.key)) if line.level == "ad" else "",
            "open": taken.get(line.external_id),
            "opens": bool(line.children) and asked.level == "campaign",
        }
        for line in lines
    ]


def _address(request: HttpRequest, name: str) -> Callable[[str], str]:
    """As `{% querystring %}` with one parameter, written once for rows that differ in nothing but its value."""
    given = request.GET.copy()
    given[name] = ANY_KEY.hex
    before, _, after = f"?{given.urlencode()}".rpartition(ANY_KEY.hex)
    return lambda value: f"{before}{quote_plus(value)}{after}"


def _table(
    account: AdAccount, period: Period, top: list[Line], asked: Asked, columns: list[Column], scale: Scale
) -> Table:
    """The rows that are open, over all pages, with the columns shown and their change where compared."""
    compared = [one for one in columns if one.compares and one.read] if period.before else []
    heads = [Head("name", "Name"), Head("level", "Level"), Head("status", "Status"), Head("angle", "Angle")]
    places = path_heads(asked.level)
    heads += [Head("result_kind", "Kind of result")] if scale.is_mixed else []
    heads += [*places, *(one.head(scale) for one in columns)]
    heads += [Head(f"{one.key}_before", f"{one.title(scale)}, before", one.kind) for one in compared]
    keys = [one.key for one in columns]

    def rows() -> Iterator[list[Value]]:
        for line in visible(top) if asked.level == "campaign" else top:
            before = [one.value_before(line, scale) for one in compared]
            words = [line.name, line.level.replace("_", " "), line.status.label, line.angle]
            words += [kind_words(line.kinds)] if scale.is_mixed else []
            yield [*words, *path_values(line, places), *values_of(line, keys, scale), *before]

    return Table("Ads", account, period.start, period.end, heads, rows())


def _headline(tree: list[Line], unit: str, *, is_of_file: bool) -> str:
    """What is running, in a sentence; of a file what was."""
    every = flat(tree, "ad")
    every = [line for line in every if not line.is_unnamed] or every
    if not every:
        return ""
    counts = {
        "delivered": sum(line.status.label == "Delivered" for line in every),
        "running": sum(line.status.label in RUNNING for line in every),
        "learning": sum(line.status.label == "Learning" for line in every),
        "tired": sum(line.belief is not None and line.belief.is_tired for line in every),
        "rejected": sum(line.status.tone == "bad" for line in every),
    }
    named = sum(not line.is_unnamed for line in tree)
    where = "" if unit == "campaign" or not named else f" in {named} campaign{'' if named == 1 else 's'}"
    verb = f"{'was' if len(every) == 1 else 'were'} running by the file" if is_of_file else "are running"
    units = unit if is_of_file and len(every) == 1 else f"{unit}s"
    parts = [f"{counts['running']:,} of {len(every):,} {units}{where} {verb}"]
    if counts["delivered"] == len(every):
        some = f"{len(every):,} {unit}{'' if len(every) == 1 else 's'}"
        parts = [f"{some}{where} delivered; the file does not say what still runs"]
    elif counts["delivered"]:
        parts.append(f"of {counts['delivered']:,} the file does not say whether they run")
    for name, one, many in (
        ("learning", "is learning", "are learning"),
        ("tired", "looks tired", "look tired"),
        ("rejected", "is held back by Meta", "are held back by Meta"),
    ):
        parts += [f"{counts[name]} {one if counts[name] == 1 else many}"] if counts[name] else []
    return (", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]) + "."


def _chips(asked: Asked, account: AdAccount) -> list[dict[str, Any]]:
    """What was chosen by a link from elsewhere, each with the parameter that takes it away."""
    nodes = {"campaign": account.campaign_set, "ad_set": account.adset_set}
    chips = [
        {"parameter": name, "label": f"{name.replace('_', ' ').capitalize()}: {row}"}
        for name, rows in nodes.items()
        if name in asked.keys and (row := rows.filter(key=asked.keys[name]).first())
    ]
    if "landing_page" in asked.keys:
        chips.append({"parameter": "landing_page", "label": "One landing page"})
    if asked.split:
        dimension, value = asked.split
        known = dimension in told_splits(account)
        chips.append(
            {"parameter": "split", "label": f"Only {dimension.replace('_', ' ')}: {value}" if known else "Nothing such"}
        )
    return chips
