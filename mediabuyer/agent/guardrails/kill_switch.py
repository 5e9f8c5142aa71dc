"""With the stop pressed nothing leaves that could raise what is spent. Pausing and cutting always may."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, note, ok

SLUG = "kill_switch"


def check(context: Context) -> Finding:
    if not context.is_stopped:
        return ok(SLUG, "The stop is not pressed")
    if context.raises_exposure:
        whole = " This goes as a whole or not at all." if len(context.changes) > 1 else ""
        return block(
            SLUG,
            f"The stop is pressed: nothing that raises spending is sent until a second person releases it.{whole}",
        )
    return note(SLUG, "The stop is pressed; this only lowers spending, so it may go.")


GUARDRAIL = Guardrail(SLUG, "Stop", check)
