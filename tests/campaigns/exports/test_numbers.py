from __future__ import annotations

from decimal import Decimal

import pytest

from campaigns.exports.currencies import currency_in
from campaigns.exports.numbers import AmbiguousError, CellError, StyleEvidence, parse_number


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("1234", None, 1234),
        ("1,234", ".", 1234),
        ("1.234", ".", Decimal("1.234")),
        ("1.234", ",", 1234),
        ("1.234,50", ",", Decimal("1234.50")),
        ("1,23,456.5", ".", Decimal("123456.5")),
        ("1 234,5", ",", Decimal("1234.5")),
        ("1\u202f234,5", ",", Decimal("1234.5")),
        ("€38,20", ",", Decimal("38.20")),
        ("R$ 12,30", ",", Decimal("12.30")),
        ("20.00 USD", ".", Decimal("20.00")),
        ("-$3.50", None, Decimal("-3.50")),
        ("1.25%", None, Decimal("1.25")),
        ("0.123", None, Decimal("0.123")),
        ("US$1,234.50", ".", Decimal("1234.50")),
        ("1.234,50 Kč", ",", Decimal("1234.50")),
        ("₦12.50", ".", Decimal("12.50")),
        ("S/ 12.50", ".", Decimal("12.50")),
        ("R 1,234.50", ".", Decimal("1234.50")),
        ("12.50 лв.", ".", Decimal("12.50")),
        ("1\u2009234,5", ",", Decimal("1234.5")),
        ("1’234.50", ".", Decimal("1234.50")),
        ("１２００", ".", 1200),
        ("٣٫٥٠", ".", Decimal("3.50")),
        ('="1200"', ".", 1200),
        ("5e-05", ".", Decimal("0.00005")),
        ("…", ".", None),
        ("-", ".", None),
        ("–", ".", None),
        ("  ", None, None),
    ],
)
def test_number_is_read_by_its_column(text: str, decimal: str | None, expected: object) -> None:
    assert parse_number(text, decimal) == expected


@pytest.mark.parametrize(
    "text", ["1e9", "1.2E+05", "=cmd()", "1.2K", "<10", "1.2.3", "12 apples", "inf", "0x10", "1,2,3"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        parse_number(text, ".")


@pytest.mark.parametrize("text", ["1.000", "1,000", "12.345"])
def test_two_readings_are_never_guessed(text: str) -> None:
    with pytest.raises(AmbiguousError):
        parse_number(text, None)


def test_number_rounded_by_a_spreadsheet_is_said_to_be() -> None:
    with pytest.raises(CellError, match="rounded by a spreadsheet"):
        parse_number("1.2E+05", ".")


def test_cell_that_contradicts_its_column_is_refused() -> None:
    with pytest.raises(CellError, match="decimal sign is “,”"):
        parse_number("1,234.50", ",")


@pytest.mark.parametrize(
    ("cells", "is_count", "expected"),
    [
        (["1.204", "38,20"], False, ","),
        (["1.204", "38.2"], False, "."),
        (["1,234,567"], False, "."),
        (["1.204", "987"], False, None),
        (["1.204", "987"], True, ","),
        (["12", "987"], False, None),
        (["12.5", "12,5"], False, None),
    ],
)
def test_column_tells_its_decimal_sign(cells: list[str], is_count: bool, expected: str | None) -> None:
    evidence = StyleEvidence(is_count)
    for cell in cells:
        evidence.see(cell)
    assert evidence.decide() == expected


def test_currency_in_a_cell_is_seen() -> None:
    assert currency_in("20,00 USD") == "USD"
    assert currency_in("20,00 €") == "EUR"
    assert currency_in("US$20.00") == "USD"
    assert currency_in("$20.00") is None
