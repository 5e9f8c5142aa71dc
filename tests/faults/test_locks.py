"""The order in which rows and the journal are locked: nobody who presses the stop may lose to a deadlock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns.models import AdAccount, AdSet, Change
from campaigns.operations import settle
from memory.events import record
from tests.factories import AdSetFactory, CampaignFactory, ChangeFactory, OperationFactory

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
A_MOMENT = 0.5
"""Long enough for the other side to reach the lock that it has to wait for."""


def beside(first: Callable[[threading.Event], None], second: Callable[[], None]) -> list[BaseException]:
    """Runs `second` once `first` has set its event, and returns what went wrong on either side."""
    holds, wrong = threading.Event(), []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            wrong.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(lambda: first(holds),)),
        threading.Thread(target=run, args=(lambda: holds.wait(10) and second(),)),
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    return wrong


def hold_journal(account: Any, now: Any) -> None:
    record("account.goal_set", "account", account.key, brand=account.brand, now=now, actor="system")


def test_stop_does_not_lose_to_a_decision_that_begins(account, manager, now):
    def begins(holds: threading.Event) -> None:
        with transaction.atomic():
            hold_journal(account, now)
            holds.set()
            threading.Event().wait(A_MOMENT)
            OperationFactory.create(account=account)

    wrong = beside(begins, lambda: AdAccount.objects.get(pk=account.pk).stop(manager, "Enough.", now))
    assert wrong == []
    assert AdAccount.objects.get().is_stopped


def test_settling_and_reading_the_tree_do_not_wait_for_each_other(account, now):
    ad_set = AdSetFactory.create(campaign=CampaignFactory.create(account=account), external_id="130001")
    change = ChangeFactory.create(operation=OperationFactory.create(account=account), external_id="130001")

    def reads_the_tree(holds: threading.Event) -> None:
        with transaction.atomic():
            AdSet.objects.filter(pk=ad_set.pk).update(name="Renamed")
            holds.set()
            threading.Event().wait(A_MOMENT)
            hold_journal(account, now)

    wrong = beside(
        reads_the_tree, lambda: settle.done(Change.objects.get(pk=change.pk), "130001", {"daily_budget": "60"}, now)
    )
    assert wrong == []
    ad_set.refresh_from_db()
    assert (ad_set.name, ad_set.daily_budget) == ("Renamed", 60)
