"""A person's change to a decision before the answer: other amounts, judged by the same guardrails."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from mediabuyer.agent.actions import BY_SLUG
from mediabuyer.agent.actions.base import effect_of_changes, risk_of
from mediabuyer.agent.context import PlannedChange, Severity, planned_from
from mediabuyer.agent.guardrails import evaluate
from mediabuyer.agent.models import Decision, Finding
from mediabuyer.agent.observe import context_for
from mediabuyer.agent.snapshots import budgets_seen, last_seen
from mediabuyer.brands.models import User
from mediabuyer.lib.errors import Invalid
from mediabuyer.lib.money import round_to_currency

WRITTEN_BEFORE = "This was written for the amounts first proposed; they were changed since."
"""Follows the reason: it may speak of a sum that no longer holds."""


def can_revise(decision: Decision) -> bool:
    """Only amounts can be changed: a pause is a yes or a no."""
    return bool(decision.changes) and all("daily_budget" in change["params"] for change in decision.changes)


def revise(decision: Decision, person: User, seen_hash: str, amounts: dict[str, Decimal], now: datetime) -> None:
    """Puts the person's budgets (by object id) in place of the agent's; a new version that waits for its answer.

    Raises `Invalid` naming the guardrail that forbids the amount; then nothing has changed.
    """
    decision.require_answerable(person, seen_hash, now)
    if not can_revise(decision):
        raise Invalid("amount", "", "This decision has no amount to change.", remedy="Approve it or reject it.")
    planned = planned_from(decision.changes)
    changes = [_with_amount(change, amounts.get(change.external_id), decision.account.currency) for change in planned]
    if changes == planned:
        raise Invalid("amount", "", "These are the amounts it has already.", remedy="Choose others, or approve it.")
    findings = evaluate(context_for(decision.account, changes, now, decision=decision))
    for finding in findings:
        if finding.severity in (Severity.BLOCK, Severity.CHANGE):
            raise Invalid(
                "amount",
                ", ".join(str(change.budget_after) for change in changes),
                finding.message,
                remedy="Choose an amount within the limits, or change the limits in Settings.",
            )
    with transaction.atomic():
        decision.revise(
            person,
            seen_hash,
            now,
            changes=[change.as_json() for change in changes],
            raises_exposure=_raises(planned, changes),
            **_told(decision, changes),
        )
        decision.finding_set.all().delete()
        Finding.objects.bulk_create(
            Finding(decision=decision, guardrail=one.guardrail, severity=one.severity, message=one.message)
            for one in findings
        )


def _with_amount(change: PlannedChange, amount: Decimal | None, currency: str) -> PlannedChange:
    if amount is None or round_to_currency(amount, currency) == change.budget_after:
        return change
    return replace(change, params={**change.params, "daily_budget": str(round_to_currency(amount, currency))})


def _raises(planned: list[PlannedChange], changes: list[PlannedChange]) -> bool:
    """Any budget above what was proposed: a cut made smaller lets more be spent as well as a rise made larger."""
    return any(new.budget_rise > old.budget_rise for old, new in zip(planned, changes, strict=True))


def _told(decision: Decision, changes: list[PlannedChange]) -> dict[str, Any]:
    """Title, reason, effect, risk and way back that belong to the new amounts."""
    describe = BY_SLUG[decision.action].describe
    back = BY_SLUG[decision.action].back
    told: dict[str, Any] = {"title": describe(changes, decision.account.currency)[:300]} if describe else {}
    if back:
        told["way_back"] = back(changes, decision.account.currency)
    if decision.version == 1 and decision.why:
        told["why"] = f"{decision.why} {WRITTEN_BEFORE}"
    effect = effect_of_changes(changes, budgets_seen(decision.cycle or last_seen(decision.account)))
    if effect:
        told |= {
            "expected": {name: str(value) for name, value in asdict(effect).items()},
            "risk": risk_of(effect),
            "waiting_cost": max(effect.per_day, Decimal(0)),
        }
    return told
