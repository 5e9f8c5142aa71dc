"""What a result may cost: the goal, or else what one has cost. The one figure of that meaning: what is planned by it
is judged by it and shown with where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from campaigns.models import AdAccount
from campaigns.result_kinds import kinds_by_ad, kinds_of
from portfolio.metrics import Totals, add_up
from portfolio.models import Goal
from portfolio.performance import DEFAULT_DAYS, data_span, sums, total

PLACES = Decimal("0.0001")  # a result may cost less than a cent: a person reached


@dataclass(frozen=True)
class Reference:
    """`cpa` in the account's currency, None where nothing says it; `source` is goal, file, month or history."""

    cpa: Decimal | None = None
    source: str = ""


def reference_of(account: AdAccount, today: date) -> Reference:
    """On the morning of `today`. Nothing where results are of several kinds: one costs less than another by nature."""
    if len(kinds_of(account)) > 1:
        return Reference()
    target = Goal.current(account).target_cpa
    if target is not None:
        return Reference(target, "goal")
    last = today - timedelta(days=1)
    for source, first in _spans(account, today):
        cpa = total(account, first, last).cpa
        if cpa:
            return Reference(max(cpa.quantize(PLACES), PLACES), source)
    return Reference()


@dataclass(frozen=True)
class Price:
    """What one result of an ad is, in a word, and what one of its kind has cost over all of the files."""

    kind: str
    cost: Decimal


def prices_by_ad(account: AdAccount) -> dict[int, Price]:
    """For accounts whose results are of several kinds: an ad is compared with its own kind only, by primary key.

    Without ads of which no kind is told, and of kinds that brought nothing.
    """
    span, kinds = data_span(account), kinds_by_ad(account)
    if span is None or not kinds:
        return {}
    by_kind: dict[str, Totals] = {}
    for ad, part in sums(account, *span, "ad").items():
        if kind := kinds.get(ad):
            by_kind[kind] = add_up((by_kind.get(kind, Totals()), part))
    costs = {kind: max(part.cpa.quantize(PLACES), PLACES) for kind, part in by_kind.items() if part.cpa}
    return {ad: Price(kind, costs[kind]) for ad, kind in kinds.items() if kind in costs}


def _spans(account: AdAccount, today: date) -> Iterator[tuple[str, date]]:
    """Where to look, one after the other: all of a file; by Meta the last whole days, and if they sold nothing, all."""
    if not account.is_read_only:
        yield "month", today - timedelta(days=DEFAULT_DAYS)
    if (span := data_span(account)) is not None:
        yield "file" if account.is_read_only else "history", span[0]
