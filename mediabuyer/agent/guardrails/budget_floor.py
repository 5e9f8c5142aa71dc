"""A budget close to nothing is a pause that nobody called one."""

from __future__ import annotations

from decimal import Decimal

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok, whole

SLUG = "budget_floor"
SMALLEST = Decimal(1)
"""Meta refuses less than about one unit of most currencies for automatic bidding."""


def check(context: Context) -> Finding | None:
    if not context.budget_changes:
        return None
    for change in context.budget_changes:
        if change.budget_after is None or change.budget_after < SMALLEST:
            return block(
                SLUG,
                f"“{change.name}” would get less than {whole(SMALLEST, context)} a day. "
                "Pause it instead, that is the honest way.",
            )
    return ok(SLUG, "No budget near zero")


GUARDRAIL = Guardrail(SLUG, "Lowest budget", check)
