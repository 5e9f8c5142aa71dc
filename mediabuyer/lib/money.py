"""Money: `Decimal` in major units everywhere; a platform's minor units only at its edge.

Meta's offsets are not ISO 4217: HUF, TWD, COP, CRC and IDR have decimals there but not at Meta, and KWD, BHD and
JOD have three decimals there but two at Meta. Source: Meta's currency page, 2026.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from mediabuyer.lib.errors import Invalid

WHOLE_UNIT_CURRENCIES = frozenset(["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"])
STORED = Decimal("0.0001")
"""Step of every stored amount: numeric(18, 4)."""
STORED_DIGITS = 14
"""Before the decimal point, of the same column."""

GROUPED = re.compile(r"\d{1,3}(?:(?:\.\d{3})+,|(?:,\d{3})+\.)\d{2}", re.ASCII)
"""Thousands and decimals by different marks: `1.234,50` and `1,234.50`."""

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$", "IDR": "Rp", "COP": "COL$"}


def meta_offset(currency: str) -> int:
    """Minor units in one major unit at Meta: 1 or 100."""
    return 1 if currency.upper() in WHOLE_UNIT_CURRENCIES else 100


def to_minor(amount: Decimal, currency: str) -> int:
    """Major units to Meta's integer minor units. Refuses an amount that the currency cannot express."""
    require_decimal(amount)
    minor = amount * meta_offset(currency)
    if minor != minor.to_integral_value():
        raise Invalid(
            "amount",
            amount,
            f"{amount} {currency} is finer than the smallest unit Meta accepts.",
            remedy=f"Round to {'whole units' if meta_offset(currency) == 1 else 'two decimals'}.",
        )
    return int(minor)


def from_minor(minor: int | str, currency: str) -> Decimal:
    return Decimal(int(minor)) / meta_offset(currency)


def round_to_currency(amount: Decimal, currency: str) -> Decimal:
    """To the nearest amount that can be set at Meta."""
    step = Decimal(1) if meta_offset(currency) == 1 else Decimal("0.01")
    return require_decimal(amount).quantize(step, rounding=ROUND_HALF_EVEN)


def stored(amount: Decimal) -> Decimal:
    return require_decimal(amount).quantize(STORED, rounding=ROUND_HALF_EVEN)


def parse_amount(text: str, *, field: str = "amount") -> Decimal:
    """A plain amount typed by a person or sent by a program: digits, at most one dot, no thousands separators.

    `1,000`, `1.000,00`, `1e9` and full-width digits are refused, since guessing would risk a factor of a thousand.
    """
    plain = text.strip()
    if not plain.isascii() or not plain.replace(".", "", 1).isdigit() or plain.startswith(".") or plain.endswith("."):
        raise Invalid(field, text, f"“{text}” is not a plain amount.", remedy="Write it like 1250 or 1250.50.")
    whole, _, fraction = plain.partition(".")
    if len(fraction) == 3 or len(fraction) > 4:
        raise Invalid(
            field,
            text,
            f"“{text}” could mean two different amounts.",
            remedy=f"Write {whole}{fraction} or {whole}.{fraction[:2]}.",
        )
    if len(whole.lstrip("0")) > STORED_DIGITS:
        raise Invalid(field, text, f"“{text}” is too large.", remedy="Write an amount below 100 trillion.")
    return stored(Decimal(plain))


def read_amount(text: str, currency: str = "", *, field: str = "amount") -> Decimal:
    """An amount as people type it: also with a decimal comma, `12,50` or `1.234,50`, where it can mean one thing only.

    `1,000` and `1.000` stay refused, with both ways to write them. `currency` tells whether there are decimals at all.
    """
    plain = text.strip()
    if GROUPED.fullmatch(plain):  # both marks stand in it, so the last one is the decimal mark
        plain = plain[:-3].replace(".", "").replace(",", "") + "." + plain[-2:]
    elif plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        amount = parse_amount(plain, field=field)
    except Invalid as error:
        raise Invalid(field, text, error.message.replace(f"“{plain}”", f"“{text}”"), remedy=error.remedy) from error
    if currency and amount != round_to_currency(amount, currency):
        smallest = "whole units" if meta_offset(currency) == 1 else "two decimals"
        raise Invalid(
            field, text, f"{currency} has no amount as fine as “{text}”.", remedy=f"Write it in {smallest} at most."
        )
    return amount


def require_decimal(amount: Decimal) -> Decimal:
    if not isinstance(amount, Decimal):
        raise TypeError(f"money must be Decimal, not {type(amount).__name__}: {amount!r}")
    if not amount.is_finite():
        raise Invalid(
            "amount", amount, "An amount must be a finite number.", remedy="Leave the field empty if unknown."
        )
    return amount


ALMOST = Decimal("0.9995")
"""What is rounded up to the next size is written in that size."""
SHORT = (
    (Decimal(10**9), Decimal(10**9), "B"),
    (Decimal(10**6), Decimal(10**6), "M"),
    (Decimal(10**5), Decimal(1000), "k"),
)
"""From which amount on it is written in what size."""


def format_short(amount: Decimal | None, currency: str) -> str:
    """At most six digits, for where there is little room: `€0.42`, `€1,234`, `Rp512k`, `Rp11.2M`."""
    if amount is None or abs(amount) < Decimal("999.995"):
        return format_money(amount, currency)
    for least, size, letter in SHORT:
        if abs(amount) >= least * ALMOST:
            part = amount / size
            return f"{format_money(part, currency, places=1 if abs(part) < Decimal('99.95') else 0)}{letter}"
    return format_money(amount, currency, places=0)


def format_money(amount: Decimal | None, currency: str, *, places: int | None = None, sign: bool = False) -> str:
    """`€1,234.56`, `−€3`, `–` for unknown; `sign` also marks gains. Whole-unit currencies show no decimals."""
    if amount is None:
        return "–"
    digits = (0 if meta_offset(currency) == 1 else 2) if places is None else places
    rounded = round(amount, digits)
    mark = "−" if rounded < 0 else "+" if sign and rounded > 0 else ""
    symbol = SYMBOLS.get(currency.upper(), f"{currency.upper()} ")
    return f"{mark}{symbol}{abs(rounded):,.{digits}f}"


def format_effect(amount: Decimal, currency: str, *, places: int = 2) -> str:
    """`+€5.84`, `−€1,306`: nobody knows an expected thousand to the cent, and some currencies have none."""
    is_whole = abs(amount) >= 1000 or meta_offset(currency) == 1
    return format_money(amount, currency, places=0 if is_whole else places, sign=True)
