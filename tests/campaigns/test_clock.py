"""An account's time: the sandbox's as it runs, its last known one where it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from campaigns.clock import known_now
from campaigns.models import AdAccount
from memory.models import Event
from tests.factories import NOW, AccountFactory
from tests.sandbox_process import SandboxInfo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_believed() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def test_silent_sandbox_stands_at_its_last_known_time() -> None:
    assert known_now(AccountFactory.create(clock_at=NOW)) == NOW


def test_stop_is_written_down_at_the_time_it_was_pressed(
    client: Any, meta_account: AdAccount, sandbox: SandboxInfo, person: Callable[[str], Any]
) -> None:
    AdAccount.objects.update(clock_at=NOW - timedelta(days=3))  # what was read last is long ago
    running = datetime.fromisoformat(sandbox.control("clock")["now"])
    client.force_login(person("manager"), "django.contrib.auth.backends.ModelBackend")
    client.post(reverse("settings-stop", args=[meta_account.key]), {"reason": "Out of stock"})
    meta_account.refresh_from_db()
    assert meta_account.stopped_at is not None
    assert abs(meta_account.stopped_at - running) < timedelta(minutes=1)
    assert Event.objects.get(kind="account.stopped").happened_at == meta_account.stopped_at
