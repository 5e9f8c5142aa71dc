"""Simulated days through the whole loop on the real sandbox; what must hold after every one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.urls import resolve, reverse

from campaigns.clock import now_for
from campaigns.models import META_EXPOSURE, AdAccount, Change
from mediabuyer.agent import answer, execute, undo
from mediabuyer.agent.cycle import run_cycle, start_cycle
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import budgets_of, committed
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict
from memory.events import verify_chain
from memory.models import Event
from portfolio.models import Goal
from tests.crawl import crawl
from tests.factories import AccountFactory
from tests.proofs import log_in
from tests.sandbox_process import SandboxInfo, running_sandbox

pytestmark = pytest.mark.django_db
CAP = Decimal(1500)
DAYS = 3


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxInfo]:
    with running_sandbox(history_days=28, ads=8) as info:
        yield info


@pytest.fixture
def account(brand, sandbox, manager) -> AdAccount:
    """Little rest between changes, so that three days hold several of them."""
    credentials = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
    account = AccountFactory.create(
        key=UUID(int=7),  # the draws follow from it
        brand=brand,
        external_id=sandbox.account_id,
        graph_url=sandbox.url,
        daily_cap=CAP,
        ad_set_cap=Decimal(400),
        approval_over=Decimal(1),
        cooldown_hours=20,
        synced_at=None,
        credentials=json.dumps(credentials),
    )
    Goal.put(
        account,
        manager,
        datetime.fromisoformat(sandbox.now),
        margin=Decimal("0.7"),
        target_cpa=None,
        target_roas=None,
        focus="",
    )
    return account


def answer_all(account, person, now) -> list[Decision]:
    """Yes to everything that the guardrails still allow, and no time to take it back."""
    said = []
    for decision in Decision.objects.filter(account=account).to_decide(now).select_related("account__brand"):
        try:
            answer.approve(decision, person, decision.content_hash, now, wall_now())
        except Conflict:
            continue
        said.append(decision)
    Decision.objects.filter(state="approved").update(execute_after=wall_now())
    return said


def check(account, sandbox, brand) -> None:
    budgets = budgets_of(AdAccount.objects.get(pk=account.pk))
    assert committed(budgets) * META_EXPOSURE <= CAP
    for budget in budgets:
        _, body = sandbox.graph(budget.external_id, fields="daily_budget,status")
        assert Decimal(body["daily_budget"]) / 100 == budget.daily_budget
    for decision in Decision.objects.filter(state__in=["executing", "done", "failed", "unknown", "undone"]):
        assert decision.approved_hash == decision.content_hash
        kinds = list(Event.objects.about("decision", decision.key).values_list("kind", flat=True))
        assert kinds.count("decision.approved") == kinds.count("decision.executing") == 1
    for change in Change.objects.exclude(state__in=["planned", "blocked", "cancelled"]):
        kinds = list(Event.objects.about("change", change.key).order_by("number").values_list("kind", flat=True))
        assert kinds[0] == "change.planned"
        assert kinds.count("change.sent") >= 1
        assert kinds[-1] == f"change.{change.state}"
    assert verify_chain(brand) is None


def test_days_of_decisions_keep_every_promise(account, sandbox, brand, person, client):
    manager, carried = person("manager"), []
    for _ in range(DAYS):
        now = now_for(account)
        run_cycle(start_cycle(account, now, "schedule"))
        carried += answer_all(account, manager, now)
        execute.carry_out(account=account)
        check(account, sandbox, brand)
        assert execute.carry_out(account=account) == 0  # a sweep again finds nothing
        sandbox.control("clock", {"advance_hours": 24})
    assert carried
    assert {Decision.objects.get(pk=one.pk).state for one in carried} <= {"done", "blocked"}
    last = next(one for one in Decision.objects.order_by("-pk") if undo.can_undo(one)[0])
    before = {change["external_id"]: change["before"] for change in last.changes}
    undo.undo(last, manager, now_for(account), wall_now())
    execute.carry_out(account=account)
    assert Decision.objects.get(pk=last.pk).state == "undone"
    for external_id, values in before.items():
        field = "daily_budget" if "daily_budget" in values else "status"
        _, body = sandbox.graph(external_id, fields=field)
        told = body[field] if field == "status" else str(Decimal(body[field]) / 100)
        assert Decimal(told) == Decimal(values[field]) if field == "daily_budget" else told == values[field]
    check(account, sandbox, brand)
    opened = crawl(log_in(client, manager), reverse("today", args=[account.key]))
    assert {address: status for address, status in opened.items() if status not in (200, 302)} == {}
    assert {"cycle", "decision", "ad", "portfolio"} <= {resolve(urlsplit(one).path).url_name for one in opened}
