"""An account's time: the sandbox's as it runs, its last known one where it does not answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from campaigns.clock import is_silent, known_now
from campaigns.models import AdAccount
from campaigns.platforms.meta import CLOCK_SECONDS
from collaboration import health
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


def test_hanging_sandbox_holds_no_page_up_and_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes the call and never answers
        account = AccountFactory.create(graph_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", clock_at=NOW)
        began = time.monotonic()
        assert known_now(account) == NOW
        assert is_silent(account)  # not asked again so soon
        assert time.monotonic() - began < CLOCK_SECONDS + 2
        assert health.platform(account, NOW).text == "does not answer"


def test_silent_sandbox_goes_on_from_where_it_was_heard(meta_account: AdAccount) -> None:
    AdAccount.objects.update(clock_at=NOW - timedelta(days=3))
    heard = known_now(meta_account)
    cache.delete(f"clock-ahead:{meta_account.key}")
    meta_account.graph_url = "http://127.0.0.1:9"
    assert timedelta(0) <= known_now(meta_account) - heard < timedelta(seconds=10)
