"""Portfolio: do we earn, and where? The sentence, the figures, the trend, the reason, the places."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from campaigns.clock import known_now
from campaigns.models import AdAccount
from campaigns.result_kinds import count_results
from collaboration.ad_rows import (
    Line,
    load_campaigns,
    load_figures,
    rate_of,
    rate_title,
    sort_lines,
    sparks,
    total_line,
    values_of,
)
from collaboration.columns import CAMPAIGN_COLUMNS, PART_COLUMNS, TWO_COSTS, Column, Scale, cells_of, columns_of, write
from collaboration.figures import NOT_SAID, headlines, page_period, scale_of, source_of
from collaboration.frame import account_for
from collaboration.kinds import brought, count_of, untold_words
from collaboration.marks import marks_of
from collaboration.pacing import month_of, pacing
from collaboration.payout_plot import PayoutPlot, draw_payout
from collaboration.period import Period, label_of
from collaboration.tables import FORMATS, Table, export
from collaboration.tables import Head as TableHead
from collaboration.views.saved import saved_views
from collaboration.where import (
    OURS,
    Part,
    Split,
    angle_parts,
    dimensions,
    gap_words,
    heat_map,
    levels_of,
    parts,
    scale_by,
)
from collaboration.why import explain_change, measures_of, title_of
from mediabuyer.lib.clock import day_in_zone
from mediabuyer.lib.money import format_money
from portfolio.charts import daily_rows, days_between, payout_weeks, trend_spec
from portfolio.conversions import history_of, load_account_cohorts
from portfolio.metrics import Totals, has_enough_data
from portfolio.models import Goal
from portfolio.performance import Sums, day_rows, day_sums, evaluation_day, span_around

FEW_AD_SETS = 8
"""Up to so many the heat map goes across ad sets, else across age."""


@login_required
@require_GET
def portfolio(request: HttpRequest, key: UUID) -> HttpResponseBase:
    account = account_for(request, key)
    now = known_now(account)
    period = page_period(request, account, now)
    figures = load_figures(account, period)
    tree = load_campaigns(account, period, figures)
    whole = total_line(tree, period)
    scale, goal = scale_of(account)
    columns = columns_of(CAMPAIGN_COLUMNS, scale)
    campaigns = sort_lines([line for line in tree if _counts(line)], _sort(request, scale), scale)
    if request.GET.get("format") in FORMATS:
        return export(_table(account, period, campaigns, columns, scale), request.GET["format"])
    base = reverse("ads", args=[account.key])
    by_angle = angle_parts(account, period, figures, base)
    angles = by_angle.parts
    context = {
        "period": period,
        "source": source_of(account, now),
        "whole": whole,
        "scale": scale,
        "goal": goal,
        "headline": _uncut(account, period, whole)
        or headline(whole, angles, period, scale, {} if scale.adds_up else brought(account, figures.now)),
        "kpis": headlines(whole.totals, whole.before, scale, base + period.query),
        "campaigns": _rows(account, campaigns, columns, scale, period),
        "columns": [(one, one.title(scale)) for one in columns],
        "total_cells": cells_of(whole, columns, scale),
        "default_sort": _default_sort(scale),
        **saved_views(request, account, "portfolio"),
        "has_margin": scale.has_margin,
        "break_even": 1 / scale.margin,
        "rate": rate_title(rate_of("", scale), scale),
        "two_costs": TWO_COSTS,
    }
    if whole.totals.spend or whole.totals.results:
        context |= _days(account, period, scale, goal, now) | _why(request, whole, angles, scale)
        context |= _where(request, account, period, by_angle, whole, scale, base)
    return render(request, "portfolio/portfolio.html", context)


def _uncut(account: AdAccount, period: Period, whole: Line) -> str:
    """Of a file whose rows span more than the days asked for: nothing is told of these days alone."""
    if whole.totals.spend or not account.is_read_only:
        return ""
    around = span_around(account, period.start, period.end)
    if around is None:
        return ""
    days = label_of(*around, period.end)
    return f"These days are only told together with others, {days}: rows of a file cannot be cut."


def headline(whole: Line, places: list[Part], period: Period, scale: Scale, by_kind: Sums | None = None) -> str:
    """Do we earn, and where? Without revenue: what do results cost, and where?"""
    now, before = whole.totals, whole.before
    if not now.spend:
        return f"Nothing was spent {period.words}."
    if not scale.has_revenue:
        return _cost_headline(now, before, period, scale, by_kind or {})
    profit = now.profit(scale.margin)
    amount = format_money(abs(profit), scale.currency, places=0)
    first = f"Yes, we earn: {amount}" if profit > 0 else f"No, we lose {amount}"
    text = f"{first} {period.words} after the cost of ads"
    if before is not None and before.spend:
        moved = profit - before.profit(scale.margin)
        size = format_money(abs(moved), scale.currency, places=0)
        text += f", {size} {'better' if moved > 0 else 'worse'} than before" if round(moved) else ", as before"
    return f"{text}. {_places_words(places, scale)}".strip()


def _cost_headline(now: Totals, before: Totals | None, period: Period, scale: Scale, by_kind: Sums) -> str:
    spend = format_money(now.spend, scale.currency, places=0)
    if not scale.has_results:
        return f"{spend} spent {period.words}. {NOT_SAID}"
    if now.cpa is None:
        return f"{spend} spent {period.words} and no result yet."
    unknown = "No revenue is known, so I cannot say whether that earns money."
    said = [
        f"{count_of(part.results, kind)} at {format_money(part.cpa, scale.currency)} each"
        for kind, part in by_kind.items()
        if part.results
    ]
    if said:
        listed = " and ".join(filter(None, (", ".join(said[:-1]), said[-1])))
        rest = untold_words(now, by_kind.values(), scale.currency)
        return " ".join(filter(None, (f"{spend} spent {period.words} for {listed}.", rest, unknown)))
    if scale.is_mixed:
        return f"{spend} spent {period.words} for {now.results:,.0f} results of several kinds. {unknown}"
    text = f"{count_results(now.results, scale.kinds)} {period.words} at {format_money(now.cpa, scale.currency)} each"
    if before is not None and before.cpa:
        text += f", {abs(now.cpa / before.cpa - 1):.0%} {'more' if now.cpa > before.cpa else 'less'} than before"
    return f"{text}. {unknown}"


def _places_words(places: list[Part], scale: Scale) -> str:
    """The angles that bring most and those that lose, of those with enough to say so."""
    known = [(one.totals.profit(scale.margin), one) for one in places if has_enough_data(one.totals, scale.target_cpa)]
    if len(places) == 1:
        return ""  # it is the whole
    known.sort(key=lambda pair: -pair[0])
    winners, losers = [one for one in known if one[0] > 0][:2], [one for one in known if one[0] < 0][-2:]
    text = ""
    if winners:
        names = " and ".join(f"“{one.name}”" for _, one in winners)
        text = f"{names} earn{'s' if len(winners) == 1 else ''}. " if losers else ""
    if losers:
        lost = [f"“{one.name}” loses {format_money(-profit, scale.currency, places=0)}" for profit, one in losers[::-1]]
        text += f"{' and '.join(lost)}."
    return text


def _days(account: AdAccount, period: Period, scale: Scale, goal: Goal, now: datetime) -> dict[str, Any]:
    """Everything that rests on sums by day: the trend, the weeks of payout and the month. They share what is read."""
    judged, today = evaluation_day(account, now), day_in_zone(now, account.time_zone)
    asked = [(period.start, period.end), *([period.before] if period.before else [])]
    if account.is_read_only:
        by_day = day_sums(account, asked)
        return _trend(account, period, scale, by_day) | {"payout": _payout(account, goal, judged)}
    by_day = day_sums(account, [*asked, history_of(judged), month_of(today)])
    return _trend(account, period, scale, by_day) | {
        "payout": _payout(account, goal, judged, by_day),
        "pacing": pacing(account, today, scale, by_day),
    }


def _trend(account: AdAccount, period: Period, scale: Scale, by_day: Sums) -> dict[str, Any]:
    """Spec of the chart, its table and the changes on it."""
    rows = day_rows(account, by_day, (period.start, period.end), period.before)
    marks = marks_of(account, period)
    days = days_between(period.start, period.end)
    columns = columns_of(_daily_columns(scale), scale)
    lines = [daily_rows(rows, one.key, period.start, period.end) for one in columns]
    spec = trend_spec(rows, period.start, period.end, marks.shown)
    return {
        "trend": _dressed(spec, scale) if len(rows) > 1 else None,
        "no_trend": _no_trend(account, period),
        "trend_heads": [one.title(scale) for one in columns],
        "trend_rows": [
            (day, [write(value, one.kind, scale.currency) for one, value in zip(columns, values, strict=True)])
            for day, values in zip(days, zip(*lines, strict=True), strict=True)
        ],
        "marks": marks,
    }


def _daily_columns(scale: Scale) -> tuple[str, ...]:
    if scale.has_revenue:
        return ("revenue", "spend", "roas")
    if not scale.has_results:
        return ("spend",)
    if scale.is_mixed:
        return ("spend", "results") if scale.adds_up else ("spend",)
    return ("spend", "results", "cpa")


def _no_trend(account: AdAccount, period: Period) -> str:
    """Why there is no line."""
    if period.days == 1:
        return "One day has no course by day: its figures are those above."
    if account.is_read_only:
        return "The rows of this period span more than one day each, so there is nothing to draw by day."
    return "Only one day of this period has figures, so there is nothing to draw by day."


def _dressed(spec: dict[str, Any], scale: Scale) -> dict[str, Any]:
    """The page has a legend of its own, and the axis names the currency; revenue is drawn only where there is any."""
    symbol = format_money(Decimal(0), scale.currency, places=0).removesuffix("0")
    traces = [one for one in spec["data"] if scale.has_revenue or one["name"] == "Spend"]
    return {"data": traces, "layout": spec["layout"] | {"showlegend": False, "yaxis": {"tickprefix": symbol}}}


def _why(request: HttpRequest, whole: Line, angles: list[Part], scale: Scale) -> dict[str, Any]:
    measures = measures_of(scale)
    asked = request.GET.get("why", "")
    measure = asked if asked in measures else next(iter(measures), "")
    before = whole.before if measures else None
    return {
        "why": explain_change(measure, before, whole.totals, scale, angles) if before is not None else None,
        "measures": [(name, title_of(name, scale)) for name in measures],
    }


def _where(
    request: HttpRequest, account: AdAccount, period: Period, angles: Split, whole: Line, scale: Scale, base: str
) -> dict[str, Any]:  # fmt: skip
    """The table by one key and the heat map across another; both choices are in the address."""
    known = dimensions(account)
    splits = {"angle": angles}
    if len(angles.parts) < 2:  # it says nothing, as of every import without angles in its names
        known = known | levels_of(account)
        known["angle"] = known.pop("angle")

    def split(by: str) -> Split:
        if by not in splits:
            splits[by] = parts(account, period, by, base=base)
        return splits[by]

    by = request.GET.get("by", "")
    by = by if by in known else next((name for name in known if len(split(name).parts) > 1), "angle")
    found = split(by)
    own = scale_by(account, by, scale)
    columns = columns_of(PART_COLUMNS, own)
    is_told = by in OURS or not found.parts
    return {
        "by": by,
        "by_label": known[by],
        "tabs": known.items(),
        "parts": [(one, cells_of(one, columns, own)) for one in found.parts],
        "parts_left_out": found.left_out,
        "part_columns": [(one, one.title(own)) for one in columns],
        "part_total": cells_of(found.total, columns, own) if found.parts else [],
        "gap": "" if is_told else gap_words(account, found.total.totals.spend, whole.totals.spend),
        **_across(request, account, period, known, scale, base),
    }


def _across(
    request: HttpRequest, account: AdAccount, period: Period, known: dict[str, str], scale: Scale, base: str
) -> dict[str, Any]:  # fmt: skip
    """The heat map, across what was asked for or the first that there is something to compare with."""
    sides = {"ad_set": _ad_set_word(account)} | {name: label for name, label in known.items() if name not in OURS}
    few = account.adset_set.present().count() <= FEW_AD_SETS
    asked = request.GET.get("across", "")
    usual = "age" if "age" in sides and not few else "ad_set"
    order = list(dict.fromkeys([*([asked] if asked in sides else []), usual, *sides]))
    scales = ((name, scale_by(account, name, scale)) for name in order)
    maps = ((name, own, found) for name, own in scales if (found := heat_map(account, period, name, own, base)))
    across, own, heat = next(maps, (order[0], scale, None))
    return {"across": across, "across_label": sides[across], "sides": sides.items(), "heat": heat, "heat_scale": own}


def _ad_set_word(account: AdAccount) -> str:
    """An imported file that names no ad sets has one that stands for each campaign."""
    is_unnamed = account.is_read_only and not account.adset_set.filter(is_placeholder=False).exists()
    return "Campaign" if is_unnamed else "Ad set"


def _payout(account: AdAccount, goal: Goal, today: date, by_day: Sums | None = None) -> PayoutPlot | None:
    """Of the own ledger alone: what a platform or a file credits to a click is no own order."""
    data = load_account_cohorts(account, today, goal.margin, by_day)
    is_told = data.is_from_ledger and data.valued_by == "revenue"
    return draw_payout(payout_weeks(data), account.currency) if is_told else None


def _counts(line: Line) -> bool:
    return bool(
        line.totals.impressions or line.totals.spend or line.status.label not in ("Paused", "Archived", "Deleted")
    )


def _sort(request: HttpRequest, scale: Scale) -> str:
    asked = request.GET.get("sort", "")
    known = [one.key for one in columns_of(CAMPAIGN_COLUMNS, scale)]
    return asked if asked.removeprefix("-") in ("name", *known) else _default_sort(scale)


def _default_sort(scale: Scale) -> str:
    return "-profit" if scale.has_revenue else "-spend"


def _rows(
    account: AdAccount, lines: list[Line], columns: list[Column], scale: Scale, period: Period
) -> list[dict[str, Any]]:
    small = sparks(account, lines, period.end, rate_of("", scale))
    return [
        {
            "line": line,
            "cells": cells_of(line, columns, scale),
            "spark": small.get(("campaign", line.pk), []),
            "spark_label": f"14 days of {line.name}",
        }
        for line in lines
    ]


def _table(account: AdAccount, period: Period, lines: list[Line], columns: list[Column], scale: Scale) -> Table:
    words = [
        TableHead("name", "Campaign"),
        TableHead("campaign_id", "Campaign id at Meta"),
        TableHead("status", "Status"),
    ]
    heads = [*words, *(one.head(scale) for one in columns)]
    keys = [one.key for one in columns]
    rows = ([*line.path[0], line.status.label, *values_of(line, keys, scale)] for line in lines)
    return Table("Portfolio", account, period.start, period.end, heads, rows)
