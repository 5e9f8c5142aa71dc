"""Old figures are no ground for spending more."""

from __future__ import annotations

from datetime import timedelta

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, note, ok

SLUG = "freshness"
LIMIT = timedelta(hours=26)
"""Yesterday's figures must have been read today; 26 hours leave room for one missed cycle of the night."""

SKEW = timedelta(minutes=15)
"""By how much clocks may differ before figures from the future are no figures."""


def check(context: Context) -> Finding:
    if context.synced_at is None:
        return block(SLUG, "No figures have been read from Meta yet.")
    if context.synced_at > context.now + SKEW and context.raises_exposure:
        return block(SLUG, "The figures bear a time that has not come yet, so the clock or the account is not right.")
    hours = (context.now - context.synced_at) / timedelta(hours=1)
    if context.now - context.synced_at <= LIMIT:
        return ok(SLUG, "Figures read less than an hour ago" if hours < 1 else f"Figures read {hours:.0f} hours ago")
    if context.raises_exposure:
        return block(SLUG, f"The figures are {hours:.0f} hours old; spending is not raised on them.")
    return note(SLUG, f"The figures are {hours:.0f} hours old.")


GUARDRAIL = Guardrail(SLUG, "Fresh figures", check)
