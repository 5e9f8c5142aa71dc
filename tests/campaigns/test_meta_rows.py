from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from campaigns.platforms.meta_rows import (
    account_row,
    ad_row,
    ad_set_row,
    campaign_row,
    comment_row,
    creative_row,
    insight_row,
)

PURCHASE = {"action_type": "omni_purchase", "value": "2", "1d_click": "1", "7d_click": "2", "28d_click": "3"}
ROW: dict[str, Any] = {
    "ad_id": "3", "impressions": "1523", "reach": "1402", "clicks": "41", "spend": "18.51", "inline_link_clicks": "30",
    "objective": "OUTCOME_SALES", "date_start": "2026-11-19", "date_stop": "2026-11-19",
    "actions": [
        {"action_type": "link_click", "value": "30"}, {"action_type": "landing_page_view", "value": "24"}, PURCHASE,
        {**PURCHASE, "action_type": "purchase"}, {"action_type": "lead", "value": "9"},
    ],
    "action_values": [{"action_type": "omni_purchase", "value": "89.8"}, {"action_type": "purchase", "value": "89.8"}],
}  # fmt: skip


def test_one_event_under_many_names_counts_once() -> None:
    row = insight_row(ROW)
    assert (row.ad_id, row.day, row.dimension, row.value) == ("3", date(2026, 11, 19), "", "")
    assert (row.spend, row.impressions, row.reach, row.clicks) == (Decimal("18.51"), 1523, 1402, 41)
    assert (row.link_clicks, row.landing_page_views) == (30, 24)
    assert (row.results, row.revenue) == (Decimal(2), Decimal("89.8"))
    assert (row.results_1d, row.results_7d, row.results_28d) == (1, 2, 3)


@pytest.mark.parametrize(
    ("objective", "names", "results"),
    [
        ("OUTCOME_SALES", ["purchase"], 1),
        ("OUTCOME_SALES", ["lead"], 0),
        ("OUTCOME_LEADS", ["omni_purchase", "lead"], 2),
        ("OUTCOME_TRAFFIC", ["lead", "omni_purchase"], 2),
        ("OUTCOME_ENGAGEMENT", ["lead"], 1),
        ("", ["complete_registration"], 1),
        ("SOMETHING_NEW", [], 0),
    ],
)
def test_objective_says_what_a_result_is(objective: str, names: list[str], results: int) -> None:
    actions = [{"action_type": name, "value": str(number + 1)} for number, name in enumerate(names)]
    assert insight_row({**ROW, "objective": objective, "actions": actions}).results == results


def test_zero_metrics_are_absent_at_meta() -> None:
    row = insight_row({"ad_id": "3", "date_start": "2026-11-19"})
    assert (row.spend, row.impressions, row.reach, row.results, row.revenue) == (0, 0, None, 0, 0)


def test_late_purchase_without_own_value_counts_in_its_window() -> None:
    row = insight_row({**ROW, "actions": [{"action_type": "omni_purchase", "28d_click": "1"}]})
    assert (row.results, row.results_7d, row.results_28d) == (0, 0, 1)


def test_breakdown_values_are_joined_in_their_order() -> None:
    split = {"age": "25-34", "gender": "female", "publisher_platform": "instagram"}
    assert insight_row({**ROW, **split}, "age,gender").value == "25-34,female"
    assert insight_row({**ROW, **split}, "publisher_platform,platform_position").value == "instagram,unknown"


@pytest.mark.parametrize(("currency", "minor", "major"), [("EUR", "5000", "50"), ("JPY", "5000", "5000"),
                                                          ("HUF", "5000", "5000"), ("KWD", "5000", "50")])  # fmt: skip
def test_budget_is_read_with_metas_own_offset(currency: str, minor: str, major: str) -> None:
    node = {"id": "1", "name": "A", "status": "ACTIVE", "effective_status": "ACTIVE", "daily_budget": minor}
    assert campaign_row(node, currency).daily_budget == Decimal(major)
    assert ad_set_row(node, currency).daily_budget == Decimal(major)


def test_unknown_fields_and_statuses_are_kept_as_text() -> None:
    row = campaign_row({"id": "1", "status": "SLEEPING", "effective_status": "IN_ORBIT", "brand_new": {}}, "EUR")
    assert (row.status, row.effective_status) == ("SLEEPING", "IN_ORBIT")
    assert campaign_row({"id": "1"}, "EUR").effective_status == ""


def test_learning_phase_is_read() -> None:
    learning = {"status": "LEARNING", "conversions": 12, "last_sig_edit_ts": 1795166400}
    row = ad_set_row({"id": "2", "campaign_id": "1", "learning_stage_info": learning}, "EUR")
    assert (row.learning_status, row.learning_conversions) == ("LEARNING", 12)
    assert row.last_significant_edit_at == datetime(2026, 11, 20, 9, 20, tzinfo=UTC)


def test_account_without_a_cap_has_none() -> None:
    node = {"id": "act_1", "name": "Shop", "currency": "JPY", "timezone_name": "Asia/Tokyo", "account_status": 2,
            "amount_spent": "12345", "spend_cap": "0"}  # fmt: skip
    row = account_row(node)
    assert (row.amount_spent, row.spend_cap, row.status) == (Decimal(12345), None, "disabled")
    assert account_row({**node, "account_status": 55}).status == "status 55"


def test_labels_and_feedback_of_an_ad() -> None:
    feedback = {"global": {"PERSONAL_ATTRIBUTES": "Do not imply them."}, "placement_specific": {"x": {}}}
    row = ad_row({"id": "3", "name": "Ad", "adset_id": "2", "campaign_id": "1", "adlabels": [{"name": "angle:Gift"}],
                  "ad_review_feedback": feedback, "created_time": "2026-05-12T10:45:09-0700"})  # fmt: skip
    assert row.labels == ("angle:Gift",)
    assert "PERSONAL_ATTRIBUTES: Do not imply them." in row.review_feedback
    assert row.created_at == datetime(2026, 5, 12, 17, 45, 9, tzinfo=UTC)
    assert row.creative is None


LINK = {"object_story_spec": {"link_data": {
    "message": "Body", "name": "Head", "link": "https://x.example/", "image_hash": "h",
    "call_to_action": {"type": "SHOP_NOW"}}}}  # fmt: skip
VIDEO = {"object_story_spec": {"video_data": {
    "message": "Body", "title": "Head", "image_hash": "h",
    "call_to_action": {"type": "SHOP_NOW", "value": {"link": "https://x.example/"}}}}}  # fmt: skip
FEED = {"asset_feed_spec": {"bodies": [{"text": "Body"}], "titles": [{"text": "Head"}], "images": [{"hash": "h"}],
                            "link_urls": [{"website_url": "https://x.example/"}]},
        "call_to_action_type": "SHOP_NOW"}  # fmt: skip
PLAIN = {"body": "Body", "title": "Head", "image_hash": "h", "link_url": "https://x.example/",
         "call_to_action_type": "SHOP_NOW"}  # fmt: skip


@pytest.mark.parametrize("node", [LINK, VIDEO, FEED, PLAIN])
def test_copy_is_found_wherever_a_creative_keeps_it(node: dict[str, Any]) -> None:
    row = creative_row({"id": "4", **node})
    assert (row.headline, row.body, row.link) == ("Head", "Body", "https://x.example/")
    assert (row.image_hash, row.call_to_action) == ("h", "SHOP_NOW")


def test_comment_of_nobody_known() -> None:
    row = comment_row({"id": "5", "message": "Nice", "created_time": "2026-11-19T08:00:00+0000"}, "3")
    assert (row.author, row.text, row.ad_id, row.is_hidden, row.likes) == ("", "Nice", "3", False, 0)
