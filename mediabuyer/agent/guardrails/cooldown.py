"""What was changed lately rests, so that its effect can be seen. Pausing and taking back need not wait."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok

SLUG = "cooldown"


def check(context: Context) -> Finding | None:
    if context.is_undo or not context.budget_changes:
        return None
    touched = {change.external_id: change.name for change in context.budget_changes}
    for recent in sorted(context.recent, key=lambda one: one.at, reverse=True):
        rest = recent.at + context.limits.cooldown - context.now
        if recent.external_id in touched and rest.total_seconds() > 0:
            hours = int(rest.total_seconds() // 3600) + 1
            return block(
                SLUG,
                f"“{touched[recent.external_id]}” was changed on {_moment(recent.at, context.zone)} and rests "
                f"for {hours} more hours.",
            )
    return ok(SLUG, f"Nothing here was changed in the last {context.limits.cooldown.total_seconds() / 3600:.0f} hours")


def _moment(when: datetime, zone: str) -> str:
    """As pages write it: `20 Nov 18:00 Berlin`."""
    local = when.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %H:%M} {zone.rpartition('/')[2].replace('_', ' ')}"


GUARDRAIL = Guardrail(SLUG, "Rest between changes", check)
