"""A running sandbox per test module, and the official SDK pointed at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from tests.sandbox_process import SandboxInfo, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxInfo]:
    with running_sandbox() as info:
        yield info


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("sandbox").control("faults", {})


@pytest.fixture
def account(sandbox: SandboxInfo, monkeypatch: pytest.MonkeyPatch) -> AdAccount:
    """The account as the SDK sees it; only the host differs from production."""
    monkeypatch.setattr(FacebookSession, "GRAPH", sandbox.url)
    session = FacebookSession(sandbox.app_id, sandbox.app_secret, sandbox.access_token, timeout=20)
    api = FacebookAdsApi(session)
    monkeypatch.setattr(FacebookAdsApi, "_default_api", api)
    return AdAccount(sandbox.account_id, api=api)


@pytest.fixture
def made(sandbox: SandboxInfo) -> Callable[..., str]:
    """Make a campaign, ad set, creative or ad with sensible values; returns its id."""

    def make(edge: str, **params: Any) -> str:
        status, body = sandbox.graph(f"{sandbox.account_id}/{edge}", "POST", **{**defaults(sandbox, edge), **params})
        assert status == 200, body
        return str(body["id"])

    return make


def defaults(sandbox: SandboxInfo, edge: str) -> dict[str, Any]:
    """Parameters that pass validation; ids of parents are the caller's."""
    return {
        "campaigns": {
            "name": "Test campaign",
            "objective": "OUTCOME_SALES",
            "status": "PAUSED",
            "special_ad_categories": [],
            "is_adset_budget_sharing_enabled": False,
        },
        "adsets": {
            "name": "Test ad set",
            "daily_budget": 5000,
            "optimization_goal": "OFFSITE_CONVERSIONS",
            "billing_event": "IMPRESSIONS",
            "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
            "status": "PAUSED",
            "promoted_object": {"pixel_id": sandbox.pixel_id, "custom_event_type": "PURCHASE"},
            "targeting": {
                "geo_locations": {"countries": ["DE"]},
                "targeting_automation": {"advantage_audience": 0},
            },
        },
        "adcreatives": {
            "name": "Test creative",
            "object_story_spec": {
                "page_id": sandbox.page_id,
                "link_data": {"message": "Fresh beans.", "link": "https://roastery.example/x", "name": "Beans"},
            },
        },
        "ads": {"name": "Test ad", "status": "PAUSED"},
    }[edge]
