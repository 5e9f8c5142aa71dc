"""The agent's pages, Status and the admin in a real browser, under the policy that they are served with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.models import Cycle, Step
from mediabuyer.agent.plan import rank
from mediabuyer.agent.snapshots import as_json
from mediabuyer.agent.steps import NAMES
from mediabuyer.brands.models import User
from mediabuyer.lib.clock import wall_now
from memory.events import record
from tests.agent.worlds import make_ad, make_budget, make_observation
from tests.browser.conftest import AXE_RULES, COLOUR_RULES, Look, requests_within, run_axe, settle, without_scripts
from tests.factories import NOW, CycleFactory, DecisionFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STOCK_ADMIN = ["empty-table-header"]
"""What axe holds against Django's own templates, and we leave as it is."""


@pytest.fixture
def cycle(account: Any) -> Cycle:
    """A finished cycle with everything that its page can show."""
    losing = make_ad("ad2", name="A" * 90, payout_per_spend=0.3, low=0.2, high=0.4, p_profit=0.0, p_bar=0.0)
    draws = tuple(0.8 + step / 100 for step in range(64))
    budget = make_budget(payout_per_spend=1.1, low=0.85, high=1.4, draws=draws)
    world = make_observation(account_key=str(account.key), ads=(make_ad(), losing), budgets=(budget,))
    found = rank(proposal for action in ACTIONS for proposal in action.propose(world))
    started = wall_now()
    cycle = CycleFactory.create(
        account=account, observation=as_json(world), started_at=started, finished_at=started + timedelta(seconds=9)
    )
    figures = {"candidates": [{"title": one.title, "score": one.score, "kept": not at} for at, one in enumerate(found)]}
    for order, name in enumerate(NAMES):
        Step.objects.create(
            cycle=cycle, order=order, name=name, state="done", summary=f"It did {name}.", started_at=started,
            finished_at=started + timedelta(seconds=1 + order), figures=figures if name == "plan" else {},
        )  # fmt: skip
    decision = DecisionFactory.create(account=account, cycle=cycle)
    with transaction.atomic():
        record("decision.approved", "decision", decision.key, brand=account.brand, account=account.key, now=NOW,
               actor="person:ana@example.com", what=decision.title)  # fmt: skip
    return cycle


def test_agent_pages_have_no_violation(check_pages: Callable[..., None], cycle: Cycle, manager: User) -> None:
    def open_all(page: Page) -> None:
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")

    check_pages(
        manager,
        reverse("agent", args=[cycle.account.key]),
        reverse("agent-journal", args=[cycle.account.key]),
        Look(reverse("cycle", args=[cycle.account.key, cycle.key]), act=open_all),
        reverse("status"),
    )


def test_failed_cycle_has_no_violation(check_pages: Callable[..., None], cycle: Cycle, manager: User) -> None:
    Cycle.objects.update(state="failed", error="Meta does not answer.")
    Step.objects.filter(name="observe").update(state="failed")
    check_pages(manager, reverse("cycle", args=[cycle.account.key, cycle.key]))


def test_empty_pages_have_no_violation(check_pages: Callable[..., None], account: Any, manager: User) -> None:
    check_pages(manager, reverse("agent", args=[account.key]))


def test_timeline_follows_the_cycle_and_then_rests(open_page: Callable[..., Page], account: Any, manager: User) -> None:
    now = wall_now()
    cycle = CycleFactory.create(account=account, state="running", started_at=now, alive_at=now)
    step = Step.objects.create(cycle=cycle, order=0, name="observe", started_at=now, waits_for="Meta: insights")
    page = open_page(manager, clock=True)
    page.goto(reverse("cycle", args=[account.key, cycle.key]))
    expect(page.get_by_text("Waits for Meta: insights.")).to_be_visible()
    Step.objects.filter(pk=step.pk).update(state="done", summary="Read 7 rows.", waits_for="", finished_at=wall_now())
    page.clock.run_for(2000)
    expect(page.get_by_text("Read 7 rows.")).to_be_visible()
    Cycle.objects.filter(pk=cycle.pk).update(state="done", finished_at=wall_now())
    page.clock.run_for(2000)
    expect(page.get_by_role("status").get_by_text("Done")).to_be_visible()
    assert requests_within(page, 10_000) == []
    assert page.errors == []  # type: ignore[attr-defined]


def test_cycle_page_works_without_script(open_page: Callable[..., Page], cycle: Cycle, manager: User) -> None:
    page = open_page(manager)
    with without_scripts(page):
        Cycle.objects.filter(pk=cycle.pk).update(state="running")
        page.goto(reverse("cycle", args=[cycle.account.key, cycle.key]))
        Cycle.objects.filter(pk=cycle.pk).update(state="done")
        page.get_by_role("link", name="Look again").click()
        expect(page.get_by_text("The same comes out again")).to_be_visible()


def test_admin_holds_the_policy(open_page: Callable[..., Page], cycle: Cycle, manager: User) -> None:
    """Errors are read before axe runs, which itself tries styles that the policy forbids."""
    User.objects.filter(pk=manager.pk).update(is_staff=True, is_superuser=True)
    decision = cycle.decision_set.get()
    page = open_page(manager)
    problems = []
    for url in (
        reverse("admin:index"),
        reverse("admin:agent_decision_changelist"),
        reverse("admin:agent_decision_change", args=[decision.pk]),
        reverse("admin:campaigns_adaccount_changelist"),
        reverse("admin:brands_user_change", args=[manager.pk]),
        reverse("admin:brands_member_changelist"),
    ):
        page.emulate_media(color_scheme="dark")
        page.goto(url)
        settle(page)
        page.emulate_media(color_scheme="light")
        settle(page)
        problems += [f"{url}: {text}" for text in page.errors]  # type: ignore[attr-defined]
        for scheme, rules in (("light", AXE_RULES), ("dark", COLOUR_RULES)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            settle(page)
            found = [(rule, html) for rule, html in run_axe(page, rules) if rule not in STOCK_ADMIN]
            problems += [f"{url}, {scheme}: {rule} {html}" for rule, html in found]
        page.errors.clear()  # type: ignore[attr-defined]
    assert not problems, "\n".join(problems)
