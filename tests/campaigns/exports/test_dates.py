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
        ("2026년 4월 5일", None),
        ("2026. 4. 5.", None),
        ("05.04.26", None),
        ("05/04/2026 00:00", "dmy"),
        ("05-Apr-26", None),
        ("Sunday, April 5, 2026", None),
        ("April 5th, 2026", None),
        ("5. April 2026", None),
        ("5 de abril de 2026", None),
        ("5 de abr. de 2026", None),
        ("5 avr. 2026", None),
        ("5 апреля 2026 г.", None),
        ("5 kwi 2026", None),
        ("5 Nisan 2026", None),
        ("5. dubna 2026", None),
        ("5 tháng 4, 2026", None),
        ("5 เมษายน 2569", None),
        ("٥ أبريل ٢٠٢٦", None),
        ("46117", None),
    ],
)
def test_day_is_read(text: str, order: str | None) -> None:
    assert parse_day(text, order) == date(2026, 4, 5)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "1970-01-01", "2026-02-30", "4500", "5 jui 2026", "31 Brumaire 2026"]
)
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


@pytest.mark.parametrize("text", ["February 2025", "feb 2025", "2025-02", "02/2025", "febrero de 2025", "2025年2月"])
def test_month_is_its_first_and_last_day(text: str) -> None:
    assert split_period(text) == ("2025-02-01", "2025-02-28")


def test_year_said_once_counts_for_both_ends() -> None:
    first, last = split_period("Jan 6 - Jan 12, 2025")
    assert (parse_day(first, None), parse_day(last, None)) == (date(2025, 1, 6), date(2025, 1, 12))


def test_period_is_split() -> None:
    assert split_period("2026-03-01 - 2026-03-31") == ("2026-03-01", "2026-03-31")
    assert split_period("2026-03-01") == ("2026-03-01", "2026-03-01")
