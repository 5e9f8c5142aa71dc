"""The errors that clients have to understand, with their codes and subcodes."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import defaults
from tests.sandbox_process import SandboxInfo

ADVANTAGE = {"targeting_automation": {"advantage_audience": 0}}
GERMANY = {"geo_locations": {"countries": ["DE"]}}


def refused(answer: tuple[int, Any]) -> tuple[int, int | None]:
    """(code, subcode) of a refusal."""
    status, body = answer
    assert status >= 400, body
    assert {"message", "type", "code", "fbtrace_id"} <= set(body["error"])
    return body["error"]["code"], body["error"].get("error_subcode")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"special_ad_categories": None}, (100, None)),
        ({"objective": "CONVERSIONS"}, (100, None)),
        ({"status": "ARCHIVED"}, (100, None)),
        ({"is_adset_budget_sharing_enabled": None}, (100, 4834011)),
        ({"daily_budget": 20}, (100, 1885272)),
        ({"daily_budget": 900_000_000}, (100, 1885261)),
        ({"daily_budget": 5000, "lifetime_budget": 50000}, (100, None)),
        ({"special_ad_categories": ["HOUSING"]}, (100, None)),
        ({"daily_budget": "12.50"}, (100, None)),
    ],
)
def test_campaign_is_refused(sandbox: SandboxInfo, change: dict[str, Any], expected: tuple[int, int | None]) -> None:
    params = {name: value for name, value in {**defaults(sandbox, "campaigns"), **change}.items() if value is not None}
    before = len(sandbox.control("truth")["objects"])
    assert refused(sandbox.graph(f"{sandbox.account_id}/campaigns", "POST", **params)) == expected
    assert len(sandbox.control("truth")["objects"]) == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"daily_budget": None}, (100, 1487061)),
        ({"optimization_goal": "PAGE_LIKES"}, (100, 1815715)),
        ({"destination_type": "ON_POST"}, (100, 2446509)),
        ({"promoted_object": None}, (100, 1815430)),
        ({"bid_strategy": "COST_CAP"}, (100, 2490487)),
        ({"bid_amount": 200}, (100, 1885204)),
        ({"targeting": GERMANY}, (100, 1870227)),
        ({"targeting": ADVANTAGE}, (100, 1885364)),
        ({"targeting": {**GERMANY, "targeting_automation": {"advantage_audience": 1}, "age_max": 50}}, (100, 1870189)),
        ({"targeting": {**GERMANY, **ADVANTAGE, "facebook_positions": ["video_feeds"]}}, (100, 2490562)),
        ({"daily_budget": None, "lifetime_budget": 50000}, (100, None)),
        ({"end_time": "2020-01-01T00:00:00+0100"}, (100, 1487033)),
        ({"billing_event": "LINK_CLICKS"}, (100, None)),
    ],
)
def test_adset_is_refused(
    sandbox: SandboxInfo, made: Callable[..., str], change: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    wanted = {**defaults(sandbox, "adsets"), "campaign_id": made("campaigns"), **change}
    params = {name: value for name, value in wanted.items() if value is not None}
    assert refused(sandbox.graph(f"{sandbox.account_id}/adsets", "POST", **params)) == expected


def test_budget_sits_on_one_level(sandbox: SandboxInfo, made: Callable[..., str]) -> None:
    params = {**defaults(sandbox, "adsets"), "campaign_id": made("campaigns", daily_budget=9000)}
    assert refused(sandbox.graph(f"{sandbox.account_id}/adsets", "POST", **params)) == (100, 1885621)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ({"link_data": {"link": "https://x.example"}, "page_id": "1"}, (100, 1885029)),
        ({"link_data": {"message": "No link"}}, (100, 2061015)),
        ({"video_data": {"video_id": "1"}}, (100, 1443226)),
        ({"link_data": {"link": "https://x.example", "image_hash": "nope"}}, (100, 1487390)),
        (
            {"link_data": {"link": "https://x.example", "child_attachments": [{"link": "https://x.example"}]}},
            (100, None),
        ),
    ],
)
def test_creative_is_refused(sandbox: SandboxInfo, story: dict[str, Any], expected: tuple[int, int | None]) -> None:
    spec = {"page_id": sandbox.page_id, **story}
    answer = sandbox.graph(f"{sandbox.account_id}/adcreatives", "POST", name="C", object_story_spec=spec)
    assert refused(answer) == expected


def test_creative_content_is_frozen(sandbox: SandboxInfo, made: Callable[..., str]) -> None:
    assert refused(sandbox.graph(made("adcreatives"), "POST", body="Other words")) == (100, 1815573)


def test_adset_keeps_what_is_frozen(sandbox: SandboxInfo, made: Callable[..., str]) -> None:
    adset = made("adsets", campaign_id=made("campaigns"))
    spec = [{"event_type": "CLICK_THROUGH", "window_days": 1}]
    assert refused(sandbox.graph(adset, "POST", attribution_spec=spec)) == (100, 1504040)


def test_fifth_budget_change_waits_an_hour(sandbox: SandboxInfo, made: Callable[..., str]) -> None:
    adset = made("adsets", campaign_id=made("campaigns"))
    for budget in (5100, 5200, 5300, 5400):
        assert sandbox.graph(adset, "POST", daily_budget=budget) == (200, {"success": True})
    assert refused(sandbox.graph(adset, "POST", daily_budget=5500)) == (613, 1487632)
    assert sandbox.graph(adset, fields="daily_budget")[1]["daily_budget"] == "5400"


def test_deleted_object_keeps_its_state(sandbox: SandboxInfo, made: Callable[..., str]) -> None:
    campaign = made("campaigns")
    sandbox.graph(campaign, "DELETE")
    assert refused(sandbox.graph(campaign, "POST", status="ACTIVE")) == (100, 1487566)
    assert sandbox.graph(campaign, "POST", name="Renamed") == (200, {"success": True})


def test_validation_alone_changes_nothing(sandbox: SandboxInfo) -> None:
    params = {**defaults(sandbox, "campaigns"), "adlabels": [{"name": "only a test"}]}
    before = sandbox.control("truth")["objects"]
    answer = sandbox.graph(f"{sandbox.account_id}/campaigns", "POST", execution_options=["validate_only"], **params)
    assert answer == (200, {"success": True})
    assert sandbox.control("truth")["objects"] == before
    _, labels = sandbox.graph(f"{sandbox.account_id}/adlabels", fields="name", limit=500)
    assert "only a test" not in [label["name"] for label in labels["data"]]


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("1", {}, (100, 33)),
        ("me", {"access_token": "EAAwrong"}, (190, None)),
        ("me", {"access_token": ""}, (2500, None)),
        ("me", {"appsecret_proof": "00"}, (100, None)),
        ("me/nonsense", {}, (2500, None)),
        ("search", {"type": "unknown"}, (100, None)),
    ],
)
def test_reads_are_refused(
    sandbox: SandboxInfo, path: str, params: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    assert refused(sandbox.graph(path, **params)) == expected


def test_unknown_field_is_named(sandbox: SandboxInfo) -> None:
    _, body = sandbox.graph(f"{sandbox.account_id}/campaigns", fields="name,colour")
    assert body["error"]["message"] == "(#100) Tried accessing nonexisting field (colour) on node type (Campaign)"


def test_old_version_is_refused(sandbox: SandboxInfo) -> None:
    assert refused(sandbox.graph(sandbox.account_id, version="v24.0")) == (2635, None)


def test_bearer_token_is_accepted(sandbox: SandboxInfo) -> None:
    request = urllib.request.Request(
        f"{sandbox.url}/v25.0/me", headers={"Authorization": f"Bearer {sandbox.access_token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
        assert {"X-App-Usage", "X-Ad-Account-Usage", "X-Business-Use-Case-Usage"} <= set(answer.headers)
