"""`POST /{id}/copies` of ads, ad sets and campaigns, deep or not, and the list of copies made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.sandbox import actions
from campaigns.sandbox.call import Call
from campaigns.sandbox.errors import bad_parameter, no_such_object, not_one_of
from campaigns.sandbox.render import listed
from campaigns.sandbox.world import Record

STATUS_OPTIONS = ["ACTIVE", "PAUSED", "INHERITED_FROM_SOURCE"]
SYNC_CHILDREN = 3
NOT_COPIED = (
    "created_time",
    "updated_time",
    "review_until",
    "review_open",
    "rejected",
    "last_sig_edit",
    "learnt_at",
    "budget_changes",
)


def copy_ad(call: Call, record: Record) -> dict[str, Any]:
    """A copy of an ad, into its own or another ad set."""
    adset = _target(call, "adset_id", "adset", record)
    made = _copy(call, record, lambda values: actions.create_ad(call.world, adset, values), top=True)
    return {"copied_ad_id": made.id, "ad_object_ids": [_pair("ad", record, made)]}


def copy_adset(call: Call, record: Record) -> dict[str, Any]:
    """A copy of an ad set, with its ads when `deep_copy`."""
    campaign = _target(call, "campaign_id", "campaign", record)
    ads = _children(call, record, "ad")
    made, pairs = _adset(call, record, campaign, ads, top=True)
    return {"copied_adset_id": made.id, "ad_object_ids": pairs}


def copy_campaign(call: Call, record: Record) -> dict[str, Any]:
    """A copy of a campaign, with its ad sets and ads when `deep_copy`."""
    adsets = _children(call, record, "adset")
    ads = {adset.id: _children(call, adset, "ad") for adset in adsets}
    if len(adsets) + sum(map(len, ads.values())) > SYNC_CHILDREN:
        raise _too_many()
    made = _copy(call, record, lambda values: actions.create_campaign(call.world, values), top=True)
    pairs = [_pair("campaign", record, made)]
    for adset in adsets:
        pairs += _adset(call, adset, made, ads[adset.id], top=False)[1]
    return {"copied_campaign_id": made.id, "ad_object_ids": pairs}


def _adset(
    call: Call, record: Record, campaign: Record, ads: list[Record], top: bool
) -> tuple[Record, list[dict[str, str]]]:
    made = _copy(call, record, lambda values: actions.create_adset(call.world, campaign, values), top)
    pairs = [_pair("ad_set", record, made)]
    for ad in ads:
        copied = _copy(call, ad, lambda values: actions.create_ad(call.world, made, values), top=False)
        pairs.append(_pair("ad", ad, copied))
    return made, pairs


def _target(call: Call, name: str, kind: str, record: Record) -> Record:
    key = call.params.text(name) or str(record.data[name])
    target = call.world.get(key, kind)
    if target is None or target.data["status"] == "DELETED":
        raise no_such_object(key, "post")
    return target


def _children(call: Call, record: Record, kind: str) -> list[Record]:
    if not call.params.flag("deep_copy"):
        return []
    found = [
        child for child in call.world.children(kind, record.id) if child.data["status"] not in ("DELETED", "ARCHIVED")
    ]
    if len(found) > SYNC_CHILDREN:
        raise _too_many()
    return found


def _too_many() -> Exception:
    return bad_parameter(f"A synchronous deep copy can hold at most {SYNC_CHILDREN} child objects", "deep_copy")


def _copy(call: Call, record: Record, create: Callable[[dict[str, Any]], Record], top: bool) -> Record:
    option = call.params.text("status_option", "PAUSED")
    if option not in STATUS_OPTIONS:
        raise not_one_of("status_option", STATUS_OPTIONS)
    values = {name: value for name, value in record.data.items() if name not in NOT_COPIED}
    values["status"] = record.data["status"] if option == "INHERITED_FROM_SOURCE" else option
    values["name"] = _name(call, str(record.data.get("name", "")), top)
    values[f"source_{record.kind}_id"] = record.id
    return create(values)


def _name(call: Call, name: str, top: bool) -> str:
    options = call.params.json("rename_options", {})
    strategy = options.get("rename_strategy", "ONLY_TOP_LEVEL_RENAME")
    if strategy == "NO_RENAME" or (strategy == "ONLY_TOP_LEVEL_RENAME" and not top):
        return name
    return f"{options.get('rename_prefix', '')}{name}{options.get('rename_suffix', ' - Copy')}"


def _pair(kind: str, source: Record, made: Record) -> dict[str, str]:
    return {"ad_object_type": kind, "source_id": source.id, "copied_id": made.id}


def _copies(call: Call, record: Record) -> dict[str, Any]:
    made = [item for item in call.world.of_kind(record.kind) if item.data.get(f"source_{record.kind}_id") == record.id]
    return listed(call, made)


GET_EDGES = {(kind, "copies"): _copies for kind in ("campaign", "adset", "ad")}
POST_EDGES = {("campaign", "copies"): copy_campaign, ("adset", "copies"): copy_adset, ("ad", "copies"): copy_ad}
