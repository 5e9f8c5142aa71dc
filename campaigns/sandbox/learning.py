"""The learning phase: about fifty results within a week of the last significant edit."""

from __future__ import annotations

from typing import Any

import numpy as np

from campaigns.sandbox.orders import REFUND
from campaigns.sandbox.world import World

RESULTS_NEEDED = 50
WEEK = 7 * 86400
SIGNIFICANT = (
    "targeting",
    "optimization_goal",
    "promoted_object",
    "attribution_spec",
    "bid_strategy",
    "bid_amount",
    "bid_constraints",
)
BUDGET_STEP = 0.2  # a budget change of more than this restarts learning (convention among buyers)


def recent_results(world: World, at: float) -> dict[str, int]:
    """Purchases attributed per ad set in the week before `at`, but not before its last significant edit."""
    names = [ad.data["adset_id"] for ad in world.ads]
    since = np.array([max(edited_at(world, name), at - WEEK) for name in names])
    orders = world.figures.orders_clicked_since(int(at - WEEK) // 3600 - 30 * 24)
    mine = orders.ad < len(names)
    counted = (
        mine
        & (orders.kind != REFUND)
        & (orders.reported <= at)
        & (orders.converted >= since[np.where(mine, orders.ad, 0)])
    )
    results: dict[str, int] = {}
    for name, count in zip(names, np.bincount(orders.ad[counted], minlength=len(names)).tolist(), strict=True):
        results[name] = results.get(name, 0) + count
    return results


def edited_at(world: World, adset_id: str) -> int:
    """Epoch seconds of the last significant edit, or of the creation."""
    adset = world.objects[adset_id].data
    return int(adset.get("last_sig_edit", adset["created_time"]))


def stage_of(world: World, adset_id: str, results: int, at: float) -> str:
    """SUCCESS once fifty results came in a week (a slow week later does not undo it); FAIL after a week without."""
    edited = edited_at(world, adset_id)
    if results >= RESULTS_NEEDED or world.objects[adset_id].data.get("learnt_at", 0) > edited:
        return "SUCCESS"
    return "LEARNING" if at - edited < WEEK else "FAIL"


def learning_info(world: World, adset_id: str, at: float) -> dict[str, Any]:
    """`learning_stage_info` of an ad set."""
    key = (world.version, world.simulated_until)
    if world.results[0] != key:
        world.results = (key, recent_results(world, at))
    results = world.results[1].get(adset_id, 0)
    return {
        "status": stage_of(world, adset_id, results, at),
        "conversions": results,
        "last_sig_edit_ts": edited_at(world, adset_id),
        "attribution_windows": ["7d_click", "1d_view"],
    }


def learning_sets(world: World, at: float) -> set[str]:
    """Ad sets whose delivery is still unsettled; notes on the others that they have learnt."""
    learning = set()
    for adset_id, results in recent_results(world, at).items():
        stage = stage_of(world, adset_id, results, at)
        adset = world.objects[adset_id]
        if stage == "LEARNING":
            learning.add(adset_id)
        elif stage == "SUCCESS" and adset.data.get("learnt_at", 0) <= edited_at(world, adset_id):
            adset.data["learnt_at"] = int(at)
            world.save(adset)
            world.log("di_ad_set_learning_stage_exit", adset, actor="Meta")
    return learning
