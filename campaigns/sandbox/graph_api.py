"""The Graph API: from a decoded request to an answer. Versions, tokens, nodes, edges, multi-id reads, batch."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from campaigns.sandbox import actions, copies, edges, people, search, uploads
from campaigns.sandbox.call import Answer, Call, Sandbox
from campaigns.sandbox.creative_checks import check_creative
from campaigns.sandbox.errors import GraphError, bad_parameter, no_such_object, unknown_path
from campaigns.sandbox.params import Field, Params, wanted_fields
from campaigns.sandbox.render import node
from campaigns.sandbox.validation import (
    MIN_DAILY,
    check_ad,
    check_adset,
    check_campaign,
    check_editable,
    check_version,
)
from campaigns.sandbox.values import read_values
from campaigns.sandbox.world import Record

GET_EDGES = {**edges.GET_EDGES, **people.GET_EDGES, **uploads.GET_EDGES, **copies.GET_EDGES, **search.GET_EDGES}
POST_EDGES = {**edges.POST_EDGES, **people.POST_EDGES, **uploads.POST_EDGES, **copies.POST_EDGES}
DELETE_EDGES = {**edges.DELETE_EDGES, **people.DELETE_EDGES, **uploads.DELETE_EDGES}
EDGE_NAMES = frozenset(edge for _, edge in GET_EDGES)
BATCH_LIMIT = 50
REFERENCE = re.compile(r"\{result=([^:{}]+):\$\.?([^}]*)\}")
VERSION = re.compile(r"v\d+\.\d+$")


def split_path(path: str) -> tuple[str, list[str]]:
    """(version, parts) of a URL path. The version may be missing, as in batches; extra slashes do not matter."""
    parts = [part for part in path.split("/") if part]
    if parts and VERSION.match(parts[0]):
        return parts[0], parts[1:]
    return "v26.0", parts


def answer(call: Call) -> Answer:
    """Do what a call asks. Raises GraphError. The world's lock is held, inside one transaction for writes."""
    check_version(call.version)
    check_token(call)
    if "batch" in call.params and call.method == "POST" and not call.path:
        return batch(call)
    if not call.path or (len(call.path) == 1 and call.path[0] in EDGE_NAMES):
        return many(call)
    if call.path[0] in ("search", "debug_token"):
        return search.search(call) if call.path[0] == "search" else people.debug_token(call)
    record = find(call)
    if len(call.path) == 1:
        return on_node(call, record)
    return on_edge(call, record)


def check_token(call: Call) -> None:
    """Known token, and a right proof where one is sent."""
    identity, token = call.world.identity, call.params.text("access_token")
    if not token:
        raise GraphError(2500, "An active access token must be used to query information about the current user.")
    if token not in (identity.access_token, people.page_token(identity)):
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)
    if "appsecret_proof" in call.params:
        proof = hmac.new(identity.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(proof, call.params.text("appsecret_proof")):
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")


def find(call: Call, key: str = "") -> Record:
    """The node that a call is about."""
    key = key or call.path[0]
    world = call.world
    record = world.get(world.identity.user_id if key == "me" else key)
    if record is None or record.data.get("deleted") or record.born > call.sandbox.faults.hidden_since(by_id=True):
        raise no_such_object(key, call.method)
    return record


def many(call: Call) -> Answer:
    """`GET /?ids=1,2` or `GET /insights?ids=1,2`: answers keyed by id."""
    ids = [str(key) for key in call.params.items("ids")]
    if call.method == "GET" and ids and call.path:
        return {key: on_edge(replace(call, path=[key, *call.path]), find(call, key)) for key in ids}
    if call.method != "GET" or not ids:
        raise GraphError(
            100,
            "Unsupported get request. Please read the Graph API documentation",
            subcode=33,
            kind="GraphMethodException",
        )
    return {key: node(call, find(call, key), wanted_fields(call.params)) for key in ids}


def on_node(call: Call, record: Record) -> Answer:
    """Read, change or delete one object."""
    if call.method == "GET":
        if record.kind == "report":
            edges.report_progress(call, record)
        return node(call, record, wanted_fields(call.params) or default_fields(record))
    if call.method == "DELETE":
        return delete(call, record)
    return change(call, record)


def default_fields(record: Record) -> list[Field]:
    """What a bare read of some kinds returns besides the id."""
    names = {
        "report": ("account_id", "time_ref", "async_status", "async_percent_completion", "date_start", "date_stop"),
        "comment": ("created_time", "from", "message"),
        "user": ("name",),
        "page": ("name",),
    }.get(record.kind, ())
    return [Field(name) for name in names]


def delete(call: Call, record: Record) -> Answer:
    """`DELETE /{id}`."""
    if record.kind not in ("campaign", "adset", "ad", "creative", "label", "comment", "image", "audience"):
        raise no_such_object(record.id, "delete")
    if record.kind in ("comment", "audience"):
        call.world.change(record, deleted=True)
    elif record.data.get("status") != "DELETED":
        actions.delete(call.world, record)
    return {"success": True}


def change(call: Call, record: Record) -> Answer:
    """`POST /{id}`."""
    special = {"comment": people.change_comment}.get(record.kind)
    if special:
        return special(call, record)
    if record.kind not in ("campaign", "adset", "ad", "creative", "account"):
        raise no_such_object(record.id, "post")
    if record.kind == "campaign" and "adset_budgets" in call.params:
        return move_budget(call, record)
    values = call.sandbox.faults.clamped(read_values(call.world, record.kind, call.params, creating=False))
    check_editable(record, set(values))
    _switch_budget_kind(values)
    merged = {**record.data, **values}
    _check(call, record, merged, set(values))
    if call.only_validates:
        return {"success": True}
    _limit_budget_changes(call, record, values)
    if values.get("status") == "DELETED":
        actions.delete(call.world, record)
        values.pop("status")
    actions.update(call.world, record, values)
    return {"success": True}


def move_budget(call: Call, campaign: Record) -> Answer:
    """`adset_budgets=[{"adset_id", "daily_budget"}]`: the campaign's budget goes down to all its ad sets."""
    wanted = call.params.items("adset_budgets")
    budgets = {str(item.get("adset_id")): int(item.get("daily_budget", 0)) for item in wanted}
    mine = {adset.id for adset in call.world.children("adset", campaign.id) if adset.data["status"] != "DELETED"}
    if set(budgets) != mine or min(budgets.values(), default=0) < MIN_DAILY:
        raise bad_parameter("adset_budgets must name every ad set of the campaign with a budget", "adset_budgets")
    if not call.only_validates:
        actions.move_budget_down(call.world, campaign, budgets)
    return {"success": True}


def _switch_budget_kind(values: dict[str, Any]) -> None:
    """A zero takes a budget away."""
    for name in ("daily_budget", "lifetime_budget", "spend_cap"):
        if values.get(name) == 0:
            values[name] = None


def _check(call: Call, record: Record, merged: dict[str, Any], changed: set[str]) -> None:
    world = call.world
    if record.kind == "campaign":
        check_campaign(world, merged, changed, record)
    elif record.kind == "adset":
        check_adset(world, merged, changed, record, world.objects[record.data["campaign_id"]])
    elif record.kind == "ad":
        check_ad(world, merged, changed, record)
    elif record.kind == "creative":
        check_creative(world, merged, record, changed)


def _limit_budget_changes(call: Call, record: Record, values: dict[str, Any]) -> None:
    """At most four budget changes an hour per ad set."""
    names = [
        name for name in ("daily_budget", "lifetime_budget") if name in values and values[name] != record.data.get(name)
    ]
    if record.kind != "adset" or not names:
        return
    now = call.world.now()
    recent = [at for at in record.data.get("budget_changes", []) if at > now - 3600]
    if len(recent) >= 4:
        raise GraphError(
            613,
            "(#613) Calls to this api have exceeded the rate limit.",
            subcode=1487632,
            title="Budget changed too often",
            text="You can change your ad set budget 4 times per hour.",
        )
    record.data["budget_changes"] = [*recent, int(now)]


def on_edge(call: Call, record: Record) -> Answer:
    """`/{id}/{edge}`."""
    if len(call.path) > 2:
        raise unknown_path("/".join(call.path[1:]))
    handlers = {"GET": GET_EDGES, "POST": POST_EDGES, "DELETE": DELETE_EDGES}.get(call.method, {})
    handler = handlers.get((record.kind, call.path[1]))
    if handler is None:
        if any((record.kind, call.path[1]) in table for table in (GET_EDGES, POST_EDGES, DELETE_EDGES)):
            raise no_such_object(record.id, call.method)
        raise unknown_path("/".join(call.path[1:]))
    return handler(call, record)


def batch(call: Call) -> Answer:
    """`POST /` with `batch`: each item answers for itself; results of earlier ones can be referred to by name."""
    items = call.params.json("batch")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise bad_parameter("Param batch must be an array of objects", "batch")
    if len(items) > BATCH_LIMIT:
        raise GraphError(
            100, f"Too many requests in batch message. Maximum batch size is {BATCH_LIMIT}", kind="GraphBatchException"
        )
    named: dict[str, Any] = {}
    results: list[Any] = []
    for item in items:
        if call.sandbox.faults.hits("batch_null", call.name):
            results.append(None)
            continue
        code, body = _batch_item(call, item, named)
        if item.get("name"):
            named[str(item["name"])] = body
        hidden = item.get("name") and item.get("omit_response_on_success") and code == 200
        headers = [
            {"name": "Content-Type", "value": "application/json; charset=UTF-8"},
            {"name": "facebook-api-version", "value": call.version},
        ]
        results.append(None if hidden else {"code": code, "headers": headers, "body": json.dumps(body)})
    return results


def _batch_item(call: Call, item: dict[str, Any], named: dict[str, Any]) -> tuple[int, Any]:
    url = urlsplit(_resolved(str(item.get("relative_url", "")), named))
    version, path = split_path(url.path)
    values: dict[str, Any] = dict(parse_qsl(url.query, keep_blank_values=True))
    values.update(parse_qsl(_resolved(str(item.get("body", "")), named), keep_blank_values=True))
    values.setdefault("access_token", item.get("access_token") or call.params.text("access_token"))
    inner = Call(call.sandbox, str(item.get("method", "GET")).upper(), version, path, Params(values, call.params.files))
    call.sandbox.limiter.charge(inner.method)
    try:
        call.sandbox.faults.before(inner.name, call.world.identity.account_id)
        return 200, answer(inner)
    except GraphError as error:
        return error.status, error.envelope(trace_of(call.sandbox, inner))


def _resolved(text: str, named: dict[str, Any]) -> str:
    """Replace `{result=name:$.id}` by what the named item answered."""

    def value(match: re.Match[str]) -> str:
        found: list[Any] = [named.get(match[1], {})]
        for part in re.findall(r"[\w-]+|\*", match[2]):
            found = [inner for item in found for inner in _inside(item, part)]
        return ",".join(json.dumps(item) if isinstance(item, (dict, list)) else str(item) for item in found)

    return REFERENCE.sub(value, text)


def _inside(item: Any, part: str) -> list[Any]:
    """What one step of a JSONPath leads to: a member, an element, or with `*` all of them."""
    if part == "*":
        return list(item.values()) if isinstance(item, dict) else list(item) if isinstance(item, list) else []
    if isinstance(item, list):
        return [item[int(part)]] if part.isdigit() and int(part) < len(item) else []
    return [item[part]] if isinstance(item, dict) and part in item else []


def trace_of(sandbox: Sandbox, call: Call) -> str:
    """A distinct `fbtrace_id` per answer, the same in two runs that ask the same."""
    sandbox.traces += 1
    digest = hashlib.blake2b(f"{sandbox.world.identity.seed}|{sandbox.traces}|{call.name}".encode(), digest_size=8)
    return "A" + digest.hexdigest()
