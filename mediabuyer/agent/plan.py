"""The strategist by rule: every action proposes, the best remain, and no object is pulled two ways at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Q
from django.db.models.functions import Coalesce

from campaigns.models import AdAccount
from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.context import Observation, Proposal
from mediabuyer.agent.lapse import lapse, lapse_due
from mediabuyer.agent.models import RETRACTED, Decision
from mediabuyer.agent.steps import Note

MOST = 6
"""Proposals a cycle makes at the most: what a person can weigh in a few minutes."""
MOST_ASKS = 2
"""Requests to people that may wait at once."""
RESPITE = timedelta(days=3)
"""What a person refused or took back is not asked again for so long: by then there is new evidence."""
AGREED_FOR = timedelta(days=14)
"""What people agreed to make is not asked for again so long: they need time to make it, and it to be seen."""
REFUSED = [Decision.State.REJECTED, Decision.State.UNDONE]
OPEN = [
    Decision.State.PROPOSED,
    Decision.State.AWAITING,
    Decision.State.APPROVED,
    Decision.State.EXECUTING,
    Decision.State.UNKNOWN,
]


def plan(account: AdAccount, observation: Observation, note: Note) -> list[Proposal]:
    """Candidates of all actions, ranked by what they should earn, less those that are open or would collide."""
    lapse_due(account, observation.now)
    candidates = rank(proposal for action in ACTIONS for proposal in action.propose(observation))
    standing = _standing(account, candidates, observation.now) if account.is_read_only else 0
    wanted = _not_agreed_already(candidates, _agreed(account, observation.now))
    free = _few_asks(_without_collisions(wanted, _taken(account, observation.now)), _open_asks(account))
    kept = list(islice(free, max(MOST - standing, 0)))
    note.say(
        f"{len(candidates)} candidates, {len(kept)} worth asking." if candidates else "Nothing is worth changing.",
        candidates=[{"title": one.title, "score": round(one.score, 2), "kept": one in kept} for one in candidates],
    )
    return kept


def rank(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Best first: expected profit a day, discounted by its uncertainty. Ties by id, so that the order replays."""
    return sorted(proposals, key=lambda one: (-one.score, one.action, one.subject_id))


def _standing(account: AdAccount, candidates: list[Proposal], now: datetime) -> int:
    """How many proposals on a file still read the same. What new figures tell otherwise is set aside: nobody answers
    it, and it would stand beside what is proposed now.
    """
    said = {(one.action, one.subject_id): one.why for one in candidates}
    standing = 0
    waiting = [Decision.State.PROPOSED, Decision.State.AWAITING]
    for row in Decision.objects.filter(account=account, state__in=waiting, requested_by=None):
        if said.get((row.action, row.subject_id)) == row.why:
            standing += 1
        else:
            lapse(row, now, "decision.outdated")
    return standing


def _taken(account: AdAccount, now: datetime) -> set[str]:
    """Ids of the objects that an open decision already speaks about, or that people said no to lately."""
    said_no = Q(state__in=REFUSED, said_no_at__gt=now - RESPITE) & ~Q(reason_code=RETRACTED)
    decisions = Decision.objects.filter(account=account).annotate(said_no_at=Coalesce("undone_at", "decided_at"))
    rows = decisions.filter(Q(state__in=OPEN) | said_no).values_list("subject_id", "changes")
    return {subject for subject, _ in rows} | {change["external_id"] for _, changes in rows for change in changes}


def _open_asks(account: AdAccount) -> int:
    """Requests to people that wait for an answer."""
    return Decision.objects.filter(account=account, state__in=OPEN, changes=[]).count()


def _agreed(account: AdAccount, now: datetime) -> set[tuple[str, str]]:
    """Action and subject of the requests that people agreed to lately."""
    asks = Decision.objects.filter(account=account, changes=[], state=Decision.State.DONE)
    return set(asks.filter(decided_at__gt=now - AGREED_FOR).values_list("action", "subject_id"))


def _not_agreed_already(proposals: Iterable[Proposal], agreed: set[tuple[str, str]]) -> list[Proposal]:
    return [one for one in proposals if one.changes or (one.action, one.subject_id) not in agreed]


def _few_asks(proposals: Iterable[Proposal], waiting: int) -> Iterator[Proposal]:
    """People can make a few things at a time; more requests would only bury the decisions about money."""
    for proposal in proposals:
        waiting += not proposal.changes
        if proposal.changes or waiting <= MOST_ASKS:
            yield proposal


def _without_collisions(proposals: Iterable[Proposal], taken: set[str]) -> Iterator[Proposal]:
    for proposal in proposals:
        touched = {proposal.subject_id, *(change.external_id for change in proposal.changes)}
        if not touched & taken:
            taken |= touched
            yield proposal
