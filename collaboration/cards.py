"""A decision as people read it: what changes, what to expect, who checked what, what happened last time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.apps import apps
from django.db.models import Q

from campaigns.models import AdAccount, Change
from campaigns.operations.words import describe
from collaboration.plots import Level, Plot, Series
from mediabuyer.agent.actions import BY_SLUG
from mediabuyer.agent.context import GRAVITY, PlannedChange, Severity
from mediabuyer.agent.models import Decision, Finding
from mediabuyer.agent.outcomes import WINDOW
from mediabuyer.agent.revise import can_revise
from mediabuyer.lib.clock import day_in_zone
from mediabuyer.lib.money import format_money
from memory.events import sentence
from memory.models import Event
from portfolio.models import AdState
from portfolio.performance import cross_totals
from portfolio.smoothing import WEEK, moving_sum

TONES = {"pass": "good", "note": "info", "change": "info", "approve": "warn", "block": "bad"}
CHART_DAYS = 28
GRADES = {"good": "good", "bad": "bad", "open": "info"}


@dataclass(frozen=True)
class Card:
    """Everything the decision's page prints. Amounts are `Decimal` or None, texts are for people."""

    decision: Decision
    kind: str
    icon: str
    rows: list[dict[str, Any]]
    total: dict[str, Any] | None
    effect: dict[str, Decimal] | None
    one_in: int | None
    checks: list[dict[str, Any]]
    passed: list[dict[str, Any]]
    precedents: list[dict[str, Any]]
    plot: Plot | None
    judged_on: date | None
    history: list[tuple[Event, str]]
    sent: list[tuple[Change, str]]
    can_change: bool
    amounts: list[PlannedChange]


def build_card(decision: Decision) -> Card:
    action = BY_SLUG.get(decision.action)
    changes = [PlannedChange(**change) for change in decision.changes]
    findings = list(decision.finding_set.all())
    effect = {name: Decimal(value) for name, value in decision.expected.items()} or None
    return Card(
        decision=decision,
        kind=action.title if action else decision.action,
        icon=action.icon if action else "agent",
        rows=[_row(change, decision.account) for change in changes],
        total=_total(changes, decision.account),
        effect=effect,
        one_in=_one_in(effect),
        checks=_checks(findings, said=True),
        passed=_checks(findings, said=False),
        precedents=[
            {"tone": GRADES.get(one["outcome"], "info"), "text": one["text"], "note": one["on"]}
            for one in decision.precedents
        ],
        plot=_plot(decision),
        judged_on=_judged_on(decision) if changes else None,
        history=_history(decision),
        sent=[
            (change, describe(change))
            for change in Change.objects.filter(operation__decision_key=decision.key).select_related(
                "operation", "account"
            )
        ],
        can_change=can_revise(decision),
        amounts=[change for change in changes if change.budget_after is not None],
    )


def _row(change: PlannedChange, account: AdAccount) -> dict[str, Any]:
    before, after = change.budget_before, change.budget_after
    if after is None:
        words = {"ACTIVE": "Running", "PAUSED": "Paused"}
        return {
            "name": change.name,
            "note": change.level.replace("_", " "),
            "now": words.get(str(change.before.get("status")), change.before.get("status")),
            "then": words.get(str(change.params.get("status")), change.params.get("status")),
        }
    share = f"{change.budget_rise / before:+.0%}".replace("-", "−") if before else ""
    return {
        "name": change.name,
        "note": change.level.replace("_", " "),
        "now": format_money(before, account.currency),
        "then": format_money(after, account.currency),
        "change": format_money(change.budget_rise, account.currency, sign=True),
        "share": share,
    }


def _total(changes: list[PlannedChange], account: AdAccount) -> dict[str, Any] | None:
    budgets = [change for change in changes if change.budget_after is not None]
    if len(budgets) < 2:
        return None
    before = sum((change.budget_before or Decimal(0) for change in budgets), Decimal(0))
    after = sum((change.budget_after or Decimal(0) for change in budgets), Decimal(0))
    return {
        "name": "Together, a day",
        "now": format_money(before, account.currency),
        "then": format_money(after, account.currency),
        "change": format_money(after - before, account.currency, sign=True),
    }


def _one_in(effect: dict[str, Decimal] | None) -> int | None:
    """“It loses money in 1 of n cases.”"""
    return round(1 / float(effect["p_loss"])) if effect and effect["p_loss"] > Decimal("0.005") else None


def _checks(findings: list[Finding], *, said: bool) -> list[dict[str, Any]]:
    """What a rule had to say, gravest first; or what simply passed."""
    chosen = [one for one in findings if (one.severity != Severity.PASS) == said]
    chosen.sort(key=lambda one: -GRAVITY[Severity(one.severity)])
    return [
        {"tone": TONES[one.severity], "text": one.message, "note": "before sending" if one.stage == "claim" else ""}
        for one in chosen
    ]


def _judged_on(decision: Decision) -> date:
    start = decision.decided_at or decision.proposed_at
    return day_in_zone(start, decision.account.time_zone) + timedelta(days=WINDOW + 1)


def _history(decision: Decision) -> list[tuple[Event, str]]:
    return [(event, sentence(event)) for event in Event.objects.about("decision", decision.key).order_by("id")]


def _plot(decision: Decision) -> Plot | None:
    """The very numbers behind it: cost of a purchase as a seven-day mean, against what a buyer is worth."""
    ads = _ads_behind(decision)
    if not ads:
        return None
    last = day_in_zone(decision.proposed_at, decision.account.time_zone) - timedelta(days=1)
    days = [last - timedelta(days=back) for back in range(CHART_DAYS + WEEK - 2, -1, -1)]
    cells = cross_totals(decision.account, days[0], days[-1], "ad", "day", where=Q(ad_id__in=ads))
    spend = [float(sum((cells[ad, day].spend for ad in ads if (ad, day) in cells), Decimal(0))) for day in days]
    results = [float(sum((cells[ad, day].results for ad in ads if (ad, day) in cells), Decimal(0))) for day in days]
    cpa = _mean_cpa(spend, results)[-CHART_DAYS:]
    if all(value is None for value in cpa):
        return None
    labels = [f"{day.day} {day:%b}" for day in days[-CHART_DAYS:]]
    currency = decision.account.currency
    levels = _worth(ads, last, currency)
    return Plot(
        title="What a purchase cost, mean of seven days, against what a buyer is worth",
        summary=_summary(cpa, levels, currency),
        labels=labels,
        series=[Series("CPA, 7-day mean", cpa, "kink")],
        levels=levels,
        format=lambda value: format_money(Decimal(str(value)), currency, places=0),
        from_zero=False,
        height=196,
    )


def _mean_cpa(spend: list[float], results: list[float]) -> list[float | None]:
    bought, cost = moving_sum(np.array([results])), moving_sum(np.array([spend]))
    return [float(money / count) if count > 0 else None for money, count in zip(cost[0], bought[0], strict=True)]


def _worth(ads: list[int], day: date, currency: str) -> list[Level]:
    """What a purchase of these ads brings within 30 days, margin in, weighed by their purchases."""
    states = [state for state in AdState.objects.filter(ad__in=ads, day=day) if state.results and state.payout_30]
    buyers = sum(state.results for state in states)
    if not buyers:
        return []
    worth = sum(((state.payout_30 or Decimal(0)) * state.results for state in states), Decimal(0)) / buyers
    return [Level(float(worth), f"a purchase brings {format_money(worth, currency)} in 30 days")]


def _summary(cpa: list[float | None], levels: list[Level], currency: str) -> str:
    known = [value for value in cpa if value is not None]
    low, high = (format_money(Decimal(str(value)), currency) for value in (min(known), max(known)))
    return (
        f"Cost per purchase in the last {CHART_DAYS} days: between {low} and {high}; "
        + (", ".join(level.label for level in levels) or "what a buyer is worth is not known yet")
        + "."
    )


def _ads_behind(decision: Decision) -> list[int]:
    """Primary keys of the ads whose figures the decision rests on."""
    evidence = decision.evidence
    external = {evidence["ad"]} if evidence.get("ad") else set()
    external |= {ad for budget in evidence.get("budgets", [])[-1:] for ad in budget.get("ad_ids", [])}
    return list(decision.account.ad_set.filter(external_id__in=external).values_list("pk", flat=True))


def due_words(decision: Decision, now: datetime) -> str:
    left = decision.expires_at - now
    if left <= timedelta(0):
        return "lapsed"
    hours = int(left.total_seconds() // 3600)
    return f"{hours} h left" if hours else f"{int(left.total_seconds() // 60)} min left"


def difference(decision: Decision, seen_hash: str) -> list[dict[str, Any]]:
    """What the reader saw against what it is now, row by row; empty when the version seen is not known."""
    versions = apps.get_model("agent", "DecisionEvent")._default_manager
    history: Any = versions.filter(pgh_obj_id=decision.pk, content_hash=seen_hash).order_by("-pgh_id").first()
    if history is None:
        return []
    seen = {change["external_id"]: PlannedChange(**change) for change in history.changes}
    rows = []
    for change in (PlannedChange(**one) for one in decision.changes):
        old = seen.get(change.external_id)
        before = _row(old, decision.account)["then"] if old else None
        after = _row(change, decision.account)["then"]
        if before != after:
            rows.append({"name": change.name, "now": before, "then": after})
    return rows
