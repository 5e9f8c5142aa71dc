"""Currencies as exports write them: codes of ISO 4217 in headings, signs and abbreviations beside the amounts."""

from __future__ import annotations

import re

_CODES = """
AED ARS AUD BDT BGN BHD BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DZD EGP EUR GBP GEL GHS GTQ HKD HNL HRK HUF
IDR ILS INR IQD ISK JOD JPY KES KRW KWD KZT LBP LKR MAD MOP MXN MYR NGN NIO NOK NZD OMR PEN PHP PKR PLN PYG
QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD TZS UAH UGX USD UYU VES VND ZAR
"""
CODES = frozenset(_CODES.split())
"""What ad accounts are billed in."""

SIGNS = {
    "US$": "USD", "CA$": "CAD", "MX$": "MXN", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "NT$": "TWD", "R$": "BRL",
    "A$": "AUD", "C$": "CAD", "S$": "SGD", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₫": "VND", "฿": "THB",
    "₽": "RUB", "₱": "PHP", "₺": "TRY", "₦": "NGN", "₴": "UAH", "₪": "ILS", "₸": "KZT", "Rp": "IDR", "zł": "PLN",
    "Kč": "CZK", "Ft": "HUF", "lei": "RON", "лв.": "BGN", "лв": "BGN", "руб.": "RUB", "грн": "UAH", "RM": "MYR",
    "S/": "PEN", "د.إ": "AED", "د.ك": "KWD", "ر.س": "SAR", "円": "JPY", "元": "CNY", "원": "KRW",
}  # fmt: skip
"""Signs that belong to one currency. Others (`$`, `¥`, `kr`) tell that a cell is money and not of which country."""

_SHARED = ("$", "¥", "￥", "kr.", "kr", "Kr.", "Kr", "Rp.", "R", "₨", "Rs.", "Rs")
_WORDS = sorted({*SIGNS, *_SHARED}, key=len, reverse=True)
MARK = rf"(?:{'|'.join(map(re.escape, _WORDS))}|[A-Z]{{1,3}}\$|[A-Z]{{3}})"
"""One currency beside an amount, as part of a pattern; longer signs first, since `R$` begins with `R`."""

_CODE = re.compile(r"(?<![A-Z])([A-Z]{3})(?![A-Z$])")
_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)))
_DOLLARS = re.compile(r"[A-Z]{1,3}\$")


def currency_in(text: str) -> str | None:
    """`20,00 USD` and `US$20.00` → `USD`; None for `$20.00`, which is the money of many countries."""
    if found := _CODE.search(text):
        return found.group(1)
    if found := _DOLLARS.search(text):
        return SIGNS.get(found.group())
    found = _SIGN.search(text)
    return SIGNS[found.group()] if found else None
