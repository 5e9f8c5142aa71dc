"""The whole line as a media buyer walks it: log in, import, see, approve by keyboard, see it at Meta, take it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns import tasks
from campaigns.clock import now_for
from campaigns.models import AdAccount, ImportFile
from mediabuyer.agent import execute
from mediabuyer.agent.cycle import run_cycle, start_cycle
from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import User
from mediabuyer.lib.clock import wall_now
from memory.events import verify_chain
from memory.models import Event
from portfolio.models import Goal
from tests.browser.test_import import REPORT
from tests.factories import PASSWORD, AccountFactory
from tests.sandbox_process import SandboxInfo, running_sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxInfo]:
    with running_sandbox(history_days=40, ads=8) as info:
        yield info


@pytest.fixture
def connected(brand: Any, sandbox: SandboxInfo, manager: User) -> AdAccount:
    credentials = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
    account = AccountFactory.create(
        key=UUID(int=7),  # the draws follow from it
        brand=brand,
        name="DE shop",
        external_id=sandbox.account_id,
        graph_url=sandbox.url,
        daily_cap=Decimal(5000),
        ad_set_cap=Decimal(2000),
        approval_over=Decimal(1),
        synced_at=None,
        credentials=json.dumps(credentials),
    )
    Goal.put(
        account,
        manager,
        datetime.fromisoformat(sandbox.now),
        margin=Decimal("0.6"),
        target_cpa=None,
        target_roas=None,
        focus="",
    )
    return account


@pytest.fixture
def logged_in(open_page: Callable[..., Page], manager: User) -> Page:
    page = open_page()
    page.goto(reverse("account_login"))
    page.get_by_label("Email", exact=False).fill(manager.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".rail")).to_be_visible()
    return page


def carry_out(decision: Decision, account: AdAccount) -> None:
    """What a worker does once the seconds to take it back are over."""
    Decision.objects.filter(pk=decision.pk, state="approved").update(execute_after=wall_now())
    execute.carry_out(account=account)


def test_from_login_to_undo(
    logged_in: Page, connected: AdAccount, sandbox: SandboxInfo, brand: Any, tmp_path: Path, settings: LazySettings
) -> None:
    page, settings.MEDIA_ROOT = logged_in, tmp_path / "media"
    _import(page, tmp_path)

    run_cycle(start_cycle(connected, now_for(connected), "command"))
    waiting = Decision.objects.filter(account=connected, state="awaiting").order_by("expires_at", "pk")
    decision = waiting[0]
    assert decision.action == "scale_budget"
    [change] = decision.changes
    old, new = (Decimal(change[side]["daily_budget"]) for side in ("before", "params"))
    page.goto(reverse("today", args=[connected.key]))
    expect(page.get_by_role("heading", level=1)).to_contain_text("need")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.locator("#h-dec")).to_have_text(decision.title)
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text(f"Approved: {decision.title}")
    assert _budget(sandbox, change) == old

    carry_out(decision, connected)
    assert _budget(sandbox, change) == new
    page.goto(reverse("decision", args=[connected.key, decision.key]))
    expect(page.locator("#decision .badge").first).to_have_text("Done")
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_contain_text("I am setting it back")

    carry_out(decision, connected)
    assert _budget(sandbox, change) == old
    page.reload()
    expect(page.locator("#decision .badge").first).to_have_text("Taken back")
    page.get_by_text("History,").click()
    for words in ("proposed:", "approved:", "began to carry out:", "carried out:", "asked to take back:", "took back:"):
        expect(page.locator("#decision .checks").last).to_contain_text(words)
    told = list(Event.objects.filter(subject="change").order_by("number").values_list("kind", flat=True))
    assert told == ["change.planned", "change.sent", "change.done"] * 2
    assert verify_chain(brand) is None
    assert page.errors == []  # type: ignore[attr-defined]


def _import(page: Page, folder: Path) -> None:
    """A real export becomes a read-only account with its own page."""
    file = folder / "autumn.csv"
    file.write_text(REPORT)
    page.goto(reverse("import"))
    page.set_input_files("#files", file)
    page.wait_for_url("**/import/*-*/")
    page.get_by_label("Account", exact=True).fill("Autumn shop")
    page.get_by_label("Which currency is this in?").select_option("EUR")
    page.get_by_role("button", name="Import 84 rows").click()
    expect(page.get_by_text("You may close this page")).to_be_visible()
    tasks.import_file(ImportFile.objects.get().pk)
    expect(page.get_by_role("heading", name="Diagnosis of Autumn shop")).to_be_visible()
    assert AdAccount.objects.get(name="Autumn shop").is_read_only


def _budget(sandbox: SandboxInfo, change: dict[str, Any]) -> Decimal:
    """As the platform itself tells it, in whole units of money."""
    status, body = sandbox.graph(change["external_id"], fields="daily_budget")
    assert status == 200
    return Decimal(body["daily_budget"]) / 100
