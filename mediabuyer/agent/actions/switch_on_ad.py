"""Switch a paused ad on again. Only people ask for it: what an ad that rests would earn now, no figure says."""

from __future__ import annotations

from collections.abc import Iterator

from mediabuyer.agent.actions.base import Action, ad_figures, risk_of
from mediabuyer.agent.context import Observation, PlannedChange, Proposal

SLUG = "switch_on_ad"


def propose(seen: Observation) -> Iterator[Proposal]:  # noqa: ARG001 - every action has it
    yield from ()


def wanted(change: PlannedChange, seen: Observation) -> Proposal:
    """No effect: its last figures are of the time before it was paused."""
    return Proposal(
        action=SLUG,
        title=f"Switch on “{change.name}”",
        why="",
        params={"ad": change.external_id},
        changes=(change,),
        evidence={"ad": change.external_id, **ad_figures(seen.ad(change.external_id), seen)},
        effect=None,
        risk=risk_of(None),
        way_back="Pause it again, one click; what it spent meanwhile stays spent.",
        subject_level="ad",
        subject_id=change.external_id,
        score=0.0,
    )


ACTION = Action(SLUG, "Switch an ad on", "play", propose, wanted=wanted)
