"""The inbox by keyboard, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from campaigns.models import AdAccount, InsightDay
from mediabuyer.agent.models import Decision, Finding
from mediabuyer.agent.snapshots import as_json
from mediabuyer.brands.models import User
from tests.agent.worlds import make_budget, make_observation
from tests.browser.conftest import find_problems, intercept, requests_within, settle
from tests.factories import (
    NOW,
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    CycleFactory,
    DecisionFactory,
    InsightFactory,
    budget_change,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TITLES = "Atlas Bruno Cleo Dora Emil Frida Gusto Hanna Ivo Juno".split()  # noqa: SIM905


@pytest.fixture
def ten(account: AdAccount) -> list[Decision]:
    """Ten raises that may be approved, the first to lapse first; each with a chart, checks and a precedent."""
    AdAccount.objects.update(daily_cap=Decimal(20_000))
    account.refresh_from_db()
    campaign = CampaignFactory.create(account=account)
    return [_raise(campaign, place, name) for place, name in enumerate(TITLES)]


def _raise(campaign: Any, place: int, name: str) -> Decision:
    ad_set = AdSetFactory.create(campaign=campaign, name=name)
    ad = AdFactory.create(ad_set=ad_set, creative=None)
    InsightDay.objects.bulk_create(
        InsightFactory.build(
            ad=ad, day=NOW.date() - timedelta(days=back), spend=Decimal(40 + back), results=Decimal(2 + back % 3)
        )
        for back in range(1, 30)
    )
    cycle = CycleFactory.create(
        account=campaign.account, observation=as_json(make_observation(budgets=(make_budget(ad_set.external_id),)))
    )
    decision = DecisionFactory.create(
        account=campaign.account,
        cycle=cycle,
        subject_id=ad_set.external_id,
        title=f"Raise “{name}” from €50 to €55 a day",
        changes=[budget_change(ad_set.external_id, "50", "55")],
        expires_at=NOW + timedelta(hours=10 + place),
        evidence={"ad": ad.external_id},
        waiting_cost=Decimal("5.84"),
        way_back="Set it back to €50, one click.",
        precedents=[{"key": "k", "text": "It worked.", "outcome": "good", "on": "2026-10-01"}],
    )
    for severity in ("pass", "approve"):
        Finding.objects.create(decision=decision, guardrail=severity, severity=severity, message=f"It is {severity}.")
    return decision


@pytest.fixture
def inbox(open_page: Callable[..., Page], account: AdAccount, manager: User) -> Callable[..., Page]:
    def go(query: str = "", **options: Any) -> Page:
        page = open_page(manager, **options)
        page.goto(reverse("inbox", args=[account.key]) + query)
        settle(page)  # keys are heard, and letters have their width
        return page

    return go


def shown(page: Page, name: str) -> None:
    """The card of this decision is open and its item has the focus."""
    expect(page.locator("#h-dec")).to_contain_text(f"“{name}”")
    expect(page.locator("[data-item]:focus")).to_contain_text(f"“{name}”")


def state_of(decision: Decision) -> str:
    return Decision.objects.get(pk=decision.pk).state


def test_ten_are_decided_by_keys_within_a_minute(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page, started = inbox(), time.monotonic()
    for place, name in enumerate(TITLES):
        expect(page.locator("#h-dec")).to_contain_text(f"“{name}”")
        if place:
            shown(page, name)
        if place % 5 == 3:
            page.keyboard.press("r")
            expect(page.get_by_role("dialog", name="Why not?")).to_be_visible()
            expect(page.get_by_role("radio").first).to_be_focused()
            page.keyboard.press("Space")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
        elif place % 5 == 4:
            page.keyboard.press("d")
            expect(page.get_by_role("button", name="4 hours")).to_be_focused()
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("a")
    expect(page.get_by_text("All decided")).to_be_visible()
    assert time.monotonic() - started < 60
    states = list(Decision.objects.order_by("expires_at").values_list("state", flat=True))
    assert states == ["approved", "approved", "approved", "rejected", "awaiting"] * 2
    assert Decision.objects.filter(reason_code="wrong_figures").count() == 2
    assert Decision.objects.exclude(deferred_until=None).count() == 2
    assert page.errors == []  # type: ignore[attr-defined]


def test_j_and_k_move_and_open(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    for key, name in (("j", "Bruno"), ("j", "Cleo"), ("k", "Bruno"), ("k", "Atlas"), ("k", "Atlas")):
        page.keyboard.press(key)
        shown(page, name)
    expect(page.locator(".page-head")).to_contain_text("Decision 1 of 10.")
    assert page.errors == []  # type: ignore[attr-defined]
    for key in "jjjkk":  # faster than answers come
        page.keyboard.press(key)
    shown(page, "Bruno")
    page.keyboard.press("a")
    shown(page, "Cleo")  # the one below
    assert [state_of(one) for one in ten[:3]] == ["awaiting", "approved", "awaiting"]


@pytest.fixture
def slow(inbox: Callable[..., Page]) -> Page:
    """The inbox where cards come half a second after they were asked for."""
    page = inbox()

    def late(route: Route) -> None:
        if route.request.headers.get("hx-request"):
            time.sleep(0.5)
        route.continue_()

    intercept(page, "**/inbox/**", late)
    return page


def test_keys_pressed_while_the_card_loads_are_for_that_card(ten: list[Decision], slow: Page) -> None:
    slow.keyboard.press("j")
    slow.keyboard.press("a")
    expect(slow.locator(".toast")).to_contain_text("Approved: Raise “Bruno”")
    assert [state_of(one) for one in ten[:3]] == ["awaiting", "approved", "awaiting"]
    slow.wait_for_load_state()  # the next page is there before its script is
    slow.keyboard.press("j")
    slow.keyboard.press("r")
    expect(slow.get_by_role("dialog", name="Why not?")).to_be_visible()
    expect(slow.locator("#h-dec")).to_contain_text("“Dora”")


def test_key_is_dropped_where_the_card_does_not_come(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    held: list[Route] = []
    intercept(page, f"**/inbox/{ten[1].key}/**", lambda route: held.append(route))
    page.keyboard.press("j")
    page.keyboard.press("a")
    while not held:
        page.wait_for_timeout(20)
    held[0].abort()
    expect(page.get_by_role("alert")).to_contain_text("No answer from the server")
    shown(page, "Atlas")
    expect(page.locator("[data-item][aria-current]")).to_contain_text("“Atlas”")
    assert {state_of(one) for one in ten} == {"awaiting"}


def test_toast_counts_down_and_u_takes_it_back(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.press("a")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Approved: Raise “Atlas”")
    expect(toast.locator(".left")).to_have_text("8 s", timeout=6000)
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_contain_text("Taken back before anything was sent.")
    assert state_of(ten[0]) == "awaiting"
    expect(page.locator("#h-dec")).to_contain_text("“Atlas”")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 664)])
def test_toast_leaves_heading_and_answers_in_sight(
    inbox: Callable[..., Page], ten: list[Decision], width: int, height: int
) -> None:
    page = inbox(width=width)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(reverse("decision", args=[ten[0].account.key, ten[0].key]))
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text("Approved: Raise “Atlas”")
    toast = page.locator(".toast").bounding_box()
    assert toast
    for part in ("h1", "#h-dec", ".actionbar"):
        box = page.locator(part).bounding_box()
        assert box
        assert box["y"] + box["height"] <= toast["y"] or box["y"] >= toast["y"] + toast["height"], part


def test_u_takes_a_slip_back_and_else_says_why_not(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.press("u")
    expect(page.get_by_role("alert")).to_contain_text("Nobody has approved it yet.")
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").first).to_contain_text("Rejected: Raise “Atlas”")
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_contain_text("Taken back; it waits again.")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    shown(page, "Bruno")
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_contain_text("Back in the inbox: Raise “Atlas”")
    assert {(state_of(one), one.deferred_until) for one in Decision.objects.all()} == {("awaiting", None)}


@pytest.mark.parametrize("role", ["reviewer", "team", "viewer"])
def test_key_says_why_somebody_may_not_answer(
    open_page: Callable[..., Page], person: Callable[[str], User], ten: list[Decision], role: str
) -> None:
    page = open_page(person(role))
    page.goto(reverse("inbox", args=[ten[0].account.key]))
    for count, key in enumerate("aerdu", 1):
        page.keyboard.press(key)
        expect(page.locator(".toast")).to_have_count(count)
        expect(page.locator(".toast").last).to_contain_text("A manager or owner answers this.")
    assert {state_of(one) for one in ten} == {"awaiting"}


def test_key_says_that_nobody_answers_what_a_file_says(
    open_page: Callable[..., Page], manager: User, ten: list[Decision]
) -> None:
    AdAccount.objects.update(mode="shadow")
    Decision.objects.update(state="proposed", expires_at="2100-01-01T00:00Z")
    page = open_page(manager)
    page.goto(reverse("inbox", args=[ten[0].account.key]))
    page.keyboard.press("r")
    expect(page.locator(".toast")).to_contain_text("Nobody has to answer this: it was worked out from a file.")


def test_what_was_approved_turns_to_done_by_itself(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox(clock=True)
    page.keyboard.press("a")
    just = page.get_by_role("region", name="Just decided")
    expect(just).to_contain_text("Approved")
    Decision.objects.filter(state="approved").update(state="done")
    page.clock.run_for(2000)
    expect(just).to_contain_text("Done")
    assert requests_within(page, 10_000) == []

    Decision.objects.filter(pk=ten[1].pk).update(state="executing")
    page.goto(reverse("decision", args=[ten[1].account.key, ten[1].key]) + "?view=decided")
    expect(page.locator("#decision .badge").first).to_have_text("Executing")
    Decision.objects.filter(pk=ten[1].pk).update(state="done")
    page.clock.run_for(2000)
    expect(page.locator("#decision .badge").first).to_have_text("Done")
    expect(page.locator(f"#state-{ten[1].key}")).to_contain_text("Done · ")
    assert page.errors == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [1280, 390])
def test_dialogs_leave_what_is_decided_in_sight(inbox: Callable[..., Page], ten: list[Decision], width: int) -> None:
    page = inbox(width=width)
    if width < 700:
        page.get_by_role("link", name="Raise “Atlas”").click()
        expect(page.locator("#h-dec")).to_be_visible()
    dialogs = [("e", "Other amounts"), ("r", "Why not?"), ("d", "Put it off for"), (".", "Stop all raises")]
    for key, name in dialogs if width > 700 else dialogs[:3]:
        page.keyboard.press(key)
        dialog = page.get_by_role("dialog", name=name)
        expect(dialog).to_be_visible()
        box, title = dialog.bounding_box(), page.locator("#h-dec").bounding_box()
        assert box
        assert title
        assert box["y"] >= title["y"] + title["height"]
        assert box["y"] + box["height"] <= 900
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_held_key_answers_once(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.down("a")
    shown(page, "Bruno")
    for _ in range(5):
        page.keyboard.down("a")  # the keyboard repeats while the key is held
    page.keyboard.up("a")
    page.keyboard.press("j")
    shown(page, "Cleo")
    assert Decision.objects.filter(state="approved").count() == 1


def test_keys_are_off_under_help_and_while_typing(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("approve the selected")
    page.keyboard.press("a")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("arduxA")
    assert page.locator("#q").input_value() == "arduxA"
    page.locator("#h-dec").click()
    page.keyboard.press("r")
    page.locator("#words").fill("")
    page.keyboard.type("a d u")
    assert page.locator("#words").input_value() == "a d u"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Why not?")).to_be_hidden()
    assert Decision.objects.filter(state="awaiting", deferred_until=None).count() == 10


def test_e_changes_the_amount(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.press("e")
    field = page.get_by_label("Broad, a day")
    expect(field).to_be_focused()
    page.keyboard.type("90")  # in place of what stood there
    expect(field).to_have_value("90")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("a budget moves by 20% at most")
    field.fill("53")
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("Version 2")
    assert Decision.objects.get(pk=ten[0].pk).changes[0]["params"] == {"daily_budget": "53.00"}


def test_x_selects_and_shift_a_approves_the_selected(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.press("x")
    for name in ("Bruno", "Cleo"):
        page.keyboard.press("j")
        shown(page, name)
    page.keyboard.press("x")
    expect(page.locator("[data-selected-count]")).to_have_text("2")
    page.keyboard.press("Shift+A")
    expect(page.get_by_role("heading", name="Approve 2 decisions?")).to_be_visible()
    settle(page)
    assert Decision.objects.filter(state="approved").count() == 0
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="2 of 2 approved")).to_be_visible()
    assert [state_of(one) for one in ten[:3]] == ["approved", "awaiting", "approved"]


def test_each_of_several_is_taken_back_where_its_result_stands(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox(clock=True)
    page.keyboard.press("x")
    page.keyboard.press("j")
    shown(page, "Bruno")
    page.keyboard.press("x")
    page.keyboard.press("Shift+A")
    page.get_by_role("button", name="Approve all").click()
    results = page.get_by_role("region", name="Results").get_by_role("listitem")
    results.nth(0).get_by_role("button", name="Undo").click()
    expect(results.nth(0)).to_contain_text("Awaiting approval")
    expect(page.locator(".toast")).to_contain_text("Taken back before anything was sent.")
    assert [state_of(one) for one in ten[:2]] == ["awaiting", "approved"]
    page.mouse.move(0, 0)
    page.clock.run_for(11_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)  # its ten seconds are over
    assert page.errors == []  # type: ignore[attr-defined]


def test_a_says_why_somebody_else_approves_it(inbox: Callable[..., Page], ten: list[Decision], manager: User) -> None:
    Decision.objects.filter(pk=ten[0].pk).update(cycle=None, requested_by=manager)
    page = inbox()
    page.keyboard.press("a")
    expect(page.get_by_role("alert")).to_contain_text("You asked for this, so somebody else approves it.")
    assert state_of(ten[0]) == "awaiting"


def test_a_says_that_the_stop_holds_it(
    inbox: Callable[..., Page], ten: list[Decision], account: AdAccount, person: Callable
) -> None:
    account.stop(person("owner"), "Out of stock", NOW)
    page = inbox()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_role("alert")).to_contain_text("The stop is pressed, and this or a part of it raises spending")
    assert state_of(ten[0]) == "awaiting"


def test_control_enter_sends_the_reason_with_its_note(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox()
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.locator("#words").fill("Sale week.")
    page.keyboard.press("Enter")  # a line more
    assert state_of(ten[0]) == "awaiting"
    page.keyboard.press("Control+Enter")
    shown(page, "Bruno")
    assert (state_of(ten[0]), Decision.objects.get(pk=ten[0].pk).note) == ("rejected", "Sale week.")


def test_stop_of_somebody_else_is_told_and_moves_nothing(
    inbox: Callable[..., Page], ten: list[Decision], account: AdAccount, person: Callable
) -> None:
    page, other, third = inbox(clock=True), person("manager"), person("owner")
    intercept(page, "**/settings/stop/live/**", lambda route: route.fulfill(status=503))
    page.clock.run_for(15_000)
    expect(page.locator(".toast")).to_have_count(0)  # it asks again in a moment
    page.unroute_all()
    before, button = page.locator("#decision").bounding_box(), page.locator("#stop-button")
    expect(button).to_be_enabled()
    account.stop(other, "Out of stock", NOW)
    page.clock.run_for(15_000)
    toast = page.locator(".toast")
    expect(toast).to_contain_text(f"{other} pressed the stop: nothing is raised")
    assert page.locator("#decision").bounding_box() == before
    expect(button).to_have_text("Stopped")
    expect(button).to_be_disabled()
    account.release(third, "Stock is back.", NOW)
    page.clock.run_for(60_000)
    expect(toast).to_have_count(2)  # both stay, and each is told once
    expect(button).to_be_enabled()
    toast.first.get_by_role("button", name="Close this message").click()
    expect(toast).to_contain_text(f"{third} released the stop")
    assert [error for error in page.errors if "503" not in error] == []  # type: ignore[attr-defined]


def test_conflict_is_shown_where_one_works(inbox: Callable[..., Page], ten: list[Decision], person: Callable) -> None:
    page = inbox()
    smaller = [budget_change(ten[0].subject_id, "50", "53")]
    ten[0].revise(person("owner"), ten[0].content_hash, NOW, changes=smaller, raises_exposure=False)
    page.keyboard.press("a")
    expect(page.get_by_role("alert")).to_contain_text("you saw €55.00, now it is €53.00")
    assert state_of(ten[0]) == "awaiting"


def test_inbox_has_no_violation(
    check_pages: Callable[..., None], ten: list[Decision], account: AdAccount, manager: User
) -> None:
    check_pages(manager, reverse("inbox", args=[account.key]))


def test_rejecting_has_no_violation_on_a_phone(inbox: Callable[..., Page], ten: list[Decision]) -> None:
    page = inbox(width=390, scheme="dark")
    page.get_by_role("link", name="Raise “Atlas”").click()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("dialog", name="Why not?")).to_be_visible()
    assert find_problems(page) == []


def test_empty_inbox_has_no_violation(inbox: Callable[..., Page]) -> None:
    page = inbox(width=390, scheme="dark")
    assert find_problems(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    settle(page)
    assert find_problems(page) == []
