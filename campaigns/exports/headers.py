"""From a file's column heading to a field of ours, or to the reason why the column is left out."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from campaigns.exports.currencies import CODES, currency_in
from campaigns.exports.header_names import ENGLISH, OTHERS, TOTAL_LABELS
from campaigns.exports.header_names_rest import REST
from campaigns.exports.limits import MAX_COLUMNS, UnreadableError

_CURRENCY = re.compile(r"[(\[]\s*([A-Z]{3})\s*[)\]]")
LONGEST_NAME = 120
_BARE_CURRENCY = re.compile(r"(?:[\s,:–-]|\bin\b)+([A-Z]{3})\s*$")
_SIGN_IN_BRACKETS = re.compile(r"[(\[]\s*(\D{1,3}?)\s*[)\]]")

COMPUTED = "Computed again from its parts, so that sums are right"
CUSTOM = "A custom metric of the account: its formula does not stand in the file"
REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"^(ctr|cpc|cpm|cpp|roas|romi|roi|unique ctr|ctr unique|individuelle ctr)\b", COMPUTED),
        (r"\broas\b", COMPUTED),
        (
            r"^(cost|costs|custo|coste|costo|cout|kosten|koszt|biaya|chi phi|kostnad) (per|por|par|pro|za|tren|per) ",
            COMPUTED,
        ),
        (r"^(cost per action type|cost per unique action type)", COMPUTED),
        (r"( cost|の単価|単価)$", COMPUTED),
        (r"basina (ucret|maliyet)|harcamasinin getirisi", COMPUTED),
        (r"^average |\brate per |^purchases rate", COMPUTED),
        (
            r"^(frequency|frecuencia|repetition|frequence|frequenz|frequenza|frequencia|frequentie|siklik|tan suat"
            r"|czestotliwosc|frekuensi|フリークエンシー|頻率|频次|빈도|частота|frekvens)$",
            "Comes from reach, and reach cannot be added",
        ),
        (
            r"ranking$|^(quality|engagement rate|conversion rate) ranking",
            "A ranking within Meta's auction, not a figure",
        ),
        (
            r"^(action values|unique actions|actions|conversions|conversion values) ?",
            "Another name or another kind of an action; adding it would count twice",
        ),
        (r"conversion value|valor de conversion|conversion wert", "Value of a step before the purchase: not revenue"),
        (r"budget|presupuesto|orcamento|butce", "A setting of today, not a figure of the period"),
        (
            r"^(starts|ends|fine|bat dau|ket thuc|inicio|fin|start|end)$",
            "The schedule of the ad set, not of the report",
        ),
        (r"^id$", "A row number or an id whose object is not said"),
        (
            r"video|thruplay|follows|profile visits|reactions|comments|shares|saves|engagement|likes|searches"
            r"|gefolgschaft|beitrags|貼文",
            "Not needed: the agent measures by clicks, results and money",
        ),
    )
)
UNKNOWN = "Not a figure that I use; the file is understood without it"


@dataclass(frozen=True)
class Heading:
    """One column as its heading alone tells it. `rank` is the field's preference: lower wins."""

    text: str
    field: str | None
    reason: str = ""
    language: str | None = None
    currency: str | None = None
    rank: int = 0


def normalise(text: str) -> str:
    """Words only: no case, accents, punctuation. Repairs UTF-8 that was once read as Latin-1 (`dÃ©pensÃ©`)."""
    if "Ã" in text or "Â" in text:
        with contextlib.suppress(UnicodeError):
            text = text.encode("cp1252").decode("utf-8")
    text = text.replace("ı", "i").replace("İ", "i").replace("đ", "d").replace("Đ", "d").replace("ł", "l")
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = unicodedata.normalize("NFKC", "".join(c for c in decomposed if not unicodedata.combining(c)))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def split_currency(text: str) -> tuple[str, str | None]:
    """`Amount spent (IDR)` → the words and the currency. `CTR (all)` has none."""
    if len(text) > LONGEST_NAME:
        return text, None
    for bracket in reversed(list(_CURRENCY.finditer(text))):
        words = f"{text[: bracket.start()]} {text[bracket.end() :]}"
        if bracket[1] in CODES or _is_money(words):
            return words, bracket[1]
    bare = _BARE_CURRENCY.search(text)
    if bare and bare[1] in CODES:
        return text[: bare.start()], bare[1]
    if other := _CURRENCY.search(text):
        return f"{text[: other.start()]} {text[other.end() :]}", None  # `Geo Markets (DMA)`: letters, and no currency
    sign = _SIGN_IN_BRACKETS.search(text)
    if sign and currency_in(sign[1]):
        return text[: sign.start()] + text[sign.end() :], currency_in(sign[1])
    return text, None


def _is_money(words: str) -> bool:
    """Three letters behind an amount are a currency even if no account we know of is billed in it."""
    return _names().get(normalise(words), ("",))[0] in ("spend", "revenue")


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """Normalised name → field, rank, languages that call it so. English first; the first language to claim wins."""
    table: dict[str, tuple[str, int, tuple[str, ...]]] = {}
    for language, fields in (("English", ENGLISH), *OTHERS.items(), *REST.items()):
        for field, names in fields.items():
            for rank, name in enumerate(names.split("|")):
                claimed = table.get(normalise(name))
                if claimed is None:
                    table[normalise(name)] = (field, rank, (language,))
                elif claimed[0] == field:
                    table[normalise(name)] = (field, claimed[1], (*claimed[2], language))
    return table


def read_heading(text: str) -> Heading:
    words, currency = split_currency(text.strip().lstrip("\ufeff"))
    if words.startswith("*"):
        return Heading(text, None, CUSTOM, currency=currency)
    found = _names().get(normalise(words))
    if found:
        field, rank, languages = found
        return Heading(
            text, field, language=languages[0] if len(languages) == 1 else None, currency=currency, rank=rank
        )
    return Heading(text, None, reason_for(words), currency=currency)


def reason_for(words: str) -> str:
    bare = normalise(words)
    for pattern, reason in REASONS:
        if pattern.search(bare):
            return reason
    return UNKNOWN


def count_known(cells: Iterable[object]) -> int:
    """How many cells of a row are headings that we know: what tells the heading row from the rest."""
    return sum(1 for cell in islice(cells, MAX_COLUMNS) if isinstance(cell, str) and _is_known(cell))


@lru_cache(maxsize=8192)
def _is_known(text: str) -> bool:
    if len(text) > LONGEST_NAME:
        return False
    words, _ = split_currency(text.strip().lstrip("\ufeff"))
    return normalise(words) in _names()


def require_ads(headings: Sequence[Heading]) -> None:
    """Raises UnreadableError for a table that tells of no ads of Meta: a statement of a bank has costs, too."""
    if sum(normalise(split_currency(heading.text)[0]) in GOOGLE for heading in headings) >= 2:
        raise UnreadableError(
            "This is a Google Ads report, and Google Ads reports cannot be imported yet.",
            remedy="Drop an export from Meta's Ads Manager.",
        )
    fields = {heading.field for heading in headings}
    delivery = any(heading.field in ("impressions", "reach") for heading in headings)
    spend = any(heading.field == "spend" and not _is_common(heading.text) for heading in headings)
    named = [level for level in LEVELS if level in fields or f"{level}_id" in fields]
    if delivery or spend or (named and fields & _MEASURED) or len(named) > 1:
        return
    read = ", ".join(heading.text[:30] for heading in headings if heading.text)[:160]
    raise UnreadableError(
        f"This is no report of ads: no heading names an ad, money spent or impressions. I read: {read}.",
        remedy="In Ads Manager choose Reports, then Export table data, and drop that file.",
    )


GOOGLE = frozenset({
    "impr", "ad group", "ad group id", "currency code", "avg cpc", "avg cpm", "avg cost", "avg cpv", "interactions",
    "interaction rate", "conv rate", "cost conv", "conv value", "conv value cost", "all conv", "view through conv",
    "search impr share", "search keyword", "search term", "keyword", "match type", "quality score", "campaign type",
    "bid strategy type", "opt score", "optimization score", "cross device conv", "invalid clicks", "phone impr",
    "durchschn cpc", "kosten conv", "conv wert",
})  # fmt: skip
"""Headings that Google Ads writes and Ads Manager does not; two of them tell a report of Google."""
LEVELS = ("campaign", "ad_set", "ad")
_MEASURED = frozenset({"spend", "clicks", "link_clicks", "results", "purchases", "leads", "messages", "conversions"})


def _is_common(text: str) -> bool:
    """A heading for money that other tables have as well."""
    return normalise(split_currency(text)[0]) in ("cost", "total cost", "spent", "spend", "total spend")


def guess_language(headings: Sequence[Heading]) -> str | None:
    """The language most of the headings belong to. Names shared by several languages do not vote."""
    votes = Counter(heading.language for heading in headings if heading.language)
    return votes.most_common(1)[0][0] if votes else None


@lru_cache(maxsize=1)
def _total_labels() -> frozenset[str]:
    return frozenset(normalise(label) for label in TOTAL_LABELS.split("|"))


_RESULTS_FROM = re.compile(
    r"^(results from|resultados de|resultats de|ergebnisse (von|aus)|risultati (da|di)|resultaten (van|uit)|wyniki z"
    r"|resultat fran|resultater fra|resultado de|hasil dari|ket qua tu|результаты (из|по)|vysledky z|rezultate din) \d"
)


def is_total_label(text: str) -> bool:
    words = normalise(text)
    return words in _total_labels() or bool(_RESULTS_FROM.match(words))
