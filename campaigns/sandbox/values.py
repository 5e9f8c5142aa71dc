"""Decodes parameters of creates and updates into stored values: money to whole minor units, times to epoch seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.sandbox import actions
from campaigns.sandbox.clock import epoch
from campaigns.sandbox.errors import bad_parameter, invalid, not_one_of
from campaigns.sandbox.fields import words
from campaigns.sandbox.params import Params
from campaigns.sandbox.world import World

Reader = Callable[[World, Params, str], Any]
CREATE_STATUSES = ["ACTIVE", "PAUSED"]
UPDATE_STATUSES = ["ACTIVE", "PAUSED", "DELETED", "ARCHIVED"]


def _text(_: World, params: Params, name: str) -> str:
    return params.text(name)


def _money(_: World, params: Params, name: str) -> int:
    text = params.text(name)
    if not text.lstrip("-").isdigit():
        raise bad_parameter(f"Param {name} must be an integer in minor units of the account's currency", name)
    return int(text)


def _json(_: World, params: Params, name: str) -> Any:
    return params.json(name)


def _object(_: World, params: Params, name: str) -> Any:
    value = params.json(name)
    if not isinstance(value, dict):
        raise bad_parameter(f"Param {name} must be an object", name)
    return value


def _objects(_: World, params: Params, name: str) -> list[Any]:
    value = params.json(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad_parameter(f"Param {name} must be an array of objects", name)
    return value


def _list(_: World, params: Params, name: str) -> list[Any]:
    return params.items(name)


def _flag(_: World, params: Params, name: str) -> bool:
    return params.flag(name)


def _time(world: World, params: Params, name: str) -> int:
    try:
        moment = int(epoch(params.text(name), world.zone))
        world.local(moment)
        return moment
    except (ValueError, OverflowError, OSError):
        raise bad_parameter(f"Param {name} is not a valid time", name) from None


def _labels(world: World, params: Params, name: str) -> list[str]:
    """Ids of labels given as [{"id": …} or {"name": …}]; a label still to be made is `new:<name>`."""
    return [_label(world, item) for item in params.items(name)]


def _label(world: World, item: Any) -> str:
    if isinstance(item, dict) and "id" in item:
        label = world.get(str(item["id"]), "label")
        if label is None:
            raise invalid(1487390, "Label not found", "The ad label does not exist.", "adlabels")
        return label.id
    name = item.get("name") if isinstance(item, dict) else item
    if not name:
        raise bad_parameter("Each of adlabels needs an id or a name", "adlabels")
    return actions.NEW_LABEL + str(name)


def _creative(_: World, params: Params, name: str) -> Any:
    """The id of an existing creative, or the spec of one still to be made."""
    value = params.json(name)
    if isinstance(value, dict):
        return str(value["creative_id"]) if "creative_id" in value else str(value["id"]) if "id" in value else value
    return str(value)


READERS: dict[str, dict[str, Reader]] = {
    "campaign": {
        **dict.fromkeys(words("name objective status bid_strategy buying_type"), _text),
        **dict.fromkeys(words("daily_budget lifetime_budget spend_cap"), _money),
        **dict.fromkeys(
            words("special_ad_categories special_ad_category_country pacing_type budget_schedule_specs"), _list
        ),
        "is_adset_budget_sharing_enabled": _flag,
        "is_budget_schedule_enabled": _flag,
        "promoted_object": _object,
        "start_time": _time,
        "stop_time": _time,
        "adlabels": _labels,
    },
    "adset": {
        **dict.fromkeys(
            words(
                "name status campaign_id bid_strategy billing_event optimization_goal destination_type dsa_beneficiary "
                "dsa_payor"
            ),
            _text,
        ),
        **dict.fromkeys(
            words(
                "daily_budget lifetime_budget bid_amount daily_min_spend_target daily_spend_cap "
                "lifetime_min_spend_target "
                "lifetime_spend_cap"
            ),
            _money,
        ),
        **dict.fromkeys(words("targeting promoted_object bid_constraints regional_regulation_identities"), _object),
        **dict.fromkeys(words("attribution_spec adset_schedule frequency_control_specs"), _objects),
        **dict.fromkeys(words("pacing_type regional_regulated_categories"), _list),
        "is_dynamic_creative": _flag,
        "start_time": _time,
        "end_time": _time,
        "adlabels": _labels,
    },
    "ad": {
        **dict.fromkeys(words("name status adset_id conversion_domain"), _text),
        "creative": _creative,
        "tracking_specs": _json,
        "bid_amount": _money,
        "adlabels": _labels,
    },
    "creative": {
        **dict.fromkeys(
            words(
                "name status object_story_id source_instagram_media_id url_tags image_hash image_url title body "
                "object_url "
                "link_url call_to_action_type authorization_category instagram_user_id video_id"
            ),
            _text,
        ),
        **dict.fromkeys(words("object_story_spec asset_feed_spec degrees_of_freedom_spec call_to_action"), _object),
        "adlabels": _labels,
    },
    "account": {"name": _text, "spend_cap": _money, "default_dsa_payor": _text, "default_dsa_beneficiary": _text},
}
STORED_AS = {"adlabels": "labels", "creative": "creative_id"}


def read_values(world: World, kind: str, params: Params, creating: bool) -> dict[str, Any]:
    """Values of the known parameters that were sent; others are ignored as Meta does."""
    values: dict[str, Any] = {}
    for name, reader in READERS[kind].items():
        if name in params.values and params.values[name] is not None:
            values[STORED_AS.get(name, name)] = reader(world, params, name)
    if "status" in values and kind != "creative":
        allowed = CREATE_STATUSES if creating else UPDATE_STATUSES
        if values["status"] not in allowed:
            raise not_one_of("status", allowed)
    return values
