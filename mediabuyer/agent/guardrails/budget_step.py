"""No budget moves by more than one step at once, nor by many small steps in a day.

The step counts from the budget that was in force 24 hours ago. Larger wishes are cut down to it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from mediabuyer.agent.context import Context, Finding, PlannedChange, Severity
from mediabuyer.agent.guardrails.base import Guardrail, ok, whole
from mediabuyer.lib.money import meta_offset

SLUG = "budget_step"
WINDOW = timedelta(hours=24)


def check(context: Context) -> Finding | None:
    changes = [change for change in context.budget_changes if change.budget_before]
    if not changes or context.is_undo:
        return None
    replace: dict[str, Decimal] = {}
    for change in changes:
        allowed = _nearest_allowed(change, context)
        if allowed != change.budget_after:
            replace[change.external_id] = allowed
    share = f"{context.limits.budget_step:.0%}"
    if not replace:
        return ok(SLUG, f"No step over {share} in 24 hours")
    wish = next(change for change in changes if change.external_id in replace)
    message = (
        f"Changed: {whole(wish.budget_after or Decimal(0), context)} was wanted for “{wish.name}”. Within 24 hours "
        f"a budget moves by {share} at most, so {whole(replace[wish.external_id], context)}."
    )
    return Finding(SLUG, Severity.CHANGE, message, replace)


def _nearest_allowed(change: PlannedChange, context: Context) -> Decimal:
    start, after = _budget_a_day_ago(change, context), change.budget_after or Decimal(0)
    smallest = Decimal(1) / meta_offset(context.currency)
    highest = (start * (1 + context.limits.budget_step)).quantize(smallest, ROUND_DOWN)
    lowest = (start * (1 - context.limits.budget_step)).quantize(smallest, ROUND_UP)
    return min(max(after, lowest), highest)


def _budget_a_day_ago(change: PlannedChange, context: Context) -> Decimal:
    earlier = [
        recent
        for recent in context.recent
        if recent.external_id == change.external_id
        and recent.kind == "set_budget"
        and recent.at > context.now - WINDOW
        and recent.budget_before
    ]
    first = min(earlier, key=lambda recent: recent.at, default=None)
    return (first.budget_before if first else None) or change.budget_before or Decimal(0)


GUARDRAIL = Guardrail(SLUG, "Step", check)
