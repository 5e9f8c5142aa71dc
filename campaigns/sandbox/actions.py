"""Writes that change the world, after validation: make, update, delete, with log lines, reviews and learning resets.

`values` are field names of the Graph API with decoded values: money in whole minor units, times in epoch seconds.
"""

from __future__ import annotations

from typing import Any

from campaigns.sandbox import reviews
from campaigns.sandbox.learning import BUDGET_STEP, SIGNIFICANT
from campaigns.sandbox.traits import creative_parts
from campaigns.sandbox.world import Record, World

NEW_LABEL = "new:"
CREATED_EVENT = {"campaign": "create_campaign_group", "adset": "create_ad_set", "ad": "create_ad"}
UPDATED_EVENT = {
    ("campaign", "status"): "update_campaign_run_status",
    ("campaign", "name"): "update_campaign_name",
    ("campaign", "daily_budget"): "update_campaign_budget",
    ("campaign", "lifetime_budget"): "update_campaign_budget",
    ("adset", "status"): "update_ad_set_run_status",
    ("adset", "name"): "update_ad_set_name",
    ("adset", "daily_budget"): "update_ad_set_budget",
    ("adset", "lifetime_budget"): "update_ad_set_budget",
    ("adset", "targeting"): "update_ad_set_target_spec",
    ("adset", "bid_strategy"): "update_ad_set_bid_strategy",
    ("ad", "status"): "update_ad_run_status",
    ("ad", "name"): "update_ad_friendly_name",
    ("ad", "creative_id"): "update_ad_creative",
}


def create_campaign(world: World, values: dict[str, Any]) -> Record:
    """A campaign of the account."""
    defaults = {"status": "PAUSED", "buying_type": "AUCTION", "special_ad_categories": []}
    return _created(world, "campaign", world.account.id, {**defaults, **values})


def create_adset(world: World, campaign: Record, values: dict[str, Any]) -> Record:
    """An ad set of a campaign. Starts now unless told."""
    defaults = {
        "status": "PAUSED",
        "start_time": int(world.now()),
        "destination_type": "UNDEFINED",
        "attribution_spec": [
            {"event_type": "CLICK_THROUGH", "window_days": 7},
            {"event_type": "VIEW_THROUGH", "window_days": 1},
        ],
    }
    data = {**defaults, **values, "campaign_id": campaign.id, "last_sig_edit": int(world.now())}
    return _created(world, "adset", campaign.id, data)


def create_ad(world: World, adset: Record, values: dict[str, Any]) -> Record:
    """An ad of an ad set; goes to review, and the ad set learns anew."""
    data = {"status": "PAUSED", **values, "adset_id": adset.id, "campaign_id": adset.data["campaign_id"]}
    ad = _created(world, "ad", adset.id, data)
    reviews.start(world, ad)
    world.save(ad)
    _significant(world, adset)
    return ad


def create_creative(world: World, values: dict[str, Any]) -> Record:
    """A creative and the page post that it becomes."""
    values = settled(world, values)
    number = int(world.next_id())
    page = (values.get("object_story_spec") or {}).get("page_id", world.identity.page_id)
    story = values.get("object_story_id") or f"{page}_{number + 7 * 10**14}"
    creative = world.add(
        "creative", world.account.id, {"status": "ACTIVE", **values, "effective_object_story_id": story}
    )
    if world.get(story) is None:
        text = {"message": creative_parts(values)[0], "permalink_url": f"https://www.facebook.com/{story}"}
        world.add("post", str(page), {**text, "is_published": False}, key=story)
    return creative


def add_image(world: World, name: str, image_hash: str, width: int, height: int) -> Record:
    """An image of the account's library; the same content is the same image."""
    key = f"{world.identity.account_id}:{image_hash}"
    found = world.get(key)
    return found or world.add(
        "image",
        world.account.id,
        {"name": name, "hash": image_hash, "width": width, "height": height, "status": "ACTIVE"},
        key=key,
    )


def label_named(world: World, name: str) -> Record:
    """The account's label of that name, made where missing."""
    for label in world.children("label", world.account.id):
        if label.data["name"] == name:
            return label
    return world.add("label", world.account.id, {"name": name})


def settled(world: World, values: dict[str, Any]) -> dict[str, Any]:
    """Values with the labels and the creative made that were given by name or as a spec."""
    values = dict(values)
    if "labels" in values:
        values["labels"] = [
            label_named(world, label.removeprefix(NEW_LABEL)).id if label.startswith(NEW_LABEL) else label
            for label in values["labels"]
        ]
    if isinstance(values.get("creative_id"), dict):
        values["creative_id"] = create_creative(world, values["creative_id"]).id
    return values


def _created(world: World, kind: str, parent: str, data: dict[str, Any]) -> Record:
    record = world.add(kind, parent, settled(world, data))
    world.log(CREATED_EVENT[kind], record, {"new_value": data.get("name", "")})
    return record


def update(world: World, record: Record, values: dict[str, Any]) -> None:
    """Change fields; what is unchanged leaves no trace. Keys of value None are removed."""
    values = settled(world, values)
    changed = {name: value for name, value in values.items() if record.data.get(name) != value}
    if not changed:
        return
    before = {name: record.data.get(name) for name in changed}
    for name in [name for name, value in changed.items() if value is None]:
        record.data.pop(name, None)
    world.change(record, **{name: value for name, value in changed.items() if value is not None})
    for name, old in before.items():
        event = UPDATED_EVENT.get((record.kind, name), f"update_{record.kind}_{name}")
        world.log(event, record, {"old_value": old, "new_value": changed[name]})
    _consequences(world, record, before, changed)


def _consequences(world: World, record: Record, before: dict[str, Any], changed: dict[str, Any]) -> None:
    if record.kind == "ad" and "creative_id" in changed:
        reviews.start(world, record)
        world.save(record)
        _significant(world, world.objects[record.data["adset_id"]])
    adsets = (
        [record] if record.kind == "adset" else world.children("adset", record.id) if record.kind == "campaign" else []
    )
    if any(name in SIGNIFICANT for name in changed) or _big_step(before, changed):
        for adset in adsets:
            _significant(world, adset)
    if _moves_budget_up(record, changed):
        for adset in adsets:
            update(world, adset, {"daily_budget": None, "lifetime_budget": None})
    if record.kind == "adset" and "targeting" in changed:
        for ad in world.children("ad", record.id):
            reviews.start(world, ad)
            world.save(ad)


def _moves_budget_up(record: Record, changed: dict[str, Any]) -> bool:
    return record.kind == "campaign" and bool(changed.get("daily_budget") or changed.get("lifetime_budget"))


def move_budget_down(world: World, campaign: Record, budgets: dict[str, int]) -> None:
    """From one campaign budget to one per ad set: {ad set id: daily budget in minor units}."""
    update(world, campaign, {"daily_budget": None, "lifetime_budget": None})
    for adset_id, budget in budgets.items():
        update(world, world.objects[adset_id], {"daily_budget": budget})


def _big_step(before: dict[str, Any], changed: dict[str, Any]) -> bool:
    old, new = before.get("daily_budget"), changed.get("daily_budget")
    return bool(old and new and abs(new / old - 1.0) > BUDGET_STEP)


def _significant(world: World, adset: Record) -> None:
    """A significant edit: the ad set learns from the beginning."""
    world.change(adset, last_sig_edit=int(world.now()))
    world.log("update_ad_set_learning_stage_status", adset, {"new_value": "LEARNING"}, actor="Meta")


def delete(world: World, record: Record) -> None:
    """Mark an object and everything under it as deleted; delivered figures stay."""
    if record.kind in ("campaign", "adset", "ad", "creative"):
        update(world, record, {"status": "DELETED"})
    else:
        world.change(record, status="DELETED")
    for kind in ("adset", "ad"):
        for child in world.children(kind, record.id):
            if child.data.get("status") != "DELETED":
                delete(world, child)
