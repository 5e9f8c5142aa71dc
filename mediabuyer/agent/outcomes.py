"""What came of a decision: measured when its window is over, compared with what was expected, and graded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from campaigns.models import AdAccount
from mediabuyer.agent.models import Decision, Outcome
from mediabuyer.lib.clock import day_in_zone
from memory.events import record
from portfolio.metrics import Totals
from portfolio.models import Goal
from portfolio.performance import totals

WINDOW = 7
"""Days on either side of the change."""


def await_outcome(decision: Decision, now: datetime) -> Outcome:
    """Notes the day on which the decision will be graded. Doing it twice changes nothing."""
    today = day_in_zone(now, decision.account.time_zone)
    outcome, _ = Outcome.objects.get_or_create(
        decision=decision, defaults={"due_on": today + timedelta(days=WINDOW + 1)}
    )
    return outcome


def outcome_of(decision: Decision) -> Outcome | None:
    """None until it is done."""
    return getattr(decision, "outcome", None)


def measure_due(account: AdAccount, now: datetime) -> list[Outcome]:
    """Grades every decision of the account whose window is over."""
    today = day_in_zone(now, account.time_zone)
    due = Outcome.objects.to_measure().filter(decision__account=account, due_on__lte=today)
    measured = (measure(pk, now) for pk in due.values_list("pk", flat=True))
    return [outcome for outcome in measured if outcome]


@transaction.atomic
def measure(pk: int, now: datetime) -> Outcome | None:
    """None when a sweep beside us has it or has measured it, each being told once, and when it was taken back."""
    rows = Outcome.objects.select_for_update(skip_locked=True, of=("self",)).to_measure().filter(pk=pk)
    outcome = rows.select_related("decision__account__brand").first()
    if outcome is None:
        return None
    decision, account = outcome.decision, outcome.decision.account
    changed_on = outcome.due_on - timedelta(days=WINDOW + 1)
    before = _subject_totals(decision, changed_on - timedelta(days=WINDOW), changed_on - timedelta(days=1))
    after = _subject_totals(decision, changed_on + timedelta(days=1), changed_on + timedelta(days=WINDOW))
    margin = Goal.current(account).margin
    got = (after.profit(margin) - before.profit(margin)) / WINDOW
    outcome.figures = {
        "before": _figures(before, margin),
        "after": _figures(after, margin),
        "per_day": str(got.quantize(Decimal("0.01"))),
        "expected": decision.expected,
    }
    # What somebody began to take back may stand in part only: no grade can be given for that.
    outcome.verdict = "unclear" if decision.undo_state else grade(got, decision.expected)
    outcome.measured_at = now
    outcome.save()
    record(
        "outcome.measured",
        "decision",
        decision.key,
        brand=account.brand,
        account=account.key,
        now=now,
        actor="system",
        what=f"{decision.title}: {outcome.get_verdict_display().lower()}",
        per_day=str(got),
    )
    return outcome


def grade(got: Decimal, expected: dict[str, str]) -> str:
    """Inside the interval that was promised: as expected. Without a promise there is nothing to hold it against."""
    if not expected:
        return "unclear"
    if got < Decimal(expected["low"]):
        return "worse"
    return "better" if got > Decimal(expected["high"]) else "as_expected"


def _subject_totals(decision: Decision, start: date, end: date) -> Totals:
    """Totals of what the decision touched: its ad, or the ad sets and campaigns whose budgets moved."""
    touched = {(change["level"], change["external_id"]) for change in decision.changes} or {
        (decision.subject_level, decision.subject_id)
    }
    found = Totals()
    for level in {level for level, _ in touched}:
        model = {"ad": "ad", "ad_set": "ad_set", "campaign": "campaign"}[level]
        keys = _primary_keys(decision.account, level, {one for kind, one in touched if kind == level})
        for row in totals(decision.account, start, end, model):
            if row.key in keys:
                found += row.totals
    return found


def _primary_keys(account: AdAccount, level: str, external_ids: set[str]) -> set[int]:
    nodes = {"ad": account.ad_set, "ad_set": account.adset_set, "campaign": account.campaign_set}[level]
    return set(nodes.filter(external_id__in=external_ids).values_list("pk", flat=True))


def _figures(totals_of: Totals, margin: Decimal) -> dict[str, Any]:
    return {
        "spend": str(totals_of.spend),
        "results": str(totals_of.results),
        "revenue": str(totals_of.revenue),
        "profit": str(totals_of.profit(margin)),
        "roas": totals_of.roas,
    }
