"""Somebody has to be left running: the last ad is never paused, and half of them only by a person."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, ask, block, ok

SLUG = "never_pause_all"


def check(context: Context) -> Finding | None:
    if not context.pauses:
        return None
    unit, left, now = context.unit, context.active_ads_after, context.active_ads
    if left <= 0:
        return block(SLUG, f"Nothing would be left running. The last {unit} is paused by hand at Meta, never by me.")
    if left * 2 < now:
        return ask(SLUG, f"Only {left} of {now} {unit}s would be left.")
    return ok(SLUG, f"{left} of {now} {unit}s are left")


GUARDRAIL = Guardrail(SLUG, "Never pause all", check)
