"""Shadow accounts are shown proposals only; a live account spends only after a person confirmed it in words."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok

SLUG = "mode"


def check(context: Context) -> Finding:
    if context.mode == "shadow":
        return block(SLUG, "Shadow mode: I show what I would do and change nothing.")
    if context.mode == "live" and not context.is_live_confirmed:
        return block(SLUG, "Nobody has confirmed that this live account may be changed. A manager does it in Settings.")
    if context.mode == "live" and context.live_missing:
        return block(SLUG, f"This live account may not be changed yet. {' '.join(context.live_missing)}")
    if context.mode not in {"live", "sandbox"}:
        return block(SLUG, f"The account's mode is “{context.mode}”, which I do not know.")
    return ok(SLUG, "Sandbox: no money is spent" if context.mode == "sandbox" else "Live, confirmed")


GUARDRAIL = Guardrail(SLUG, "Mode", check)
