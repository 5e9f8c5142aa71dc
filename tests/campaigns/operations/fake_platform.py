"""A platform at the adapter's edge that loses answers, is late, refuses and dies on command; and time that passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F

from campaigns.models import AdAccount, Change
from campaigns.operations import ledger
from campaigns.platforms.base import ChangeKind, Found, Level, PlatformChange, Receipt, mark
from mediabuyer.lib.errors import Fault, PlatformError


class Killed(BaseException):
    """The worker is gone; nothing after this line runs."""


def lost() -> PlatformError:
    return PlatformError(Fault.UNKNOWN, "No usable answer.")


@dataclass
class FakePlatform:
    """`script` says what the next writes meet; an empty script means that all goes well.

    Steps: "ok", "error" (refused without effect, ambiguous to the caller), "lost" (done, no answer), "late" (done
    after `late_seconds`), "killed before", "killed after", an exception to raise, or a callable run before sending.
    """

    script: list[Any] = field(default_factory=list)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    late_seconds: float = 1.0
    now: float = 0.0
    writes: int = 0
    due: list[tuple[float, Callable[[], Any]]] = field(default_factory=list)
    reads_fail_with: PlatformError | None = None
    clamp: Decimal | None = None
    afterwards: Callable[[], None] = lambda: None

    def read_state(self, level: Level, external_id: str) -> dict[str, Any]:
        if self.reads_fail_with:
            raise self.reads_fail_with
        if external_id not in self.objects:
            raise PlatformError(Fault.MISSING, "It does not exist.", code=100, subcode=33)
        return dict(self.objects[external_id])

    def find_by_marker(self, level: Level, marker: str) -> list[Found]:
        if self.reads_fail_with:
            raise self.reads_fail_with
        return [
            Found(key, level, one["name"], one["status"])
            for key, one in self.objects.items()
            if f"[mb:{marker}]" in one.get("name", "")
        ]

    def apply(self, change: PlatformChange, marker: str, before_send: Callable[[], None]) -> Receipt:
        step = self.script.pop(0) if self.script else "ok"
        if callable(step) and not isinstance(step, type):
            step()
            step = "ok"
        if step == "killed before":
            raise Killed
        before_send()
        self.writes += 1
        if isinstance(step, PlatformError):
            raise step
        return self._carry_out(change, marker, step)

    def _carry_out(self, change: PlatformChange, marker: str, step: str) -> Receipt:
        if step == "error":
            raise PlatformError(Fault.TRANSIENT, "Please try again.", code=2)
        if step == "late":
            self.due.append((self.now + self.late_seconds, lambda: self._do(change, marker)))
            raise lost()
        external_id = self._do(change, marker)
        self.afterwards()
        if step == "killed after":
            raise Killed
        if step == "lost":
            raise lost()
        return Receipt(external_id, {"success": True})

    def _do(self, change: PlatformChange, marker: str) -> str:
        if change.kind.creates:
            external_id = str(900000 + len(self.objects))
            name = mark(change.params["name"], marker)
            self.objects[external_id] = {**change.params, "name": name, "status": "PAUSED"}
            return external_id
        self.objects[change.external_id] |= change.params
        if self.clamp is not None and "daily_budget" in change.params:
            wanted = Decimal(change.params["daily_budget"])
            self.objects[change.external_id]["daily_budget"] = str(min(wanted, self.clamp))
        return change.external_id

    def marked(self) -> dict[str, int]:
        """How many objects carry each marker."""
        counts: dict[str, int] = {}
        for one in self.objects.values():
            if "[mb:" in one.get("name", ""):
                marker = one["name"].split("[mb:")[1][:-1]
                counts[marker] = counts.get(marker, 0) + 1
        return counts

    def pass_time(self, seconds: float) -> None:
        """Lets time go by for the platform and, since the database's clock cannot be turned, for our rows."""
        self.now += seconds
        ready = [act for at, act in self.due if at <= self.now]
        self.due = [(at, act) for at, act in self.due if at > self.now]
        for act in ready:
            act()
        gone = timedelta(seconds=seconds)
        times = ("sent_at", "not_before", "lease_until", "settled_at")
        Change.objects.update(**{name: F(name) - gone for name in times})
        AdAccount.objects.update(held_until=F("held_until") - gone)


def new_campaign(name: str = "Autumn", order: int = 0) -> ledger.Wish:
    return ledger.Wish(
        ChangeKind.CREATE_CAMPAIGN, Level.CAMPAIGN, params={"name": name, "objective": "OUTCOME_SALES"}, order=order
    )


def budget(external_id: str, before: str, after: str, exposure: int = 0) -> ledger.Wish:
    return ledger.Wish(
        ChangeKind.SET_BUDGET,
        Level.AD_SET,
        external_id,
        {"daily_budget": after},
        {"daily_budget": before},
        exposure=exposure,
    )  # type: ignore[arg-type]


def pause(external_id: str, order: int = 0) -> ledger.Wish:
    return ledger.Wish(
        ChangeKind.SET_STATUS, Level.AD_SET, external_id, {"status": "PAUSED"}, {"status": "ACTIVE"}, order=order
    )
