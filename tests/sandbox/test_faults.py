"""The fault knobs strike Graph calls as they say, and only those."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.sandbox.conftest import defaults
from tests.sandbox_process import SandboxInfo

LOST = (http.client.RemoteDisconnected, ConnectionResetError, urllib.error.URLError)


def create(sandbox: SandboxInfo, name: str) -> tuple[int, Any]:
    return sandbox.graph(f"{sandbox.account_id}/campaigns", "POST", **{**defaults(sandbox, "campaigns"), "name": name})


def named(sandbox: SandboxInfo, name: str) -> int:
    """How many campaigns of that name the market knows."""
    return sum(item["name"] == name for item in sandbox.control("truth")["objects"])


def test_answer_is_lost_after_the_create(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"answer_lost_after_create": 1.0})
    with pytest.raises(LOST):
        create(sandbox, "Lost")
    assert named(sandbox, "Lost") == 1


def test_late_create_lands_after_the_caller_gave_up(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"late_create": {"p": 1.0, "seconds": 0.6}})
    with pytest.raises(LOST):
        create(sandbox, "Late")
    assert named(sandbox, "Late") == 0
    time.sleep(1.0)
    assert named(sandbox, "Late") == 1


def test_server_error_does_nothing_or_everything(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"http_500": 1})
    status, body = create(sandbox, "Never")
    assert (status, body["error"]["code"], body["error"]["is_transient"]) == (500, 2, True)
    sandbox.control("faults", {"http_500_after": 1})
    assert create(sandbox, "Done")[0] == 500
    assert (named(sandbox, "Never"), named(sandbox, "Done")) == (0, 1)


def test_code_strikes_so_many_times(sandbox: SandboxInfo) -> None:
    knob = {"code": 100, "subcode": 1487390, "transient": False, "message": "Try again", "times": 2}
    sandbox.control("faults", {"code": knob, "match": "POST .*/campaigns"})
    answers = [create(sandbox, "Third time")[0] for _ in range(3)]
    assert answers == [400, 400, 200]
    assert sandbox.graph("me")[0] == 200


def test_new_objects_lag_in_lists(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"list_lag": 0.8})
    key = create(sandbox, "Lagging")[1]["id"]
    rule = [{"field": "name", "operator": "EQUAL", "value": "Lagging"}]
    path = f"{sandbox.account_id}/campaigns"
    assert sandbox.graph(path, filtering=rule)[1]["data"] == []
    assert sandbox.graph(key)[0] == 200
    time.sleep(1.0)
    assert sandbox.graph(path, filtering=rule)[1]["data"] == [{"id": key}]


def test_lag_can_hide_from_reads_by_id(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"list_lag": {"seconds": 30, "by_id": True}})
    key = create(sandbox, "Hidden")[1]["id"]
    assert sandbox.graph(key)[1]["error"]["error_subcode"] == 33


def test_rate_limit_says_how_long(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"rate_limit": {"code": 80004, "minutes": 7}})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{sandbox.url}/v26.0/me?access_token={sandbox.access_token}", timeout=10)
    usage = json.loads(refused.value.headers["X-Business-Use-Case-Usage"])
    (case,) = usage[sandbox.account_id.removeprefix("act_")]
    assert (case["call_count"], case["estimated_time_to_regain_access"]) == (100, 7)
    assert json.loads(refused.value.read())["error"]["code"] == 80004


def test_expired_token_is_190_463(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"token_expired": True})
    error = sandbox.graph("me")[1]["error"]
    assert (error["code"], error["error_subcode"]) == (190, 463)
    assert sandbox.control("clock")["frozen"] is True


def test_garbage_body_is_no_answer_but_the_work_is_done(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"garbage_body": 1, "seed": 4})
    with pytest.raises(json.JSONDecodeError):
        create(sandbox, "Garbled")
    assert named(sandbox, "Garbled") == 1


def test_page_can_repeat_rows(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"duplicate_page": 1})
    ids = []
    after = ""
    while True:
        _, body = sandbox.graph(f"{sandbox.account_id}/ads", limit=4, **({"after": after} if after else {}))
        ids += [ad["id"] for ad in body["data"]]
        if "next" not in body["paging"]:
            break
        after = body["paging"]["cursors"]["after"]
    assert len(ids) > len(set(ids))


def test_clamp_keeps_less_than_was_asked(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"clamp": {"field": "daily_budget", "max": 3000}})
    _, body = sandbox.graph(
        f"{sandbox.account_id}/campaigns", "POST", **{**defaults(sandbox, "campaigns"), "daily_budget": 9000}
    )
    assert sandbox.graph(body["id"], fields="daily_budget")[1]["daily_budget"] == "3000"


def test_same_seed_strikes_the_same_calls(sandbox: SandboxInfo) -> None:
    patterns = []
    for _ in range(2):
        sandbox.control("faults", {"http_500": 0.5, "seed": 11})
        patterns.append([sandbox.graph("me")[0] for _ in range(12)])
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 500}


def test_knobs_are_shown_and_cleared(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"http_500": 1.0})
    sandbox.graph("me")
    assert sandbox.control("faults") == {"faults": {"http_500": 1.0}, "struck": {"http_500": 1}}
    sandbox.control("faults", {})
    assert sandbox.control("faults")["faults"] == {}


def test_unknown_knob_is_refused(sandbox: SandboxInfo) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        sandbox.control("faults", {"http_501": 1})


def test_page_can_be_empty_before_more(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"empty_page": 1.0})
    _, first = sandbox.graph(f"{sandbox.account_id}/ads", limit=2)
    _, second = sandbox.graph(f"{sandbox.account_id}/ads", limit=2, after=first["paging"]["cursors"]["after"])
    assert (second["data"], "next" in second["paging"]) == ([], True)
    _, third = sandbox.graph(f"{sandbox.account_id}/ads", limit=2, after=second["paging"]["cursors"]["after"])
    assert len({item["id"] for item in first["data"] + third["data"]}) == 4


def test_list_can_lose_what_its_total_counts(sandbox: SandboxInfo) -> None:
    sandbox.control("faults", {"lost_row": 1.0})
    _, body = sandbox.graph(f"{sandbox.account_id}/ads", summary="true")
    assert len(body["data"]) == body["summary"]["total_count"] - 1
