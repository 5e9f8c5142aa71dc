"""The adapter over the real SDK against a real sandbox, in good times and with faults."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import AdAccount
from campaigns.platforms.base import ChangeKind, Level, PlatformChange
from campaigns.platforms.meta import MetaPlatform, connect
from campaigns.platforms.meta_errors import Usage
from mediabuyer.lib.errors import Fault, PlatformError
from tests.sandbox_process import SandboxInfo

pytestmark = pytest.mark.django_db
Strike = Callable[..., None]


def change(kind: str, level: str, external_id: str = "", **params: Any) -> PlatformChange:
    return PlatformChange(ChangeKind(kind), Level(level), external_id, params)


def new_campaign(name: str = "Autumn") -> PlatformChange:
    return change("create_campaign", "campaign", name=name, objective="OUTCOME_SALES", daily_budget="40")


def some(sandbox: SandboxInfo, edge: str) -> str:
    return str(sandbox.graph(f"{sandbox.account_id}/{edge}")[1]["data"][0]["id"])


def fault_of(call: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        call()
    return caught.value


def send(meta: MetaPlatform, one: PlatformChange, marker: str = "a" * 16) -> Callable[[], object]:
    return lambda: meta.apply(one, marker, lambda: None)


def test_chain_is_made_paused_and_found_again(meta: MetaPlatform, sandbox: SandboxInfo) -> None:
    campaign = meta.apply(new_campaign(), "1" * 16, lambda: None).external_id
    targeting = {"geo_locations": {"countries": ["DE"]}}
    ad_set = meta.apply(
        change("create_ad_set", "ad_set", name="DE", campaign_id=campaign, targeting=targeting,
               optimization_goal="LINK_CLICKS"), "2" * 16, lambda: None).external_id  # fmt: skip
    creative = meta.apply(
        change("create_creative", "creative", name="C", headline="H", body="B", link="https://roastery.example/x"),
        "3" * 16, lambda: None).external_id  # fmt: skip
    ad = meta.apply(
        change("create_ad", "ad", name="Ad", ad_set_id=ad_set, creative_id=creative, labels=["angle:Gift"]),
        "4" * 16, lambda: None).external_id  # fmt: skip
    made_of = {Level.CAMPAIGN: campaign, Level.AD_SET: ad_set, Level.CREATIVE: creative, Level.AD: ad}
    for marker, (level, made) in zip("1234", made_of.items(), strict=True):
        found = meta.find_by_marker(level, marker * 16)
        assert [(one.external_id, one.level) for one in found] == [(made, level)]
        if level is not Level.CREATIVE:
            assert found[0].status == "PAUSED"
    row = next(row for row in meta.read_structure().ads if row.external_id == ad)
    assert row.labels == ("angle:Gift",)
    assert row.creative is not None
    assert (row.creative.headline, row.creative.body) == ("H", "B")


def test_marker_must_match_exactly(meta: MetaPlatform) -> None:
    meta.apply(new_campaign("Copy of [mb:" + "5" * 16 + "]"), "6" * 16, lambda: None)
    assert meta.find_by_marker(Level.CAMPAIGN, "5" * 16) == []
    assert len(meta.find_by_marker(Level.CAMPAIGN, "6" * 16)) == 1


def test_archived_object_is_still_found(meta: MetaPlatform) -> None:
    made = meta.apply(new_campaign(), "7" * 16, lambda: None).external_id
    meta.apply(change("set_status", "campaign", made, status="ARCHIVED"), "", lambda: None)
    assert [found.status for found in meta.find_by_marker(Level.CAMPAIGN, "7" * 16)] == ["ARCHIVED"]
    assert made in {row.external_id for row in meta.read_structure().campaigns}


def test_budget_and_status_are_set_and_read_back(meta: MetaPlatform, sandbox: SandboxInfo) -> None:
    made = meta.apply(new_campaign(), "8" * 16, lambda: None).external_id
    meta.apply(change("set_budget", "campaign", made, daily_budget="48.50"), "", lambda: None)
    meta.apply(change("set_status", "campaign", made, status="ACTIVE"), "", lambda: None)
    assert sandbox.graph(made, fields="daily_budget,status")[1] == {
        "id": made, "daily_budget": "4850", "status": "ACTIVE"}  # fmt: skip
    state = meta.read_state(Level.CAMPAIGN, made)
    assert (state["daily_budget"], state["status"], state["effective_status"]) == ("48.5", "ACTIVE", "ACTIVE")


def test_paging_loses_and_doubles_nothing(meta: MetaPlatform, strike: Strike, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [row.external_id for row in meta.read_structure().ads]
    monkeypatch.setattr("campaigns.platforms.meta.PAGE", 2)
    assert sorted(row.external_id for row in meta.read_structure().ads) == sorted(whole)
    strike(duplicate_page=1.0)
    assert sorted(row.external_id for row in meta.read_structure().ads) == sorted(whole)


def test_long_range_as_a_job_equals_single_days(meta: MetaPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.platforms.meta.INSIGHTS_PAGE", 7)
    until = meta.read_now().date()
    days = [until - timedelta(days=number) for number in range(8)]
    job = {(row.ad_id, row.day): row for row in meta.read_insights(days[-1], until)}
    direct = {(row.ad_id, row.day): row for day in days for row in meta.read_insights(day, day)}
    assert job == direct
    assert len(job) > 20


def test_range_that_is_too_much_is_read_in_halves(meta: MetaPlatform, strike: Strike) -> None:
    until = meta.read_now().date()
    whole = sorted((row.ad_id, row.day, row.spend) for row in meta.read_insights(until - timedelta(days=7), until))
    strike(code={"code": 100, "subcode": 1487534, "times": 1}, match="insights")
    parts = sorted((row.ad_id, row.day, row.spend) for row in meta.read_insights(until - timedelta(days=7), until))
    assert parts == whole


def test_lost_answer_leaves_a_write_unknown(meta: MetaPlatform, strike: Strike) -> None:
    strike(answer_lost_after_create=1.0)
    error = fault_of(send(meta, new_campaign(), "9" * 16))
    assert (error.fault, error.ambiguous) == (Fault.UNKNOWN, True)
    strike()
    assert len(meta.find_by_marker(Level.CAMPAIGN, "9" * 16)) == 1


@pytest.mark.parametrize("knobs", [{"http_500": 1.0}, {"http_500_after": 1.0}, {"garbage_body": 1.0},
                                   {"code": {"code": 1}}, {"code": {"code": 424242}}])  # fmt: skip
def test_bad_answer_is_unknown_to_a_write_and_retryable_to_a_read(
    meta: MetaPlatform, strike: Strike, sandbox: SandboxInfo, knobs: dict[str, Any]
) -> None:
    for seed in range(3):  # the sandbox draws HTML, nothing, or half an answer
        strike(seed=seed, **knobs)
        assert fault_of(send(meta, new_campaign())).fault is Fault.UNKNOWN
        if "http_500_after" not in knobs:
            assert fault_of(meta.read_account).fault is Fault.TRANSIENT


def test_slow_drip_ends_in_time(meta_account: AdAccount, strike: Strike, settings: Any) -> None:
    settings.PLATFORM_TIMEOUT = 1
    meta = connect(meta_account)
    strike(slow_drip={"p": 1.0, "seconds": 8})
    assert fault_of(meta.read_account).fault is Fault.TRANSIENT
    assert fault_of(send(meta, new_campaign())).fault is Fault.UNKNOWN


def test_expired_token_needs_a_new_connection(meta: MetaPlatform, strike: Strike) -> None:
    strike(token_expired=True)
    for call in (meta.read_account, meta.read_structure, send(meta, new_campaign())):
        error = fault_of(call)
        assert (error.fault, error.code, error.subcode) == (Fault.AUTH, 190, 463)
        assert error.remedy == "Connect the account again in Settings."


def test_rate_limit_says_how_long_and_stops_us(meta: MetaPlatform, strike: Strike, sandbox: SandboxInfo) -> None:
    strike(rate_limit={"code": 80004, "minutes": 7})
    error = fault_of(meta.read_account)
    assert (error.fault, error.wait) == (Fault.RATE, timedelta(minutes=7))
    assert meta.usage == Usage(100.0, timedelta(minutes=7))
    strike()
    assert fault_of(meta.read_account).fault is Fault.RATE  # not even asked
    ad_set = some(sandbox, "adsets")
    meta.apply(change("set_status", "ad_set", ad_set, status="PAUSED"), "", lambda: None)  # a pause always may


def test_wrong_parameter_is_named(meta: MetaPlatform, sandbox: SandboxInfo) -> None:
    one = change("set_budget", "ad_set", some(sandbox, "adsets"), daily_budget="0.10")
    error = fault_of(send(meta, one))
    assert (error.fault, error.code, error.retryable) == (Fault.INVALID, 100, False)
    assert "udget" in error.message


def test_called_off_change_never_arrives(meta: MetaPlatform) -> None:
    def call_off() -> None:
        raise InterruptedError("the lease was lost")

    with pytest.raises(InterruptedError, match="the lease was lost"):
        meta.apply(new_campaign(), "b" * 16, call_off)
    assert meta.find_by_marker(Level.CAMPAIGN, "b" * 16) == []


def test_read_only_account_changes_nothing(meta_account: AdAccount) -> None:
    meta_account.mode = AdAccount.Mode.SHADOW
    meta = connect(meta_account)
    assert fault_of(send(meta, new_campaign(), "c" * 16)).fault is Fault.PERMISSION
    assert meta.find_by_marker(Level.CAMPAIGN, "c" * 16) == []


def test_token_is_in_no_message_and_no_log(
    meta_account: AdAccount, strike: Strike, caplog: pytest.LogCaptureFixture, sandbox: SandboxInfo
) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    for knobs in ({"http_500": 1.0}, {"garbage_body": 1.0}, {"answer_lost_after_create": 1.0}, {"token_expired": True},
                  {"code": {"code": 1, "message": f"echo {sandbox.access_token}"}}):  # fmt: skip
        strike(**knobs)
        meta = connect(meta_account)
        for call in (meta.read_account, send(meta, new_campaign())):
            try:
                call()
            except PlatformError as error:
                told.append("".join(traceback.format_exception(error)) + json.dumps(error.as_dict()))
    meta_account.graph_url = "http://127.0.0.1:9"
    told.append("".join(traceback.format_exception(fault_of(connect(meta_account).read_account))))
    proof = connect(meta_account)._http.params["appsecret_proof"]
    assert len(told) >= 9
    for secret in (sandbox.access_token, sandbox.app_secret, proof):
        assert secret not in caplog.text + "".join(told)


def test_no_crash_reporter_is_installed(meta: MetaPlatform) -> None:
    meta.read_account()
    assert sys.excepthook is sys.__excepthook__
    assert "facebook_business.crashreporter" not in sys.modules


def test_yen_account_counts_in_whole_yen(meta_account: AdAccount, sandbox: SandboxInfo) -> None:
    made = connect(meta_account).apply(new_campaign(), "d" * 16, lambda: None).external_id
    meta_account.currency = "JPY"
    meta = connect(meta_account)
    meta.apply(change("set_budget", "campaign", made, daily_budget="5000"), "", lambda: None)
    assert sandbox.graph(made, fields="daily_budget")[1]["daily_budget"] == "5000"
    assert Decimal(meta.read_state(Level.CAMPAIGN, made)["daily_budget"]) == 5000
