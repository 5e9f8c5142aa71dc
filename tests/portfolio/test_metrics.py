from decimal import Decimal
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.metrics import Change, Totals, add_up, compute_changes, has_enough_data

WEEK = Totals(
    spend=Decimal("250.00"), impressions=50_000, reach=20_000, clicks=1_000, link_clicks=800, results=Decimal(20),
    revenue=Decimal("900.00"),
)  # fmt: skip

counts = st.integers(0, 10**7)
money = st.decimals(0, 10**6, places=4)


@st.composite
def totals(draw: st.DrawFn) -> Totals:
    impressions = draw(counts)
    reach = draw(st.none() | st.integers(1, impressions)) if impressions else 0
    return Totals(draw(money), impressions, reach, draw(counts), draw(counts), Decimal(draw(counts)), draw(money))


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("ctr", 0.02),
        ("link_ctr", 0.016),
        ("cvr", 0.02),
        ("cpm", Decimal(5)),
        ("cpc", Decimal("0.25")),
        ("cpa", Decimal("12.5")),
        ("aov", Decimal(45)),
        ("roas", 3.6),
        ("frequency", 2.5),
    ],
)
def test_figures_follow_from_totals(figure: str, expected: float) -> None:
    assert getattr(WEEK, figure) == expected


@pytest.mark.parametrize("figure", ["ctr", "link_ctr", "cvr", "cpm", "cpc", "cpa", "aov", "roas", "frequency"])
def test_nothing_divided_by_nothing_is_unknown(figure: str) -> None:
    assert getattr(Totals(), figure) is None


def test_profit_is_margin_less_spend() -> None:
    assert WEEK.profit(Decimal("0.54")) == Decimal("236.00")


def test_rates_of_a_sum_are_recomputed() -> None:
    small = Totals(impressions=100, clicks=10)
    large = Totals(impressions=900, clicks=9)
    assert (small + large).ctr == 0.019


def test_reach_of_two_periods_is_unknown() -> None:
    assert (WEEK + WEEK).reach is None


def test_reach_stays_when_the_other_reached_nobody() -> None:
    assert (WEEK + Totals()).reach == 20_000
    assert (Totals() + WEEK).reach == 20_000


@given(totals(), totals(), totals())
def test_adding_is_commutative_and_associative(a: Totals, b: Totals, c: Totals) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)


@given(totals())
def test_adding_nothing_changes_nothing(a: Totals) -> None:
    assert add_up([a, Totals()]) == a


@pytest.mark.parametrize(
    ("before", "after", "absolute", "relative"),
    [
        (Decimal(80), Decimal(100), Decimal(20), 0.25),
        (2.0, 1.5, -0.5, -0.25),
        (Decimal(-100), Decimal(-50), Decimal(50), 0.5),
        (Decimal(0), Decimal(5), Decimal(5), None),
        (None, 1.0, None, None),
        (1.0, None, None, None),
    ],
)
def test_change_says_only_what_is_known(
    before: Decimal | float | None, after: Decimal | float | None, absolute: float | None, relative: float | None
) -> None:
    change = Change(before, after)
    assert (change.absolute, change.relative) == (absolute, relative)


def test_changes_name_every_figure_once() -> None:
    changes = compute_changes(Totals(), WEEK, margin=Decimal("0.54"))
    assert changes["spend"].absolute == Decimal("250.00")
    assert changes["cpa"].absolute is None
    assert changes["profit"].after == Decimal("236.00")


@pytest.mark.parametrize(
    ("name", "given_totals", "target", "expected"),
    [
        ("plenty", WEEK, None, True),
        ("few impressions", Totals(impressions=999, clicks=60, results=Decimal(10)), None, False),
        ("few clicks", Totals(impressions=5_000, clicks=49, results=Decimal(10)), None, False),
        ("nothing but results told", Totals(Decimal(99), results=Decimal(10)), None, True),
        ("nothing but few results told", Totals(Decimal(99), results=Decimal(9)), None, False),
        ("nothing delivered", Totals(Decimal(100)), Decimal(20), False),
        ("few results", Totals(Decimal(99), 5_000, None, 60, 0, Decimal(9)), None, False),
        ("few results but much spent", Totals(Decimal(100), 5_000, None, 60, 0, Decimal(0)), Decimal(20), True),
        ("few results, not much spent", Totals(Decimal(99), 5_000, None, 60, 0, Decimal(0)), Decimal(20), False),
    ],
)
def test_little_data_is_called_little(name: str, given_totals: Totals, target: Decimal | None, expected: bool) -> None:
    assert has_enough_data(given_totals, target) is expected


@given(st.lists(totals() | st.just(Totals()), max_size=6))
def test_adding_up_equals_adding_one_by_one(parts: list[Totals]) -> None:
    assert add_up(parts) == reduce(add, parts, Totals())
