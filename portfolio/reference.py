"""What a result may cost: the goal, or else what one has cost. The one figure of that meaning: what is planned by it
is judged by it and shown with where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from campaigns.models import AdAccount
from campaigns.result_kinds import kinds_of
from portfolio.models import Goal
from portfolio.performance import DEFAULT_DAYS, data_span, total

PLACES = Decimal("0.0001")  # a result may cost less than a cent: a person reached


@dataclass(frozen=True)
class Reference:
    """`cpa` in the account's currency, None where nothing says it; `source` is goal, file, month or history."""

    cpa: Decimal | None = None
    source: str = ""


def reference_of(account: AdAccount, today: date) -> Reference:
    """On the morning of `today`. Nothing where results are of several kinds: one costs less than another by nature."""
    target = Goal.current(account).target_cpa
    if target is not None:
        return Reference(target, "goal")
    if len(kinds_of(account)) > 1:
        return Reference()
    last = today - timedelta(days=1)
    for source, first in _spans(account, today):
        cpa = total(account, first, last).cpa
        if cpa:
            return Reference(max(cpa.quantize(PLACES), PLACES), source)
    return Reference()


def _spans(account: AdAccount, today: date) -> Iterator[tuple[str, date]]:
    """Where to look, one after the other: all of a file; by Meta the last whole days, and if they sold nothing, all."""
    if not account.is_read_only:
        yield "month", today - timedelta(days=DEFAULT_DAYS)
    if (span := data_span(account)) is not None:
        yield "file" if account.is_read_only else "history", span[0]
