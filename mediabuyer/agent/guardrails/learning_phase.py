"""Meta's delivery is unsettled until about 50 results in a week; a change of budget would start that over."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok

SLUG = "learning_phase"
RESULTS_TO_LEAVE = 50


def check(context: Context) -> Finding | None:
    touched = [
        context.budgets[change.external_id]
        for change in context.budget_changes
        if change.external_id in context.budgets
    ]
    if not touched or context.is_undo:
        return None
    for budget in touched:
        if budget.learning_status == "LEARNING":
            return block(
                SLUG,
                f"“{budget.name}” is still learning ({budget.learning_conversions} of about "
                f"{RESULTS_TO_LEAVE} results). A change now would start it over.",
            )
    return ok(SLUG, "Learning phase over")


GUARDRAIL = Guardrail(SLUG, "Learning phase", check)
