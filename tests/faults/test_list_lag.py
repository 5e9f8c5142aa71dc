"""What was just made is not to be seen yet: it is looked for all through the settle window, and never made again."""

from __future__ import annotations

import time
from typing import Any

import pytest

from campaigns.clock import now_for
from campaigns.models import AdAccount, AdSet, Change
from campaigns.platforms.base import marker_text
from mediabuyer.agent import execute
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.faults.workload import PAGE, approve
from mediabuyer.agent.faults.world import FaultWorld

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def windows(settings: Any) -> None:
    settings.SETTLE_SECONDS, settings.LEASE_SECONDS = 3, 2


def create(kind: str, level: str, **params: Any) -> PlannedChange:
    return PlannedChange(kind, level, "", params["name"], params)


def settle(world: FaultWorld, plan: list[PlannedChange]) -> list[Change]:
    AdAccount.objects.update(daily_cap=100_000)
    approve(world, plan, now_for(world.account))
    for _ in range(200):
        execute.carry_out(seconds=1)
        changes = list(Change.objects.order_by("order"))
        if changes and not any(one.state in Change.OPEN for one in changes):
            return changes
        time.sleep(0.1)
    raise AssertionError(f"never settled: {[(one.state, one.error) for one in changes]}")


def made(world: FaultWorld, change: Change) -> list[str]:
    return [one["id"] for one in world.control("truth")["objects"] if marker_text(change.marker) in one["name"]]


def test_lost_answer_and_lagging_list_make_one_object(fault_account):
    fault_account.control("faults", {"answer_lost_after_create": 1.0, "list_lag": 1.5})
    [change] = settle(fault_account, [create("create_campaign", "campaign", name="Autumn", objective="OUTCOME_SALES")])
    assert (change.state, change.attempts) == ("done", 1)
    assert change.lookups > 1
    assert made(fault_account, change) == [change.remote_id]


def test_parent_that_is_not_visible_yet_is_waited_for(fault_account):
    fault_account.control("faults", {"list_lag": {"seconds": 2, "by_id": True}})
    home = AdSet.objects.first().external_id
    creative = create("create_creative", "creative", name="C", headline="Fresh", body="Two days old.", link=PAGE)
    ad = create("create_ad", "ad", name="Ad", ad_set_id=home, creative_id={"from_step": 0})
    changes = settle(fault_account, [creative, ad])
    assert [(one.state, made(fault_account, one)) for one in changes] == [("done", [one.remote_id]) for one in changes]
