from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.payout import Events, book_events, compute_cpa, compute_payout

DAYS = 10
ADS = 2


def events(rows: list[tuple[int, int, float, float, float]]) -> Events:
    """Rows of (ad, click day, days until the event, count, value), clicks at noon."""
    ad, click_day, elapsed, count, value = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    day = np.floor(click_day + 0.5 + elapsed)
    return Events(ad.astype(int), click_day.astype(int), day.astype(int), elapsed, count, value)


def cohorts_of(rows: list[tuple[int, int, float, float, float]], days: int = DAYS):  # type: ignore[no-untyped-def]
    return book_events(events(rows), np.ones((ADS, days)), np.ones((ADS, days)))


def test_three_figures_of_a_window() -> None:
    """Shares 1, 0.75, 0.5 by age: 4/1 + 3/0.75 + 2/0.5 = 12 expected of 9 seen."""
    payout = compute_payout(np.full((1, 3), 10.0), np.array([[4.0, 3.0, 2.0]]), np.array([0.5, 0.75, 1.0]))
    assert payout.spend[0] == 30
    assert payout.observed[0] == 9
    assert (payout.mature[0], payout.mature_spend[0]) == (4, 10)
    assert payout.projected[0] == 12
    assert payout.maturity[0] == 0.75


def test_cpa_counts_what_is_still_to_come() -> None:
    cpa = compute_cpa(np.full((2, 3), 10.0), np.array([[1.0, 3.0, 1.0], [0, 0, 0]]), np.array([0.5, 0.75, 1.0]))
    assert cpa[0] == pytest.approx(30 / 7)
    assert np.isnan(cpa[1])


def test_event_is_booked_on_its_click_day() -> None:
    cohorts = cohorts_of([(1, 2, 3.0, 1, 50.0)])
    assert np.argwhere(cohorts.payout).tolist() == [[1, 2]]
    assert np.argwhere(cohorts.conversions_by_lag).tolist() == [[2, 3]]


@pytest.mark.parametrize(
    ("elapsed", "short", "long"),
    [(0.0, 50, 50), (6.99, 50, 50), (7.0, 0, 50), (29.99, 0, 50), (30.0, 0, 0), (-0.01, 0, 0)],
)
def test_window_ends_on_the_minute(elapsed: float, short: float, long: float) -> None:
    cohorts = cohorts_of([(0, 0, elapsed, 1, 50.0)], days=40)
    assert (cohorts.payout_short.sum(), cohorts.payout.sum()) == (short, long)


def test_refund_takes_money_but_not_the_order() -> None:
    cohorts = cohorts_of([(0, 1, 0.0, 1, 50.0), (0, 1, 2.0, 0, -50.0)])
    assert cohorts.conversions.sum() == 1
    assert cohorts.payout.sum() == 0


def test_spring_day_of_23_hours_stays_in_the_window() -> None:
    """167 h 58 min after a click at 23:59, the clock change in between: eight midnights, still within seven days."""
    late = Events(np.array([0]), np.array([0]), np.array([8]), np.array([6.999]), np.ones(1), np.array([50.0]))
    cohorts = book_events(late, np.ones((1, 20)), np.ones((1, 20)))
    assert cohorts.payout_short_by_lag[0].tolist() == [0, 0, 0, 0, 0, 0, 0, 50]


row = st.tuples(
    st.integers(0, ADS - 1), st.integers(0, 2 * DAYS), st.floats(0, 40), st.sampled_from([0.0, 1.0]), st.floats(-99, 99)
)


@given(st.lists(row, min_size=1))
def test_events_of_today_and_later_change_nothing(rows: list[tuple[int, int, float, float, float]]) -> None:
    whole_days = [r for r in rows if np.floor(r[1] + 0.5 + r[2]) < DAYS]
    everything = cohorts_of(rows)
    known = cohorts_of([*whole_days, (0, 0, 0.0, 0, 0.0)])
    for field in fields(everything):
        assert np.array_equal(getattr(everything, field.name), getattr(known, field.name))
