from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from campaigns.platforms.base import ChangeKind, Level, PlatformChange
from campaigns.platforms.meta_changes import parameters_for
from mediabuyer.lib.errors import Fault, PlatformError

MARKER = "00ff00ff00ff00ff"


def sent(kind: str, level: str, params: dict[str, Any], *, currency: str = "EUR", page_id: str = "9") -> dict[str, Any]:
    external_id = "" if kind.startswith("create") else "1"
    change = PlatformChange(ChangeKind(kind), Level(level), external_id, params)
    return parameters_for(change, MARKER, currency, page_id)


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("EUR", "55.50", 5550), ("EUR", "56.2500", 5625), ("JPY", "5000", 5000), ("TWD", "300", 300),
        ("JOD", "12.34", 1234), ("USD", Decimal("0.5"), 50), ("EUR", "1E+2", 10000),
    ],
)  # fmt: skip
def test_budget_is_sent_in_metas_minor_units(currency: str, amount: Any, minor: int) -> None:
    assert sent("set_budget", "ad_set", {"daily_budget": amount}, currency=currency) == {"daily_budget": minor}


@pytest.mark.parametrize("amount", [55.5, 55, "55,50", "", "abc", "0", "-5", "NaN", "Infinity", "0.001", None])
def test_budget_that_is_not_exact_is_refused(amount: Any) -> None:
    with pytest.raises(PlatformError) as caught:
        sent("set_budget", "ad_set", {"daily_budget": amount})
    assert (caught.value.fault, caught.value.field) == (Fault.INVALID, "daily_budget")


def test_yen_have_no_decimals() -> None:
    with pytest.raises(PlatformError, match="finer than the smallest unit"):
        sent("set_budget", "campaign", {"daily_budget": "50.50"}, currency="JPY")


@pytest.mark.parametrize(
    ("kind", "level", "params", "field"),
    [
        ("set_status", "ad", {"status": "DELETED"}, "status"),
        ("set_status", "creative", {"status": "PAUSED"}, "status"),
        ("set_status", "ad", {"status": "PAUSED", "name": "x"}, "name"),
        ("set_budget", "ad", {"daily_budget": "5"}, "level"),
        ("create_campaign", "campaign", {"name": "x"}, "objective"),
        ("create_ad", "ad", {"name": "x", "ad_set_id": "1", "creative_id": "2", "status": "ACTIVE"}, "status"),
    ],
)
def test_unknown_or_missing_parameters_are_refused(kind: str, level: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(PlatformError) as caught:
        sent(kind, level, params)
    assert (caught.value.fault, caught.value.field) == (Fault.INVALID, field)


def test_change_without_an_object_is_refused() -> None:
    with pytest.raises(PlatformError, match="not named"):
        parameters_for(PlatformChange(ChangeKind.SET_STATUS, Level.AD, "", {"status": "PAUSED"}), MARKER, "EUR", "")


def test_campaign_with_a_budget_holds_it_itself() -> None:
    params = sent("create_campaign", "campaign", {"name": "A", "objective": "OUTCOME_SALES", "daily_budget": "40"})
    assert params == {
        "name": f"A [mb:{MARKER}]", "objective": "OUTCOME_SALES", "status": "PAUSED", "buying_type": "AUCTION",
        "special_ad_categories": [], "daily_budget": 4000, "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
    }  # fmt: skip


def test_ad_sets_without_campaign_budget_do_not_share_theirs() -> None:
    params = sent("create_campaign", "campaign", {"name": "A", "objective": "OUTCOME_SALES", "daily_budget": None})
    assert params["is_adset_budget_sharing_enabled"] is False
    assert "daily_budget" not in params


def test_ad_set_says_whether_the_audience_may_be_widened() -> None:
    targeting = {"geo_locations": {"countries": ["DE"]}}
    given = {"name": "A", "campaign_id": "1", "targeting": targeting, "optimization_goal": "LINK_CLICKS"}
    params = sent("create_ad_set", "ad_set", given)
    assert params["targeting"]["targeting_automation"] == {"advantage_audience": 0}
    assert (params["status"], params["billing_event"]) == ("PAUSED", "IMPRESSIONS")
    assert targeting == {"geo_locations": {"countries": ["DE"]}}


def test_creative_is_published_as_the_accounts_page() -> None:
    given = {"name": "A", "headline": "H", "body": "B", "link": "https://x.example/", "call_to_action": "SHOP_NOW"}
    params = sent("create_creative", "creative", given)
    assert params["object_story_spec"] == {"page_id": "9", "link_data": {
        "message": "B", "name": "H", "link": "https://x.example/",
        "call_to_action": {"type": "SHOP_NOW", "value": {"link": "https://x.example/"}}}}  # fmt: skip
    with pytest.raises(PlatformError, match="names no page"):
        sent("create_creative", "creative", given, page_id="")


def test_long_name_keeps_its_marker() -> None:
    params = sent("create_ad", "ad", {"name": "x" * 500, "ad_set_id": "1", "creative_id": "2"})
    assert len(params["name"]) <= 400
    assert params["name"].endswith(f" [mb:{MARKER}]")
