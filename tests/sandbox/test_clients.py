"""What clients that nobody here has seen send: odd parameters, references in batches, edges that are empty."""

from __future__ import annotations

import http.client
import json
from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import defaults
from tests.sandbox_process import SandboxInfo

DAYS = [f"2026-11-{day:02d}" for day in range(8, 20)]


def insights(sandbox: SandboxInfo, **params: Any) -> list[dict[str, Any]]:
    status, body = sandbox.graph(f"{sandbox.account_id}/insights", **{"limit": 5000, **params})
    assert status == 200, body
    rows: list[dict[str, Any]] = body["data"]
    return rows


def spent(sandbox: SandboxInfo, since: str, until: str) -> float:
    days = sandbox.control("truth")["days"]
    return round(sum(figures["spend"] for day, figures in days.items() if since <= day <= until), 2)


@pytest.mark.parametrize("ranges", [[(7, 11), (0, 6)], [(0, 11), (6, 11)], [(6, 11), (0, 11)], [(3, 5), (3, 5)]])
def test_ranges_come_in_any_order_and_overlap(sandbox: SandboxInfo, ranges: list[tuple[int, int]]) -> None:
    asked = [{"since": DAYS[first], "until": DAYS[last]} for first, last in ranges]
    rows = insights(sandbox, fields="spend", time_ranges=asked)
    assert [(row["date_start"], row["date_stop"]) for row in rows] == [(item["since"], item["until"]) for item in asked]
    assert [float(row["spend"]) for row in rows] == [spent(sandbox, item["since"], item["until"]) for item in asked]


def test_ids_are_not_rounded_in_filters(sandbox: SandboxInfo) -> None:
    wanted = [{"field": "id", "operator": "IN", "value": []}]
    for edge in ("campaigns", "ads"):
        _, body = sandbox.graph(f"{sandbox.account_id}/{edge}", limit=500)
        wanted[0]["value"] = [body["data"][0]["id"]]
        _, found = sandbox.graph(f"{sandbox.account_id}/{edge}", filtering=wanted)
        assert found["data"] == body["data"][:1]


def test_filters_reach_figures_of_the_level(sandbox: SandboxInfo) -> None:
    rule = [{"field": "ad.impressions", "operator": "GREATER_THAN", "value": 0}]
    assert insights(sandbox, level="ad", fields="ad_id", filtering=rule) == insights(
        sandbox, level="ad", fields="ad_id"
    )


def test_entries_are_filtered_by_action_type(sandbox: SandboxInfo) -> None:
    rule = [{"field": "action_type", "operator": "IN", "value": ["link_click"]}]
    rows = insights(sandbox, level="ad", fields="actions", filtering=rule)
    assert rows
    assert {entry["action_type"] for row in rows for entry in row.get("actions", [])} == {"link_click"}


@pytest.mark.parametrize(
    "filtering",
    [
        '["ad.id"]',
        '[{"field":"ad.id"}]',
        '[{"operator":"IN","value":[]}]',
        '[{"field":"ad.id","operator":"LIKE","value":"1"}]',
        '[{"field":"ad.colour","operator":"EQUAL","value":"red"}]',
        '[{"field":"colour","operator":"EQUAL","value":"red"}]',
        '[{"field":"shop.id","operator":"EQUAL","value":"1"}]',
        "[{",
    ],
)
def test_filters_nobody_understands_are_refused(sandbox: SandboxInfo, filtering: str) -> None:
    for edge in ("insights", "ads"):
        status, body = sandbox.graph(f"{sandbox.account_id}/{edge}", filtering=filtering, level="ad")
        assert (status, body["error"]["code"]) == (400, 100)


def test_one_condition_may_come_without_its_list(sandbox: SandboxInfo) -> None:
    rule = {"field": "effective_status", "operator": "IN", "value": ["ACTIVE"]}
    _, bare = sandbox.graph(f"{sandbox.account_id}/ads", filtering=rule)
    _, listed = sandbox.graph(f"{sandbox.account_id}/ads", filtering=[rule])
    assert bare["data"] == listed["data"]


def test_delivery_info_shows_what_is_gone(sandbox: SandboxInfo, made: Any) -> None:
    campaign = made("campaigns")
    sandbox.graph(campaign, "POST", status="ARCHIVED")
    rule = [{"field": "campaign.delivery_info", "operator": "IN", "value": ["archived"]}]
    _, body = sandbox.graph(f"{sandbox.account_id}/campaigns", filtering=rule)
    assert [item["id"] for item in body["data"]] == [campaign]


def test_unknown_status_is_refused(sandbox: SandboxInfo) -> None:
    status, body = sandbox.graph(f"{sandbox.account_id}/ads", effective_status=["ASLEEP"])
    assert (status, body["error"]["code"]) == (400, 100)
    assert "Param effective_status[0] must be one of" in body["error"]["message"]


def test_times_are_compared_as_times(sandbox: SandboxInfo) -> None:
    for moment in (1, "2020-01-01", "2020-01-01T00:00:00+0100"):
        rule = [{"field": "updated_time", "operator": "GREATER_THAN", "value": moment}]
        _, body = sandbox.graph(f"{sandbox.account_id}/campaigns", filtering=rule)
        assert body["data"], moment


def test_summary_holds_the_fields_it_names(sandbox: SandboxInfo) -> None:
    _, body = sandbox.graph(
        f"{sandbox.account_id}/insights", level="ad", fields="ad_id,spend,impressions", summary=["spend"]
    )
    assert set(body["summary"]) == {"spend", "date_start", "date_stop"}
    assert float(body["summary"]["spend"]) == pytest.approx(sum(float(row["spend"]) for row in body["data"]))


# -- action breakdowns ---------------------------------------------------------------------------------------------


def actions_of(rows: list[dict[str, Any]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        for entry in row.get("actions", []):
            sums[entry["action_type"]] += int(entry["value"])
    return sums


@pytest.mark.parametrize(
    "names", ["action_type,action_target_id,action_destination", "action_device", "action_type,action_reaction"]
)
def test_divided_actions_sum_to_the_whole(sandbox: SandboxInfo, names: str) -> None:
    windows = ["1d_click", "7d_click"]
    asked = {"level": "ad", "fields": "actions", "time_increment": 1, "action_attribution_windows": windows}
    whole, divided = insights(sandbox, **asked), insights(sandbox, **asked, action_breakdowns=names)
    assert actions_of(divided) == actions_of(whole)
    assert actions_of(whole)["post_reaction"] > 0


def test_reactions_are_divided_by_kind(sandbox: SandboxInfo) -> None:
    rows = insights(sandbox, fields="actions", action_breakdowns=["action_type", "action_reaction"])
    kinds = {entry.get("action_reaction") for entry in rows[0]["actions"] if entry["action_type"] == "post_reaction"}
    assert {"like", "love"} <= kinds
    assert not any("action_reaction" in entry for entry in rows[0]["actions"] if entry["action_type"] == "link_click")


@pytest.mark.parametrize(
    ("actions", "breakdowns", "is_fine"),
    [
        ("action_device", "publisher_platform", True),
        ("action_device", "impression_device", True),
        ("action_type", "impression_device", False),
        ("action_device", "age", False),
        ("action_reaction", "age", False),
        ("action_type,action_target_id,action_destination", "age,gender", True),
        ("action_colour", "", False),
    ],
)
def test_pairs_of_breakdowns_follow_the_table(
    sandbox: SandboxInfo, actions: str, breakdowns: str, is_fine: bool
) -> None:
    params = {"action_breakdowns": actions, "fields": "actions", **({"breakdowns": breakdowns} if breakdowns else {})}
    status, body = sandbox.graph(f"{sandbox.account_id}/insights", **params)
    assert status == (200 if is_fine else 400)
    assert is_fine or body["error"]["code"] == 100


def test_markets_elsewhere_are_unknown(sandbox: SandboxInfo) -> None:
    (whole,) = insights(sandbox, fields="spend,impressions")
    (row,) = insights(sandbox, fields="spend,impressions", breakdowns="comscore_market")
    assert row == {**whole, "comscore_market": "Unknown"}


# -- batch, many ids, edges ----------------------------------------------------------------------------------------


def test_batch_items_refer_to_each_other(sandbox: SandboxInfo) -> None:
    items = [
        {"method": "GET", "name": "get-two", "relative_url": f"{sandbox.account_id}/campaigns?limit=2"},
        {"method": "GET", "relative_url": "?ids={result=get-two:$.data.*.id}&fields=name"},
        {"method": "GET", "relative_url": "{result=get-two:$.data[0].id}?fields=name"},
        {"method": "GET", "relative_url": "{result=nobody:$.id}?fields=name"},
    ]
    status, answers = sandbox.graph("", "POST", batch=items)
    assert status == 200
    first, both, one, none = (json.loads(answer["body"]) for answer in answers)
    ids = [item["id"] for item in first["data"]]
    assert list(both) == ids
    assert one["id"] == ids[0]
    assert (answers[3]["code"], none["error"]["code"]) == (400, 100)


@pytest.mark.parametrize("batch", ["[1]", '{"method":"GET"}', "soon", '["GET me"]'])
def test_batch_of_anything_else_is_refused(sandbox: SandboxInfo, batch: str) -> None:
    status, body = sandbox.graph("", "POST", batch=batch)
    assert (status, body["error"]["code"]) == (400, 100)


def test_edges_are_read_for_several_ids(sandbox: SandboxInfo) -> None:
    _, campaigns = sandbox.graph(f"{sandbox.account_id}/campaigns", limit=2)
    ids = [item["id"] for item in campaigns["data"]]
    _, body = sandbox.graph("insights", ids=",".join(ids), fields="spend")
    assert list(body) == ids
    _, alone = sandbox.graph(f"{ids[1]}/insights", fields="spend")
    assert body[ids[1]]["data"] == alone["data"]


@pytest.mark.parametrize("edge", ["customconversions", "saved_audiences", "adrules_library", "account_controls"])
def test_what_the_account_has_none_of_is_empty(sandbox: SandboxInfo, edge: str) -> None:
    assert sandbox.graph(f"{sandbox.account_id}/{edge}") == (200, {"data": []})


def test_token_says_what_it_may(sandbox: SandboxInfo) -> None:
    _, body = sandbox.graph("debug_token", input_token=sandbox.access_token)
    _, listed = sandbox.graph("me/permissions")
    assert body["data"]["is_valid"] is True
    assert body["data"]["scopes"] == [item["permission"] for item in listed["data"]]
    _, body = sandbox.graph("debug_token", input_token="EAAB")
    assert body["data"]["is_valid"] is False


# -- the wire ------------------------------------------------------------------------------------------------------


def raw(sandbox: SandboxInfo, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    host = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
    connection.request(method, path, body, headers, encode_chunked=headers.get("Transfer-Encoding") == "chunked")
    response = connection.getresponse()
    answer = json.loads(response.read() or b"null")
    connection.close()
    return response.status, answer


def test_bodies_may_come_in_chunks(sandbox: SandboxInfo) -> None:
    headers = {
        "Transfer-Encoding": "chunked",
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"Bearer {sandbox.access_token}",
    }
    parts = iter([b"name=In%20", b"pieces"])
    status, body = raw(sandbox, "POST", f"/v26.0/{sandbox.account_id}/adlabels", parts, headers)
    assert status == 200
    assert sandbox.graph(body["id"], fields="name")[1]["name"] == "In pieces"


@pytest.mark.parametrize("length", ["many", "-1"])
def test_length_that_is_none_is_refused(sandbox: SandboxInfo, length: str) -> None:
    assert raw(sandbox, "POST", "/v26.0/me", None, {"Content-Length": length})[0] == 413


@pytest.mark.parametrize(
    ("edge", "name", "value"),
    [
        ("adsets", "targeting", "[1]"),
        ("adsets", "promoted_object", '"pixel"'),
        ("adsets", "attribution_spec", "[1]"),
        ("adsets", "start_time", "9" * 40),
        ("adcreatives", "object_story_spec", "[[]]"),
        ("adcreatives", "degrees_of_freedom_spec", "[1]"),
    ],
)
def test_values_of_another_shape_are_refused(sandbox: SandboxInfo, made: Any, edge: str, name: str, value: str) -> None:
    params = {**defaults(sandbox, edge), "campaign_id": made("campaigns"), name: value}
    status, body = sandbox.graph(f"{sandbox.account_id}/{edge}", "POST", **params)
    assert (status, body["error"]["code"]) == (400, 100)
    assert f"Param {name}" in body["error"]["message"]


def test_mistakes_of_ours_are_answered(sandbox: SandboxInfo) -> None:
    event = [{"event_name": "Purchase", "event_time": "noon", "user_data": {}}]  # compared with a number, unchecked
    status, body = sandbox.graph(f"{sandbox.pixel_id}/events", "POST", data=event)
    assert (status, body["error"]["code"], body["error"]["error_subcode"]) == (500, 1, 99)
    assert sandbox.graph("me")[0] == 200
