from datetime import date, timedelta

import pytest
from django.http import QueryDict

from collaboration.period import parse_period, within_figures

TODAY = date(2026, 11, 21)
SPAN = date(2017, 8, 17), date(2017, 8, 30)


@pytest.mark.parametrize(
    ("key", "start", "end", "label"),
    [
        ("today", (11, 21), (11, 21), "21 Nov"),
        ("yesterday", (11, 20), (11, 20), "20 Nov"),
        ("7d", (11, 14), (11, 20), "14 Nov – 20 Nov"),
        ("14d", (11, 7), (11, 20), "7 Nov – 20 Nov"),
        ("28d", (10, 24), (11, 20), "24 Oct – 20 Nov"),
        ("30d", (10, 22), (11, 20), "22 Oct – 20 Nov"),
        ("90d", (8, 23), (11, 20), "23 Aug – 20 Nov"),
        ("month", (11, 1), (11, 21), "1 Nov – 21 Nov"),
    ],
)
def test_named_periods_end_on_whole_days(key: str, start: tuple[int, int], end: tuple[int, int], label: str) -> None:
    period = parse_period({"period": key}, TODAY)
    assert (period.start, period.end) == (date(2026, *start), date(2026, *end))
    assert (period.key, period.label, period.problem) == (key, label, "")


def test_default_is_28_days_against_those_before() -> None:
    period = parse_period({}, TODAY)
    assert (period.key, period.days, period.compare_label) == ("28d", 28, "vs previous 28 days")
    assert period.before == (date(2026, 9, 26), date(2026, 10, 23))
    assert not period.is_running


def test_period_before_the_first_figures_is_compared_with_nothing() -> None:
    period = within_figures(parse_period({"period": "90d"}, TODAY), date(2026, 9, 27))
    assert (period.before, period.compare_label) == (None, "")
    assert period.note == "Figures begin 27 Sep. Nothing is compared, as there is nothing before."


@pytest.mark.parametrize("asked", [{}, {"compare": "year"}])
def test_period_before_that_is_not_whole_is_compared_with_nothing(asked: dict[str, str]) -> None:
    asked_for = parse_period(asked, TODAY)
    assert asked_for.before is not None
    period = within_figures(asked_for, asked_for.before[0] + timedelta(days=5))
    assert (period.before, period.compare_label) == (None, "")
    assert period.note.endswith("Nothing is compared, as only a part of the period before has figures.")


def test_whole_periods_need_no_note() -> None:
    for first in (date(2026, 9, 26), None):
        period = within_figures(parse_period({}, TODAY), first)
        assert (period.note, period.before) == ("", (date(2026, 9, 26), date(2026, 10, 23)))


def test_part_of_a_day_is_compared_with_nothing() -> None:
    first = date(2026, 1, 1)
    period = within_figures(parse_period({"period": "today"}, TODAY), first)
    assert period.before is None
    assert period.note == "Today is not over: a part of a day is compared with nothing."
    assert within_figures(parse_period({"period": "yesterday"}, TODAY), first).before is not None
    month = within_figures(parse_period({"period": "month"}, TODAY), first)
    assert month.note == "Today is not over and counts as far as it has come; the days it is compared with are whole."


def test_custom_range_needs_no_name() -> None:
    period = parse_period({"from": "2026-11-01", "to": "2026-11-03"}, TODAY)
    assert (period.key, period.start, period.end) == ("custom", date(2026, 11, 1), date(2026, 11, 3))
    assert period.before == (date(2026, 10, 29), date(2026, 10, 31))


def test_range_into_the_future_ends_today() -> None:
    period = parse_period({"period": "custom", "from": "2026-11-20", "to": "2027-01-01"}, TODAY)
    assert (period.end, period.is_running) == (TODAY, True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"period": "century"}, "That period is not known."),
        ({"period": "custom"}, "A range needs two days, written like 2026-11-20."),
        ({"from": "yesterday", "to": "2026-11-03"}, "A range needs two days, written like 2026-11-20."),
        ({"from": "2026-11-03", "to": "2026-11-01"}, "The first day is after the last."),
        ({"from": "2026-11-22", "to": "2026-11-23"}, "There can be no figures for those days."),
        ({"from": "0001-01-01", "to": "2026-11-01"}, "There can be no figures for those days."),
        ({"from": "2020-01-01", "to": "2026-11-01"}, "A range may be three years at most."),
    ],
)
def test_bad_values_fall_back_and_say_so(given: dict[str, str], words: str) -> None:
    period = parse_period(given, TODAY)
    assert (period.key, period.start) == ("28d", date(2026, 10, 24))
    assert period.problem == f"{words} Shown instead: 24 Oct – 20 Nov."


def test_unknown_comparison_is_named() -> None:
    period = parse_period({"compare": "mars"}, TODAY)
    assert period.compare == "previous"
    assert period.problem == "That comparison is not known: shown is the period before."


def test_year_before_is_the_same_dates() -> None:
    period = parse_period({"from": "2024-02-29", "to": "2024-03-01", "compare": "year"}, TODAY)
    assert period.before == (date(2023, 2, 28), date(2023, 3, 1))
    assert period.label == "29 Feb 2024 – 1 Mar 2024"


def test_nothing_to_compare_with() -> None:
    period = parse_period({"compare": "none"}, TODAY)
    assert (period.before, period.compare_label) == (None, "")


def test_imported_account_shows_all_its_days() -> None:
    period = parse_period({}, date(2017, 8, 31), SPAN)
    assert (period.key, period.start, period.end) == ("all", *SPAN)
    assert (period.before, period.has_all, period.is_running) == (None, True, False)


def test_imported_account_counts_back_from_its_last_day() -> None:
    period = parse_period({"period": "7d"}, date(2017, 8, 31), SPAN)
    assert (period.start, period.end) == (date(2017, 8, 24), date(2017, 8, 30))
    assert parse_period({"period": "today"}, date(2017, 8, 31), SPAN).start == SPAN[1]


def test_other_parameters_are_kept_for_the_form() -> None:
    period = parse_period(QueryDict("q=gift&open=a&open=b&period=7d&page=3"), TODAY)
    assert period.kept == (("q", "gift"), ("open", "a"), ("open", "b"))
