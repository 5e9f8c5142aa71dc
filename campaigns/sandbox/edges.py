"""Edges of the account and of campaigns, ad sets and ads: lists, creates, insights, log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from campaigns.sandbox import actions
from campaigns.sandbox.call import Call
from campaigns.sandbox.clock import epoch, iso
from campaigns.sandbox.creative_checks import check_creative
from campaigns.sandbox.draws import key_of
from campaigns.sandbox.errors import bad_parameter, missing_parameter, no_such_object, not_one_of
from campaigns.sandbox.fields import KNOWN, words
from campaigns.sandbox.insight_query import read_query
from campaigns.sandbox.listing import limit_of, place, rows_answer
from campaigns.sandbox.params import wanted_fields
from campaigns.sandbox.render import listed, nested_edges, node
from campaigns.sandbox.traits import countries_of, creative_parts, people_of
from campaigns.sandbox.validation import check_ad, check_adset, check_campaign
from campaigns.sandbox.values import read_values
from campaigns.sandbox.world import Record

Handler = Callable[[Call, Record], dict[str, Any]]
PREVIEW_FORMATS = words("""
DESKTOP_FEED_STANDARD MOBILE_FEED_STANDARD MOBILE_FEED_BASIC INSTAGRAM_STANDARD INSTAGRAM_STORY INSTAGRAM_REELS
INSTAGRAM_EXPLORE_GRID_HOME FACEBOOK_REELS_MOBILE FACEBOOK_STORY_MOBILE
RIGHT_COLUMN_STANDARD MARKETPLACE_MOBILE AUDIENCE_NETWORK_OUTSTREAM_VIDEO
""")
LABEL_EDGES = {
    "campaignsbylabels": "campaign",
    "adsetsbylabels": "adset",
    "adsbylabels": "ad",
    "adcreativesbylabels": "creative",
}


def under(call: Call, record: Record, kind: str) -> list[Record]:
    """Objects of a kind anywhere under an account, campaign or ad set."""
    if record.kind == "account" or record.kind == "label":
        return call.world.of_kind(kind)
    field = f"{record.kind}_id"
    return [item for item in call.world.of_kind(kind) if item.data.get(field) == record.id]


def lister(kind: str) -> Handler:
    """A list edge."""
    return lambda call, record: listed(call, under(call, record, kind))


def labelled(kind: str) -> Handler:
    """Objects that carry a label."""
    return lambda call, record: listed(
        call, [item for item in call.world.of_kind(kind) if record.id in item.data.get("labels", [])]
    )


def by_labels(kind: str) -> Handler:
    """Objects with any or all of the labels in `ad_label_ids`."""

    def read(call: Call, _: Record) -> dict[str, Any]:
        wanted = {str(label) for label in call.params.items("ad_label_ids")}
        fits = (
            wanted.issubset
            if call.params.text("operator", "ANY") == "ALL"
            else lambda labels: bool(wanted & set(labels))
        )
        return listed(call, [item for item in call.world.of_kind(kind) if fits(item.data.get("labels", []))])

    return read


def creatives_of(call: Call, record: Record) -> dict[str, Any]:
    """Creatives of the account, or those in use under an ad set or ad."""
    if record.kind == "account":
        return listed(call, call.world.of_kind("creative"))
    ads = [record] if record.kind == "ad" else under(call, record, "ad")
    used = {str(ad.data.get("creative_id")) for ad in ads}
    return listed(call, [call.world.objects[key] for key in sorted(used) if key in call.world.objects])


def insights_of(call: Call, record: Record) -> dict[str, Any]:
    """`/insights`, sync."""
    query = read_query(call.world, record, call.params)
    offset, limit = place(call.params.text("after")) if "after" in call.params else 0, limit_of(call.params)
    total = call.sandbox.insights.count(query)
    answer = rows_answer(call, call.sandbox.insights.page(query, offset, limit), total, offset)
    answer.pop("summary", None)
    if total and (call.params.flag("default_summary") or "summary" in call.params):
        named = tuple(item.name for item in wanted_fields(call.params, "summary") if item.name in KNOWN["insights"])
        answer["summary"] = call.sandbox.insights.total(replace(query, fields=named or query.fields))
    return answer


def start_report(call: Call, record: Record) -> dict[str, Any]:
    """`POST /insights`: an async job. The parameters are checked at once."""
    query = read_query(call.world, record, call.params)
    kept = {
        name: value for name, value in call.params.values.items() if name not in ("access_token", "appsecret_proof")
    }
    report = call.world.add(
        "report",
        call.world.account.id,
        {
            "node": record.id,
            "params": kept,
            "async_status": "Job Not Started",
            "async_percent_completion": 0,
            "time_ref": int(call.world.now()),
            "is_async_export": False,
            "polled": 0,
            "level": query.level,
        },
    )
    return {"report_run_id": report.id}


def report_progress(call: Call, report: Record) -> None:
    """Each look moves a job one stage on."""
    stages = (("Job Started", 0), ("Job Running", 40), ("Job Completed", 100))
    status, percent = stages[min(report.data["polled"], 2)]
    report.data.update(
        async_status=status,
        async_percent_completion=percent,
        is_running=percent < 100,
        polled=report.data["polled"] + 1,
    )
    if percent == 100:
        report.data.setdefault("time_completed", int(call.world.now()))
    call.world.save(report)


def report_rows(call: Call, report: Record) -> dict[str, Any]:
    """The rows of a job that is complete."""
    if report.data["async_percent_completion"] < 100:
        raise bad_parameter(f"Report run {report.id} is not completed yet")
    values = {
        **report.data["params"],
        **{name: value for name, value in call.params.values.items() if name in ("limit", "after", "fields")},
    }
    call.params.values = {**call.params.values, **values}
    return insights_of(call, call.world.objects[report.data["node"]])


def _made(call: Call, make: Callable[[], Record]) -> dict[str, Any]:
    made = make()
    answer = node(call, made, wanted_fields(call.params))
    return {"id": answer.pop("id"), **answer}


def create_campaign(call: Call, _: Record) -> dict[str, Any]:
    """`POST /act_X/campaigns`."""
    values = call.sandbox.faults.clamped(read_values(call.world, "campaign", call.params, creating=True))
    check_campaign(call.world, values, set(values), None)
    return (
        {"success": True} if call.only_validates else _made(call, lambda: actions.create_campaign(call.world, values))
    )


def create_adset(call: Call, _: Record) -> dict[str, Any]:
    """`POST /act_X/adsets`."""
    values = call.sandbox.faults.clamped(read_values(call.world, "adset", call.params, creating=True))
    if not values.get("campaign_id"):
        raise missing_parameter("campaign_id")
    campaign = call.world.get(str(values["campaign_id"]), "campaign")
    if campaign is None:
        raise no_such_object(str(values["campaign_id"]), "post")
    check_adset(call.world, values, set(values), None, campaign)
    return (
        {"success": True}
        if call.only_validates
        else _made(call, lambda: actions.create_adset(call.world, campaign, values))
    )


def create_ad(call: Call, _: Record) -> dict[str, Any]:
    """`POST /act_X/ads`."""
    values = read_values(call.world, "ad", call.params, creating=True)
    check_ad(call.world, values, set(values), None)
    adset = call.world.objects[str(values["adset_id"])]
    return (
        {"success": True} if call.only_validates else _made(call, lambda: actions.create_ad(call.world, adset, values))
    )


def create_creative(call: Call, _: Record) -> dict[str, Any]:
    """`POST /act_X/adcreatives`."""
    values = read_values(call.world, "creative", call.params, creating=True)
    check_creative(call.world, values, None, set(values))
    return (
        {"success": True} if call.only_validates else _made(call, lambda: actions.create_creative(call.world, values))
    )


def create_label(call: Call, _: Record) -> dict[str, Any]:
    """`POST /act_X/adlabels`: the label of that name, made where missing."""
    if "name" not in call.params:
        raise missing_parameter("name")
    return {"id": actions.label_named(call.world, call.params.text("name")).id}


def add_labels(call: Call, record: Record) -> dict[str, Any]:
    """`POST /{object}/adlabels`: adds to the labels that are there."""
    more = read_values(call.world, record.kind, call.params, creating=False).get("labels", [])
    actions.update(call.world, record, {"labels": list(dict.fromkeys([*record.data.get("labels", []), *more]))})
    return {"success": True}


def remove_labels(call: Call, record: Record) -> dict[str, Any]:
    """`DELETE /{object}/adlabels`: removes those named, or all."""
    named = set(
        read_values(call.world, record.kind, call.params, creating=False).get("labels", record.data.get("labels", []))
    )
    actions.update(
        call.world, record, {"labels": [label for label in record.data.get("labels", []) if label not in named]}
    )
    return {"success": True}


def activities(call: Call, record: Record) -> dict[str, Any]:
    """`/activities` of the account or an ad set: newest first, the last week unless told."""
    world = call.world
    until = epoch(call.params.text("until"), world.zone) if "until" in call.params else world.now()
    since = epoch(call.params.text("since"), world.zone) if "since" in call.params else until - 7 * 86400
    only = call.params.text("oid") or (record.id if record.kind != "account" else "")
    rows = [row for row in world.store.activities(int(since), int(until)) if not only or row["object_id"] == only]
    offset, limit = place(call.params.text("after")) if "after" in call.params else 0, limit_of(call.params)
    wanted = {item.name for item in wanted_fields(call.params)} or {"event_type", "event_time"}
    shown = [
        {name: value for name, value in _activity(call, row).items() if name in wanted}
        for row in rows[offset : offset + limit]
    ]
    return rows_answer(call, shown, len(rows), offset)


def _activity(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    event = row["event_type"]
    return {
        **row,
        "event_time": iso(row["event_time"], call.world.zone),
        "extra_data": json.dumps(row["extra"]),
        "translated_event_type": event.replace("_", " "),
        "application_name": "Ads API",
        "application_id": call.world.identity.app_id,
        "date_time_in_timezone": call.world.local(row["event_time"]).strftime("%m/%d/%Y at %I:%M %p"),
    }


def minimum_budgets(call: Call, _: Record) -> dict[str, Any]:
    """`/minimum_budgets` in minor units."""
    return {
        "data": [
            {
                "currency": call.world.currency,
                "min_daily_budget_imp": 100,
                "min_daily_budget_high_freq": 500,
                "min_daily_budget_low_freq": 4000,
                "min_daily_budget_video_views": 100,
            }
        ]
    }


def previews(call: Call, record: Record) -> dict[str, Any]:
    """`/previews` and `/generatepreviews`: an iframe with the ad's text."""
    wanted = call.params.text("ad_format")
    if not wanted:
        raise missing_parameter("ad_format")
    if wanted not in PREVIEW_FORMATS:
        raise not_one_of("ad_format", sorted(PREVIEW_FORMATS))
    data = record.data if record.kind == "creative" else (call.params.json("creative") or {})
    if record.kind == "ad":
        data = call.world.objects[record.data["creative_id"]].data
    name = f"{key_of(wanted, *creative_parts(data)):x}"
    source = f"{call.sandbox.base_url}/_sandbox/preview/{name}"
    return {"data": [{"body": f'<iframe src="{source}" width="540" height="690" scrolling="yes"></iframe>'}]}


def reach_estimate(call: Call, record: Record) -> dict[str, Any]:
    """`/reachestimate`: `data` is an object, not a list."""
    people = _people(call, record)
    return {"data": {"users_lower_bound": int(people * 0.85), "users_upper_bound": int(people), "estimate_ready": True}}


def delivery_estimate(call: Call, record: Record) -> dict[str, Any]:
    """`/delivery_estimate` of an account or an ad set."""
    people = _people(call, record)
    return {
        "data": [
            {
                "estimate_mau_lower_bound": int(people * 0.85),
                "estimate_mau_upper_bound": int(people),
                "estimate_ready": True,
                "estimate_dau": int(people * 0.6),
                "targeting_optimization_types": [],
            }
        ]
    }


def _people(call: Call, record: Record) -> float:
    targeting = call.params.json("targeting_spec") if record.kind == "account" else record.data.get("targeting")
    if not isinstance(targeting, dict):
        raise missing_parameter("targeting_spec")
    return people_of(targeting, countries_of(targeting)) * 4


def ads_volume(call: Call, _: Record) -> dict[str, Any]:
    """`/ads_volume`: ads running or in review, against the page's limit."""
    running = sum(
        all(
            item.data["status"] == "ACTIVE"
            for item in (ad, call.world.objects[ad.data["adset_id"]], call.world.objects[ad.data["campaign_id"]])
        )
        for ad in call.world.ads
    )
    return {
        "data": [
            {
                "ads_running_or_in_review_count": running,
                "limit_on_ads_running_or_in_review": 250,
                "actor_id": call.world.identity.page_id,
            }
        ]
    }


NOTHING_YET = {  # edges that exist, of which this account has nothing: clients that copy everything read them
    "account": words("""
        account_controls ad_studies adplayables adrules_history adrules_library agencies asyncadrequestsets
        connected_instagram_accounts customconversions publisher_block_lists recommendations saved_audiences
        subscribed_apps value_rule_set
    """),
    "campaign": words("ad_studies adrules_governed"),
    "adset": words("adrules_governed asyncadrequests"),
    "ad": words("adrules_governed leads"),
    "page": words("leadgen_forms published_posts feed"),
}


GET_EDGES: dict[tuple[str, str], Handler] = {
    **{(kind, edge): lambda *_: {"data": []} for kind, names in NOTHING_YET.items() for edge in names},
    **{
        ("account", edge): lister(kind)
        for edge, kind in {"campaigns": "campaign", "adsets": "adset", "ads": "ad", "adlabels": "label"}.items()
    },
    **{("account", edge): by_labels(kind) for edge, kind in LABEL_EDGES.items()},
    ("campaign", "adsets"): lister("adset"),
    ("campaign", "ads"): lister("ad"),
    ("adset", "ads"): lister("ad"),
    **{
        ("label", edge): labelled(kind)
        for edge, kind in {"campaigns": "campaign", "adsets": "adset", "ads": "ad", "adcreatives": "creative"}.items()
    },
    **{(kind, "insights"): insights_of for kind in ("account", "campaign", "adset", "ad")},
    **{(kind, "adcreatives"): creatives_of for kind in ("account", "adset", "ad")},
    **{(kind, "activities"): activities for kind in ("account", "adset")},
    **{(kind, "previews"): previews for kind in ("ad", "creative")},
    ("account", "generatepreviews"): previews,
    ("report", "insights"): report_rows,
    ("account", "minimum_budgets"): minimum_budgets,
    ("account", "reachestimate"): reach_estimate,
    ("account", "delivery_estimate"): delivery_estimate,
    ("adset", "delivery_estimate"): delivery_estimate,
    ("account", "ads_volume"): ads_volume,
}
POST_EDGES: dict[tuple[str, str], Handler] = {
    ("account", "campaigns"): create_campaign,
    ("account", "adsets"): create_adset,
    ("account", "ads"): create_ad,
    ("account", "adcreatives"): create_creative,
    ("account", "adlabels"): create_label,
    **{(kind, "insights"): start_report for kind in ("account", "campaign", "adset", "ad")},
    **{(kind, "adlabels"): add_labels for kind in ("campaign", "adset", "ad", "creative")},
}
DELETE_EDGES: dict[tuple[str, str], Handler] = {
    (kind, "adlabels"): remove_labels for kind in ("campaign", "adset", "ad", "creative")
}
nested_edges(
    {
        key: handler
        for key, handler in GET_EDGES.items()
        if key[1] in ("campaigns", "adsets", "ads", "insights", "adcreatives", "previews", "activities")
        and key[0] != "report"
    }
)
