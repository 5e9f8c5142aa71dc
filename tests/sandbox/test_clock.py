"""The clock, the money and the memory of the sandbox: budgets hold, the same seed repeats, a killed process goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import defaults
from tests.sandbox_process import START, SandboxInfo, running_sandbox, start_sandbox, stop_sandbox

SMALL = {"seed": 3, "history_days": 5, "campaigns": 1, "ads": 3, "frozen": True, "start": START}


def live_ad(sandbox: SandboxInfo, budget: int) -> tuple[str, str]:
    """An active chain with a budget of its own: (ad set, ad)."""

    def make(edge: str, **params: Any) -> str:
        wanted = {**defaults(sandbox, edge), "status": "ACTIVE", **params}
        status, body = sandbox.graph(f"{sandbox.account_id}/{edge}", "POST", **wanted)
        assert status == 200, body
        return str(body["id"])

    adset = make("adsets", campaign_id=make("campaigns"), daily_budget=budget)
    return adset, make("ads", adset_id=adset, creative={"creative_id": make("adcreatives")})


def all_told(sandbox: SandboxInfo) -> dict[str, Any]:
    """The sandbox's own account of itself, and what an advertiser sees."""
    level = {"level": "ad", "time_increment": 1, "limit": 500}
    seen = {
        "campaigns": {"fields": "name,objective,daily_budget,created_time,updated_time,effective_status"},
        "adsets": {"fields": "name,daily_budget,targeting,learning_stage_info,updated_time,effective_status"},
        "ads": {"fields": "name,creative{body,title,effective_object_story_id},issues_info,updated_time"},
        "insights": {"fields": "ad_id,impressions,reach,clicks,spend,actions", "date_preset": "maximum", **level},
        "activities": {"fields": "event_type,event_time,object_id,extra_data", "limit": 500},
    }
    told = {name: sandbox.control(name) for name in ("clock", "truth", "orders")}
    for edge, params in seen.items():
        status, told[edge] = sandbox.graph(f"{sandbox.account_id}/{edge}", **params)
        assert status == 200, told[edge]
        assert told[edge]["data"], edge
    return told


def test_frozen_clock_stands_until_posted(sandbox: SandboxInfo) -> None:
    before = sandbox.control("clock")
    assert before["frozen"] is True
    assert sandbox.control("clock")["now"] == before["now"]
    assert sandbox.control("clock", {"advance_hours": 2})["now"] == "2026-11-20T13:00:00+00:00"
    assert sandbox.control("clock", {"to": "2026-11-20T15:00:00Z"})["simulated_until"] == "2026-11-20T15:00:00+00:00"


def test_running_clock_follows_its_speed() -> None:
    with running_sandbox(fresh=True, history_days=2, campaigns=1, ads=2, frozen=False, speed=36000) as sandbox:
        first, second = sandbox.control("clock"), sandbox.control("clock")
        assert second["now"] > first["now"]
        assert first["speed"] == 36000


def test_weeks_hold_seven_budgets_and_days_one_and_three_quarters() -> None:
    with running_sandbox(**SMALL) as sandbox:
        budget = 4000
        _, ad = live_ad(sandbox, budget)
        sandbox.control("clock", {"to": "2026-12-13T00:00:00+01:00"})
        days = {
            row["day"]: round(100 * row["spend"]) for row in sandbox.control("truth")["ad_days"] if row["ad_id"] == ad
        }
        assert max(days.values()) <= 1.75 * budget
        assert max(days.values()) > budget
        for sunday in (date(2026, 11, 22), date(2026, 11, 29), date(2026, 12, 6)):
            week = sum(days.get((sunday + timedelta(days=offset)).isoformat(), 0) for offset in range(7))
            assert 0.8 * 7 * budget < week <= 7 * budget


def test_new_ad_waits_for_its_review(sandbox: SandboxInfo) -> None:
    _, ad = live_ad(sandbox, 3000)
    assert sandbox.graph(ad, fields="effective_status")[1]["effective_status"] == "PENDING_REVIEW"
    sandbox.control("clock", {"advance_hours": 1})
    assert sandbox.graph(ad, fields="effective_status")[1]["effective_status"] == "ACTIVE"


def test_forbidden_words_are_rejected(sandbox: SandboxInfo, made: Callable[..., str]) -> None:
    link = {"message": "Lose 10 kg with our coffee", "link": "https://x.example"}
    story = {"page_id": sandbox.page_id, "link_data": link}
    creative = made("adcreatives", object_story_spec=story)
    adset = made("adsets", campaign_id=made("campaigns", status="ACTIVE"), status="ACTIVE")
    ad = made("ads", adset_id=adset, creative={"creative_id": creative}, status="ACTIVE")
    sandbox.control("clock", {"advance_hours": 1})
    _, body = sandbox.graph(ad, fields="effective_status,ad_review_feedback")
    assert body["effective_status"] == "DISAPPROVED"
    assert list(body["ad_review_feedback"]["global"]) == ["PERSONAL_HEALTH"]


def test_paused_ad_spends_nothing_more(sandbox: SandboxInfo) -> None:
    _, ad = live_ad(sandbox, 9000)
    sandbox.control("clock", {"advance_hours": 30})
    spent = sandbox.control("truth")["ads"][ad]["spend"]
    assert spent > 0
    sandbox.graph(ad, "POST", status="PAUSED")
    sandbox.control("clock", {"advance_hours": 30})
    assert sandbox.control("truth")["ads"][ad]["spend"] == spent


def test_late_orders_restate_past_days() -> None:
    with running_sandbox(seed=7, history_days=10) as sandbox:
        before = sandbox.control("truth")["days"]
        sandbox.control("clock", {"advance_hours": 24 * 29})
        after = sandbox.control("truth")["days"]
        settled = list(before)[:-1]
        assert [after[day]["spend"] for day in settled] == [before[day]["spend"] for day in settled]
        assert sum(after[day]["conversions"] for day in settled) > sum(before[day]["conversions"] for day in settled)
        sandbox.control("clock", {"advance_hours": 24})
        assert {day: sandbox.control("truth")["days"][day] for day in settled} == {day: after[day] for day in settled}


def test_same_seed_tells_the_same_story() -> None:
    """Made twice, and copied, which is what other tests start on: they see what a sandbox just made would show them."""
    told = []
    for fresh in (True, True, False):
        with running_sandbox(fresh=fresh, **SMALL) as sandbox:
            about = asdict(replace(sandbox, url="", store=Path(), process=None))  # type: ignore[arg-type]
            before = all_told(sandbox)
            live_ad(sandbox, 4000)
            sandbox.control("clock", {"advance_hours": 50})
            told.append((about, before, all_told(sandbox)))
    assert told[0] == told[1] == told[2]
    _, before, after = told[0]
    assert len(after["orders"]["data"]) > len(before["orders"]["data"]) > 0


def test_minute_of_the_start_changes_no_figure() -> None:
    truths = []
    for minute in ("03:00", "29:59", "58:00"):
        with running_sandbox(
            fresh=True, seed=42, history_days=12, campaigns=3, ads=12, start=f"2026-11-20T12:{minute}+01:00"
        ) as one:
            truth = one.control("truth")
            truths.append([truth[name] for name in ("account", "days", "campaigns", "adsets", "ads", "ad_days")])
    assert truths[0] == truths[1] == truths[2]


def test_steps_do_not_matter_to_the_market() -> None:
    truths = []
    for steps in ([30], [1] * 30):
        with running_sandbox(**SMALL) as sandbox:
            for hours in steps:
                sandbox.control("clock", {"advance_hours": hours})
            truths.append(sandbox.control("truth"))
    assert truths[0] == truths[1]


def test_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    first = start_sandbox(tmp_path, **SMALL)
    adset, _ = live_ad(first, 4000)
    first.control("clock", {"advance_hours": 20})
    first.graph(adset, "POST", daily_budget=4400)
    truth = first.control("truth")
    stop_sandbox(first, kill=True)
    second = start_sandbox(tmp_path, **SMALL)
    try:
        assert second.access_token == first.access_token
        assert second.control("truth") == truth
        assert second.graph(adset, fields="daily_budget")[1]["daily_budget"] == "4400"
        second.control("clock", {"advance_hours": 5})
        assert second.control("truth")["account"]["spend"] > truth["account"]["spend"]
    finally:
        stop_sandbox(second)


def test_orders_are_fed_page_by_page(sandbox: SandboxInfo) -> None:
    everything = sandbox.control("orders", query="?limit=100000")["data"]
    read: list[dict[str, Any]] = []
    since = "2020-01-01T00:00:00Z"
    while page := sandbox.control("orders", query=f"?since={since.replace('+', '%2B')}&limit=7")["data"]:
        read += page
        since = page[-1]["converted_at"]
    assert read == everything
    assert len({order["event_id"] for order in read}) == len(read) > 20
    assert all((float(order["value"]) < 0) == (order["kind"] == "refund") for order in read)
    assert all(order["clicked_at"] < order["converted_at"] for order in read)


def test_writers_side_by_side_lose_nothing(sandbox: SandboxInfo) -> None:
    def create(number: int) -> str:
        params = {**defaults(sandbox, "campaigns"), "name": f"Side by side {number}"}
        return str(sandbox.graph(f"{sandbox.account_id}/campaigns", "POST", **params)[1]["id"])

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(create, range(40)))
    found = {item["id"]: item["name"] for item in sandbox.control("truth")["objects"]}
    assert [found[key] for key in keys] == [f"Side by side {number}" for number in range(40)]


def test_store_serves_one_process_only(sandbox: SandboxInfo) -> None:
    with pytest.raises(RuntimeError, match="ended with code 1"):
        start_sandbox(sandbox.store)


def test_budget_moves_between_levels(sandbox: SandboxInfo) -> None:
    adset, _ = live_ad(sandbox, 4000)
    campaign = sandbox.graph(adset, fields="campaign_id")[1]["campaign_id"]
    sandbox.graph(campaign, "POST", daily_budget=6000)
    assert "daily_budget" not in sandbox.graph(adset, fields="daily_budget")[1]
    sandbox.graph(campaign, "POST", adset_budgets=[{"adset_id": adset, "daily_budget": 5000}])
    assert sandbox.graph(adset, fields="daily_budget")[1]["daily_budget"] == "5000"
    assert "daily_budget" not in sandbox.graph(campaign, fields="daily_budget")[1]


def test_people_comment_under_the_ads() -> None:
    with running_sandbox(history_days=30, ads=4) as sandbox:
        _, body = sandbox.graph(f"{sandbox.account_id}/ads", fields="creative{effective_object_story_id}")
        stories = [ad["creative"]["effective_object_story_id"] for ad in body["data"]]
        comments = [item for story in stories for item in sandbox.graph(f"{story}/comments")[1]["data"]]
        assert len(comments) > 3
        assert set(comments[0]) == {"id", "message", "from", "created_time"}
