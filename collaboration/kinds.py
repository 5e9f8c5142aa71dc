"""Results of several kinds side by side: what each is called, which ads count which, and what each kind brought.

Where one kind stands alone, `campaigns.result_kinds` names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from campaigns.exports.result_kinds import SEVERAL
from campaigns.models import Ad, AdAccount
from campaigns.result_kinds import cost_title, count_results, kinds_by_ad, several_results, told_kinds
from mediabuyer.lib.money import format_money
from portfolio.metrics import Totals
from portfolio.performance import GROUPS, Sums, add_up_by

LEAST_UNTOLD = Decimal("0.005")
"""Of the whole, before it is worth a sentence."""


def tells_kinds(account: AdAccount, kinds: tuple[str, ...]) -> bool:
    """Whether ads tell which of several kinds they count, so that some of them can be compared."""
    return len(kinds) > 1 and Ad.objects.filter(account=account).exclude(result_kind__in=("", SEVERAL)).exists()


def kinds_by(account: AdAccount, *by: str) -> dict[tuple[Any, ...], frozenset[str]]:
    """What the results of each angle, ad set … are, as its ads tell it, by its keys of `performance.GROUPS`.

    What is not told is left out; a connected account counts purchases only.
    """
    if not account.is_read_only:
        return {}
    fields = ["pk" if one == "ad" else GROUPS[one].removeprefix("ad__") for one in by]
    rows = Ad.objects.filter(account=account).exclude(result_kind="").order_by()
    found: dict[tuple[Any, ...], frozenset[str]] = {}
    for kind, *key in rows.values_list("result_kind", *fields).distinct():
        found[tuple(key)] = found.get(tuple(key), frozenset()) | told_kinds(kind)
    return found


def brought(account: AdAccount, by_ad: Sums) -> dict[str, Totals]:
    """What each kind brought, of those ads whose kind is told; most spend first."""
    kinds = kinds_by_ad(account)
    found = add_up_by({ad: part for ad, part in by_ad.items() if ad in kinds}, kinds)
    return dict(sorted(found.items(), key=lambda item: (-item[1].spend, item[0])))


def untold_words(whole: Totals, by_kind: Iterable[Totals], currency: str) -> str:
    """What was spent on ads of which no kind is told, for which the costs of the kinds do not answer."""
    rest = whole.spend - sum((part.spend for part in by_kind), Decimal(0))
    if rest < whole.spend * LEAST_UNTOLD:
        return ""
    return f"{format_money(rest, currency, places=0)} of it went to ads of which no kind of result is told."


def several_of(kind: str) -> str:
    """What many of this kind are called: `adds to cart`; the quoted name of one without a word of its own."""
    return kind if _is_quoted(kind) else several_results((kind,))


def count_of(count: Decimal, kind: str) -> str:
    """`12 adds to cart`, `12 “omni_custom”`."""
    return f"{count:,.0f} {kind}" if _is_quoted(kind) else count_results(count, (kind,))


def cost_of(kind: str) -> str:
    """What the cost of one is called: `Cost per lead`, `Cost per “omni_custom”`."""
    return f"Cost per {kind}" if _is_quoted(kind) else cost_title((kind,))


def _is_quoted(kind: str) -> bool:
    """Two of which no more is known than how their file writes them would else read as the same."""
    return kind.startswith("“")


def kind_words(kinds: frozenset[str]) -> str:
    """One word for a cell of a table: empty where nothing is told."""
    return next(iter(kinds), "") if len(kinds) < 2 else SEVERAL
