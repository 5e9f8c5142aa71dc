"""Ask people for a fresh creative where a good ad has grown tired. Changes nothing at the platform by itself."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.tree import UNSORTED
from mediabuyer.agent.actions.base import Action
from mediabuyer.agent.context import AdFigures, Observation, Proposal

SLUG = "refresh_creative"
WORTH_KEEPING = 0.30
"""Chance of a profit below which a tired ad is let go rather than renewed."""


def propose(seen: Observation) -> Iterator[Proposal]:
    for ad in seen.ads:
        if ad.is_running and ad.is_tired and (ad.p_profit or 0.0) >= WORTH_KEEPING:
            yield _proposal(ad, seen)


def _who(angle: str) -> str:
    return "It" if angle in ("", UNSORTED) else f"The angle “{angle}”"


def _proposal(ad: AdFigures, seen: Observation) -> Proposal:
    still = "it still earns" if seen.valued_by == "revenue" else "what it brings still costs little enough"
    seen_often = f" Each person has seen it {ad.frequency_7d:.1f} times this week." if ad.frequency_7d else ""
    return Proposal(
        action=SLUG,
        title=f"Ask for a fresh creative for “{ad.name}”",
        why=(
            f"People click on it {ad.fatigue or 0:.0%} less than when it was new, and {still}."
            f"{seen_often} {_who(ad.angle)} may go on with another picture and first line."
        ),
        params={"ad": ad.external_id, "angle": ad.angle},
        changes=(),
        evidence={
            "ad": ad.external_id,
            "fatigue": ad.fatigue,
            "frequency_7d": ad.frequency_7d,
            "p_profit": ad.p_profit,
            "payout_per_spend": ad.payout_per_spend,
        },
        effect=None,
        risk="low",
        way_back="Close the request.",
        subject_level="ad",
        subject_id=ad.external_id,
        score=(ad.fatigue or 0.0) * float(ad.spend_7d) / 7 * 0.1,
    )


ACTION = Action(SLUG, "Ask for a creative", "image", propose)
