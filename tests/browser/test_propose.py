"""From Ads to a proposal by keyboard, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns.models import Ad, AdAccount, AdSet, InsightDay
from mediabuyer.agent.models import Decision
from mediabuyer.agent.snapshots import as_json
from mediabuyer.brands.models import User
from tests.agent.worlds import make_ad, make_budget, make_observation
from tests.browser.conftest import Look, without_scripts
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


@pytest.fixture
def sets(account: AdAccount) -> list[AdSet]:
    """A campaign with three ad sets of two ads; the third is still learning."""
    campaign = CampaignFactory.create(account=account, name="Prospecting")
    rows = [AdSetFactory.create(campaign=campaign, name=name) for name in ("Broad", "Lookalike 1%", "Visitors")]
    AdSet.objects.filter(pk=rows[2].pk).update(learning_status="LEARNING", learning_conversions=12)
    for place, row in enumerate(rows):
        for name in ("Fresh beans", "Gift box"):
            ad = AdFactory.create(ad_set=row, creative=None, name=f"{name}, {row.name}")
            days = [(back, NOW.date() - timedelta(days=back)) for back in range(1, 15)]
            InsightDay.objects.bulk_create(
                InsightFactory.build(ad=ad, day=day, spend=Decimal(60 - 20 * place + back), results=Decimal(3))
                for back, day in days
            )
    CycleFactory.create(
        account=account,
        observation=as_json(
            make_observation(
                budgets=tuple(make_budget(row.external_id, name=row.name) for row in rows),
                ads=tuple(make_ad(ad.external_id, name=ad.name) for ad in Ad.objects.filter(account=account)),
            )
        ),
    )
    return rows


@pytest.fixture
def team(person: Callable[[str], Any]) -> User:
    user: User = person("team")
    return user


@pytest.fixture
def preview_url(account: AdAccount, sets: list[AdSet]) -> str:
    """All three ad sets, one of them learning, one with an open decision, and their campaign."""
    open_one = sets[1].external_id
    DecisionFactory.create(
        account=account,
        subject_id=open_one,
        title="Cut “Lookalike 1%” from €50 to €45 a day",
        changes=[budget_change(open_one, "50", "45")],
    )
    items = "&".join(f"item={node.key.hex}" for node in (*sets, sets[0].campaign))
    return f"{reverse('propose', args=[account.key])}?{items}&do=change_budget&percent=40"


def test_rows_are_ticked_and_proposed_by_keys(
    open_page: Callable[..., Page], account: AdAccount, sets: list[AdSet], team: User
) -> None:
    page = open_page(team)
    page.goto(reverse("ads", args=[account.key]) + "?level=ad_set")
    expect(page.get_by_role("button", name="Propose…")).to_be_hidden()
    for name in ("Broad", "Lookalike 1%"):
        page.keyboard.press("j")
        expect(page.locator("[data-item]:focus")).to_have_text(name)
        page.keyboard.press("x")
    expect(page.locator("[data-selected-count]")).to_have_text("2")
    page.keyboard.press("Shift+P")
    expect(page.get_by_role("heading", name="Propose for 2 items")).to_be_visible()
    percent = page.get_by_label("Change in percent, with a minus for less")
    percent.focus()
    page.keyboard.type("10")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All would be proposed")).to_be_visible()
    assert not Decision.objects.exists()
    page.get_by_label("Why?").focus()
    page.keyboard.type("The gift weeks begin.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 of 2 proposed")).to_be_visible()
    assert set(Decision.objects.values_list("title", "state", "requested_by")) == {
        (f"Raise “{name}” from €50 to €55 a day", "awaiting", team.pk) for name in ("Broad", "Lookalike 1%")
    }
    assert page.errors == []  # type: ignore[attr-defined]


def test_selection_stays_while_the_tree_opens(
    open_page: Callable[..., Page], account: AdAccount, sets: list[AdSet], team: User
) -> None:
    page = open_page(team)
    page.goto(reverse("ads", args=[account.key]))
    page.keyboard.press("x")
    page.get_by_role("link", name="Prospecting").click()
    expect(page.get_by_role("link", name="Broad")).to_be_visible()
    expect(page.locator("[data-selected-count]")).to_have_text("1")
    page.get_by_label("Select all rows shown").check()
    expect(page.locator("[data-selected-count]")).to_have_text("4")
    page.get_by_role("button", name="Propose…").click()
    expect(page.get_by_role("heading", name="Propose for 4 items")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_bar_of_a_selection_hides_no_row_that_was_ticked(
    open_page: Callable[..., Page], account: AdAccount, sets: list[AdSet], team: User, width: int
) -> None:
    page = open_page(team, width=width)
    page.goto(reverse("ads", args=[account.key]) + "?open=all")
    box, bar = page.get_by_label("Select Gift box, Broad"), page.locator("#propose")
    place = box.bounding_box()
    assert place
    page.set_viewport_size({"width": width, "height": int(place["y"]) + (80 if width < 700 else 30)})
    box.check()
    expect(bar).to_be_visible()
    place, over = box.bounding_box(), bar.bounding_box()
    assert place
    assert over
    assert place["y"] + place["height"] <= over["y"]
    box.uncheck()
    expect(bar).to_be_hidden()


def test_it_works_without_javascript(
    open_page: Callable[..., Page], account: AdAccount, sets: list[AdSet], team: User
) -> None:
    page = open_page(team)
    with without_scripts(page):
        page.goto(reverse("ads", args=[account.key]) + "?level=ad")
        page.get_by_label("Select Gift box, Broad").check()
        expect(page.get_by_text("selected", exact=True)).to_be_hidden()  # nothing counts them
        page.get_by_role("button", name="Propose…").click()
        page.get_by_label("Why?").fill("It has sold nothing since Monday.")
        page.get_by_role("button", name="Propose 1").click()
        expect(page.get_by_role("heading", name="1 of 1 proposed")).to_be_visible()
    assert Decision.objects.get().title == "Pause “Gift box, Broad”"


def test_proposing_has_no_violation(
    check_pages: Callable[..., None], account: AdAccount, preview_url: str, team: User
) -> None:
    def tick(page: Page) -> None:
        page.get_by_label("Select Broad").check()

    def confirm(page: Page) -> None:
        page.get_by_label("Why?").fill("The gift weeks begin.")
        page.get_by_role("button", name="Propose 1").click()
        expect(page.get_by_role("heading", name="1 of 4 proposed")).to_be_visible()
        Decision.objects.exclude(requested_by=None).delete()  # for the next width

    check_pages(
        team,
        Look(reverse("ads", args=[account.key]) + "?open=all", act=tick),
        Look(preview_url, ready="#make", then=(confirm,)),
    )
