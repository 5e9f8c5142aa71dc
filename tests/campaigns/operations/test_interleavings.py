"""Any mixture of lost and late answers, killed and sleeping workers: everything ends once, and nothing twice."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Change, Operation
from campaigns.operations import ledger
from campaigns.operations.attempt import attempt
from campaigns.platforms.base import ChangeKind, Level
from memory.events import verify_chain
from memory.models import Event
from tests.campaigns.operations.fake_platform import FakePlatform, Killed, budget, new_campaign, pause
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE, SETTLE, LATE = 20, 60, 35  # a send at the end of its lease that lands late is still inside the window

MISHAPS = ("ok", "error", "lost", "late", "killed before", "killed after", "sleep", "overtaken")
SCRIPTS = st.lists(st.sampled_from(MISHAPS), min_size=4, max_size=16)
PAUSES = st.lists(st.sampled_from([1, 3, 8, 21]), min_size=3, max_size=8)
WISHES = st.lists(st.sampled_from(["campaign", "chain", "raise", "cut", "pause"]), min_size=2, max_size=4)


class World:
    """Two workers take turns; what happens to each write is drawn beforehand."""

    def __init__(self, script: list[str], pauses: list[int]) -> None:
        self.account = AccountFactory.create()
        self.platform = FakePlatform(
            late_seconds=LATE,
            objects={
                str(key): {"name": f"Ad set {key}", "status": "ACTIVE", "daily_budget": "50.00"}
                for key in range(130001, 130006)
            },
        )
        self.platform.script = [self._step(name) for name in script]
        self.pauses, self.turn, self.depth = pauses, 0, 0

    def _step(self, name: str) -> Any:
        return {"sleep": self._sleep, "overtaken": self._overtaken}.get(name, name)

    def _sleep(self) -> None:
        """Stopped past its lease while nobody else works."""
        self.platform.pass_time(LEASE + 1)

    def _overtaken(self) -> None:
        """Stopped past its lease while another worker takes over and has all the time it needs."""
        if self.depth == 0:
            self.depth += 1
            self.platform.pass_time(LEASE + 1)
            self.work()
            self.platform.pass_time(SETTLE)
            self.work()
            self.depth -= 1

    def work(self) -> bool:
        change = ledger.claim(self.account)
        if change is None:
            return False
        with suppress(Killed):
            attempt(change, self.platform, lambda _: None, NOW, Random(self.turn))  # type: ignore[arg-type]
        return True

    def run(self) -> None:
        for _ in range(400):
            self.turn += 1
            if self.work():
                continue
            if not Change.objects.filter(account=self.account).open().exists():
                self.platform.pass_time(10 * SETTLE)  # whatever is still on its way lands before anybody counts
                return
            self.platform.pass_time(self.pauses[self.turn % len(self.pauses)] + 1)
        raise AssertionError("it never came to rest")


def wishes_for(name: str, number: int) -> list[ledger.Wish]:
    target = str(130001 + number)
    return {
        "campaign": [new_campaign(f"New {number}")],
        "chain": [
            new_campaign(f"Chain {number}"),
            ledger.Wish(
                ChangeKind.CREATE_AD_SET, Level.AD_SET, params={"name": "Set", "campaign_id": {"from_step": 0}}, order=1
            ),
        ],
        "raise": [budget(target, "50", "60", exposure=17)],
        "cut": [budget(target, "50", "40", exposure=-17)],
        "pause": [pause(target)],
    }[name]


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=WISHES, script=SCRIPTS, pauses=PAUSES)
def test_every_change_ends_once_whatever_happens(
    settings: Any, names: list[str], script: list[str], pauses: list[int]
) -> None:
    settings.LEASE_SECONDS, settings.SETTLE_SECONDS = LEASE, SETTLE
    with transaction.atomic():
        world = World(script, pauses)
        for number, name in enumerate(names):
            operation = Operation(account=world.account, workflow=name, actor="agent")
            ledger.plan(operation, wishes_for(name, number), NOW)
        world.run()
        check(world)
        transaction.set_rollback(True)


def check(world: World) -> None:
    changes = list(Change.objects.filter(account=world.account))
    marked = world.platform.marked()
    assert all(count == 1 for count in marked.values()), "one marker, two objects"
    for change in changes:
        made = change.marker in marked
        if change.kind.startswith("create_"):
            assert made == (change.state == "done") or change.state == "unknown"
        elif change.state == "done":
            assert world.platform.objects[change.external_id].items() >= change.params.items()
        lines = list(Event.objects.about("change", change.key).values_list("kind", flat=True))
        assert lines.count("change.sent") == change.attempts
        assert lines.count(f"change.{change.state}") == 1
    assert verify_chain(world.account.brand) is None
