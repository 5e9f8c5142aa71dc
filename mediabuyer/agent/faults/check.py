"""What must be true after a fault run, read from the sandbox's own truth and from our tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from campaigns.models import META_EXPOSURE, AdSet, Change
from campaigns.operations.words import describe, is_creation
from campaigns.platforms.base import marker_text
from mediabuyer.agent.faults.world import FaultWorld
from mediabuyer.agent.models import Decision
from mediabuyer.lib.money import from_minor
from memory.events import verify_chain
from memory.models import Event

LINES = {"done", "failed", "unknown", "blocked", "cancelled"}


@dataclass
class Verdict:
    changes: int = 0
    objects: int = 0
    duplicates: int = 0
    missing: int = 0
    over_cap: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.duplicates or self.missing or self.over_cap or self.violations)


def is_over_cap(world: FaultWorld, truth: dict[str, Any]) -> bool:
    """Whether all that runs at the platform could, on its worst day, spend more than the account's cap."""
    running = {one["id"] for one in truth["objects"] if one["status"] == "ACTIVE"}
    total = sum(
        (
            _money(one, world)
            for one in truth["objects"]
            if one["id"] in running and one["daily_budget"] and one.get("campaign_id") in (None, *running)
        ),
        Decimal(0),
    )
    return total * META_EXPOSURE > (world.account.daily_cap or 0)


def judge(world: FaultWorld, truth: dict[str, Any], over_cap: int) -> Verdict:
    changes = list(Change.objects.filter(account=world.account).select_related("operation"))
    verdict = Verdict(changes=len(changes), over_cap=over_cap)
    there = {one["id"]: one for one in truth["objects"]}
    for change in changes:
        if is_creation(change):
            _judge_creation(change, there, verdict)
        elif change.state == Change.State.DONE and not _is_as_wished(change, there, world):
            verdict.missing += 1
            verdict.violations.append(f"not as wished: {describe(change)}")
    verdict.violations += [*_open_ends(world, changes), *_journal(world, changes), *_tree(world, there)]
    return verdict


def _judge_creation(change: Change, there: dict[str, Any], verdict: Verdict) -> None:
    found = [one["id"] for one in there.values() if marker_text(change.marker) in one["name"]]
    verdict.objects += len(found)
    verdict.duplicates += max(len(found) - 1, 0)
    if not found and change.state not in (Change.State.BLOCKED, Change.State.CANCELLED) and not _was_refused(change):
        verdict.missing += 1
    if found and (change.state != Change.State.DONE or change.remote_id not in found):
        verdict.violations.append(f"{describe(change)} is {change.state} as {change.remote_id}, but {found} exist")
    if change.level != "creative" and any(there[key]["status"] != "PAUSED" for key in found):
        verdict.violations.append(f"created running: {describe(change)}")


def _is_as_wished(change: Change, there: dict[str, Any], world: FaultWorld) -> bool:
    one = there[change.external_id]
    if change.kind == "set_budget":
        return _money(one, world) == Decimal(change.params["daily_budget"])
    return bool(one["status"] == change.params["status"])


def _open_ends(world: FaultWorld, changes: list[Change]) -> Iterator[str]:
    yield from (f"not settled: {describe(one)} ({one.state})" for one in changes if one.state in Change.OPEN)
    yield from (
        f"{one.state}: {describe(one)}: {one.error.get('message')}"
        for one in changes
        if one.state in (Change.State.FAILED, Change.State.UNKNOWN) and not _was_refused(one)
    )
    refused = [one.operation.decision_key for one in changes if _was_refused(one) and one.operation.decision_key]
    ended = Decision.objects.filter(account=world.account).exclude(state__in=["done", "blocked"])
    for decision in ended.exclude(state="failed", key__in=refused):
        yield f"decision {decision.state}: {decision.title}"


def _was_refused(change: Change) -> bool:
    """Sent once without effect, and then held back by a guardrail: the right end, not a loss."""
    return change.state == Change.State.FAILED and "held_back" in change.error


def _journal(world: FaultWorld, changes: list[Change]) -> Iterator[str]:
    """A line before each send and one after, and a chain without a gap."""
    lines: dict[str, Counter[str]] = {}
    events = Event.objects.filter(brand=world.account.brand, subject="change")
    for key, kind in events.values_list("subject_key", "kind"):
        lines.setdefault(key, Counter())[kind.removeprefix("change.")] += 1
    for change in changes:
        told = lines.get(str(change.key), Counter())
        if told["sent"] != change.attempts or (change.state in LINES and told[change.state] != 1):
            yield f"journal of {describe(change)}: {dict(told)}, attempts {change.attempts}, {change.state}"
    if (broken := verify_chain(world.account.brand)) is not None:
        yield f"the journal is broken at line {broken}"


def _tree(world: FaultWorld, there: dict[str, Any]) -> Iterator[str]:
    """Caps are counted from our own rows, so these have to be right."""
    for row in AdSet.objects.filter(account=world.account, daily_budget__isnull=False):
        if _money(there[row.external_id], world) != row.daily_budget:
            yield f"our row of {row} says {row.daily_budget}, the platform {_money(there[row.external_id], world)}"


def _money(one: dict[str, Any], world: FaultWorld) -> Decimal:
    return from_minor(int(one["daily_budget"] or 0), world.account.currency)
