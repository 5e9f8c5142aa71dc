"""A running sandbox per test module, and the account that is connected to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from campaigns.models import AdAccount
from campaigns.platforms.meta import MetaPlatform, connect
from tests.factories import AccountFactory
from tests.sandbox_process import SandboxInfo, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxInfo]:
    with running_sandbox() as info:
        yield info


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("sandbox").control("faults", {})


@pytest.fixture
def meta_account(brand: Any, sandbox: SandboxInfo) -> AdAccount:
    return AccountFactory.create(
        brand=brand, external_id=sandbox.account_id, graph_url=sandbox.url, currency="EUR", time_zone="Europe/Berlin",
        credentials=json.dumps({
            "access_token": sandbox.access_token, "app_id": sandbox.app_id, "app_secret": sandbox.app_secret,
            "page_id": sandbox.page_id,
        }),
    )  # fmt: skip


@pytest.fixture
def meta(meta_account: AdAccount) -> MetaPlatform:
    return connect(meta_account)


@pytest.fixture
def strike(sandbox: SandboxInfo) -> Callable[..., None]:
    """`strike(http_500=1.0)` sets the sandbox's faults for the rest of the test."""
    return lambda **knobs: sandbox.control("faults", knobs)
