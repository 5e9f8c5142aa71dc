"""Errors carry what their reader needs."""

from __future__ import annotations

import pytest

from mediabuyer.lib.errors import Conflict, Fault, Invalid, MediaBuyerError, NotAllowed, PlatformError


@pytest.mark.parametrize(
    ("fault", "retryable", "ambiguous"),
    [
        (Fault.TRANSIENT, True, True),
        (Fault.UNKNOWN, True, True),
        (Fault.RATE, True, False),
        (Fault.AUTH, False, False),
        (Fault.PERMISSION, False, False),
        (Fault.HELD, False, False),
        (Fault.INVALID, False, False),
        (Fault.MISSING, False, False),
    ],
)
def test_fault_says_whether_trying_again_can_help(fault, retryable, ambiguous):
    error = PlatformError(fault, "No.")
    assert (error.retryable, error.ambiguous) == (retryable, ambiguous)


def test_every_fault_is_judged():
    assert {PlatformError(fault, "No.").retryable for fault in Fault} == {True, False}


def test_platform_error_is_kept_as_plain_values():
    error = PlatformError(Fault.INVALID, "Too low.", code=100, subcode=1885272, field="daily_budget")
    assert error.as_dict() == {
        "fault": "invalid", "message": "Too low.", "code": 100, "subcode": 1885272, "field": "daily_budget"
    }  # fmt: skip


@pytest.mark.parametrize(
    "error", [Conflict("a", remedy="b"), NotAllowed("a", remedy="b"), Invalid("f", 1, "a", remedy="b")]
)
def test_words_and_remedy_travel_together(error):
    assert isinstance(error, MediaBuyerError)
    assert (str(error), error.message, error.remedy) == ("a", "a", "b")
