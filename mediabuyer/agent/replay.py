"""Replays the planning of a past cycle from what was stored with it, and says whether the same comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.context import AdFigures, Budget, Limits, Observation, Proposal
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.plan import rank

MONEY = {
    "spend", "spend_7d", "spend_a_day", "cpa", "daily_budget", "margin", "target_cpa", "reference_cpa", "daily_cap",
    "ad_set_cap", "approval_over", "budget_step", "exposure_factor",
}  # fmt: skip
TIMES = {"now", "synced_at", "last_edit_at"}
DAYS = {"today", "launched_on"}


@dataclass(frozen=True)
class Replay:
    """What the rules propose today on what was known then. `is_same`: the same titles in the same order as then."""

    candidates: list[Proposal]
    is_same: bool


def replay(cycle: Cycle) -> Replay | None:
    """None where the cycle kept nothing to replay, or an older form of it. Pure but for reading the plan step."""
    planned = cycle.step_set.filter(name="plan", state="done").values_list("figures", flat=True).first()
    if planned is None or not cycle.observation:
        return None
    try:
        observation = from_json(cycle.observation)
    except (KeyError, TypeError):
        return None
    candidates = rank(proposal for action in ACTIONS for proposal in action.propose(observation))
    then = [one["title"] for one in planned.get("candidates", [])]
    return Replay(candidates, [one.title for one in candidates] == then)


def from_json(data: dict[str, Any]) -> Observation:
    """The observation that `evaluate.as_json` wrote down. Raises KeyError or TypeError for another form."""
    limits = _values(data["limits"]) | {"cooldown": timedelta(seconds=data["limits"]["cooldown"])}
    return Observation(
        **_values(data)
        | {
            "limits": Limits(**limits),
            "ads": tuple(AdFigures(**_values(ad)) for ad in data["ads"]),
            "budgets": tuple(Budget(**_values(budget)) for budget in data["budgets"]),
            "anomalies": tuple(data["anomalies"]),
        }
    )


def _values(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in MONEY:
        return Decimal(value)
    if name in TIMES:
        return datetime.fromisoformat(value)
    if name in DAYS:
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value
