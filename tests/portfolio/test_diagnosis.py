from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.diagnosis import MEASURES, contributions, diagnose
from portfolio.metrics import Totals, add_up


def period(spend: str, impressions: int, clicks: int, results: int, revenue: str) -> Totals:
    return Totals(Decimal(spend), impressions, None, clicks, clicks, Decimal(results), Decimal(revenue))


BASE = period("100", 10_000, 200, 4, "100")

totals = st.builds(
    Totals,
    spend=st.decimals(0, 10**5, places=2),
    impressions=st.integers(0, 10**6),
    clicks=st.integers(0, 10**4),
    results=st.decimals(0, 500, places=2),
    revenue=st.decimals(0, 10**5, places=2),
)
measures = st.sampled_from(sorted(MEASURES))


@pytest.mark.parametrize(
    ("name", "measure", "after", "effects"),
    [
        ("only spend", "revenue", period("200", 20_000, 400, 8, "200"), {"spend": "100.00"}),
        # 100 -> 400: ln 2 each of ln 4, so half of 300 each
        ("spend and rate", "revenue", period("200", 20_000, 400, 16, "400"), {"spend": "150.00", "cvr": "150.00"}),
        # stood still: 100 x ln 2 = 69.31 against itself
        ("offset", "revenue", period("200", 20_000, 400, 8, "100"), {"spend": "69.31", "aov": "-69.31"}),
        # CPM 10 -> 20, everything else alike: ROAS 1 -> 0.5
        ("dearer", "roas", period("200", 10_000, 200, 4, "100"), {"cpm": "-0.5000"}),
        ("dearer", "cpa", period("200", 10_000, 200, 4, "100"), {"cpm": "25.00"}),
        # CTR and CVR both x 1.5 and x 2: CPA 25 -> 8.33; -16.67 shared as ln 1.5 : ln 2
        ("better", "cpa", period("100", 10_000, 300, 12, "300"), {"ctr": "-6.15", "cvr": "-10.52"}),
        ("more results", "results", period("100", 10_000, 200, 8, "200"), {"cvr": "4.00"}),
    ],
)
def test_change_is_split_by_driver(name: str, measure: str, after: Totals, effects: dict[str, str]) -> None:
    found = {driver.name: driver.effect for driver in diagnose(measure, BASE, after).drivers if driver.effect}
    assert found == {driver: Decimal(effect) for driver, effect in effects.items()}


def test_drivers_show_the_figures_people_know() -> None:
    drivers = {d.name: d for d in diagnose("revenue", BASE, period("200", 10_000, 200, 4, "100")).drivers}
    assert list(drivers) == ["spend", "cpm", "ctr", "cvr", "aov"]
    assert (drivers["cpm"].before, drivers["cpm"].after, drivers["cpm"].change) == (Decimal(10), Decimal(20), 1.0)
    assert drivers["aov"].before == Decimal(25)


@pytest.mark.parametrize(
    ("name", "before", "after", "driver", "effect"),
    [
        ("sales begin", period("100", 10_000, 200, 0, "0"), BASE, "cvr", "100.00"),
        ("sales end", BASE, period("100", 10_000, 200, 0, "0"), "cvr", "-100.00"),
        ("account starts", Totals(), BASE, "spend", "100.00"),
        ("delivery ends", BASE, period("100", 0, 0, 0, "0"), "cpm", "-100.00"),
        ("sold for nothing", BASE, period("100", 10_000, 200, 4, "0"), "aov", "-100.00"),
        ("more refunded than sold", BASE, period("100", 10_000, 200, 4, "-20"), "aov", "-120.00"),
    ],
)
def test_zero_owes_all_to_its_first_empty_stage(
    name: str, before: Totals, after: Totals, driver: str, effect: str
) -> None:
    found = {d.name: d.effect for d in diagnose("revenue", before, after).drivers if d.effect}
    assert found == {driver: Decimal(effect)}


def test_stage_without_counts_drops_out() -> None:
    unclicked = period("100", 10_000, 0, 8, "200")
    found = {d.name: d.effect for d in diagnose("revenue", BASE, unclicked).drivers}
    assert found == {
        "spend": Decimal(0), "cpm": Decimal(0), "results_per_impressions": Decimal(100), "aov": Decimal(0),
    }  # fmt: skip


@pytest.mark.parametrize(("measure", "after"), [("roas", Totals()), ("cpa", period("100", 10_000, 200, 0, "0"))])
def test_unknown_figure_has_no_diagnosis(measure: str, after: Totals) -> None:
    diagnosis = diagnose(measure, BASE, after)
    assert (diagnosis.after, diagnosis.change, diagnosis.drivers) == (None, None, ())
    assert contributions(measure, {"a": BASE}, {"a": after}) == ()


@given(measures, totals, totals)
def test_drivers_add_up_to_the_change(measure: str, before: Totals, after: Totals) -> None:
    diagnosis = diagnose(measure, before, after)
    if diagnosis.change is not None and diagnosis.before is not None and diagnosis.after is not None:
        assert sum(driver.effect for driver in diagnosis.drivers) == diagnosis.change
        assert abs(diagnosis.change - (diagnosis.after - diagnosis.before)) <= MEASURES[measure].quantum


@given(measures, st.dictionaries(st.integers(0, 5), totals), st.dictionaries(st.integers(0, 5), totals))
def test_parts_add_up_to_the_change(measure: str, before: dict[int, Totals], after: dict[int, Totals]) -> None:
    parts = contributions(measure, before, after)
    diagnosis = diagnose(measure, add_up(before.values()), add_up(after.values()))
    assert sum(part.effect for part in parts) == (diagnosis.change or 0)
    assert all(part.volume + part.mix + part.rate == part.effect for part in parts)


def test_shift_to_the_better_ad_is_mix() -> None:
    """ROAS 2 and 1, half each, then three quarters on the better: 1.5 -> 1.75, from mix alone."""
    good, poor = period("100", 1_000, 10, 2, "200"), period("100", 1_000, 10, 1, "100")
    parts = contributions(
        "roas",
        {"good": good, "poor": poor},
        {"good": period("150", 1_500, 15, 3, "300"), "poor": period("50", 500, 5, 1, "50")},
    )
    # share +0.25 x (2 - 1.625) and -0.25 x (1 - 1.625)
    assert [(p.key, p.volume, p.mix, p.rate) for p in parts] == [
        ("poor", 0, Decimal("0.1562"), 0),
        ("good", 0, Decimal("0.0938"), 0),
    ]


def test_worse_ad_shows_as_rate() -> None:
    before = {"a": BASE, "b": BASE}
    after = {"a": period("100", 10_000, 200, 2, "50"), "b": BASE}
    (first, second) = contributions("revenue", before, after)
    assert (first.key, first.volume, first.mix, first.rate) == ("a", 0, 0, Decimal("-50.00"))
    assert second.effect == 0


def test_new_ad_brings_its_own_revenue() -> None:
    parts = contributions("revenue", {"a": BASE}, {"a": BASE, "new": period("50", 5_000, 100, 3, "90")})
    assert {part.key: part.effect for part in parts} == {"new": Decimal("90.00"), "a": Decimal("0.00")}
