"""All budgets in force and all rises still open, at their worst day, stay under the account's cap.

Meta may spend 1.75 times a daily budget on one day, so that is what is counted. No cap configured means no spending.
"""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok, whole

SLUG = "spend_cap"


def check(context: Context) -> Finding | None:
    if not context.raises_exposure:
        return None
    limits = context.limits
    if limits.daily_cap is None:
        return block(SLUG, "No daily cap is set for this account, so nothing may be raised. Set one in Settings.")
    worst = (context.committed + context.rise) * limits.exposure_factor
    counted = f"{whole(worst, context)} could be spent on a day ({limits.exposure_factor.normalize()} × the budgets)"
    if worst > limits.daily_cap and context.rise > 0:
        return block(SLUG, f"Account cap: {counted}, cap {whole(limits.daily_cap, context)}.")
    if worst > limits.daily_cap:
        return ok(SLUG, f"Account cap: {counted}, already over {whole(limits.daily_cap, context)}; this adds nothing.")
    return ok(SLUG, f"Account cap: {counted}, cap {whole(limits.daily_cap, context)}")


GUARDRAIL = Guardrail(SLUG, "Account cap", check)
