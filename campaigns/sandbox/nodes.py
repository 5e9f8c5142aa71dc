"""Shows objects as the Graph API does: wanted fields and `id`, money as minor-unit texts, times in account zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.sandbox.clock import iso
from campaigns.sandbox.delivery import spent_by_day, spent_in_all
from campaigns.sandbox.errors import bad_parameter
from campaigns.sandbox.fields import KNOWN, words
from campaigns.sandbox.learning import learning_info
from campaigns.sandbox.params import Field
from campaigns.sandbox.statuses import effective_status
from campaigns.sandbox.traits import creative_parts
from campaigns.sandbox.world import Record, World

MONEY = words(
    "daily_budget lifetime_budget spend_cap bid_amount daily_min_spend_target daily_spend_cap amount_spent balance "
    "lifetime_min_spend_target lifetime_spend_cap budget_remaining"
)
TIMES = words("created_time updated_time start_time stop_time end_time event_time creation_time last_fired_time")
NODE_NAMES = {
    "campaign": "Campaign",
    "adset": "AdSet",
    "ad": "Ad",
    "creative": "AdCreative",
    "account": "AdAccount",
    "comment": "Comment",
    "label": "AdLabel",
    "image": "AdImage",
    "report": "AdReportRun",
    "page": "Page",
}


def shown(world: World, record: Record, fields: list[Field], date_format: str = "") -> dict[str, Any]:
    """An object with the wanted fields; unknown ones are refused, absent ones left out."""
    result: dict[str, Any] = {}
    for wanted in fields:
        value = value_of(world, record, wanted, date_format)
        if value is not None:
            result[wanted.name] = value
    result["id"] = record.id
    return result


def value_of(world: World, record: Record, wanted: Field, date_format: str = "") -> Any:
    """One field's value as it travels; None where the object has none."""
    name = wanted.name
    if name not in KNOWN.get(record.kind, frozenset([name])):
        raise bad_parameter(
            f"Tried accessing nonexisting field ({name}) on node type ({NODE_NAMES.get(record.kind, record.kind)})"
        )
    computed = COMPUTED.get((record.kind, name)) or COMPUTED.get(("*", name))
    value = computed(world, record, wanted) if computed else record.data.get(name)
    if value is None:
        return None
    if name in TIMES and isinstance(value, (int, float)):
        return int(value) if date_format == "U" else iso(value, world.zone)
    return str(value) if name in MONEY and isinstance(value, int) else value


def _reference(name: str) -> Callable[[World, Record, Field], Any]:
    """A linked object, expanded when fields are wanted inside."""

    def read(world: World, record: Record, wanted: Field) -> Any:
        other = world.get(str(record.data.get(name, "")))
        return shown(world, other, wanted.inner) if other else None

    return read


def _labels(world: World, record: Record, wanted: Field) -> Any:
    fields = wanted.inner or [Field("name"), Field("created_time"), Field("updated_time")]
    return [shown(world, world.objects[label], fields) for label in record.data.get("labels", [])] or None


def _status(world: World, record: Record, _: Field) -> str:
    return effective_status(world, record)


def _own_status(_: World, record: Record, __: Field) -> Any:
    return record.data.get("status")


def _budget_remaining(world: World, record: Record, _: Field) -> Any:
    if record.data.get("lifetime_budget"):
        return max(record.data["lifetime_budget"] - spent_in_all(world, record), 0)
    if not record.data.get("daily_budget"):
        return 0
    today = world.today()
    return max(record.data["daily_budget"] - int(spent_by_day(world, record, today, today)[0]), 0)


def _learning(world: World, record: Record, _: Field) -> Any:
    if effective_status(world, record) != "ACTIVE":
        return None
    return learning_info(world, record.id, world.now())


def _review_feedback(world: World, record: Record, _: Field) -> Any:
    return {"global": record.data["rejected"]} if effective_status(world, record) == "DISAPPROVED" else None


def _issues(world: World, record: Record, _: Field) -> Any:
    if effective_status(world, record) != "DISAPPROVED":
        return None
    return [
        {
            "level": "AD",
            "error_code": 1815107,
            "error_summary": "Ad Rejected",
            "error_type": "HARD_ERROR",
            "error_message": " ".join(record.data["rejected"].values()),
        }
    ]


def _advantage(_world: World, record: Record, _: Field) -> dict[str, str]:
    has_budget = bool(record.data.get("daily_budget") or record.data.get("lifetime_budget"))
    return {
        "advantage_state": "DISABLED",
        "advantage_budget_state": "ENABLED" if has_budget else "DISABLED",
        "advantage_audience_state": "DISABLED",
        "advantage_placement_state": "ENABLED",
    }


def _account_text(world: World, _: Record, __: Field) -> str:
    return world.identity.account_id


def _creative_text(index: int) -> Callable[[World, Record, Field], Any]:
    return lambda _, record, __: creative_parts(record.data)[index] or None


def _amount_spent(world: World, record: Record, _: Field) -> int:
    return spent_in_all(world, record)


def _balance(world: World, record: Record, _: Field) -> int:
    return spent_in_all(world, record) % 75_000


def _link_of(_: World, record: Record, __: Field) -> Any:
    spec = record.data.get("object_story_spec") or {}
    return (spec.get("link_data") or {}).get("link")


def _cta_of(_: World, record: Record, __: Field) -> Any:
    spec = record.data.get("object_story_spec") or {}
    return ((spec.get("link_data") or spec.get("video_data") or {}).get("call_to_action") or {}).get("type")


def _image_url(_: World, record: Record, __: Field) -> Any:
    return (
        f"https://scontent.example/{record.data['hash']}.jpg" if "hash" in record.data else record.data.get("image_url")
    )


def _source(name: str) -> Callable[[World, Record, Field], Any]:
    return lambda _, record, __: record.data.get(name, "0")


def _like_count(_: World, record: Record, __: Field) -> int:
    return int(record.data.get("like_count", 0))


def _replies(world: World, record: Record, _: Field) -> int:
    return sum(not reply.data.get("deleted") for reply in world.children("comment", record.id))


def _parent_comment(world: World, record: Record, wanted: Field) -> Any:
    parent = world.get(record.parent, "comment")
    return shown(world, parent, wanted.inner) if parent else None


def _always(value: Any) -> Callable[[World, Record, Field], Any]:
    return lambda *_: value


COMPUTED: dict[tuple[str, str], Callable[[World, Record, Field], Any]] = {
    ("*", "effective_status"): _status,
    ("*", "configured_status"): _own_status,
    ("*", "account_id"): _account_text,
    ("*", "adlabels"): _labels,
    ("*", "campaign"): _reference("campaign_id"),
    ("*", "adset"): _reference("adset_id"),
    ("ad", "creative"): _reference("creative_id"),
    ("ad", "ad_review_feedback"): _review_feedback,
    ("ad", "issues_info"): _issues,
    ("campaign", "budget_remaining"): _budget_remaining,
    ("adset", "budget_remaining"): _budget_remaining,
    ("campaign", "advantage_state_info"): _advantage,
    ("adset", "learning_stage_info"): _learning,
    ("adset", "recurring_budget_semantics"): _always(True),
    ("campaign", "source_campaign_id"): _source("source_campaign_id"),
    ("adset", "source_adset_id"): _source("source_adset_id"),
    ("ad", "source_ad_id"): _source("source_ad_id"),
    ("creative", "body"): _creative_text(0),
    ("creative", "title"): _creative_text(1),
    ("creative", "image_hash"): _creative_text(2),
    ("creative", "link_url"): _link_of,
    ("creative", "call_to_action_type"): _cta_of,
    ("creative", "object_type"): _always("SHARE"),
    ("creative", "thumbnail_url"): _always("https://scontent.example/thumbnail.jpg"),
    ("account", "amount_spent"): _amount_spent,
    ("account", "balance"): _balance,
    ("image", "url"): _image_url,
    ("image", "permalink_url"): _image_url,
    ("image", "url_128"): _image_url,
    ("comment", "like_count"): _like_count,
    ("comment", "comment_count"): _replies,
    ("comment", "parent"): _parent_comment,
    ("comment", "can_hide"): _always(True),
    ("comment", "can_remove"): _always(True),
    ("comment", "can_comment"): _always(True),
    ("comment", "can_like"): _always(True),
    ("comment", "can_reply_privately"): _always(False),
}
