"""Rows that tell the money of other rows again, and rows that only look as if they did."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.campaigns.exports.test_parse import parse

HEAD = "Campaign name,Ad set name,Age,Ad delivery,Impressions,Amount spent (EUR),Reporting starts,Reporting ends\n"
DAYS = ",2026-01-01,2026-01-31\n"
ROWS = (
    ("A", "a1", "18-24", "active", 1000, "10.00"),
    ("A", "a2", "25-34", "active", 2300, "21.50"),
    ("B", "b1", "18-24", "active", 700, "9.10"),
    ("B", "b1", "25-34", "active", 4100, "40.00"),
)


def lines(*rows: tuple[object, ...]) -> str:
    return HEAD + "".join(",".join(map(str, row)) + DAYS for row in rows)


def read(*rows: tuple[object, ...]) -> tuple[int, object, object, int]:
    mapping, good, errors, totals = parse(lines(*rows))
    assert mapping.rows == len(good) + len(errors)
    return len(good), totals.as_dict()["impressions"], totals.as_dict()["spend"], len(errors)


WHOLE = (4, 8100, Decimal("80.60"), 0)
TOTAL = ("", "", "", "", 8100, "80.60")


@pytest.mark.parametrize("word", ["", "All", "Alle", "Todos", "すべて"])
def test_subtotals_of_each_campaign_are_left_out(word: str) -> None:
    a, b = ("A", word, word, "", 3300, "31.50"), ("B", word, word, "", 4800, "49.10")
    assert read(a, *ROWS[:2], b, *ROWS[2:]) == WHOLE


def test_subtotals_at_two_levels_and_totals_at_both_ends_are_left_out() -> None:
    a, b = ("A", "", "", "", 3300, "31.50"), ("B", "", "", "", 4800, "49.10")
    sets = [("A", "a1", "", "", 1000, "10.00"), ("A", "a2", "", "", 2300, "21.50"), ("B", "b1", "", "", 4800, "49.10")]
    label = ("Grand total", "", "", "", 8100, "80.60")
    assert read(TOTAL, a, sets[0], ROWS[0], sets[1], ROWS[1], b, sets[2], *ROWS[2:], label) == WHOLE


@pytest.mark.parametrize("is_first", [True, False])
def test_total_in_a_language_nobody_taught_is_known_by_its_sum(is_first: bool) -> None:
    total = ("Þetta er allt", "", "", "", 8100, "80.60")
    assert read(*((total, *ROWS) if is_first else (*ROWS, total))) == WHOLE


def test_total_that_counts_its_rows_is_known_without_any_blank() -> None:
    head = "Campaign name,Impressions,Amount spent (EUR),Reporting starts,Reporting ends\n"
    body = "".join(f"{name},{seen},{cost}{DAYS}" for name, _, _, _, seen, cost in ROWS)
    mapping, good, _, totals = parse(f"{head}{body}4 auglýsingar,8100,80.60{DAYS}")
    assert (len(good), totals.as_dict()["spend"], mapping.total["spend"]) == (4, Decimal("80.60"), Decimal("80.60"))


def test_campaign_as_large_as_the_others_together_is_kept() -> None:
    head = "Campaign name,Impressions,Amount spent (EUR),Reporting starts,Reporting ends\n"
    _, good, _, _ = parse(
        head + "".join(f"{name},{n}00,{n}.00{DAYS}" for name, n in zip("ABCDE", (1, 2, 3, 4, 10), strict=True))
    )
    assert len(good) == 5


def test_money_that_meta_could_not_place_is_kept() -> None:
    assert read(*ROWS, ("B", "b1", "", "active", 55, "0.70")) == (5, 8155, Decimal("81.30"), 0)


def test_subtotals_are_mentioned() -> None:
    a, b = ("A", "", "", "", 3300, "31.50"), ("B", "", "", "", 4800, "49.10")
    mapping, *_ = parse(lines(a, *ROWS[:2], b, *ROWS[2:]))
    assert mapping.warnings == ("2 rows repeat the sum of others. I leave these subtotals out.",)


def test_subtotals_are_known_beside_a_broken_row() -> None:
    many = [("A", f"s{n}", "18-24", "active", 1000, "10.00") for n in range(400)]
    broken = ("A", "s", "18-24", "active", "many", "10.00")
    assert read(("A", "", "", "", 401000, "4010.00"), *many, broken) == (400, 400000, Decimal("4000.00"), 1)
