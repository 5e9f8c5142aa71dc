"""One token through a whole day: a cycle, a refused call, pages, files, errors, metrics, logs. It is shown nowhere."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns.connection import probe
from campaigns.models import AdAccount
from mediabuyer.agent.cycle import run_cycle, start_cycle
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import PlatformError
from mediabuyer.lib.logs import formatter
from mediabuyer.lib.queue import enqueue
from tests.api_client import client_of
from tests.factories import AccountFactory
from tests.proofs import log_in
from tests.sandbox_process import SandboxInfo, running_sandbox

pytestmark = pytest.mark.django_db
PAGES = ["today", "inbox", "agent", "agent-journal", "portfolio", "ads", "settings", "api-account", "api-cycles",
         "api-journal", "api-decisions"]  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxInfo]:
    with running_sandbox() as info:
        yield info


@pytest.fixture
def secrets(sandbox: SandboxInfo) -> list[str]:
    return [sandbox.access_token, sandbox.app_secret]


@pytest.fixture
def connected(brand: Any, sandbox: SandboxInfo) -> AdAccount:
    keys = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
    return AccountFactory.create(
        brand=brand, external_id=sandbox.account_id, graph_url=sandbox.url, synced_at=None, daily_cap=Decimal(5000),
        credentials=json.dumps(keys),
    )  # fmt: skip


@pytest.fixture
def logged(settings: LazySettings) -> Iterator[io.StringIO]:
    """All that would be written down at the finest level, as our own formatter writes it."""
    lines, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(formatter())
    levels = {one: one.level for one in (root, *map(logging.getLogger, settings.LOGGING["loggers"]))}
    root.addHandler(handler)
    for one in levels:
        one.setLevel(logging.DEBUG)
    yield lines
    for one, level in levels.items():
        one.setLevel(level)
    root.removeHandler(handler)


def everything_stored() -> str:
    """Every row of every table of ours and of the queue, as the database itself would print it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [str(row[0]) for row in cursor.fetchall()]
    return "\n".join(found)


def test_token_is_shown_nowhere(connected, secrets, sandbox, brand, manager, logged, settings,
                                django_capture_on_commit_callbacks) -> None:  # fmt: skip
    settings.METRICS_TOKEN = "for-the-collector"
    now = wall_now()
    with django_capture_on_commit_callbacks(execute=True):
        run_cycle(start_cycle(connected, now, "schedule"))
        enqueue("mediabuyer.agent.tasks.run_cycle", connected.pk)
    sandbox.control("faults", {"code": {"code": 190, "message": f"The token {secrets[0]} was refused"}})
    with pytest.raises(PlatformError) as refused:
        run_cycle(start_cycle(connected, now + timedelta(hours=4), "schedule"))
    probe(connected, now)
    sandbox.control("faults", {})
    shown = [str(refused.value), repr(refused.value), json.dumps(refused.value.as_dict()), repr(connected)]
    browser, program = log_in(Client(raise_request_exception=False), manager), client_of(manager, brand)
    for name in PAGES:
        answer = (program if name.startswith("api-") else browser).get(reverse(name, args=[connected.key]))
        assert answer.status_code == 200, name
        shown += [answer.content.decode(), str(answer.headers)]
    shown.append(
        b"".join(browser.get(reverse("ads", args=[connected.key]), {"format": "csv"}).streaming_content).decode()
    )
    shown.append(browser.get("/status/").content.decode())
    shown.append(Client().get("/metrics", headers={"Authorization": "Bearer for-the-collector"}).content.decode())
    shown += [everything_stored(), logged.getvalue()]
    assert "cycle" in shown[-2]
    assert shown[-1]
    for secret in secrets:
        assert [text[max(text.find(secret) - 200, 0) :][:400] for text in shown if secret in text] == []
