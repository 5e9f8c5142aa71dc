"""From a file's column heading to a field of ours, or to the reason why the column is left out."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from campaigns.exports.header_names import ENGLISH, OTHERS, TOTAL_LABELS

_CURRENCY = re.compile(r"[(\[]\s*([A-Z]{3})\s*[)\]]")
_NOT_CURRENCIES = frozenset({"ALL", "CPC", "CPM", "CTR", "ROI", "DMA", "UTC", "API", "ATC"})

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
    found = [code for code in _CURRENCY.findall(text) if code not in _NOT_CURRENCIES]
    if not found:
        return text, None
    return re.sub(r"[(\[]\s*" + found[-1] + r"\s*[)\]]", " ", text), found[-1]


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """Normalised name → field, rank, languages that call it so. English first; the first language to claim wins."""
    table: dict[str, tuple[str, int, tuple[str, ...]]] = {}
    for language, fields in (("English", ENGLISH), *OTHERS.items()):
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
    return sum(1 for cell in cells if isinstance(cell, str) and cell.strip() and read_heading(cell).field)


def guess_language(headings: Sequence[Heading]) -> str | None:
    """The language most of the headings belong to. Names shared by several languages do not vote."""
    votes = Counter(heading.language for heading in headings if heading.language)
    return votes.most_common(1)[0][0] if votes else None


@lru_cache(maxsize=1)
def _total_labels() -> frozenset[str]:
    return frozenset(normalise(label) for label in TOTAL_LABELS.split("|"))


_RESULTS_FROM = re.compile(r"^(results from|resultados de|resultats de|ergebnisse von|risultati da|resultaten van) \d")


def is_total_label(text: str) -> bool:
    words = normalise(text)
    return words in _total_labels() or bool(_RESULTS_FROM.match(words))
