"""Who must say yes: small moves of money go by rule where a person set how small; all else asks a person.

Small ones add up: what rules moved within 24 hours on the account counts too.
"""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding, largest_move
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
    moved, before = largest_move(context.budget_changes), context.moved_by_rule
    if moved > over:
        return ask(SLUG, f"It moves {whole(moved, context)} a day; above {whole(over, context)} a person decides.")
    if before and before + moved > over:
        return ask(
            SLUG,
            f"I moved {whole(before, context)} alone within 24 hours; with this {whole(moved, context)} it would be "
            f"{whole(before + moved, context)}, and above {whole(over, context)} a person decides.",
        )
    already = f", {whole(before, context)} moved alone within 24 hours" if before else ""
    return ok(SLUG, f"It moves {whole(moved, context)} a day{already}; up to {whole(over, context)} I may do alone")


GUARDRAIL = Guardrail(SLUG, "Who decides", check)
