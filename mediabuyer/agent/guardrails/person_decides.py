"""Who must say yes: small moves of money go by rule where a person set how small; all else asks a person."""

from __future__ import annotations

from decimal import Decimal

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, ask, ok, whole

SLUG = "person_decides"


def check(context: Context) -> Finding:
    over = context.limits.approval_over
    if not context.changes:
        return ask(SLUG, "It asks something of people, so a person decides.")
    if len(context.budget_changes) != len(context.changes):
        return ask(SLUG, "What runs and what does not is decided by a person.")
    if over is None:
        return ask(SLUG, "No amount is set below which I may move money alone.")
    moved = max((abs(change.budget_rise) for change in context.budget_changes), default=Decimal(0))
    if moved > over:
        return ask(SLUG, f"It moves {whole(moved, context)} a day; above {whole(over, context)} a person decides.")
    return ok(SLUG, f"It moves {whole(moved, context)} a day; up to {whole(over, context)} I may do alone")


GUARDRAIL = Guardrail(SLUG, "Who decides", check)
