"""A file dropped in a real browser: understood, asked about, imported, shown with what the agent would do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns import tasks
from campaigns.models import ImportFile
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.tasks import run_cycle, sweep_cycles
from mediabuyer.brands.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REPORT = "Day,Campaign name,Ad set name,Ad name,Amount spent,Impressions,Link clicks,Results,CTR\n" + "".join(
    f"2026-09-{day:02d},Autumn,{name},{name} 1,{spend},{spend * 100},{spend * 2},{results},1.2\n"
    for day in range(1, 29)
    for name, spend, results in (("Office", 140, 0), ("Hotel", 20, 2), ("Coworking", 50, 2))
)
BROKEN = REPORT + "2026-09-29,Autumn,Office,Office 1,lots,1,1,1,1\n"


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "autumn.csv"
    path.write_text(BROKEN)
    return path


def test_import_page_has_no_violation(check_pages: Callable[..., None], account: Any, manager: User) -> None:
    check_pages(manager, reverse("import"))


def test_dropped_file_becomes_a_diagnosed_account(
    open_page: Callable[..., Page], check_pages: Callable[..., None], account: Any, manager: User, file: Path
) -> None:
    page = open_page(manager)
    page.goto(reverse("import"))
    page.set_input_files("#files", file)
    page.wait_for_url("**/import/*-*/")
    row = ImportFile.objects.get()
    check_pages(manager, page.url)
    expect(page.get_by_role("table", name="Rows left out")).to_contain_text("lots")

    page.get_by_label("Account", exact=True).fill("Autumn shop")
    page.get_by_label("Which currency is this in?").select_option("EUR")
    page.get_by_label("What does “Results” count?").select_option("purchase")
    page.get_by_role("button", name="Import 84 rows").click()
    expect(page.get_by_text("You may close this page")).to_be_visible()
    check_pages(manager, page.url)

    tasks.import_file(row.pk)
    expect(page.get_by_role("heading", name="Diagnosis of Autumn shop")).to_be_visible()
    sweep_cycles()
    run_cycle(Cycle.objects.get(account__name="Autumn shop").pk)
    expect(page.get_by_role("link", name="How I came to it")).to_be_visible()
    expect(page.get_by_text("I am looking at the figures")).to_be_hidden()
    expect(page.get_by_text("€3,920.00 for 0 purchases")).to_be_visible()
    check_pages(manager, page.url)


def test_file_can_be_dragged_onto_the_page(open_page: Callable[..., Page], account: Any, manager: User) -> None:
    page = open_page(manager)
    page.goto(reverse("import"))
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dragged.csv"));
            document.querySelector("[data-drop]").dispatchEvent(
                new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: data}));
        }""",
        REPORT,
    )
    page.wait_for_url("**/import/*-*/")
    assert ImportFile.objects.get().name == "dragged.csv"
    assert page.errors == []  # type: ignore[attr-defined]


def test_refused_file_has_no_violation(
    open_page: Callable[..., Page], check_pages: Callable[..., None], account: Any, manager: User, tmp_path: Path
) -> None:
    (tmp_path / "scan.csv").write_bytes(b"%PDF-1.7 nothing to read")
    page = open_page(manager)
    page.goto(reverse("import"))
    page.set_input_files("#files", tmp_path / "scan.csv")
    page.wait_for_url("**/import/*-*/")
    expect(page.get_by_role("alert")).to_contain_text("This is not a table.")
    check_pages(manager, page.url)
