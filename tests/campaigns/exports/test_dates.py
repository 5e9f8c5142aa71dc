from __future__ import annotations

from datetime import date

import pytest

from campaigns.exports.dates import DayError, decide_order, parse_day, split_period
from campaigns.exports.numbers import AmbiguousError


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2026-04-05", None),
        ("2026/4/5", None),
        ("2026-04-05T00:00:00+0200", None),
        ("5.04.2026", None),
        ("05/04/2026", "dmy"),
        ("04/05/2026", "mdy"),
        ("5/4/26", "dmy"),
        ("Apr 5, 2026", None),
        ("5 April 2026", None),
        ("20260405", None),
        ("2026年4月5日", None),
    ],
)
def test_day_is_read(text: str, order: str | None) -> None:
    assert parse_day(text, order) == date(2026, 4, 5)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "1970-01-01", "2026-02-30", "45000"])
def test_no_day_is_refused(text: str) -> None:
    with pytest.raises(DayError):
        parse_day(text, "dmy")


def test_day_with_two_readings_is_never_guessed() -> None:
    with pytest.raises(AmbiguousError):
        parse_day("03/04/2026", None)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2026", "13/04/2026"], "dmy"),
        (["03/04/2026", "04/13/2026"], "mdy"),
        (["03/04/2026"], None),
        (["13/04/2026", "04/13/2026"], None),
        (["2026-04-03"], "any"),
    ],
)
def test_column_tells_the_order(texts: list[str], order: str | None) -> None:
    assert decide_order(texts) == order


def test_period_is_split() -> None:
    assert split_period("2026-03-01 - 2026-03-31") == ("2026-03-01", "2026-03-31")
    assert split_period("2026-03-01") == ("2026-03-01", "2026-03-01")
