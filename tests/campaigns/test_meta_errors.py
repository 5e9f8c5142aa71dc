from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from campaigns.platforms.meta_errors import Usage, clean, lost, read_error, read_usage
from mediabuyer.lib.errors import Fault, PlatformError

CASES = [
    # code, subcode, fault of a read, fault of a write
    (1, None, Fault.TRANSIENT, Fault.UNKNOWN),
    (2, None, Fault.TRANSIENT, Fault.UNKNOWN),
    (987654, None, Fault.TRANSIENT, Fault.UNKNOWN),
    (None, None, Fault.TRANSIENT, Fault.UNKNOWN),
    (4, 1504022, Fault.RATE, Fault.RATE),
    (17, 2446079, Fault.RATE, Fault.RATE),
    (613, 1487742, Fault.RATE, Fault.RATE),
    (80004, 2446079, Fault.RATE, Fault.RATE),
    (80014, None, Fault.RATE, Fault.RATE),
    (17, 1885172, Fault.INVALID, Fault.INVALID),
    (190, 463, Fault.AUTH, Fault.AUTH),
    (190, 467, Fault.AUTH, Fault.AUTH),
    (190, 459, Fault.HELD, Fault.HELD),
    (102, None, Fault.AUTH, Fault.AUTH),
    (10, None, Fault.PERMISSION, Fault.PERMISSION),
    (200, None, Fault.PERMISSION, Fault.PERMISSION),
    (299, None, Fault.PERMISSION, Fault.PERMISSION),
    (368, None, Fault.HELD, Fault.HELD),
    (2859015, None, Fault.HELD, Fault.HELD),
    (100, None, Fault.INVALID, Fault.INVALID),
    (100, 1885272, Fault.INVALID, Fault.INVALID),
    (100, 33, Fault.MISSING, Fault.MISSING),
    (100, 1487390, Fault.TRANSIENT, Fault.TRANSIENT),
    (2635, None, Fault.INVALID, Fault.INVALID),
]


def error_of(error: dict[str, Any], *, is_write: bool = True, usage: Usage | None = None) -> PlatformError:
    return read_error({"error": error}, is_write=is_write, usage=usage or Usage(), secrets=("EAAsecret",))


@pytest.mark.parametrize(("code", "subcode", "read", "write"), CASES)
def test_code_and_subcode_decide(code: int | None, subcode: int | None, read: Fault, write: Fault) -> None:
    for is_transient in (True, False):  # Meta's own flag is wrong too often to be asked
        error = {"code": code, "error_subcode": subcode, "message": "Something", "is_transient": is_transient}
        assert error_of(error, is_write=False).fault is read
        assert error_of(error, is_write=True).fault is write


def test_words_for_people_win_over_the_technical_ones() -> None:
    error = {"code": 100, "message": "Invalid parameter", "error_user_title": "Budget is too low",
             "error_user_msg": "It must be more than €1.00."}  # fmt: skip
    assert error_of(error).message == "Budget is too low: It must be more than €1.00."


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ('{"blame_field_specs":[["daily_budget"]]}', "daily_budget"),
        ({"blame_field_specs": [["targeting", "age_max"]]}, "targeting.age_max"),
        ("not JSON", ""),
        ('{"blame_field_specs":[]}', ""),
        ('["x"]', ""),
        (None, ""),
    ],
)
def test_blamed_field_is_named(data: Any, field: str) -> None:
    assert error_of({"code": 100, "message": "Invalid", "error_data": data}).field == field


def test_error_that_is_a_text_is_survived() -> None:
    error = read_error({"error": "boom"}, is_write=True, usage=Usage(), secrets=())
    assert (error.fault, error.message) == (Fault.UNKNOWN, "boom")


def test_token_is_blanked_out_of_messages() -> None:
    message = "Cannot use EAAsecret at https://graph.facebook.com/v26.0/1?access_token=EAAother&x=1"
    assert error_of({"code": 190, "message": message}).message == (
        "Cannot use *** at https://graph.facebook.com/v26.0/1?access_token=***&x=1"
    )
    assert clean("x" * 1000) == "x" * 400
    assert "EAAsecret" not in lost("EAAsecret", is_write=True, secrets=("EAAsecret",)).message


@pytest.mark.parametrize(
    ("code", "subcode", "usage", "wait"),
    [
        (80004, None, Usage(100, timedelta(minutes=7)), timedelta(minutes=7)),
        (80004, None, Usage(), timedelta(minutes=5)),
        (613, 1487632, Usage(20, timedelta(seconds=100)), timedelta(hours=1)),
    ],
)
def test_rate_limit_says_how_long(code: int, subcode: int | None, usage: Usage, wait: timedelta) -> None:
    assert error_of({"code": code, "error_subcode": subcode, "message": "Slow"}, usage=usage).wait == wait


def test_highest_share_of_all_usage_headers_counts() -> None:
    headers = {
        "X-App-Usage": json.dumps({"call_count": 28, "total_time": 25, "total_cputime": 25}),
        "X-Ad-Account-Usage": json.dumps({"acc_id_util_pct": 9.67, "reset_time_duration": 100}),
        "X-Business-Use-Case-Usage": json.dumps({"123": [
            {"type": "ads_insights", "call_count": 3, "estimated_time_to_regain_access": 0},
            {"type": "ads_management", "call_count": 95, "estimated_time_to_regain_access": 4},
        ]}),
    }  # fmt: skip
    assert read_usage(headers) == Usage(95.0, timedelta(minutes=4))


@pytest.mark.parametrize("header", ["", "null", "[]", "{", '{"call_count":"many"}', '{"1":[2]}'])
def test_unreadable_usage_counts_as_none(header: str) -> None:
    assert read_usage({"X-App-Usage": header, "X-Business-Use-Case-Usage": header}) == Usage()
