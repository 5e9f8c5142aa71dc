"""One run of the agent over one account, from what it sees to what it learns: the table of contents of the product."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from campaigns.models import AdAccount
from mediabuyer.agent import decide, evaluate, execute, guard, learn, observe, plan, recall
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.steps import step, words_of
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import User
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict
from mediabuyer.lib.queue import enqueue
from memory.events import record

SECONDS = 540
"""How long a cycle may take: large accounts need minutes. Less than the queue waits before it delivers again."""
SILENCE = timedelta(minutes=10)
"""A running cycle that has not moved for this long was killed; a new one may start."""


def run_cycle(cycle: Cycle) -> Cycle:
    """Runs the steps in order. A step that fails ends the cycle; what it wrote before stays and is picked up again."""
    _begin(cycle)  # before the account is taken: it reads the row again, and the steps would then hold two accounts
    account, now = cycle.account, cycle.now
    try:
        with step(cycle, "observe") as note:
            pulled = observe.pull(account, now, note)
        with step(cycle, "evaluate") as note:
            observation = evaluate.evaluate(cycle, pulled, note)
        with step(cycle, "recall") as note:
            remembered = recall.recall_for(account, observation, note)
        with step(cycle, "plan") as note:
            proposals = plan.plan(account, observation, note)
        with step(cycle, "guard") as note:
            guarded = guard.guard(account, proposals, observation, note)
        with step(cycle, "decide") as note:
            decisions = decide.decide(cycle, guarded, remembered, note)
        with step(cycle, "act") as note:
            execute.act(account, decisions, note)
        with step(cycle, "learn") as note:
            learn.learn(account, now, note)
    except Exception as error:
        _end(cycle, Cycle.State.FAILED, words_of(error))
        raise
    _end(cycle, Cycle.State.DONE)
    return cycle


def start_cycle(account: AdAccount, now: datetime, trigger: str, person: User | None = None) -> Cycle:
    """A queued cycle. Two never run beside each other on one account; one that went silent is given up first."""
    _give_up_silent(account)
    try:
        with transaction.atomic():
            return Cycle.objects.create(
                account=account, now=now, trigger=trigger, started_by=person, seed=_seed(account, now)
            )
    except IntegrityError as error:
        raise Conflict(
            "A cycle is already running on this account.",
            remedy="Watch it on the Agent page; a new one can start when it is done.",
        ) from error


def ring_cycle(cycle_id: int) -> None:
    """Wakes a worker for a queued cycle, with the time that a large account needs."""
    enqueue("mediabuyer.agent.tasks.run_cycle", cycle_id, seconds=SECONDS)


def _seed(account: AdAccount, now: datetime) -> int:
    """The same account on the same day draws the same numbers, so a decision can be replayed."""
    return (account.key.int ^ now.toordinal()) % 2**31


def _begin(cycle: Cycle) -> None:
    """Notes how far the account's figures are before it reads them: what arrives meanwhile may be seen in part, and
    then counts as not seen.
    """
    account = AdAccount.objects.filter(pk=OuterRef("account_id"))
    figures_at = Subquery(account.values(at=Coalesce("synced_at", "created_at")))
    with transaction.atomic():
        taken = Cycle.objects.filter(pk=cycle.pk, state=Cycle.State.QUEUED).update(
            state=Cycle.State.RUNNING, started_at=wall_now(), alive_at=wall_now(), figures_at=figures_at
        )
        if not taken:
            raise Conflict("This cycle was already started.", remedy="Watch it on the Agent page.")
        cycle.refresh_from_db()
        record(
            "cycle.started",
            "cycle",
            cycle.key,
            brand=cycle.account.brand,
            account=cycle.account.key,
            now=cycle.now,
            actor=named(cycle.started_by) if cycle.started_by else "agent",
        )


def _end(cycle: Cycle, state: str, error: str = "") -> None:
    """Once only: a run that was given up and comes back finds its cycle ended and leaves it so."""
    going = Cycle.objects.filter(pk=cycle.pk, state__in=Cycle.OPEN)
    with transaction.atomic():
        ended = going.update(state=state, error=error, finished_at=wall_now())
        cycle.refresh_from_db()
        if not ended:
            return
        AdAccount.objects.filter(pk=cycle.account_id).update(last_cycle_at=cycle.now)
        failed_at = cycle.step_set.filter(state="failed").values_list("name", flat=True).first() or "start"
        record(
            "cycle.failed" if state == Cycle.State.FAILED else "cycle.finished",
            "cycle",
            cycle.key,
            brand=cycle.account.brand,
            account=cycle.account.key,
            now=cycle.now,
            actor="agent",
            step=failed_at,
            reason=error,
            proposed=cycle.decision_set.count(),
        )


def _give_up_silent(account: AdAccount) -> None:
    silent = (
        Cycle.objects.filter(account=account, state__in=Cycle.OPEN)
        .exclude(alive_at__gt=wall_now() - SILENCE)
        .exclude(created_at__gt=wall_now() - SILENCE)
    )
    for cycle in silent:
        cycle.step_set.filter(state="running").update(state="failed", summary="Interrupted.", finished_at=wall_now())
        _end(cycle, Cycle.State.FAILED, "It was interrupted and never came back.")
