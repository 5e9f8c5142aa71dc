"""The user, the business, the page and its posts: `me`, page tokens, comments and replies."""

from __future__ import annotations

from typing import Any

from campaigns.sandbox import actions
from campaigns.sandbox.call import Call
from campaigns.sandbox.draws import key_of
from campaigns.sandbox.errors import missing_parameter, not_one_of
from campaigns.sandbox.params import wanted_fields
from campaigns.sandbox.render import listed, node
from campaigns.sandbox.world import Identity, Record, World

SCOPES = ("public_profile", "business_management", "ads_management", "ads_read", "pages_read_engagement")
ORDERS = ["chronological", "reverse_chronological"]


def page_token(identity: Identity) -> str:
    """The page's own token, as `/me/accounts` hands it out."""
    return "EAAP" + f"{key_of(identity.access_token, 'page'):016x}" * 2


def furnish(world: World) -> None:
    """Make the account and what is around it: user, business, page, pixel, Instagram account."""
    identity = world.identity
    account = f"act_{identity.account_id}"
    world.add("account", "", _account_data(world), key=account)
    world.add("user", "", {"name": "Demo User"}, key=identity.user_id)
    business = {"name": "Roastery GmbH", "verification_status": "verified"}
    world.add("business", identity.user_id, business, key=identity.business_id)
    page = {
        "name": "Roastery",
        "category": "Coffee shop",
        "tasks": ["ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE"],
        "fan_count": 12840,
        "username": "roastery.example",
        "access_token": page_token(identity),
    }
    world.add("page", identity.user_id, page, key=identity.page_id)
    pixel = {"name": "Roastery shop", "last_fired_time": int(world.now())}
    world.add("pixel", account, pixel, key=identity.pixel_id)
    profile = {"username": "roastery.example", "followers_count": 8120}
    world.add("instagram", account, profile, key=identity.instagram_id)


def _account_data(world: World) -> dict[str, Any]:
    return {
        "name": "Roastery Sandbox",
        "account_status": 1,
        "disable_reason": 0,
        "currency": world.currency,
        "timezone_name": world.zone.key,
        "timezone_id": 37,
        "timezone_offset_hours_utc": 1,
        "min_daily_budget": 100,
        "min_campaign_group_spend_cap": "10000",
        "spend_cap": 0,
        "is_prepay_account": False,
        "owner": world.identity.business_id,
        "business_country_code": "DE",
        "age": 400.0,
        "business": {"id": world.identity.business_id, "name": "Roastery GmbH"},
        "default_dsa_payor": "Roastery GmbH",
        "default_dsa_beneficiary": "Roastery GmbH",
        "user_tasks": ["DRAFT", "ANALYZE", "ADVERTISE", "MANAGE"],
        "capabilities": ["CAN_USE_REACH_AND_FREQUENCY"],
        "funding_source_details": {"id": "1", "type": 1, "display_string": "Visa *4242"},
    }


def _accounts(call: Call, _: Record) -> dict[str, Any]:
    return listed(call, [call.world.account])


def _pages(call: Call, _: Record) -> dict[str, Any]:
    return listed(call, call.world.of_kind("page"))


def debug_token(call: Call) -> dict[str, Any]:
    """`/debug_token`: whose the token is and what it may do."""
    identity = call.world.identity
    token = call.params.text("input_token")
    if not token:
        raise missing_parameter("input_token")
    base = {"app_id": identity.app_id, "type": "PAGE" if token == page_token(identity) else "USER"}
    if token not in (identity.access_token, page_token(identity)):
        error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return {"data": {**base, "error": error, "is_valid": False, "scopes": []}}
    never = {"expires_at": 0, "data_access_expires_at": 0, "issued_at": int(call.world.account.data["created_time"])}
    return {"data": {**base, **never, "is_valid": True, "scopes": list(SCOPES), "user_id": identity.user_id}}


def _permissions(_call: Call, _: Record) -> dict[str, Any]:
    return {"data": [{"permission": name, "status": "granted"} for name in SCOPES]}


def _assigned_users(call: Call, record: Record) -> dict[str, Any]:
    user = call.world.objects[call.world.identity.user_id]
    return {"data": [{"id": user.id, "name": user.data["name"], "tasks": record.data["user_tasks"]}]}


def _kind(name: str) -> Any:
    return lambda call, _: listed(call, call.world.of_kind(name))


def _comments(call: Call, record: Record) -> dict[str, Any]:
    """Comments of a post or replies of a comment; `filter=stream` flattens the replies in."""
    order = call.params.text("order", "chronological")
    if order not in ORDERS:
        raise not_one_of("order", ORDERS)
    found = list(call.world.children("comment", record.id))
    if call.params.text("filter") == "stream":
        found += [reply for comment in found for reply in call.world.children("comment", comment.id)]
    if "since" in call.params:
        found = [comment for comment in found if comment.data["created_time"] >= call.params.number("since")]
    found = [comment for comment in found if not comment.data.get("deleted")]
    if not call.params.values.get("fields"):
        call.params.values["fields"] = "created_time,from,message"
    return listed(call, found, newest_first=order != "chronological")


def _write_comment(call: Call, record: Record) -> dict[str, Any]:
    """A comment on a post or a reply to a comment, by the page."""
    if "message" not in call.params:
        raise missing_parameter("message")
    page = call.world.objects[call.world.identity.page_id]
    first, _, second = record.id.partition("_")
    post = first if record.kind == "comment" else second
    comment = call.world.add(
        "comment",
        record.id,
        {
            "message": call.params.text("message"),
            "from": {"id": page.id, "name": page.data["name"]},
            "is_hidden": False,
        },
        key=f"{post}_{call.world.next_id()}",
    )
    return node(call, comment, wanted_fields(call.params))


def change_comment(call: Call, record: Record) -> dict[str, Any]:
    """Hide, show or reword a comment."""
    values: dict[str, Any] = {}
    if "is_hidden" in call.params:
        values["is_hidden"] = call.params.flag("is_hidden")
    if "message" in call.params:
        values["message"] = call.params.text("message")
    actions.update(call.world, record, values)
    return {"success": True}


def _like(call: Call, record: Record) -> dict[str, Any]:
    call.world.change(
        record, user_likes=True, like_count=record.data.get("like_count", 0) + (not record.data.get("user_likes"))
    )
    return {"success": True}


def _unlike(call: Call, record: Record) -> dict[str, Any]:
    call.world.change(
        record,
        user_likes=False,
        like_count=max(record.data.get("like_count", 0) - bool(record.data.get("user_likes")), 0),
    )
    return {"success": True}


def _reactions(call: Call, record: Record) -> dict[str, Any]:
    total = sum(comment.data.get("like_count", 0) for comment in call.world.children("comment", record.id)) * 3
    return {"data": [], "summary": {"total_count": total, "viewer_reaction": "NONE"}}


GET_EDGES = {
    ("user", "adaccounts"): _accounts,
    ("user", "accounts"): _pages,
    ("user", "businesses"): _kind("business"),
    ("user", "permissions"): _permissions,
    ("account", "assigned_users"): _assigned_users,
    ("account", "users"): _assigned_users,
    ("business", "owned_ad_accounts"): _accounts,
    ("business", "client_ad_accounts"): lambda call, _: listed(call, []),
    ("business", "owned_pages"): _pages,
    ("account", "promote_pages"): _pages,
    ("account", "adspixels"): _kind("pixel"),
    ("account", "instagram_accounts"): _kind("instagram"),
    ("page", "instagram_accounts"): _kind("instagram"),
    ("post", "comments"): _comments,
    ("comment", "comments"): _comments,
    ("post", "reactions"): _reactions,
    ("page", "ads_posts"): _kind("post"),
}
POST_EDGES = {
    ("post", "comments"): _write_comment,
    ("comment", "comments"): _write_comment,
    ("comment", "likes"): _like,
}
DELETE_EDGES = {("comment", "likes"): _unlike}
