"""Nothing is sent to an account that the platform holds or no longer lets us into."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails.base import Guardrail, block, ok

SLUG = "account_link"


def check(context: Context) -> Finding:
    if context.connection == "reconnect":
        return block(SLUG, "Meta no longer accepts this account's token. Connect the account again.")
    if context.connection == "held":
        return block(SLUG, "Meta holds this account. See its message under Status.")
    if context.connection != "ok":
        return block(SLUG, f"The account's connection is “{context.connection}”, which I do not know.")
    return ok(SLUG, "Account connected")


GUARDRAIL = Guardrail(SLUG, "Account connected", check)
