"""A broken pixel looks like every ad failing at once, so an alarm about results freezes verdicts."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok

SLUG = "tracking_alarm"


def check(context: Context) -> Finding | None:
    if context.is_undo or not context.changes:
        return None
    if context.has_tracking_alarm:
        return block(
            SLUG,
            f"Far fewer {context.results} arrive than the clicks promise. It may be the tracking, so I judge "
            "no ad until somebody has looked.",
        )
    return ok(SLUG, f"{context.results.capitalize()} arrive as expected")


GUARDRAIL = Guardrail(SLUG, "Tracking", check)
