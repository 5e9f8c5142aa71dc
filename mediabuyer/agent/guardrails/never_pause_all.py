"""Somebody has to be left running: the last ad is never paused, and half of them only by a person."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, ask, block, ok

SLUG = "never_pause_all"


def check(context: Context) -> Finding | None:
    if not context.pauses:
        return None
    if context.active_ads_after <= 0:
        return block(
            SLUG, f"Nothing would be left running. The last {context.unit} is paused by hand at Meta, never by me."
        )
    if context.active_ads_after * 2 < context.active_ads:
        return ask(
            SLUG, f"Only {context.active_ads_after} of {context.active_ads} {context.unit}s would be left running."
        )
    return ok(SLUG, f"{context.active_ads_after} of {context.active_ads} {context.unit}s go on running")


GUARDRAIL = Guardrail(SLUG, "Never pause all", check)
