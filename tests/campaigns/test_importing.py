from __future__ import annotations

import io
import json
from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from campaigns.exports.reader import open_source
from campaigns.exports.result_kinds import NOT_THE_SAME
from campaigns.exports.understand import understand
from campaigns.importing import ImportResult, account_for_import, import_file
from campaigns.models import Ad, AdAccount, AdSet, Campaign, ImportFile, InsightBreakdown, InsightDay
from campaigns.result_kinds import kinds_of
from mediabuyer.brands.models import Brand
from mediabuyer.lib.errors import Invalid
from memory.models import Event
from tests.conftest import DATA

pytestmark = pytest.mark.django_db

ADS = (
    "Campaign name,Ad name,Ad ID,Day,Amount spent (EUR),Impressions,Clicks (all),Results\n"
    "Spring,Sun,11,2026-01-01,1.50,100,3,1\n"
    "Spring,Sun,11,2026-01-02,2.50,200,4,0\n"
    "Spring,Rain,12,2026-01-01,4.00,300,5,2\n"
)
AGES = (
    "Age,Amount spent (EUR),Impressions,Clicks (all),Results,Reporting starts,Reporting ends\n"
    ",8.00,600,12,,2026-01-01,2026-01-02\n"
    "25-34,5.00,400,8,,2026-01-01,2026-01-02\n"
    "35-44,3.00,200,4,,2026-01-01,2026-01-02\n"
)
CAMPAIGNS = (
    "Campaign name,Day,Amount spent (EUR),Impressions,Clicks (all),Results\n"
    "Spring,2026-01-01,5.50,400,8,3\n"
    "Spring,2026-01-02,2.50,200,4,0\n"
    "Autumn,2026-01-01,7.00,500,9,1\n"
)


@pytest.fixture
def take(brand: Any, now: datetime) -> Any:
    def take(content: str | Path, name: str = "Shop", **answers: str) -> ImportResult:
        source = open_source(content if isinstance(content, Path) else io.BytesIO(content.encode()), "export.csv")
        mapping = understand(source, answers)
        account = account_for_import(brand, name, mapping)
        return import_file(account, source, mapping, now=now, actor="person:ana@example.com")

    return take


def spend(account: AdAccount) -> Decimal:
    return InsightDay.objects.filter(account=account).aggregate(sum=Sum("spend"))["sum"] or Decimal(0)


def snapshot() -> list[Any]:
    days = InsightDay.objects.order_by("ad__external_id", "day", "until").values_list(
        "ad__external_id", "day", "until", "spend", "results", "is_derived"
    )
    splits = InsightBreakdown.objects.order_by("ad", "dimension", "value", "day").values_list("ad", "value", "spend")
    tree = [list(model.objects.order_by("pk").values_list("pk", "external_id")) for model in (Campaign, AdSet, Ad)]
    return [list(days), list(splits), tree, Event.objects.count()]


def states(account: AdAccount) -> dict[str, str]:
    rows = (model.objects.filter(account=account) for model in (Campaign, AdSet, Ad))
    return {row.name: row.effective_status for found in rows for row in found if not row.is_placeholder}


def test_what_a_file_without_a_status_shows_has_delivered_and_counts_as_running(take: Any) -> None:
    account = take(ADS).account
    assert states(account) == dict.fromkeys(("Spring", "Sun", "Rain"), "DELIVERED")
    assert Ad.objects.filter(account=account).active().count() == 2


TOLD = ADS.replace("Day,", "Day,Ad delivery,").replace("01,", "01,{},").replace("02,", "02,{},")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("active", "active", "inactive"), {"Spring": "ACTIVE", "Sun": "ACTIVE", "Rain": "PAUSED"}),
        (("not_delivering", "", ""), {"Spring": "DELIVERED", "Sun": "PAUSED", "Rain": "DELIVERED"}),
    ],
    ids=["each told", "one told"],
)
@pytest.mark.parametrize("is_second", [False, True], ids=["first file", "second file"])
def test_status_of_a_file_is_taken_and_a_paused_ad_pauses_nothing_above(
    take: Any, words: tuple[str, ...], expected: dict[str, str], is_second: bool
) -> None:
    if is_second:
        take(ADS)
    account = take(TOLD.format(*words)).account
    assert states(account) == expected


@pytest.mark.parametrize("level", ["Campaign", "Ad set"])
def test_status_of_a_coarser_file_is_that_of_what_it_names(take: Any, level: str) -> None:
    text = CAMPAIGNS.replace("Campaign name,Day", f"{level} name,Day,{level} delivery")
    account = take(text.replace("-01,", "-01,inactive,").replace("-02,", "-02,inactive,")).account
    assert states(account) == dict.fromkeys(("Spring", "Autumn"), "PAUSED")
    assert Ad.objects.filter(account=account).active().count() == 0


def test_word_in_a_later_batch_is_heard(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.importing.BATCH", 1)
    assert states(take(TOLD.format("", "inactive", "active")).account) == {
        "Spring": "ACTIVE", "Sun": "PAUSED", "Rain": "ACTIVE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("month", "word", "expected"),
    [("02", "inactive", "PAUSED"), ("01", "inactive", "ACTIVE"), ("00", "inactive", "ACTIVE"), ("02", "", "ACTIVE")],
    ids=["later days", "the same days", "earlier days", "later days without a word"],
)
def test_word_of_the_file_that_reaches_furthest_holds(take: Any, month: str, word: str, expected: str) -> None:
    """An ad that ran by one file and was paused by another: which was imported first does not say which is newer."""
    text = "Campaign name,Ad name,Day,Ad delivery,Amount spent (EUR),Impressions,Results\nK,Sun,{},{},1.00,100,1\n"
    days = {"00": "2025-12-31", "01": "2026-01-31", "02": "2026-02-28"}
    first, second = text.format(days["01"], "active"), text.format(days[month], word)
    take(first)
    account = take(second).account
    assert states(account) == {"K": "ACTIVE", "Sun": expected}
    seen = snapshot()
    for again in (first, second):
        assert take(again).written == 0
        assert states(account) == {"K": "ACTIVE", "Sun": expected}
    assert snapshot() == seen


@pytest.mark.parametrize("words", list(permutations(["active", "inactive", "not_delivering"])))
@pytest.mark.parametrize("batch", [1, 1000])
def test_of_several_ads_of_one_name_one_that_runs_counts(
    take: Any, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], batch: int
) -> None:
    monkeypatch.setattr("campaigns.importing.BATCH", batch)
    rows = "".join(f"K,Sun,2026-01-01,{word},1.00,100,1\n" for word in words)
    text = "Campaign name,Ad name,Day,Ad delivery,Amount spent (EUR),Impressions,Results\n" + rows
    assert states(take(text).account) == {"K": "ACTIVE", "Sun": "ACTIVE"}


def test_status_of_a_later_file_is_taken_in_bulk(take: Any) -> None:
    def file(count: int, word: str) -> str:
        rows = (f"K,Ad {number},2026-01-01,{word},1.00,100,3,1\n" for number in range(count))
        return "Campaign name,Ad name,Day,Ad delivery,Amount spent (EUR),Impressions,Clicks (all),Results\n" + "".join(
            rows
        )

    counts = []
    for count in (3, 60):
        take(file(count, ""), f"Shop {count}")
        with CaptureQueriesContext(connection) as asked:
            account = take(file(count, "active"), f"Shop {count}").account
        assert set(states(account).values()) == {"ACTIVE"}
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 2


def test_file_becomes_tree_and_days(take: Any) -> None:
    result = take(ADS)
    account = result.account
    assert (account.platform, account.mode, account.currency, account.is_read_only) == ("export", "shadow", "EUR", True)
    assert (result.written, result.reading.totals.rows, result.reading.errors) == (3, 3, [])
    ad = Ad.objects.get(external_id="11")
    assert (ad.name, ad.campaign.name, ad.ad_set.name) == ("Sun", "Spring", "Spring (whole campaign)")
    assert (ad.creative.angle.name, ad.creative.body) == ("Unsorted", "")
    assert (ad.is_placeholder, ad.ad_set.is_placeholder, ad.campaign.is_placeholder) == (False, True, False)
    day = InsightDay.objects.get(ad=ad, day=date(2026, 1, 2))
    assert (day.until, day.spend, day.impressions, day.clicks, day.results) == (
        date(2026, 1, 2),
        Decimal("2.5"),
        200,
        4,
        0,
    )
    assert not day.is_derived


def test_angle_comes_from_the_name(take: Any) -> None:
    take(ADS.replace("Rain", "Calm evenings | 2"))
    assert Ad.objects.get(external_id="12").creative.angle.name == "Calm evenings"


def test_import_is_journalled_once(take: Any) -> None:
    take(ADS)
    take(ADS)
    event = Event.objects.get(kind="export.imported")
    assert (event.data["file"], event.data["rows"], event.data["totals"]["spend"]) == ("export.csv", 3, 8)


@pytest.mark.parametrize("content", [ADS, AGES, CAMPAIGNS])
def test_importing_twice_changes_nothing(take: Any, content: str) -> None:
    take(content)
    before = snapshot()
    assert take(content).written == 0
    assert snapshot() == before


def test_restated_row_replaces_the_old_one(take: Any) -> None:
    take(ADS)
    result = take(ADS.replace("1.50,100,3,1", "1.75,110,3,2"))
    assert result.written == 1
    assert spend(result.account) == Decimal("8.25")


def test_rows_of_one_name_are_added(take: Any) -> None:
    result = take("Day,Amount spent (EUR),Reach\n2026-01-01,1,5\n2026-01-01,2,6\n")
    day = InsightDay.objects.get()
    assert (day.spend, day.reach, day.ad.name, day.ad.campaign.name) == (3, None, "Whole account", "All campaigns")
    assert result.reading.totals.mapping.level == "account"


def test_file_of_names_only_says_what_it_brought_once(take: Any) -> None:
    names = "Campaign name,Ad set name,Ad name\nSpring,Wide,Sun\nSpring,Wide,Rain\n"
    assert [take(names, **{"from": "2026-01-01", "until": "2026-01-31"}).written for _ in range(2)] == [4, 0]


def test_what_a_file_does_not_name_is_called_by_the_nearest_level(take: Any) -> None:
    head = "Campaign name,Ad set name,Day,Amount spent (EUR),Impressions\n"
    take(head + f"Spring,Wide,2026-01-01,1,10\n{'x' * 600},,2026-01-01,1,10\n")
    names = set(Ad.objects.values_list("name", "ad_set__name"))
    long = f"{'x' * 480} (whole campaign)"
    assert names == {("Wide (whole ad set)", "Wide"), (long, long)}


def test_rows_to_add_up_make_a_first_file_start_over(take: Any) -> None:
    twice = "Campaign name,Day,Amount spent (EUR),Impressions,Results\nA,2026-01-01,1.50,10,1\nB,2026-01-01,4.00,20,2\n"
    result = take(twice + "A,2026-01-01,2.25,30,3\nA,2026-01-02,nothing,30,3\n")
    assert (result.written, result.reading.totals.rows, result.reading.error_count) == (2, 3, 1)
    assert spend(result.account) == Decimal("7.75")
    assert Campaign.objects.count() == 2


def test_breakdown_gives_derived_days(take: Any) -> None:
    take(AGES)
    splits = InsightBreakdown.objects.order_by("value").values_list("dimension", "value", "spend")
    assert list(splits) == [("age", "25-34", Decimal(5)), ("age", "35-44", Decimal(3))]
    day = InsightDay.objects.get()
    assert (day.spend, day.day, day.until, day.is_derived) == (8, date(2026, 1, 1), date(2026, 1, 2), True)


@pytest.mark.parametrize("files", [(AGES, ADS), (ADS, AGES)])
def test_plain_rows_win_over_derived_ones(take: Any, files: tuple[str, str]) -> None:
    for content in files:
        account = take(content).account
    assert spend(account) == 8
    assert not InsightDay.objects.filter(is_derived=True).exists()
    assert InsightBreakdown.objects.count() == 2


@pytest.mark.parametrize("files", [(CAMPAIGNS, ADS), (ADS, CAMPAIGNS)])
def test_ads_win_over_their_campaign_only(take: Any, files: tuple[str, str]) -> None:
    for content in files:
        account = take(content).account
    assert spend(account) == 15
    assert {day.ad.name for day in InsightDay.objects.all()} == {"Sun", "Rain", "Autumn (whole campaign)"}
    before = snapshot()
    take(files[1])
    assert snapshot()[:3] == before[:3]


def test_plain_row_takes_the_mark_from_a_derived_one(take: Any) -> None:
    take(AGES)
    take("Amount spent (EUR),Impressions,Reporting starts,Reporting ends\n8.00,600,2026-01-01,2026-01-02\n")
    assert InsightDay.objects.get().is_derived is False


def test_breakdown_without_results_keeps_those_of_another(take: Any) -> None:
    take(AGES.replace("400,8,,", "400,8,2,").replace("200,4,,", "200,4,1,"))
    take(AGES.replace("Age", "Region").replace("25-34", "Bayern").replace("35-44", "Hessen"))
    assert InsightDay.objects.get().results == 3


def test_month_partly_covered_by_days_keeps_its_money(take: Any) -> None:
    month = "Campaign name,Amount spent (EUR),Reporting starts,Reporting ends\nSpring,100,2026-01-01,2026-01-31\n"
    take(ADS)
    assert spend(take(month).account) == 100


def test_ad_named_alone_finds_its_campaign_later(take: Any) -> None:
    take("Ad name,Day,Amount spent (EUR)\nSun,2026-01-01,1.50\n")
    take("Campaign name,Ad name,Day,Amount spent (EUR)\nSpring,Sun,2026-01-01,1.50\n")
    ad = Ad.objects.get()
    assert ad.campaign.name == "Spring"
    assert InsightDay.objects.count() == 1


def test_open_question_stops_the_import(take: Any) -> None:
    with pytest.raises(Invalid, match="First day of the report"):
        take("ad_id,Impressions,Spent\n7,10,1.5\n", currency="EUR")
    assert not InsightDay.objects.exists()


def test_other_currency_needs_an_account_of_its_own(take: Any) -> None:
    take(ADS)
    with pytest.raises(Invalid, match="in USD and “Shop” in EUR"):
        take(ADS.replace("EUR", "USD"))


def test_connected_account_takes_no_file(account: AdAccount, now: datetime) -> None:
    source = open_source(io.BytesIO(ADS.encode()))
    with pytest.raises(Invalid, match="never imported into a connected account"):
        import_file(account, source, understand(source), now=now, actor="test")


def test_failure_leaves_nothing(take: Any, brand: Any, now: datetime) -> None:
    source = open_source(io.BytesIO(ADS.encode()))
    mapping = understand(source)
    account = account_for_import(brand, "Shop", mapping)

    def fail(_: int) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        import_file(account, source, mapping, now=now, actor="test", progress=fail)
    assert (InsightDay.objects.count(), Ad.objects.count()) == (0, 0)


def test_text_of_a_cell_stays_text(take: Any) -> None:
    take(ADS.replace("Rain", "\"=cmd|'/c calc'!A1\""))
    assert Ad.objects.get(external_id="12").name == "=cmd|'/c calc'!A1"


def test_names_beyond_the_column_are_cut(take: Any) -> None:
    take(ADS.replace("Rain", "\0" + "R" * 600))
    take(ADS.replace("Rain", "\0" + "R" * 600))
    assert Ad.objects.get(external_id="12").name == "R" * 500


def command(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_export", *args, "--json", stdout=out)
    (line,) = out.getvalue().splitlines()
    return json.loads(line)


def test_command_reports_in_the_protocol_shape(brand: Any, tmp_path: Path) -> None:
    path = tmp_path / "ads.csv"
    path.write_text(ADS + "Spring,Rain,12,2026-01-02,oops,1,1,1\n")
    report = command(str(path), "--account", "Shop")
    assert {key: report[key] for key in ("file", "level", "breakdowns", "currency", "days", "rows", "totals")} == {
        "file": str(path),
        "level": "ad",
        "breakdowns": ["day"],
        "currency": "EUR",
        "days": ["2026-01-01", "2026-01-02"],
        "rows": 3,
        "totals": {"spend": 8, "impressions": 600, "clicks": 12, "results": 3, "revenue": None},
    }
    assert report["errors"] == [
        {
            "line": 5, "column": "Amount spent (EUR)", "value": "oops",
            "message": "“oops” is not a number; correct the cell or leave it empty.",
        }
    ]  # fmt: skip
    assert command(str(path), "--account", "Shop")["written"] == 0


def test_command_stores_nothing_on_a_dry_run(brand: Any, tmp_path: Path) -> None:
    path = tmp_path / "ads.csv"
    path.write_text(ADS)
    assert command(str(path), "--dry-run")["totals"]["spend"] == 8
    assert not AdAccount.objects.exists()


def test_command_says_what_is_not_known(brand: Any, tmp_path: Path) -> None:
    path = tmp_path / "kag.csv"
    path.write_text("ad_id,Impressions,Spent\n7,10,1.5\n")
    report = command(str(path))
    assert (report["questions"], report["account"]) == (["currency", "from", "until"], None)
    report = command(str(path), "--from", "2017-08-01", "--until", "2017-08-31")
    assert (AdAccount.objects.get().currency, report["written"]) == ("XXX", 1)


def test_command_refuses_what_is_no_table(brand: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-1.7")
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_export", str(path), "--json", stdout=out)
    assert "not a table" in json.loads(out.getvalue())["errors"][0]["message"]


FOLDERS = sorted(p for p in (DATA / "ads-manager-exports").glob("idr-*")) if DATA.is_dir() else []


@pytest.mark.skipif(not FOLDERS, reason="the folder of real exports is absent")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_all_files_of_a_real_account_tell_one_sum(take: Any, folder: Path) -> None:
    """Several breakdowns of the same days: the account's money is counted once, by the plain file if any."""
    periods: dict[tuple[date | None, date | None], dict[bool, Decimal]] = {}
    for path in sorted(folder.glob("*.csv")):
        result = take(path, name=folder.name)
        mapping = result.reading.totals.mapping
        if mapping.rows:
            is_plain = set(mapping.breakdowns) <= {"day"}
            told = periods.setdefault((mapping.first_day, mapping.last_day), {})
            told[is_plain] = Decimal(result.reading.totals.sums["spend"])
    assert spend(result.account) == sum(told[max(told)] for told in periods.values())
    before = snapshot()
    for path in sorted(folder.glob("*.csv"), reverse=True):
        take(path, name=folder.name)
    assert snapshot()[:3] == before[:3]


def test_command_leaves_no_account_of_a_file_that_it_refuses(tmp_path: Path, brand: Brand) -> None:
    path = tmp_path / "other.csv"
    path.write_text("Day,Campaign name,Amount spent (EUR)\n2026-09-01,K,much\n")
    with pytest.raises(SystemExit):
        call_command("import_export", str(path), "--json", stdout=io.StringIO())
    assert not AdAccount.objects.filter(platform="export").exists()


def test_last_answer_of_a_command_holds(tmp_path: Path, brand: Brand) -> None:
    """Also where the same file came by the page before, twice."""
    path = tmp_path / "report.csv"
    path.write_text("Day,Campaign name,Amount spent (EUR),Results\n2026-09-01,K,1.50,2\n")

    def kinds(*answer: str) -> tuple[str, ...]:
        call_command("import_export", str(path), *answer, "--json", stdout=io.StringIO())
        return kinds_of(ImportFile.objects.latest("pk").account)  # type: ignore[arg-type]

    assert kinds() == NOT_THE_SAME
    assert kinds("--result-kind", "lead") == ("lead",)
    ImportFile.objects.create(
        **{name: value for name, value in ImportFile.objects.values().get().items() if name not in ("id", "key")}
    )
    assert kinds("--result-kind", "purchase") == ("purchase",)


def test_command_lists_its_file_on_the_import_page_once(tmp_path: Path, brand: Brand) -> None:
    path = tmp_path / "report.csv"
    path.write_text("Day,Campaign name,Amount spent (EUR),Leads\n2026-09-01,K,1.50,2\n")
    for _ in range(2):
        call_command("import_export", str(path), "--json", stdout=io.StringIO())
    row = ImportFile.objects.get()
    assert (row.name, row.state, row.report["rows"], row.path) == ("report.csv", "done", 1, "")
    assert row.account is not None
    assert kinds_of(row.account) == ("lead",)


def test_what_is_of_no_angle_is_unsorted_once(take: Any) -> None:
    """The rest of a campaign, and ads whose names tell no angle, stand in one row of Portfolio."""
    text = "Campaign name,Ad name,Day,Amount spent (EUR),Impressions,Results\n"
    rows = "Gift | Sales,,2026-01-01,5.00,100,1\nGift | Sales,Plain,2026-01-02,5.00,100,1\n"
    account = take(text + rows + "Gift | Sales,Craft | v1,2026-01-02,5.00,100,1\n").account
    names = Ad.objects.filter(account=account).order_by("name").values_list("name", "creative__angle__name")
    assert dict(names) == {
        "Craft | v1": "Craft", "Gift | Sales (whole campaign)": "Unsorted", "Plain": "Unsorted",
    }  # fmt: skip
