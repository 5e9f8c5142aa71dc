"""The official SDK, unpatched but for its host, does its everyday work against the sandbox."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.adobjects.targetingsearch import TargetingSearch
from facebook_business.adobjects.user import User
from facebook_business.exceptions import FacebookRequestError

from tests.sandbox.conftest import defaults
from tests.sandbox_process import SandboxInfo

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def png() -> bytes:
    """The smallest picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 3, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0\0" * 3)) + chunk(b"IEND", b"")


def test_the_whole_chain_is_created(account: AdAccount, sandbox: SandboxInfo) -> None:
    campaign = account.create_campaign(params=defaults(sandbox, "campaigns"))
    adset = account.create_ad_set(params={**defaults(sandbox, "adsets"), "campaign_id": campaign["id"]})
    creative = account.create_ad_creative(params=defaults(sandbox, "adcreatives"))
    ad = account.create_ad(
        params={
            "name": "Chain | [mb:1234]",
            "adset_id": adset["id"],
            "creative": {"creative_id": creative["id"]},
            "status": "ACTIVE",
            "adlabels": [{"name": "angle:Freshness"}, {"name": "mb:1234"}],
        }
    )
    read = Ad(ad["id"]).api_get(fields=["name", "effective_status", "adlabels", "adset_id", "campaign_id", "creative"])
    assert read["effective_status"] == "CAMPAIGN_PAUSED"
    assert [label["name"] for label in read["adlabels"]] == ["angle:Freshness", "mb:1234"]
    assert (read["adset_id"], read["campaign_id"]) == (adset["id"], campaign["id"])
    assert read["creative"]["id"] == creative["id"]
    found = account.get_ads(params={"filtering": [{"field": "name", "operator": "CONTAIN", "value": "[mb:1234]"}]})
    assert [item["id"] for item in found] == [ad["id"]]
    labelled = account.get_ads_by_labels(params={"ad_label_ids": [read["adlabels"][1]["id"]]})
    assert [item["id"] for item in labelled] == [ad["id"]]


def test_budget_is_changed_and_read_back(account: AdAccount, made: Callable[..., str]) -> None:
    adset = AdSet(made("adsets", campaign_id=made("campaigns")))
    adset.api_update(params={"daily_budget": 6100})
    assert adset.api_get(fields=["daily_budget", "budget_remaining"])["daily_budget"] == "6100"


def test_deleted_campaign_leaves_lists_only(account: AdAccount, made: Callable[..., str]) -> None:
    campaign = Campaign(made("campaigns"))
    adset = made("adsets", campaign_id=campaign["id"])
    campaign.api_delete()
    assert campaign.api_get(fields=["status"])["status"] == "DELETED"
    assert AdSet(adset).api_get(fields=["status"])["status"] == "DELETED"
    assert campaign["id"] not in [item["id"] for item in account.get_campaigns()]


def test_pages_follow_each_other(account: AdAccount) -> None:
    cursor = account.get_ads(fields=["name"], params={"limit": 4})
    assert cursor.total() == len(account.get_ads(params={"limit": 500}))
    ids = [ad["id"] for ad in cursor]
    assert len(ids) == cursor.total() == len(set(ids)) > 4


def test_several_objects_are_read_at_once(account: AdAccount) -> None:
    ids = [campaign["id"] for campaign in account.get_campaigns()][:2]
    read = Campaign.get_by_ids(ids, fields=["name"])
    assert [campaign["id"] for campaign in read] == ids


def test_nested_fields_are_expanded(sandbox: SandboxInfo) -> None:
    fields = "name,adset{name,campaign{id}},creative{body},insights.date_preset(last_7d){spend}"
    _, body = sandbox.graph(f"{sandbox.account_id}/ads", fields=fields, limit=1, effective_status=["ACTIVE"])
    (ad,) = body["data"]
    assert set(ad) == {"id", "name", "adset", "creative", "insights"}
    assert set(ad["adset"]) == {"id", "name", "campaign"}
    assert float(ad["insights"]["data"][0]["spend"]) > 0


def test_report_runs_to_completion(account: AdAccount) -> None:
    run = account.get_insights(fields=["spend"], params={"level": "campaign"}, is_async=True)
    assert isinstance(run, AdReportRun)
    states = [run.api_get(fields=["async_status", "async_percent_completion"])["async_status"] for _ in range(3)]
    assert states == ["Job Started", "Job Running", "Job Completed"]
    rows = list(run.get_result(params={"limit": 1}))
    direct = list(account.get_insights(fields=["spend"], params={"level": "campaign"}))
    assert [row["spend"] for row in rows] == [row["spend"] for row in direct]


def test_batch_items_answer_for_themselves(account: AdAccount, sandbox: SandboxInfo) -> None:
    answers: list[Any] = []
    batch = account.get_api().new_batch()
    ids = [campaign["id"] for campaign in account.get_campaigns()]
    for key in (ids[0], "1"):
        Campaign(key).api_get(
            fields=["name"],
            batch=batch,
            success=lambda response: answers.append(response.json()["id"]),
            failure=lambda response: answers.append(response.error().api_error_subcode()),
        )
    assert batch.execute() is None
    assert answers == [ids[0], 33]


def test_unprocessed_batch_items_come_back(account: AdAccount, sandbox: SandboxInfo) -> None:
    batch = account.get_api().new_batch()
    Campaign(next(iter(account.get_campaigns()))["id"]).api_get(fields=["name"], batch=batch)
    sandbox.control("faults", {"batch_null": 1})
    assert len(batch.execute()) == 1


def test_images_are_known_by_their_content(account: AdAccount, tmp_path: Path) -> None:
    picture = tmp_path / "cup.png"
    picture.write_bytes(png())
    by_bytes = account.create_ad_image(params={"bytes": base64.b64encode(png()).decode()})
    by_file = account.create_ad_image(params={"filename": str(picture)})
    assert by_bytes["hash"] == by_file["hash"]
    (image,) = account.get_ad_images(fields=["width", "height"], params={"hashes": [by_bytes["hash"]]})
    assert (image["width"], image["height"]) == (2, 3)


def test_videos_are_accepted_both_ways(account: AdAccount, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0" * 64)
    assert account.create_ad_video(params={"source": str(clip), "title": "Pour over"})["id"]
    assert account.create_ad_video(params={"file_url": "https://roastery.example/clip.mp4"})["id"]


def test_reach_is_estimated(account: AdAccount) -> None:
    spec = {"geo_locations": {"countries": ["DE"]}}
    (estimate,) = account.get_reach_estimate(params={"targeting_spec": spec})
    assert 0 < estimate["users_lower_bound"] < estimate["users_upper_bound"]


def test_ad_is_copied_paused_with_its_source(account: AdAccount) -> None:
    ad = Ad(next(iter(account.get_ads()))["id"])
    answer = ad.create_copy().export_all_data()
    copy = Ad(answer["copied_ad_id"]).api_get(fields=["name", "status", "source_ad_id"])
    assert copy["status"] == "PAUSED"
    assert copy["name"].endswith(" - Copy")
    assert copy["source_ad_id"] == ad["id"]


def test_audience_counts_its_members(account: AdAccount) -> None:
    audience = account.create_custom_audience(
        params={"name": "Customers", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    )
    schema = CustomAudience.Schema.email_hash
    answer = CustomAudience(audience["id"]).add_users(schema=schema, users=["a@x.example", "b@x.example"])
    assert answer.json()["num_received"] == 2


def test_interests_are_found(account: AdAccount) -> None:
    found = TargetingSearch.search(params={"q": "coff", "type": "adinterest"})
    assert [row["name"] for row in found] == ["Coffee", "Coffeehouses"]


def test_accounts_of_the_user_are_listed(account: AdAccount, sandbox: SandboxInfo) -> None:
    accounts = list(User("me").get_ad_accounts(fields=["currency", "timezone_name"]))
    assert [item["id"] for item in accounts] == [sandbox.account_id]
    assert (accounts[0]["currency"], accounts[0]["timezone_name"]) == ("EUR", "Europe/Berlin")


def test_conversion_events_are_received_once(account: AdAccount, sandbox: SandboxInfo) -> None:
    at = int(datetime.fromisoformat(sandbox.now).timestamp())
    event = Event(
        event_name="Purchase",
        event_time=at,
        event_id="order-1",
        action_source=ActionSource.WEBSITE,
        user_data=UserData(email="a@x.example"),
        custom_data=CustomData(value=20, currency="EUR"),
    )
    for _ in range(2):
        assert EventRequest(events=[event], pixel_id=sandbox.pixel_id).execute().events_received == 1
    _, stats = sandbox.graph(f"{sandbox.pixel_id}/stats")
    assert stats["data"][0]["data"] == [{"value": "Purchase", "count": 1}]


def test_minimum_budgets_are_in_minor_units(account: AdAccount) -> None:
    (minimum,) = account.get_minimum_budgets()
    assert (minimum["currency"], minimum["min_daily_budget_imp"]) == ("EUR", 100)


def test_comment_is_answered_and_hidden(account: AdAccount) -> None:
    fields = ["creative{effective_object_story_id}"]
    story = next(iter(account.get_ads(fields=fields)))["creative"]["effective_object_story_id"]
    comment = PagePost(story).create_comment(params={"message": "Thank you!"})
    reply = comment.create_comment(params={"message": "And welcome."})
    comment.api_update(params={"is_hidden": True})
    read = comment.api_get(fields=["is_hidden", "comment_count"])
    assert (read["is_hidden"], read["comment_count"]) == (True, 1)
    assert comment["id"] in [item["id"] for item in PagePost(story).get_comments()]
    assert reply["id"] in [item["id"] for item in PagePost(story).get_comments(params={"filter": "stream"})]


def test_error_carries_its_blamed_field(account: AdAccount, made: Callable[..., str]) -> None:
    with pytest.raises(FacebookRequestError) as refused:
        AdSet(made("adsets", campaign_id=made("campaigns"))).api_update(params={"daily_budget": 5})
    assert (refused.value.api_error_code(), refused.value.api_error_subcode()) == (100, 1885272)
    assert refused.value.api_blame_field_specs() == [["daily_budget"]]


def test_activity_log_names_the_change(account: AdAccount, made: Callable[..., str]) -> None:
    adset = made("adsets", campaign_id=made("campaigns"))
    AdSet(adset).api_update(params={"daily_budget": 7700})
    lines = list(account.get_activities(fields=["event_type", "object_id", "extra_data"], params={"oid": adset}))
    (line,) = [line for line in lines if line["event_type"] == "update_ad_set_budget"]
    assert line["extra_data"] == '{"old_value": 5000, "new_value": 7700}'


def test_preview_is_an_iframe(account: AdAccount) -> None:
    ad = next(iter(account.get_ads()))
    (preview,) = Ad(ad["id"]).get_previews(params={"ad_format": "MOBILE_FEED_STANDARD"})
    assert preview["body"].startswith("<iframe ")
