"""The guardrails, in the order people read them. To add one is to add a module and a line here."""

from __future__ import annotations

from mediabuyer.agent.context import Context, Finding
from mediabuyer.agent.guardrails import (
    account_link,
    budget_ceiling,
    budget_floor,
    budget_step,
    cooldown,
    freshness,
    kill_switch,
    learning_phase,
    min_data,
    mode,
    never_pause_all,
    person_decides,
    spend_cap,
    tracking_alarm,
)
from mediabuyer.agent.guardrails.base import Guardrail

GUARDRAILS: tuple[Guardrail, ...] = (
    mode.GUARDRAIL,
    kill_switch.GUARDRAIL,
    account_link.GUARDRAIL,
    spend_cap.GUARDRAIL,
    budget_ceiling.GUARDRAIL,
    budget_floor.GUARDRAIL,
    budget_step.GUARDRAIL,
    min_data.GUARDRAIL,
    learning_phase.GUARDRAIL,
    cooldown.GUARDRAIL,
    never_pause_all.GUARDRAIL,
    tracking_alarm.GUARDRAIL,
    freshness.GUARDRAIL,
    person_decides.GUARDRAIL,
)


def evaluate(context: Context) -> list[Finding]:
    """What every guardrail says about these changes. An empty answer of a rule means it does not apply."""
    answers = (guardrail.run(context) for guardrail in GUARDRAILS)
    return [finding for finding in answers if finding is not None]
