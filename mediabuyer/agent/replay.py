"""Replays the planning of a past cycle from what was stored with it, and says whether the same comes out."""

from __future__ import annotations

from dataclasses import dataclass

from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.context import Proposal
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.plan import rank
from mediabuyer.agent.snapshots import observation_of


@dataclass(frozen=True)
class Replay:
    """What the rules propose today on what was known then. `is_same`: the same titles in the same order as then."""

    candidates: list[Proposal]
    is_same: bool


def replay(cycle: Cycle) -> Replay | None:
    """None where the cycle kept nothing to replay, or an older form of it. Pure but for reading the plan step."""
    planned = cycle.step_set.filter(name="plan", state="done").values_list("figures", flat=True).first()
    observation = observation_of(cycle)
    if planned is None or observation is None:
        return None
    candidates = rank(proposal for action in ACTIONS for proposal in action.propose(observation))
    then = [one["title"] for one in planned.get("candidates", [])]
    return Replay(candidates, [one.title for one in candidates] == then)
