"""What pages of figures share: the period, the scale of the account, headline numbers and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from campaigns.models import AdAccount, InsightDay
from campaigns.result_kinds import kinds_of, tells_results
from collaboration.columns import Column, Scale, columns_of, write
from collaboration.health import STALE
from collaboration.kinds import tells_kinds
from collaboration.period import Period, parse_period, within_figures
from collaboration.templatetags.ui import since
from mediabuyer.lib.clock import day_in_zone
from mediabuyer.lib.money import format_money
from portfolio.metrics import Totals, compute_changes
from portfolio.models import Conversion, Goal
from portfolio.performance import data_span, first_day

NOT_TOLD = "Not told where results mean several things."
NOT_SAID = "The file does not say what came of it."
HEADLINES = ("spend", "revenue", "profit", "roas", "cpa", "results")


@dataclass(frozen=True)
class Source:
    """Where the figures come from and how old they are, for the tips; `stale` says what is wrong with their age."""

    text: str
    stale: str = ""


def page_period(request: HttpRequest, account: AdAccount, now: datetime) -> Period:
    """Of an imported account the days that there are, counted back from the last of them."""
    today = day_in_zone(now, account.time_zone)
    span = data_span(account) if account.is_read_only else None
    if span:
        today = min(today, span[1] + timedelta(days=1))
    first = span[0] if span else first_day(account)
    return within_figures(parse_period(request.GET, today, span), first)


def scale_of(account: AdAccount) -> tuple[Scale, Goal]:
    """Revenue is a matter of the whole account: one ad or week without any is a loss, not an account of leads."""
    goal = Goal.current(account)
    has_revenue = InsightDay.objects.filter(account=account, revenue__gt=0).exists()
    kinds = kinds_of(account) if has_revenue or account.is_read_only else ()
    has_ledger = Conversion.objects.filter(account=account).exists()
    known = (account.currency, goal.margin, goal.target_cpa, has_revenue, kinds, has_ledger)
    knows_kinds, has_margin = tells_kinds(account, kinds), goal.pk is not None
    is_file, tells = account.is_read_only, tells_results(account)
    scale = Scale(*known, is_of_files=is_file, has_results=tells, knows_kinds=knows_kinds, has_margin=has_margin)
    return scale, goal


def source_of(account: AdAccount, now: datetime) -> Source:
    if account.is_read_only:
        return Source("Imported Ads Manager file")
    name = "Meta Insights, sandbox" if account.mode == AdAccount.Mode.SANDBOX else "Meta Insights"
    if account.synced_at is None:
        return Source(name, "No figures have been read yet.")
    age = since(account.synced_at, now).removesuffix(" ago")
    text = f"{name} · {'just read' if age == 'just now' else f'{age} old'}"
    late = now - account.synced_at > STALE
    return Source(text, f"These figures are {age} old; I raise no budget on them." if late else "")


def headlines(now: Totals, before: Totals | None, scale: Scale, href: str) -> list[dict[str, Any]]:
    """Arguments of `{% kpi %}`, one number each."""
    changes = compute_changes(before, now, scale.margin) if before is not None else {}
    found = []
    for column in columns_of(HEADLINES, scale):
        name = column.key
        is_unknown = (name == "cpa" and scale.is_mixed) or (name in ("cpa", "results") and not scale.has_results)
        is_unknown = is_unknown or (name == "results" and not scale.adds_up)
        change = None if is_unknown else changes.get(name)
        is_level = name in ("roas", "profit")
        found.append(
            {
                "title": column.title(scale),
                "value": _headline(column, now, scale),
                "definition": f"{column.definition} {_exact(name, now, scale)}",
                "href": href,
                "id": f"kpi-{name}",
                "compared": change is not None,
                "change": change and (change.absolute if is_level else change.relative),
                "kind": {"roas": "number", "profit": "money"}.get(name, "percent"),
                "digits": {"roas": 2, "profit": 0}.get(name, 1),
                "good": column.good,
                "align": "right" if name in ("roas", "cpa", "results") else "",
            }
        )
    return found


def _headline(column: Column, now: Totals, scale: Scale) -> str:
    """Large sums in whole units; the tip has the exact figure."""
    value = column.read(now, scale) if column.read else None
    if column.key == "profit":
        return format_money(Decimal(str(value)), scale.currency, places=0, sign=True)
    if column.key in ("spend", "revenue") and value is not None:
        return format_money(Decimal(str(value)), scale.currency, places=0)
    return write(value, column.kind, scale.currency)


def _exact(name: str, now: Totals, scale: Scale) -> str:
    """How this number comes about."""
    if name in ("cpa", "results") and not scale.has_results:
        return NOT_SAID
    spend, revenue = (format_money(part, scale.currency) for part in (now.spend, now.revenue))
    results = write(now.results, "number", scale.currency)
    return {
        "spend": f"Exact: {spend}.",
        "revenue": f"Exact: {revenue}.",
        "profit": f"{revenue} × {scale.margin:.0%} − {spend} = "
        f"{format_money(now.profit(scale.margin), scale.currency, sign=True)}.",
        "impressions": f"Exact: {now.impressions:,}." if now.impressions else "The figures do not tell it.",
        "ctr": f"{now.clicks:,} ÷ {now.impressions:,}.",
        "cpc": f"{spend} ÷ {now.clicks:,}.",
        "roas": f"{revenue} ÷ {spend}, from the totals, never averaged. Break-even at {1 / scale.margin:.2f}.",
        "cpa": NOT_TOLD if scale.is_mixed else f"{spend} ÷ {results}.",
        "results": "Late ones are added to the day of their click or view for up to 28 days.",
    }[name]
