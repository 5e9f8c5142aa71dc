"""A platform on which every ad set runs at 50 a day, and one way to plan and to try."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from campaigns.models import Change, Operation
from campaigns.operations import ledger
from campaigns.operations.attempt import attempt
from tests.campaigns.operations.fake_platform import FakePlatform


@pytest.fixture(autouse=True)
def windows(settings: Any) -> None:
    settings.SETTLE_SECONDS, settings.LEASE_SECONDS = 60, 20


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform(
        objects={
            str(key): {
                "name": f"Ad set {key}",
                "status": "ACTIVE",
                "effective_status": "ACTIVE",
                "daily_budget": "50.00",
            }
            for key in range(130001, 130006)
        }
    )


@pytest.fixture
def plan(account: Any, now: Any) -> Callable[..., list[Change]]:
    def make(*wishes: ledger.Wish, **fields: Any) -> list[Change]:
        operation = Operation(**{"account": account, "workflow": "test", "actor": "agent", **fields})
        return ledger.plan(operation, wishes, now)

    return make


@pytest.fixture
def work(platform: FakePlatform, now: Any) -> Callable[..., Change | None]:
    """One worker, one claim, one try."""

    def one(guard: Callable[[Change], str | None] = lambda change: None) -> Change | None:
        change = ledger.claim()
        return attempt(change, platform, guard, now, random.Random(1)) if change else None  # type: ignore[arg-type]

    return one


@pytest.fixture
def work_all(platform: FakePlatform, work: Any) -> Callable[[], None]:
    """Until everything is settled, with time going by whenever nothing is due."""

    def run() -> None:
        for _ in range(200):
            if not Change.objects.open().exists():
                return
            if work() is None:
                platform.pass_time(21)
        raise AssertionError("it never came to rest")

    return run
