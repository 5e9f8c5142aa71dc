"""Amounts: read from people without guessing, sent to Meta in its units and back, written for people."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediabuyer.lib.errors import Invalid
from mediabuyer.lib.money import (
    WHOLE_UNIT_CURRENCIES,
    format_money,
    format_short,
    from_minor,
    meta_offset,
    parse_amount,
    read_amount,
    require_decimal,
    round_to_currency,
    stored,
    to_minor,
)

# Meta's list of currencies for ads.
CENTS = [
    "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BOB", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "DZD", "EGP", "EUR",
    "GBP", "GTQ", "HKD", "HNL", "HRK", "ILS", "INR", "JOD", "KES", "KWD", "KZT", "LBP", "LKR", "MAD", "MOP", "MXN",
    "MYR", "NGN", "NIO", "NOK", "NZD", "OMR", "PAB", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR",
    "SEK", "SGD", "SOS", "THB", "TND", "TRY", "UAH", "USD", "UYU", "VES", "XAF", "XOF", "ZAR",
]  # fmt: skip
EVERY = st.sampled_from([*CENTS, *sorted(WHOLE_UNIT_CURRENCIES)])


@pytest.mark.parametrize("currency", ["JPY", "KRW", "TWD", "HUF", "IDR", "CLP", "COP", "CRC", "ISK", "PYG", "VND"])
def test_whole_unit_currencies_are_sent_whole(currency):
    assert to_minor(Decimal(5000), currency) == 5000
    assert from_minor("5000", currency) == Decimal(5000)


@pytest.mark.parametrize(("currency", "minor"), [("EUR", 5000), ("KWD", 5000), ("eur", 5000), ("BHD", 5000)])
def test_all_others_are_sent_in_hundredths(currency, minor):
    assert to_minor(Decimal(50), currency) == minor


@given(minor=st.integers(0, 10**15), currency=EVERY)
def test_minor_units_survive_both_ways(minor, currency):
    amount = from_minor(minor, currency)
    assert to_minor(amount, currency) == minor
    assert amount == Decimal(minor) / meta_offset(currency)


@given(amount=st.decimals(0, 10**12, places=4, allow_nan=False), currency=EVERY)
def test_rounded_amount_can_always_be_sent(amount, currency):
    rounded = round_to_currency(amount, currency)
    assert to_minor(rounded, currency) == rounded * meta_offset(currency)
    assert abs(rounded - amount) <= Decimal(1) / meta_offset(currency) / 2


@pytest.mark.parametrize(("amount", "currency"), [("0.5", "JPY"), ("10.005", "EUR"), ("1000.1", "HUF")])
def test_amount_finer_than_the_currency_is_refused(amount, currency):
    with pytest.raises(Invalid, match="finer than the smallest unit"):
        to_minor(Decimal(amount), currency)


@pytest.mark.parametrize("amount", [1.5, 10, "10", True])
def test_anything_but_decimal_is_refused(amount):
    for use in (lambda: to_minor(amount, "EUR"), lambda: stored(amount), lambda: round_to_currency(amount, "EUR")):
        with pytest.raises(TypeError, match="money must be Decimal"):
            use()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_infinite_amount_is_refused(amount):
    with pytest.raises(Invalid, match="finite"):
        require_decimal(Decimal(amount))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("50", "50"),
        (" 50 ", "50"),
        ("1250.5", "1250.5"),
        ("1250.50", "1250.50"),
        ("0.0001", "0.0001"),
        ("99999999999999", "99999999999999"),
        ("00000000000000000050", "50"),
    ],
)
def test_plain_amount_is_read(text, amount):
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.000", "two different amounts"),
        ("1.234", "two different amounts"),
        ("0.00001", "two different amounts"),
        ("1,000", "not a plain amount"),
        ("1.000,00", "not a plain amount"),
        ("1,000.00", "not a plain amount"),
        ("1 000", "not a plain amount"),
        ("1'000", "not a plain amount"),
        ("１００", "not a plain amount"),
        ("٣", "not a plain amount"),
        ("1e9", "not a plain amount"),
        ("0x10", "not a plain amount"),
        ("1_000", "not a plain amount"),
        ("-5", "not a plain amount"),
        ("+5", "not a plain amount"),
        ("€50", "not a plain amount"),
        ("5%", "not a plain amount"),
        (".5", "not a plain amount"),
        ("5.", "not a plain amount"),
        ("1.2.3", "not a plain amount"),
        ("", "not a plain amount"),
        ("NaN", "not a plain amount"),
        ("5\x00", "not a plain amount"),
        ("100000000000000", "too large"),
        ("9" * 40, "too large"),
    ],
)
def test_anything_that_must_be_guessed_is_refused(text, said):
    with pytest.raises(Invalid, match=said) as refused:
        parse_amount(text, field="cap")
    assert (refused.value.field, refused.value.value) == ("cap", text)
    assert refused.value.remedy


def test_ambiguous_amount_offers_both_readings():
    with pytest.raises(Invalid) as refused:
        parse_amount("1.000")
    assert refused.value.remedy == "Write 1000 or 1.00."


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12,50", "12.5"),
        ("12,5", "12.5"),
        (" 0,99 ", "0.99"),
        ("12.50", "12.5"),
        ("1250", "1250"),
        ("1.234,50", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1.234.567,89", "1234567.89"),
    ],
)
def test_typed_amount_may_have_a_decimal_comma(text, amount):
    assert read_amount(text, "EUR") == Decimal(amount)


@pytest.mark.parametrize("text", ["1.000", "1,000", "12,345", "0,001"])
def test_typed_amount_that_may_mean_thousands_is_refused_with_both_readings(text):
    with pytest.raises(Invalid, match="could mean two different amounts") as refused:
        read_amount(text, "EUR")
    whole, fraction = text.replace(",", ".").split(".")
    assert refused.value.value == text
    assert refused.value.remedy == f"Write {whole}{fraction} or {whole}.{fraction[:2]}."


@pytest.mark.parametrize(
    "text", ["1,2,3", ",5", "5,", "1.23,4", "1 234,50", "1.234,5", "12.34,56", "１２,50", "1e9", "-5,00"]
)
def test_typed_amount_that_is_none_is_refused(text):
    with pytest.raises(Invalid) as refused:
        read_amount(text, "EUR")
    assert f"“{text}”" in refused.value.message


@pytest.mark.parametrize(("text", "currency"), [("12,50", "JPY"), ("12.50", "HUF"), ("12.3456", "EUR")])
def test_typed_amount_finer_than_its_currency_is_refused(text, currency):
    with pytest.raises(Invalid, match=f"{currency} has no amount as fine as"):
        read_amount(text, currency)


@given(st.text(alphabet="0123456789.,", max_size=14))
def test_typed_amount_is_read_or_refused_and_never_a_thousandfold(text):
    """Whatever is read equals the digits with the last mark as decimal mark."""
    try:
        amount = read_amount(text)
    except Invalid:
        return
    whole, mark, fraction = text.replace(",", ".").rpartition(".")
    digits = whole.replace(".", "") if mark else fraction
    assert amount == Decimal(f"{digits}.{fraction}" if mark else digits)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        amount = parse_amount(text)
    except Invalid:
        return
    assert 0 <= amount < 10**14
    assert amount == stored(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "options", "text"),
    [
        (Decimal("1234.56"), "EUR", {}, "€1,234.56"),
        (Decimal("-3"), "USD", {"places": 0}, "−$3"),
        (Decimal("3"), "USD", {"sign": True}, "+$3.00"),
        (Decimal("-0.001"), "EUR", {}, "€0.00"),
        (Decimal("0"), "EUR", {"sign": True}, "€0.00"),
        (Decimal("5000"), "JPY", {}, "¥5,000"),
        (Decimal("12.5"), "CHF", {}, "CHF 12.50"),
        (None, "EUR", {}, "–"),
    ],
)
def test_money_is_written_for_people(amount, currency, options, text):
    assert format_money(amount, currency, **options) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.42", "€0.42"), ("999.99", "€999.99"), ("1234.5", "€1,234"), ("99900", "€99,900"), ("100000", "€100k"),
        ("999600", "€1.0M"), ("999600000", "€1.0B"), ("99960000", "€100M"), ("999.996", "€1,000"),
        ("512345", "€512k"), ("11151133", "€11.2M"), ("-21737841", "−€21.7M"), ("250000000", "€250M"),
        ("3200000000", "€3.2B"),
    ],
)  # fmt: skip
def test_short_amounts_fit_where_there_is_little_room(amount: str, text: str) -> None:
    assert format_short(Decimal(amount), "EUR") == text


def test_short_amount_that_is_not_known_is_a_dash() -> None:
    assert format_short(None, "EUR") == "–"
