"""One ad set at 50 a day with enough behind it to be raised, the platform it runs on, and a yes to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from campaigns.models import Change
from mediabuyer.agent import execute
from mediabuyer.agent.models import Decision
from mediabuyer.lib import queue
from mediabuyer.lib.clock import wall_now
from tests.campaigns.operations.fake_platform import FakePlatform
from tests.factories import (
    NOW,
    AccountFactory,
    AdFactory,
    AdSetFactory,
    BrandFactory,
    CampaignFactory,
    DecisionFactory,
    InsightFactory,
    MemberFactory,
    budget_change,
)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What sweeps have logged of rows that raised."""
    lines: list[str] = []
    monkeypatch.setattr(queue.logger, "exception", lambda text, *args: lines.append(text % args))
    return lines


@pytest.fixture
def ad_sets(account: Any) -> list[Any]:
    return make_ad_sets(account)


def make_ad_sets(account: Any) -> list[Any]:
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
    return platform_with(ad_sets)


def platform_with(ad_sets: list[Any]) -> FakePlatform:
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
    return lambda changes, **fields: make_approved(account, person("manager"), now, changes, **fields)


def make_approved(account: Any, manager: Any, now: Any, changes: list[dict[str, Any]], **fields: Any) -> Any:
    """A decision that a manager has approved and whose time to take it back is over."""
    decision = DecisionFactory.create(
        account=account, subject_id=changes[0]["external_id"] if changes else "x", changes=changes, **fields
    )
    decision.approve(manager, decision.content_hash, now, wall_now())
    Decision.objects.filter(pk=decision.pk).update(execute_after=wall_now())
    return decision


@pytest.fixture
def carry_out(fake: FakePlatform) -> Callable[[], None]:
    return lambda: sweep(fake)


def sweep(fake: FakePlatform) -> None:
    execute.begin_due(wall_now())
    execute.run_due(platform_for=lambda account: fake)  # type: ignore[arg-type,return-value]
    execute.settle_decisions()


@pytest.fixture
def let_time_pass(fake: FakePlatform) -> Callable[[], None]:
    return lambda: sweep_until_rest(fake)


def sweep_until_rest(fake: FakePlatform) -> None:
    """A minute at a time until all has ended; then an hour, in which nothing begins again by itself."""
    for _ in range(60):
        sweep(fake)
        fake.pass_time(61)
        if not Change.objects.open().exists():
            break
    fake.pass_time(3600)
    sweep(fake)


@dataclass(frozen=True)
class Unknown:
    """A raise from 50 to 60 that was sent as often as may be, and its change. The platform is a copy for each test."""

    decision: Decision
    change: Change
    platform: FakePlatform


@pytest.fixture(scope="module")
def sent_in_vain(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Any, FakePlatform]]:
    """Made once a module, around the transactions of its tests: six sweeps take longer than what is tested of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        account = AccountFactory.create(brand=BrandFactory.create(name="Norden Kaffee"))
        fake, manager = platform_with(make_ad_sets(account)), MemberFactory.create(brand=account.brand).user
        raise_ = make_approved(account, manager, NOW, [budget_change("130001", "50", "60")], title="Raise “Broad”")
        fake.script = ["error"] * Change.MAX_ATTEMPTS
        sweep_until_rest(fake)
        yield raise_.pk, fake
        transaction.set_rollback(True)


@pytest.fixture
def never_known(sent_in_vain: tuple[Any, FakePlatform], db: None) -> Unknown:
    key, platform = sent_in_vain
    decision = Decision.objects.select_related("account__brand").get(pk=key)
    assert decision.state == "unknown"
    change = Change.objects.select_related("operation", "account__brand").get(operation__decision_key=decision.key)
    return Unknown(decision, change, deepcopy(platform))
