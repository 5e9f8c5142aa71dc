"""What is said of the agent itself: how often it asked, what people answered, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from campaigns.models import AdAccount
from mediabuyer.agent.models import OUTDATED, RETRACTED, Decision, DecisionQuerySet, Outcome

State = Decision.State


@dataclass(frozen=True)
class Scorecard:
    """Counts over the account's whole life, of what the agent `proposed` and what people `asked` for.

    `reasons`: words and count of each rejection, most frequent first. `due`: done, and to be graded yet.
    `shown`: what stands on an account that is only looked at, where nobody is asked.
    """

    proposed: int
    asked: int
    held_back: int
    shown: int
    waiting: int
    deferred: int
    approved: int
    rejected: int
    retracted: int
    lapsed: int
    set_aside: int
    done: int
    undone: int
    failed: int
    reasons: list[tuple[str, int]]
    outcomes: list[tuple[str, int]]
    due: int

    @property
    def graded(self) -> int:
        return sum(count for _, count in self.outcomes)

    @property
    def answered(self) -> int:
        return self.approved + self.rejected


def scorecard(account: AdAccount, now: datetime) -> Scorecard:
    decisions = Decision.objects.filter(account=account)
    states = dict(decisions.order_by().values_list("state").annotate(Count("pk")))
    outcomes = Outcome.objects.filter(decision__account=account).order_by()
    verdicts = dict(outcomes.values_list("verdict").annotate(Count("pk")))
    asked = decisions.filter(cycle=None, requested_by__isnull=False).count()
    refusals = decisions.filter(state=State.REJECTED).exclude(reason_code=RETRACTED)
    return Scorecard(
        proposed=sum(states.values()) - asked,
        asked=asked,
        held_back=states.get(State.BLOCKED, 0) + decisions.shown_and_held(now).count() * account.is_read_only,
        shown=decisions.shown_only(now).count() * account.is_read_only,
        waiting=decisions.to_decide(now).count(),
        deferred=decisions.deferred(now).count(),
        approved=decisions.exclude(approved_hash="").count(),
        rejected=refusals.count(),
        retracted=decisions.filter(reason_code=RETRACTED).count(),
        lapsed=decisions.filter(state=State.EXPIRED).exclude(reason_code=OUTDATED).count(),
        set_aside=decisions.filter(reason_code=OUTDATED).count(),
        done=states.get(State.DONE, 0),
        undone=states.get(State.UNDONE, 0),
        failed=states.get(State.FAILED, 0) + states.get(State.UNKNOWN, 0),
        reasons=_reasons(refusals),
        outcomes=[(label, verdicts[value]) for value, label in _grades() if value in verdicts],
        due=outcomes.to_measure().count(),
    )


def _reasons(refusals: DecisionQuerySet) -> list[tuple[str, int]]:
    counts = (
        refusals.order_by().values_list("reason_code").annotate(count=Count("pk")).order_by("-count", "reason_code")
    )
    return [(str(Decision.Reason(code).label) if code else "No reason given", count) for code, count in counts]


def _grades() -> list[tuple[str, str]]:
    return [("better", "Better"), ("as_expected", "As expected"), ("worse", "Worse"), ("unclear", "Unclear")]
