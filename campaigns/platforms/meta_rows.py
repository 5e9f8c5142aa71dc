"""Meta's objects as our rows. Lenient: unknown fields are ignored, enums stay text, absent ones get a default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from campaigns.platforms.base import AccountRow, AdRow, AdSetRow, CampaignRow, CommentRow, CreativeRow, InsightRow
from mediabuyer.lib.money import from_minor

Node = Mapping[str, Any]

ACCOUNT_STATUS = {
    1: "active",
    2: "disabled",
    3: "unsettled",
    7: "pending_risk_review",
    8: "pending_settlement",
    9: "grace_period",
    100: "pending_closure",
    101: "closed",
}

PURCHASES = ("omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase")
LEADS = ("lead", "onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead")
OTHERS = ("omni_complete_registration", "complete_registration", "mobile_app_install", "omni_app_install")
LEAD_OBJECTIVES = frozenset({"OUTCOME_LEADS", "LEAD_GENERATION"})
SALES_OBJECTIVES = frozenset({"OUTCOME_SALES", "CONVERSIONS", "PRODUCT_CATALOG_SALES"})


def account_row(node: Node) -> AccountRow:
    currency = str(node["currency"])
    cap = _money(node.get("spend_cap"), currency)
    status = node.get("account_status")
    return AccountRow(
        external_id=str(node["id"]),
        name=str(node.get("name", "")),
        currency=currency,
        time_zone=str(node.get("timezone_name") or "UTC"),
        status=ACCOUNT_STATUS.get(status or 0, f"status {status}"),
        amount_spent=_money(node.get("amount_spent"), currency) or Decimal(0),
        spend_cap=cap or None,  # 0 means no cap at Meta
    )


def campaign_row(node: Node, currency: str) -> CampaignRow:
    return CampaignRow(
        **_common(node),
        objective=_text(node, "objective"),
        bid_strategy=_text(node, "bid_strategy"),
        daily_budget=_money(node.get("daily_budget"), currency) or None,
        lifetime_budget=_money(node.get("lifetime_budget"), currency) or None,
    )


def ad_set_row(node: Node, currency: str) -> AdSetRow:
    learning = node.get("learning_stage_info") or {}
    edited = learning.get("last_sig_edit_ts")
    return AdSetRow(
        **_common(node),
        campaign_id=_text(node, "campaign_id"),
        optimization_goal=_text(node, "optimization_goal"),
        daily_budget=_money(node.get("daily_budget"), currency) or None,
        lifetime_budget=_money(node.get("lifetime_budget"), currency) or None,
        learning_status=str(learning.get("status") or ""),
        learning_conversions=int(learning.get("conversions") or 0),
        last_significant_edit_at=datetime.fromtimestamp(int(edited), UTC) if edited else None,
        targeting=dict(node.get("targeting") or {}),
    )


def ad_row(node: Node) -> AdRow:
    creative, labels = node.get("creative"), node.get("adlabels") or []
    return AdRow(
        **_common(node),
        ad_set_id=_text(node, "adset_id"),
        campaign_id=_text(node, "campaign_id"),
        creative=creative_row(creative) if creative and creative.get("id") else None,
        labels=tuple(str(label["name"]) for label in labels if label.get("name")),
        review_feedback=_feedback(node.get("ad_review_feedback")),
    )


def creative_row(node: Node) -> CreativeRow:
    """The copy, wherever this kind of creative keeps it: link, video, photo or a feed of alternatives."""
    story = node.get("object_story_spec") or {}
    link, video = story.get("link_data") or {}, story.get("video_data") or {}
    feed = node.get("asset_feed_spec") or {}
    action = link.get("call_to_action") or video.get("call_to_action") or {}
    return CreativeRow(
        external_id=str(node["id"]),
        name=_text(node, "name"),
        headline=_first(link.get("name"), video.get("title"), node.get("title"), _fed(feed, "titles", "text")),
        body=_first(link.get("message"), video.get("message"), node.get("body"), _fed(feed, "bodies", "text")),
        description=_first(link.get("description"), video.get("link_description"), _fed(feed, "descriptions", "text")),
        link=_first(
            link.get("link"),
            (action.get("value") or {}).get("link"),
            node.get("link_url"),
            _fed(feed, "link_urls", "website_url"),
        ),
        call_to_action=_first(action.get("type"), node.get("call_to_action_type")),
        image_hash=_first(
            link.get("image_hash"), video.get("image_hash"), node.get("image_hash"), _fed(feed, "images", "hash")
        ),
        story_id=_text(node, "effective_object_story_id"),
    )


def insight_row(node: Node, breakdown: str = "") -> InsightRow:
    """Amounts come in major units already. Meta leaves out what is zero.

    Meta repeats one event under several names, so exactly one name is counted, never a sum over names.
    """
    actions, values = _by_type(node.get("actions")), _by_type(node.get("action_values"))
    name = _result_name(str(node.get("objective") or ""), actions)
    result, value = actions.get(name, {}), values.get(name, {})
    return InsightRow(
        ad_id=str(node["ad_id"]),
        day=date.fromisoformat(node["date_start"]),
        dimension=breakdown,
        value=",".join(str(node.get(part, "unknown")) for part in breakdown.split(",")) if breakdown else "",
        spend=_decimal(node, "spend"),
        impressions=_count(node, "impressions"),
        reach=_count(node, "reach") if node.get("reach") else None,
        clicks=_count(node, "clicks"),
        link_clicks=_count(node, "inline_link_clicks"),
        landing_page_views=_count(actions.get("landing_page_view", {}), "value"),
        results=_decimal(result, "value"),
        revenue=_decimal(value, "value"),
        results_1d=_count(result, "1d_click"),
        results_7d=_count(result, "7d_click"),
        results_28d=_count(result, "28d_click"),
    )


def comment_row(node: Node, ad_id: str) -> CommentRow:
    return CommentRow(
        external_id=str(node["id"]),
        ad_id=ad_id,
        text=_text(node, "message"),
        author=str((node.get("from") or {}).get("name") or ""),
        created_at=read_time(node["created_time"]),
        is_hidden=bool(node.get("is_hidden")),
        likes=int(node.get("like_count") or 0),
    )


def read_time(value: Any) -> datetime:
    """`2026-05-12T10:45:09-0700`, or seconds since the epoch."""
    if isinstance(value, int) or str(value).isdigit():
        return datetime.fromtimestamp(int(value), UTC)
    return datetime.fromisoformat(str(value))


def _common(node: Node) -> dict[str, Any]:
    status = str(node.get("status") or node.get("configured_status") or "")
    created = node.get("created_time")
    return {
        "external_id": str(node["id"]),
        "name": _text(node, "name"),
        "status": status,
        "effective_status": str(node.get("effective_status") or ""),
        "created_at": read_time(created) if created else None,
    }


def _result_name(objective: str, actions: Mapping[str, Node]) -> str:
    """A sales campaign counts purchases, a lead campaign leads, any other the first of all that happened."""
    names = (
        PURCHASES
        if objective in SALES_OBJECTIVES
        else LEADS
        if objective in LEAD_OBJECTIVES
        else (*PURCHASES, *LEADS, *OTHERS)
    )
    return next((name for name in names if name in actions), names[0])


def _by_type(entries: Iterable[Node] | None) -> dict[str, Node]:
    return {str(entry.get("action_type")): entry for entry in entries or ()}


def _feedback(feedback: Any) -> str:
    """`{"global": {"POLICY": "text"}, …}` as lines of text."""
    if not isinstance(feedback, Mapping):
        return ""
    groups = [group for group in feedback.values() if isinstance(group, Mapping)]
    return "\n".join(dict.fromkeys(f"{policy}: {text}" for group in groups for policy, text in group.items()))


def _fed(feed: Node, kind: str, key: str) -> Any:
    return next((item.get(key) for item in feed.get(kind) or () if isinstance(item, Mapping)), None)


def _first(*values: Any) -> str:
    return next((str(value) for value in values if value), "")


def _text(node: Node, key: str) -> str:
    return str(node.get(key) or "")


def _money(minor: Any, currency: str) -> Decimal | None:
    return None if minor in (None, "") else from_minor(minor, currency)


def _decimal(node: Node, key: str) -> Decimal:
    return Decimal(str(node.get(key) or 0))


def _count(node: Node, key: str) -> int:
    return int(Decimal(str(node.get(key) or 0)))
