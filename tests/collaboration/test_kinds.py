"""Files whose results are of several kinds: each kind is counted and priced by itself on every page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import tasks
from campaigns.exports.result_kinds import SEVERAL
from campaigns.models import Ad, AdAccount, ImportFile
from collaboration.figures import scale_of
from mediabuyer.agent.cycle import run_cycle, start_cycle
from portfolio.models import Goal

pytestmark = pytest.mark.django_db

HEAD = "Day,Campaign name,Ad name,Amount spent (IDR),Impressions,Link clicks,Results,Result type"
CHAT, VISIT = "Messaging conversations started", "Instagram profile visits"


def rows(campaign: str, ad: str, kind: str, results: int, *, first: date = date(2026, 9, 1)) -> str:
    """Four weeks of Rp900,000 a day."""
    days = (first + timedelta(days=back) for back in range(28))
    return "".join(f"{day},{campaign},{ad},900000,9000,90,{results},{kind}\n" for day in days)


def both(campaign: str) -> str:
    return rows(campaign, "Chat", CHAT, 20) + rows(campaign, "Visit", VISIT, 900)


@pytest.fixture
def imported(web: Client, settings: LazySettings, tmp_path: Path) -> Callable[..., ImportFile]:
    settings.MEDIA_ROOT = tmp_path

    def do(content: str, head: str = HEAD) -> ImportFile:
        file = SimpleUploadedFile("kinds.csv", f"{head}\n{content}".encode())
        web.post(reverse("import"), {"files": [file]})
        row = ImportFile.objects.latest("pk")
        answers = {"account": "Office", "time_zone": "Europe/Berlin"}
        assert web.post(reverse("import-confirm", args=[row.key]), answers).status_code == 302
        tasks.import_file(row.pk)
        row.refresh_from_db()
        return row

    return do


@pytest.fixture
def look(web: Client) -> Callable[..., str]:
    """The text of a page of the imported account, or with `row` that of the import."""

    def get(name: str, *keys: Any, row: ImportFile | None = None, **asked: str) -> str:
        args = [row.key] if row else [AdAccount.objects.get(name="Office").key, *keys]
        answer = web.get(reverse(name, args=args), asked)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return get


# --- The page of an import --------------------------------------------------------------------------------------------


def test_campaigns_of_both_kinds_are_compared_by_their_ads(imported: Any, look: Any, web: Client) -> None:
    row = imported(both("North") + both("South"))
    run_cycle(start_cycle(row.account, timezone.now(), "import"))
    found = web.get(reverse("import-file", args=[row.key])).context["diagnosis"]
    assert found.knows_kinds is scale_of(row.account)[0].knows_kinds is True
    assert [(several, part.results) for several, _, part in found.kind_totals] == [
        ("Conversations", 2 * 28 * 20), ("Profile visits", 2 * 28 * 900),
    ]  # fmt: skip
    assert [one.results for one in found.rows] == ["–", "–"]
    text = look("import-file", row=row)
    assert "Cost per conversation Rp45,000" in text
    assert "Nothing, on these figures" in text
    assert "51,520" not in text.partition("Diagnosis of")[2].partition("What I would do")[0]
    for wrong in ("I do not compare", "I propose nothing", "25,760"):
        assert wrong not in text


def test_ads_that_count_several_things_each_tell_no_kind(imported: Any, look: Any, web: Client) -> None:
    row = imported(both("North"))
    Ad.objects.filter(account=row.account).update(result_kind=SEVERAL)
    found = web.get(reverse("import-file", args=[row.key])).context["diagnosis"]
    assert (found.knows_kinds, scale_of(row.account)[0].knows_kinds) == (False, False)
    assert "I do not compare what results cost" in look("import-file", row=row)


def test_kinds_without_a_word_are_told_apart_by_their_own_name(imported: Any, look: Any) -> None:
    file = rows("North", "Chat", "omni_custom_a", 20) + rows("North", "Dear chat", "omni_custom_a", 2)
    row = imported(file + rows("North", "Visit", "omni_custom_b", 900))
    text = look("import-file", row=row)
    assert "“omni_custom_a” 616 Cost per “omni_custom_a” Rp81,818" in text
    assert "“omni_custom_b” 25,200 Cost per “omni_custom_b” Rp1,000" in text
    assert "of the money for “omni_custom_a” and brings 9% of them" in text
    assert "Rp25,200,000 for 56 “omni_custom_a”, Rp450,000 each" in text
    assert "for 616 “omni_custom_a” at Rp81,818 each and 25,200 “omni_custom_b” at Rp1,000 each." in look("portfolio")
    listed = look("ads", level="ad")
    assert re.search(r"25,200 “omni_custom_b”", listed)
    assert re.search(r"560 “omni_custom_a”", listed)
    today = look("today")
    assert "“omni_custom_b” 25,200 Rp1,000 each" in today


# --- Ad and Portfolio -------------------------------------------------------------------------------------------------


def by_age(ad: str, kind: str, results: int) -> str:
    return "".join(
        line.replace(",North,", f",{age},North,") + "\n"
        for age in ("18-24", "25-34")
        for line in rows("North", ad, kind, results).splitlines()
    )


def test_breakdown_of_an_ad_of_one_kind_has_its_results_and_cost(imported: Any, web: Client) -> None:
    file = by_age("Chat", CHAT, 10) + by_age("Visit", VISIT, 450)
    row = imported(file, HEAD.replace("Day,", "Day,Age,"))
    context = web.get(reverse("ad", args=[row.account.key, Ad.objects.get(name="Chat").key])).context
    assert [title for _, title in context["part_columns"]][:3] == ["Spend", "Conversations", "Cost per conversation"]
    assert [[cell.text for cell in cells[1:3]] for _, cells in context["parts"]] == [["280", "Rp90,000"]] * 2


def test_angle_of_one_kind_has_its_results_and_cost(imported: Any, web: Client) -> None:
    imported(rows("North", "Bold | Chat", CHAT, 20) + rows("North", "Calm | Chat", CHAT, 10)
             + rows("North", "Calm | Visit", VISIT, 900))  # fmt: skip
    account = AdAccount.objects.get(name="Office")
    answer = web.get(reverse("portfolio", args=[account.key]), {"by": "angle"})
    cells = {one.name: [(cell.text, cell.note) for cell in row[1:3]] for one, row in answer.context["parts"]}
    assert cells["Bold"] == [("560", "conversations"), ("Rp45,000", "")]
    assert cells["Calm"] == [("–", ""), ("–", "")]


def test_portfolio_adds_up_no_results_of_several_kinds(imported: Any, web: Client) -> None:
    imported(rows("North", "Bold | Chat", CHAT, 20) + rows("North", "Calm | Visit", VISIT, 900)
             + rows("South", "Calm | Chat", CHAT, 20))  # fmt: skip
    account = AdAccount.objects.get(name="Office")
    context = web.get(reverse("portfolio", args=[account.key]), {"across": "ad_set"}).context
    assert context["trend_heads"] == ["Spend"]
    notes = {row["name"]: [cell.get("note") for cell in row["cells"]] for row in context["heat"]["rows"]}
    assert notes == {
        "Bold": ["560 conversations", None, "560 conversations"],
        "Calm": ["25,200 profile visits", "560 conversations", ""],
        "All angles": ["", "560 conversations", ""],
    }


def test_results_that_nobody_tells_apart_are_added_up(imported: Any, web: Client) -> None:
    row = imported(both("North"))
    Ad.objects.filter(account=row.account).update(result_kind="")
    context = web.get(reverse("portfolio", args=[row.account.key])).context
    assert context["trend_heads"] == ["Spend", "Results"]
    assert "for 25,760 results of several kinds." in context["headline"]


# --- The period before ------------------------------------------------------------------------------------------------


def test_row_of_one_kind_is_compared_with_itself(imported: Any, web: Client) -> None:
    before = date(2026, 8, 4)
    imported(rows("North", "Chat", CHAT, 10, first=before) + rows("North", "Visit", VISIT, 900, first=before)
             + both("North"))  # fmt: skip
    account = AdAccount.objects.get(name="Office")
    asked = {"level": "ad", "period": "28d"}
    shown = web.get(reverse("ads", args=[account.key]), asked).context["rows"]
    changes = {one["line"].name: [cell.change and cell.change["text"] for cell in one["cells"]] for one in shown}
    keys = [column.key for column, _ in web.get(reverse("ads", args=[account.key]), asked).context["columns"]]
    assert changes["Chat"][keys.index("cpa")] == "−50%"
    answer: Any = web.get(reverse("ads", args=[account.key]), asked | {"format": "json"})
    found = json.loads(b"".join(answer))["rows"]
    assert {one["name"]: (one["results_before"], one["cpa_before"]) for one in found} == {
        "Chat": (280, 90000), "Visit": (25200, 1000),
    }  # fmt: skip


# --- The page of a cycle ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_set", [False, True])
def test_cycle_and_ads_agree_on_whether_a_margin_is_set(imported: Any, look: Any, is_set: bool) -> None:
    """A goal that has only a target counts as one with a margin of 100%, on both."""
    sold = "".join(f"{line},1800000\n" for line in rows("North", "Sale", "Website purchases", 20).splitlines())
    row = imported(sold, f"{HEAD},Purchases conversion value")
    if is_set:
        Goal.put(row.account, None, timezone.now(), target_cpa=Decimal(50_000))
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    text = look("cycle", cycle.key)
    assert ("Earns before goods" in text) is not is_set
    assert ("Earns before goods" in look("ads", columns="payout")) is not is_set
    assert ("Margin 100%" in text) is is_set
    assert ("Margin none set" in text) is not is_set


def test_margin_that_is_set_later_was_not_known_to_the_cycle(imported: Any, look: Any) -> None:
    row = imported(both("North"))
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    Goal.put(row.account, None, timezone.now(), margin=Decimal("0.5"))
    assert "Margin none set" in look("cycle", cycle.key)


# --- Today ------------------------------------------------------------------------------------------------------------


def test_today_counts_each_kind_by_itself(imported: Any, look: Any) -> None:
    imported(both("North"))
    text = look("today")
    assert "Conversations 560 Rp45,000 each" in text
    assert "Profile visits 25,200 Rp1,000 each" in text
    for wrong in ("Cost per result", "25,760"):
        assert wrong not in text


def test_page_of_a_cycle_names_kinds_without_a_word_of_their_own(imported: Any, look: Any) -> None:
    row = imported(rows("North", "Chat", "omni_custom_a", 20) + rows("North", "Visit", "omni_custom_b", 900))
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    text = look("cycle", cycle.key)
    assert "560 “omni_custom_a”" in text
    assert "25,200 “omni_custom_b”" in text
