"""No single budget above what a person allowed for one campaign or ad set."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok, whole

SLUG = "budget_ceiling"


def check(context: Context) -> Finding | None:
    raised = [change for change in context.budget_changes if change.budget_rise > 0]
    if not raised:
        return None
    ceiling = context.limits.ad_set_cap
    if ceiling is None:
        return block(SLUG, "No highest budget is set for one ad set, so none may be raised. Set one in Settings.")
    over = [change for change in raised if change.budget_after is not None and change.budget_after > ceiling]
    if over:
        return block(
            SLUG,
            f"“{over[0].name}” would get {whole(over[0].budget_after or ceiling, context)} a day; "
            f"the highest allowed is {whole(ceiling, context)}.",
        )
    return ok(SLUG, f"No budget over {whole(ceiling, context)} a day")


GUARDRAIL = Guardrail(SLUG, "Highest budget", check)
