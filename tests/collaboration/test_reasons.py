"""Why a figure moved, in words that are always true."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collaboration.columns import Scale
from collaboration.reasons import drivers_of
from collaboration.why import explain_change
from portfolio.diagnosis import diagnose
from portfolio.metrics import Totals

BEFORE = Totals(spend=Decimal(100), impressions=10_000, clicks=200, results=Decimal(10), revenue=Decimal(300))
COUNTS = st.integers(0, 10**7)
PERIODS = st.builds(
    Totals, spend=st.decimals(0, 10**7, places=2), impressions=COUNTS, clicks=COUNTS,
    results=st.integers(0, 10**5).map(Decimal), revenue=st.decimals(0, 10**7, places=2),
)  # fmt: skip


def said_of(before: Totals, after: Totals) -> str:
    return explain_change("roas", before, after, Scale("EUR", Decimal(1), None)).said


def test_dearer_impressions_are_named_with_their_prices():
    after = Totals(spend=Decimal(150), impressions=10_000, clicks=200, results=Decimal(10), revenue=Decimal(300))
    assert said_of(BEFORE, after) == (
        "ROAS fell from 3.00 to 2.00. Most of it comes from the price of 1,000 impressions: €10.00 before, €15.00 now."
    )


def test_second_driver_that_works_against_it_is_named():
    after = Totals(spend=Decimal(150), impressions=10_000, clicks=200, results=Decimal(20), revenue=Decimal(600))
    said = said_of(BEFORE, after)
    assert said.startswith(
        "ROAS rose from 3.00 to 4.00. Most of it comes from purchases per click: 5.00% before, 10.00% now."
    )
    assert "The price of 1,000 impressions works against it." in said


def test_same_return_is_said_to_stay():
    assert said_of(BEFORE, BEFORE) == "ROAS stayed at 3.00."


@pytest.mark.parametrize(("before", "after"), [(Totals(), BEFORE), (BEFORE, Totals()), (Totals(), Totals())])
def test_period_without_spend_cannot_be_compared(before, after):
    said = said_of(before, after)
    assert said == "There is nothing to compare yet: one of the two periods has no spend or no results."


def test_rows_show_both_sides_and_add_up():
    after = Totals(spend=Decimal(150), impressions=12_000, clicks=180, results=Decimal(12), revenue=Decimal(400))
    diagnosis = diagnose("roas", BEFORE, after)
    rows = {row["label"]: row for row in drivers_of(diagnosis, "EUR")}
    assert rows["Price of 1,000 impressions (CPM)"]["before"] == "€10.00"
    assert rows["Clicks per impression (CTR)"]["after"] == "1.50%"
    assert sum(row["effect"] for row in rows.values()) == diagnosis.change


@given(before=PERIODS, after=PERIODS)
def test_any_two_periods_can_be_told(before, after):
    diagnosis = diagnose("roas", before, after)
    assert said_of(before, after)
    for row in drivers_of(diagnosis, "EUR"):
        assert row["before"]
        assert row["after"]
