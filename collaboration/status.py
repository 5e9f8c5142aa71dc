"""How everything is doing: dependencies, queues, the last reads, the journal. Asks our own tables and files only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django_q.models import OrmQ

from campaigns.clock import known_now
from campaigns.models import AdAccount, Change, ImportFile, SyncRun
from collaboration import health
from collaboration.health import Part
from mediabuyer.agent.models import Cycle, Decision
from mediabuyer.agent.observe import committed_now
from mediabuyer.agent.unsettled import Standing, needing_somebody, standing_of
from mediabuyer.brands.models import Brand
from mediabuyer.brands.permissions import Right, may
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.servers.state import read_state
from memory.models import Event
from memory.status import graph_status


@dataclass(frozen=True)
class Queue:
    """Something that waits: how many, since when, and what it means."""

    name: str
    count: int
    since: datetime | None
    text: str


def accounts_of(user: Any, machine_now: datetime) -> list[dict[str, Any]]:
    """Each account of the person with its own lines; what all share is told once."""
    rows = AdAccount.objects.visible_to(user).select_related("brand")
    return [
        {
            "account": one,
            "parts": account_parts(one),
            "runs": _runs(one, machine_now),
            "unsettled": unsettled_of(one),
            "may_run": may(user, Right.RUN_CYCLE, one.brand),
        }
        for one in rows
    ]


def unsettled_of(account: AdAccount) -> list[tuple[Any, Standing]]:
    """Changes that nobody settles unless a person says how they ended, with the decision that each belongs to."""
    clock = database_now()
    return [(one.operation.decision_key, standing_of(one, clock)) for one in needing_somebody(account)]


def account_parts(account: AdAccount) -> list[Part]:
    parts = [health.platform(account, known_now(account))]
    if account.is_read_only:
        return parts
    capped = health.cap(account, committed_now(account))
    return [*parts, health.ledger(account), *([capped] if capped else [])]


def shared_parts(machine_now: datetime) -> list[Part]:
    return [health.database(), health.queue(machine_now), health.graph(machine_now)]


def _runs(account: AdAccount, machine_now: datetime) -> list[dict[str, Any]]:
    """The newest run of each kind, with how far it is."""
    newest = SyncRun.objects.filter(account=account).order_by("kind", "-id").distinct("kind")
    return [
        {
            "run": run,
            "parts": len(run.parts_done),
            "seconds": ((run.finished_at or machine_now) - run.started_at).total_seconds(),
        }
        for run in newest
    ]


def queues_of(user: Any, machine_now: datetime) -> list[Queue]:
    accounts = AdAccount.objects.visible_to(user)
    brands = Brand.objects.visible_to(user)
    changes = Change.objects.filter(account__in=accounts).open().aggregate(count=Count("pk"), since=Min("created_at"))
    waiting, waited_for = _waiting(accounts)
    cycles = _summary(Cycle.objects.filter(account__in=accounts, state__in=Cycle.OPEN))
    files = _summary(ImportFile.objects.filter(brand__in=brands, state=ImportFile.State.RUNNING))
    graph = graph_status(machine_now)
    oldest = datetime.fromtimestamp(machine_now.timestamp() - graph.lag_seconds, tz=machine_now.tzinfo)
    return [
        Queue("Decisions", waiting, machine_now - waited_for if waiting else None, "wait for a person"),
        Queue("Changes", changes["count"], changes["since"], "to be sent, or their answer is awaited"),
        Queue("Cycles", *cycles, "queued or running"),
        Queue("Imports", *files, "being imported"),
        Queue("Queue", OrmQ.objects.count(), None, "messages not fetched by a worker yet"),
        Queue("Graph outbox", graph.waiting, oldest if graph.waiting else None, "changes the graph has yet to hear"),
        Queue("Graph, set aside", graph.set_aside, None, "changes it could not take; somebody should look"),
    ]


def _waiting(accounts: Iterable[AdAccount]) -> tuple[int, timedelta]:
    """Decisions that wait for an answer, and how long the oldest has, each by the clock of its account."""
    count, longest = 0, timedelta()
    for account in accounts:
        now = known_now(account)
        found = Decision.objects.filter(account=account).to_decide(now).aggregate(n=Count("pk"), at=Min("proposed_at"))
        count += found["n"]
        longest = max(longest, now - found["at"]) if found["at"] else longest
    return count, longest


def _summary(rows: Any) -> tuple[int, datetime | None]:
    found = rows.aggregate(count=Count("pk"), since=Min("created_at"))
    return found["count"], found["since"]


def journals_of(user: Any) -> list[dict[str, Any]]:
    """Lines of each brand's chain, when all chains were checked last, and the first damaged line if there is one."""
    checked = read_state(settings.JOURNAL_FILE)
    when = datetime.fromisoformat(checked["checked_at"]) if "checked_at" in checked else None
    damaged = checked.get("damaged", {})
    lines = dict(Event.objects.order_by().values_list("brand").annotate(Max("number")))
    return [
        {
            "brand": brand,
            "lines": lines.get(brand.pk, 0),
            "checked_at": when if when and when >= brand.created_at else None,
            "damaged_at": damaged.get(str(brand.key)),
        }
        for brand in Brand.objects.visible_to(user)
    ]


def is_up() -> bool:
    """Whether pages can be served at all: one question to the database."""
    return health.database().tone == "good"


def figures(machine_now: datetime) -> dict[str, dict[str, float]]:
    """For collectors of metrics: name → label → number, over all brands and without any name of theirs."""
    graph = graph_status(machine_now)
    beat = settings.HEARTBEAT_FILE.stat().st_mtime if settings.HEARTBEAT_FILE.exists() else 0.0
    decisions = Decision.objects.order_by().values_list("state").annotate(Count("pk"))
    changes = Change.objects.order_by().values_list("state").annotate(Count("pk"))
    cycles = Cycle.objects.order_by().values_list("state").annotate(Count("pk"))
    accounts = AdAccount.objects.aggregate(all=Count("pk"), stopped=Count("pk", filter=Q(is_stopped=True)))
    return {
        "decisions": dict(decisions),
        "changes": dict(changes),
        "cycles": dict(cycles),
        "accounts": accounts,
        "queue": {"waiting": OrmQ.objects.count(), "heartbeat_age_seconds": machine_now.timestamp() - beat},
        "graph": {
            "ready": float(graph.state == "ready"),
            "waiting": graph.waiting,
            "lag_seconds": graph.lag_seconds,
            "set_aside": graph.set_aside,
        },
    }
