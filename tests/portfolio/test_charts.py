import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from portfolio.charts import (
    Mark,
    PayoutWeek,
    daily,
    daily_rows,
    heat_cell,
    payout_spec,
    payout_weeks,
    smooth_lines,
    trend_spec,
)
from portfolio.conversions import AccountCohorts
from portfolio.delay import Floats
from portfolio.metrics import Totals
from portfolio.payout import ALL_ARRIVED, Cohorts, Curves
from portfolio.performance import Row

MONDAY = date(2026, 11, 2)
DAY = timedelta(days=1)


def spent(spend: int, revenue: int = 0) -> Totals:
    return Totals(spend=Decimal(spend), revenue=Decimal(revenue))


def test_day_without_rows_spent_nothing_and_has_no_rate() -> None:
    parts = {MONDAY: spent(10, 30), MONDAY + 2 * DAY: spent(5, 5)}
    assert daily(parts, "spend", MONDAY, MONDAY + 2 * DAY) == [10, 0, 5]
    assert daily(parts, "roas", MONDAY, MONDAY + 2 * DAY) == [3, None, 1]


def test_small_lines_weigh_days_by_their_size() -> None:
    series = {1: np.array([[30.0, 70.0], [10.0, 90.0]]), 2: np.zeros((2, 2))}
    assert smooth_lines(series) == {1: [3.0, 1.0], 2: [None, None]}
    assert smooth_lines({}) == {}


@pytest.mark.parametrize(
    ("revenue", "level"), [(0, -3), (60, -3), (75, -2), (90, -1), (100, 0), (110, 1), (130, 2), (150, 3)]
)
def test_heat_stands_around_break_even(revenue: int, level: int) -> None:
    assert heat_cell(spent(50, revenue), break_even=2.0).level == level


def test_heat_without_spend_is_blank_and_few() -> None:
    cell = heat_cell(Totals(), break_even=2.0)
    assert (cell.level, cell.is_few) == (None, True)


def account(spend: Floats, conversions: Floats, payout: Floats, curves: Curves, first: date) -> AccountCohorts:
    days = spend.shape[1]
    none = np.zeros((days, 31))
    cohorts = Cohorts(spend, spend, conversions, payout, payout, none, none, none[:, :8])
    one = np.zeros(1, dtype=np.intp)
    return AccountCohorts((1,), one, first, cohorts, curves, spend, none[:, 0], True, "revenue", True, one, spend)


def test_weeks_begin_on_monday_and_the_last_is_young() -> None:
    """Wednesday to the second Tuesday: the days before the first Monday are left out."""
    ones = np.ones((1, 14))
    weeks = payout_weeks(account(ones * 20, ones, ones * 30, ALL_ARRIVED, MONDAY - 5 * DAY))
    assert [(week.start, week.spend) for week in weeks] == [(MONDAY, 140.0), (MONDAY + 7 * DAY, 40.0)]
    assert (weeks[0].cpa, weeks[0].payout_7, weeks[0].payout_30, weeks[0].maturity) == (20, 30, 30, 1)
    assert (weeks[0].low, weeks[0].high) == (None, None)


def test_young_week_has_an_interval() -> None:
    """Half of everything has come: 7 orders seen of 14 expected, 210 of 420."""
    half = Curves(*(np.full(size, 0.5) for size in (31, 31, 8)))
    ones = np.ones((1, 7))
    (week,) = payout_weeks(account(ones * 20, ones, ones * 30, half, MONDAY))
    assert (week.orders, week.cpa, week.payout_30, week.maturity) == (14, 10, 30, 0.5)
    # half width: 1.2816 x 210 x sqrt((1 + 0.65 ** 2)/7 + 1/7) = 158.3, over 14 orders
    assert week.low == pytest.approx(30 - 158.3 / 14, abs=0.01)
    assert week.high == pytest.approx(30 + 158.3 / 14, abs=0.01)


def test_week_without_orders_is_unknown() -> None:
    ones = np.ones((1, 7))
    (week,) = payout_weeks(account(ones * 20, ones * 0, ones * 0, ALL_ARRIVED, MONDAY))
    assert (week.spend, week.cpa, week.payout_30) == (140, None, None)


def test_short_history_without_a_monday_has_no_weeks() -> None:
    ones = np.ones((1, 2))
    assert payout_weeks(account(ones, ones, ones, ALL_ARRIVED, MONDAY + DAY)) == []


def test_trend_shows_the_period_before_and_the_decisions() -> None:
    rows = [Row(MONDAY, "", spent(10, 30), spent(8, 20)), Row(MONDAY + DAY, "", spent(12, 20), spent(9, 21))]
    spec = trend_spec(rows, MONDAY, MONDAY + DAY, [Mark(MONDAY, "Raised Broad by €10")])
    assert [(trace["name"], trace["y"]) for trace in spec["data"]] == [
        ("Revenue", [30, 20]),
        ("Revenue before", [20, 21]),
        ("Spend", [10, 12]),
    ]
    assert spec["data"][0]["x"] == ["2026-11-02", "2026-11-03"]
    assert spec["layout"]["annotations"][0]["hovertext"] == "Raised Broad by €10"
    json.dumps(spec)


def test_rows_of_another_day_order_do_not_matter() -> None:
    rows = [Row(MONDAY + DAY, "", spent(12)), Row(MONDAY, "", spent(10))]
    assert daily_rows(rows, "spend", MONDAY, MONDAY + DAY) == [10, 12]


def test_payout_spec_draws_the_interval_of_young_weeks() -> None:
    weeks = [
        PayoutWeek(MONDAY, 140, 7, 20, 28, 30, None, None, 1),
        PayoutWeek(MONDAY + 7 * DAY, 140, 7, 20, 27, 31, 25, 40, 0.6),
    ]
    long = payout_spec(weeks)["data"][2]
    assert long["y"] == [30, 31]
    assert (long["error_y"]["array"], long["error_y"]["arrayminus"]) == ([0, 9], [0, 6])
