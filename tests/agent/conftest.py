"""One ad set at 50 a day with enough behind it to be raised, the platform it runs on, and a yes to change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import Change
from mediabuyer.agent import execute
from mediabuyer.lib import queue
from mediabuyer.lib.clock import wall_now
from tests.campaigns.operations.fake_platform import FakePlatform
from tests.factories import AdFactory, AdSetFactory, CampaignFactory, DecisionFactory, InsightFactory


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What sweeps have logged of rows that raised."""
    lines: list[str] = []
    monkeypatch.setattr(queue.logger, "exception", lambda text, *args: lines.append(text % args))
    return lines


@pytest.fixture
def ad_sets(account: Any) -> list[Any]:
    """Two ad sets with an ad each, both with 40 purchases for 800; the account may go up to 600 on its worst day."""
    campaign = CampaignFactory.create(account=account)
    rows = [AdSetFactory.create(campaign=campaign, external_id=key) for key in ("130001", "130002")]
    for row in rows:
        InsightFactory.create(
            ad=AdFactory.create(ad_set=row, creative=None),
            spend=Decimal(800),
            results=Decimal(40),
            day=date(2026, 11, 19),
        )
    return rows


@pytest.fixture
def fake(ad_sets: list[Any]) -> FakePlatform:
    return FakePlatform(
        objects={
            row.external_id: {
                "name": row.name,
                "status": "ACTIVE",
                "effective_status": "ACTIVE",
                "daily_budget": "50.00",
            }
            for row in ad_sets
        }
    )


@pytest.fixture
def approved(account: Any, person: Callable[[str], Any], now: Any) -> Callable[..., Any]:
    """A decision that a manager has approved and whose time to take it back is over."""

    def make(changes: list[dict[str, Any]], **fields: Any) -> Any:
        decision = DecisionFactory.create(
            account=account, subject_id=changes[0]["external_id"] if changes else "x", changes=changes, **fields
        )
        decision.approve(person("manager"), decision.content_hash, now, wall_now())
        type(decision).objects.filter(pk=decision.pk).update(execute_after=wall_now())
        return decision

    return make


@pytest.fixture
def carry_out(fake: FakePlatform) -> Callable[[], None]:
    def run() -> None:
        execute.begin_due(wall_now())
        execute.run_due(platform_for=lambda account: fake)  # type: ignore[arg-type,return-value]
        execute.settle_decisions()

    return run


@pytest.fixture
def let_time_pass(carry_out: Callable[[], None], fake: FakePlatform) -> Callable[[], None]:
    """A minute at a time until all has ended; then an hour, in which nothing begins again by itself."""

    def run() -> None:
        for _ in range(60):
            carry_out()
            fake.pass_time(61)
            if not Change.objects.open().exists():
                break
        fake.pass_time(3600)
        carry_out()

    return run
