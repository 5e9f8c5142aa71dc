"""What one result is on an account, so that costs of different things are neither compared nor called purchases."""

from __future__ import annotations

from decimal import Decimal

from campaigns.exports.result_kinds import NOT_THE_SAME, SEVERAL, UNNAMED, name_kinds
from campaigns.models import Ad, AdAccount, ImportFile

UNKNOWN = UNNAMED
OF_META = ("purchase",)
"""A connected account is read with purchases as its results."""
ORDERS = frozenset({"purchase", "conversion"})
"""Results of which revenue comes, one each."""
CPA = "CPA, by Meta"
RESULTS, EMPTY = "Results", "empty in all rows"
"""How the columns of a file are titled, and what is noted of those without a value: see campaigns.exports."""

IRREGULAR = {"add to cart": "adds to cart", "person reached": "people reached"}


def kinds_of(account: AdAccount) -> tuple[str, ...]:
    """In words for one (`purchase`, `profile visit`). Of an imported account what its files say, empty where none does.

    More than one means that results cannot be compared by what they cost. What one file leaves without a name is not
    the same as what another tells.
    """
    if not account.is_read_only:
        return OF_META
    rows = ImportFile.objects.filter(account=account, state=ImportFile.State.DONE).order_by("pk")
    told = rows.values_list("pk", "digest", "mapping__result_kinds", "mapping__result_types")
    named = {
        digest or pk: name_kinds(written or ()) if kinds is None else kinds  # None: read long ago
        for pk, digest, kinds, written in told
    }  # of a file that was imported again the last answer holds
    told_by = [kinds for kinds in named.values() if kinds]
    found = dict.fromkeys(kind for kinds in told_by for kind in kinds)
    if UNNAMED in found and len(told_by) > 1:
        del found[UNNAMED]
        found |= dict.fromkeys(NOT_THE_SAME)
    return tuple(found)


def derive_kinds(account: AdAccount) -> int:
    """Sets `Ad.result_kind` by what is told of each ad; returns how many changed.

    Of an ad of which nothing is told it is what the others of its ad set count: an ad set has one goal.
    """
    ads = list(Ad.objects.filter(account=account).select_related("ad_set"))
    told = {(by, kind) for ad in ads for by, kind in ad.told_kinds.items()}
    is_one = len(told) == 1  # what one file leaves without a name is not the same as what another tells
    kinds = {ad.pk: _one_of(set(ad.told_kinds.values()), is_one) for ad in ads}
    around: dict[int, set[str]] = {}
    for ad in ads:
        if kinds[ad.pk] and not ad.ad_set.is_placeholder:
            around.setdefault(ad.ad_set_id, set()).add(kinds[ad.pk])
    changed = []
    for ad in ads:
        kind = kinds[ad.pk] or _one_of(around.get(ad.ad_set_id, set()), is_one)
        if ad.result_kind != kind:
            ad.result_kind = kind
            changed.append(ad)
    Ad.objects.bulk_update(changed, ["result_kind"], batch_size=2000)
    return len(changed)


def _one_of(kinds: set[str], is_one: bool) -> str:
    kind = SEVERAL if len(kinds) > 1 else next(iter(kinds), "")
    return SEVERAL if kind == UNNAMED and not is_one else kind


def kinds_by_ad(account: AdAccount) -> dict[int, str]:
    """What one result of each ad is, by primary key, without those of which no single kind is told."""
    told = Ad.objects.filter(account=account).exclude(result_kind__in=["", SEVERAL])
    return dict(told.values_list("pk", "result_kind"))


def told_kinds(kind: str) -> frozenset[str]:
    """What an ad counts, of its `result_kind`: nothing where it is not told, more than one where it is several."""
    return frozenset(NOT_THE_SAME if kind == SEVERAL else (kind,) if kind else ())


def kinds_at(account: AdAccount, level: str) -> dict[int, frozenset[str]]:
    """What the results of each campaign, ad_set or ad are, by primary key, as the ads below it tell it."""
    found: dict[int, frozenset[str]] = {}
    above = "pk" if level == "ad" else f"{level}_id"
    for key, kind in Ad.objects.filter(account=account).values_list(above, "result_kind"):
        found[key] = found.get(key, frozenset()) | told_kinds(kind)
    return found


def tells_results(account: AdAccount) -> bool:
    """Whether its files say what came of the ads; a file without them has no 0 results but an unknown number.

    What nothing is kept of, such as the columns of a file that was imported long ago, counts as telling.
    """
    if not account.is_read_only:
        return True
    rows = ImportFile.objects.filter(account=account, state=ImportFile.State.DONE)
    files = list(rows.order_by("pk").values_list("mapping__columns", flat=True))
    return not files or any(columns is None or any(map(_is_told, columns)) for columns in files)


def _is_told(column: dict[str, str]) -> bool:
    return column.get("title") == RESULTS and EMPTY not in column.get("note", "")


def one_result(kinds: tuple[str, ...]) -> str:
    """What a single one is called: its kind, or `result` where it is not known or there are several."""
    return kinds[0] if len(kinds) == 1 else UNKNOWN


def mixed_words(kinds: tuple[str, ...]) -> str:
    """Why results are not compared, as a sentence; empty where they are."""
    if len(kinds) < 2:
        return ""
    told = named_kinds(kinds)
    if not told:
        return "The file does not say what its results are, and nobody has said that they are the same."
    rest = " and what no file names" if len(told) < len(kinds) else ""
    return f"Results mean several things here: {', '.join(told)}{rest}."


def named_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Those that have a name."""
    return tuple(kind for kind in kinds if kind not in NOT_THE_SAME)


def count_results(count: Decimal, kinds: tuple[str, ...]) -> str:
    """`1 purchase`, `12 adds to cart`; `12 results` where the kind has no word of its own."""
    return f"{count:,.0f} {_plain(kinds) if round(count) == 1 else several_results(kinds)}"


def several_results(kinds: tuple[str, ...]) -> str:
    """What many are called: `purchases`, `adds to cart`; `results` where the kind has no word of its own."""
    word = _plain(kinds)
    return IRREGULAR.get(word) or f"{word}s"


def cost_title(kinds: tuple[str, ...]) -> str:
    """What the cost of one is called: `CPA, by Meta` of purchases, else `Cost per lead`."""
    return CPA if kinds == OF_META else f"Cost per {_plain(kinds)}"


def _plain(kinds: tuple[str, ...]) -> str:
    word = one_result(kinds)
    return UNKNOWN if word.startswith("“") else word
