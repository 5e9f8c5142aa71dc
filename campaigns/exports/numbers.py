"""Numbers as people and programs write them. Which sign is the decimal is decided per column, never per cell."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal

from campaigns.exports.currencies import MARK

Number = int | Decimal

BLANKS = frozenset({
    "", "-", "–", "—", "−", "--", "---", "n/a", "na", "n.a.", "n/d", "null", "none", "nan", "nil", "#n/a", "#n/d", "…",
    "...", ".",
})  # fmt: skip
_SPACES = re.compile(r"(?<=\d)[\u00a0\u202f\u2009 '’](?=\d{3}(?:\D|$))")
_AFFIX = re.compile(rf"^{MARK}?\s*([+-]?)\s*{MARK}?\s*([\d.,]+)\s*(?:%|{MARK})?$")
_QUOTED = re.compile(r'^="(.*)"$')
"""What keeps a spreadsheet from changing a number: `="1200"`."""
_SMALL = re.compile(r"^\d(?:\.\d+)?e-\d{1,2}$", re.ASCII)
"""How programs write what is almost nothing."""
_SHORTENED = re.compile(r"^\d(?:[.,]\d+)?E\+\d{1,2}$", re.ASCII)
_GROUPED = {  # decimal sign → what fits; groups of two are Indian
    ".": re.compile(r"^(?:\d+|[1-9]\d{0,2}(?:,\d{2,3})*,\d{3})(?:\.\d*)?$|^\.\d+$"),
    ",": re.compile(r"^(?:\d+|[1-9]\d{0,2}(?:\.\d{2,3})*\.\d{3})(?:,\d*)?$|^,\d+$"),
}
_EITHER = re.compile(r"^[1-9]\d{0,2}[.,]\d{3}$")
PLAIN = re.compile(r"\d{1,20}\.\d{1,15}$", re.ASCII)
ENOUGH = 200
"""Cells with a telling sign after which a column's style is settled."""


class CellError(ValueError):
    """A cell that cannot be read as what its column holds. The message names the remedy."""


class AmbiguousError(CellError):
    """The cell can be read in two ways, and the column does not tell which is meant."""


def strip_affixes(text: str) -> tuple[str, str]:
    """`-€1 234,50` → `-`, `1234,50`. Raises CellError for anything that is not one number."""
    plain = text.strip().replace("−", "-")
    if not plain.isascii():
        plain = western(plain.replace("\u00a0", " "))
    found = _AFFIX.match(_SPACES.sub("", plain))
    if not found:
        raise CellError("is not a number; correct the cell or leave it empty")
    return found.group(1), found.group(2)


def is_shortened(text: str) -> bool:
    """`1.2E+05`: its last digits are lost."""
    return _SHORTENED.match(text) is not None


def western(text: str) -> str:
    """The digits of any script as ours, with the Arabic signs for decimals and thousands."""
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else _ARABIC.get(letter, letter) for letter in text
    )


_ARABIC = {"٫": ".", "٬": ",", "．": ".", "，": ","}


def is_blank(text: str) -> bool:
    return text.strip().casefold() in BLANKS


def decimal_sign(body: str) -> str | None:
    """`.` or `,` where the digits themselves tell, `either` where they could mean both, None where they are plain."""
    if body.isdigit():
        return None
    if _EITHER.match(body):
        return "either"
    fits = [sign for sign, pattern in _GROUPED.items() if pattern.match(body)]
    return fits[0] if len(fits) == 1 else "either" if fits else None


@dataclass
class StyleEvidence:
    """What the cells of one column tell about their decimal sign. Feed it until `is_settled`."""

    is_count: bool = False
    votes: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0, "either": 0})
    first_either: str = ""
    either_signs: set[str] = field(default_factory=set)
    is_settled: bool = False

    def see(self, text: str) -> None:
        try:
            _, body = strip_affixes(text)
        except CellError:
            return
        sign = decimal_sign(body)
        if sign is None:
            return
        if sign == "either":
            self.first_either = self.first_either or text
            self.either_signs.add("," if "," in body else ".")
        self.votes[sign] += 1
        self.is_settled = self.votes["."] + self.votes[","] >= ENOUGH

    def decide(self) -> str | None:
        """The decimal sign, or None where the column has no telling cell or its cells contradict each other.

        Things that are counted have no fractions of three digits, so `1.204` impressions are a thousand and more.
        """
        point, comma = self.votes["."], self.votes[","]
        if point and comma:
            return None
        if point or comma:
            return "." if point else ","
        if self.is_count and len(self.either_signs) == 1:
            return "," if "." in self.either_signs else "."
        return None


def parse_number(text: str, decimal: str | None) -> Number | None:
    """The cell as a number; None for a blank. `decimal` is the column's sign, None while nothing tells it.

    Raises CellError, or AmbiguousError where the column does not tell what the sign means.
    """
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    if decimal == "." and PLAIN.match(text):
        return Decimal(text)  # nine cells in ten of a money column
    if is_blank(text):
        return None
    if unquoted := _QUOTED.match(text):
        return parse_number(unquoted.group(1), decimal)
    if _SMALL.match(text):
        return Decimal(text)
    if is_shortened(text):
        raise CellError("was rounded by a spreadsheet; drop the file as Ads Manager wrote it")
    sign, body = strip_affixes(text)
    if len(body) > 40:
        raise CellError("has too many digits; correct the cell")
    own = decimal_sign(body)
    if own == "either" and decimal is None:
        raise AmbiguousError(
            "could be a thousand times more or less; say which sign is the decimal in this file, "
            "or export it again in English"
        )
    chosen = decimal or own or "."
    if (own is not None and not _GROUPED[chosen].match(body)) or (own is None and not body.isdigit()):
        raise CellError(f"does not fit its column, where the decimal sign is “{chosen}”; correct the cell")
    plain = body.replace(",", "") if chosen == "." else body.replace(".", "").replace(",", ".")
    return Decimal(sign + plain) if "." in plain else int(sign + plain)
