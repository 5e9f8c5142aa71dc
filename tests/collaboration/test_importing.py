"""The Import page: a dropped file is kept, understood, asked about, imported by a task, and shown with what follows."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from django_q.models import OrmQ

from campaigns import tasks, uploads
from campaigns.exports.currencies import CODES
from campaigns.exports.result_kinds import NOT_THE_SAME
from campaigns.models import Ad, AdAccount, ImportFile, InsightDay
from campaigns.result_kinds import kinds_of, mixed_words
from collaboration.import_forms import CURRENCIES
from mediabuyer.agent.cycle import run_cycle, start_cycle
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.observe import context_for
from mediabuyer.agent.scorecard import scorecard
from mediabuyer.agent.tasks import sweep_cycles
from mediabuyer.brands.models import Brand, User
from memory.models import Event
from tests.crawl import crawl
from tests.factories import CycleFactory, DecisionFactory, MemberFactory

pytestmark = pytest.mark.django_db

GERMAN = (
    "Tag;Kampagnenname;Name der Anzeigengruppe;Ausgegebener Betrag (EUR);Impressionen;Link-Klicks;Ergebnisse;CTR\n"
    "2026-09-01;K;Büro;38,20;4.912;57;1;1,2\n2026-09-02;K;Büro;41,80;5.088;61;2;1,2\n2026-09-02;K;Hotel;12,00;900;30;9;3\n"
    ";;;92,00;10.900;148;12;\n"
)
NO_CURRENCY = "Day,Campaign name,Amount spent,Impressions,Results\n2026-09-01,K,10.50,1000,2\n"
NO_DATES = "Campaign name,Amount spent (USD),Impressions,Results\nK,10.50,1000,2\n"
BROKEN_ROW = "Day,Campaign name,Amount spent (EUR),Impressions\n2026-09-01,K,1.50,10\n2026-09-02,K,1.50 USD,10\n"


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def drop(web: Client) -> Callable[..., Any]:
    """`drop("a.csv", text)` uploads one file and returns its row."""

    def send(name: str, content: str | bytes, client: Client = web) -> ImportFile:
        data = content.encode() if isinstance(content, str) else content
        answer = client.post(reverse("import"), {"files": [SimpleUploadedFile(name, data)]})
        row = ImportFile.objects.latest("pk")
        assert answer["Location"] == reverse("import-file", args=[row.key])
        return row

    return send


@pytest.fixture
def imported(web: Client, drop: Callable[..., ImportFile]) -> Callable[..., ImportFile]:
    """Uploads, confirms with the given answers and lets the task run."""

    def do(name: str, content: str, **answers: str) -> ImportFile:
        row = drop(name, content)
        answer = confirm(web, row, **answers)
        assert answer.status_code == 302, answer.context["form"].errors
        tasks.import_file(row.pk)
        row.refresh_from_db()
        return row

    return do


def confirm(client: Client, row: ImportFile, **answers: str) -> Any:
    return client.post(
        reverse("import-confirm", args=[row.key]),
        {"account": "Office", "time_zone": "Europe/Berlin", "result_kind": "same"} | answers,
    )


def page(client: Client, row: ImportFile) -> Any:
    return client.get(reverse("import-file", args=[row.key]))


def test_empty_page_says_what_will_appear(web: Client) -> None:
    answer = web.get(reverse("import"))
    assert answer.status_code == 200
    assert b"No file yet" in answer.content


def test_upload_is_kept_under_a_name_of_ours(drop: Callable[..., ImportFile], media: Path) -> None:
    row = drop("../../etc/Report ü.csv", GERMAN)
    assert row.name == "Report ü.csv"
    (kept,) = (media / "imports").iterdir()
    assert kept == media / row.path
    assert kept.name.isalnum()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert row.size == len(GERMAN.encode())


def test_mapping_totals_and_left_out_columns_are_shown(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("report.csv", GERMAN)
    answer = page(web, row)
    checks = {one["title"]: one for one in answer.context["checks"]}
    assert checks["Spend"] == {"title": "Spend", "file": "€92.00", "computed": "€92.00", "same": True, "gap": ""}
    assert checks["Impressions"]["computed"] == "10,900"
    assert answer.context["differing"] == 0
    text = answer.content.decode()
    assert "Ausgegebener Betrag (EUR)" in text
    assert "Computed again from its parts" in text
    assert [bound.name for bound in answer.context["form"]] == ["account", "result_kind", "time_zone"]


def test_differing_total_is_shown_with_its_gap(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("report.csv", GERMAN.replace("92,00", "112,00"))
    (differs,) = [one for one in page(web, row).context["checks"] if one["same"] is False]
    assert (differs["title"], differs["gap"]) == ("Spend", "−€20.00")


def test_total_that_no_row_has_is_not_called_met(web: Client, imported: Callable[..., ImportFile]) -> None:
    text = GERMAN.replace("CTR", "Conversion-Wert für Käufe").replace(";1,2\n", ";\n").replace(";3\n", ";\n")
    row = imported("report.csv", text.replace("148;12;\n", "148;12;200\n"))
    assert page(web, row).context["unsplit"] == "Revenue"
    said = page(web, row).content.decode()
    assert "Revenue in no row" in said
    assert "Every other total that the file gives is met to the cent. In the total row only and in no other" in said
    assert "All the same" not in said


def test_broken_row_is_listed_with_line_column_and_value(web: Client, drop: Callable[..., ImportFile]) -> None:
    (error,) = page(web, drop("report.csv", BROKEN_ROW)).context["errors"]
    assert (error["line"], error["column"], error["value"]) == (3, "Amount spent (EUR)", "1.50 USD")


def test_file_that_is_no_table_is_refused_in_words(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("report.csv", b"%PDF-1.7 something")
    assert row.state == "failed"
    text = page(web, row).content.decode()
    assert "This is not a table." in text
    assert row.key.hex[:12] in text


def test_unexpected_error_ends_on_the_row(drop: Callable[..., ImportFile], media: Path) -> None:
    row = drop("report.csv", GERMAN)
    (media / row.path).unlink()
    uploads.read(row)
    assert row.state == "failed"
    assert row.report["problem"] == uploads.UNEXPECTED


def test_several_files_are_read_at_once(web: Client) -> None:
    files = [SimpleUploadedFile(f"{name}.csv", GERMAN.encode()) for name in "ab"]
    answer = web.post(reverse("import"), {"files": files})
    assert answer["Location"].startswith(reverse("import"))
    assert sorted(ImportFile.objects.values_list("name", flat=True)) == ["a.csv", "b.csv"]


def test_file_lands_at_the_brand_that_is_named_or_nowhere(web: Client, brand: Brand, manager: User) -> None:
    member = MemberFactory.create(user=manager, role="manager")
    hidden = MemberFactory.create().brand

    def send(key: Any) -> int:
        address = f"{reverse('import')}?brand={key}"
        return web.post(address, {"files": SimpleUploadedFile("a.csv", GERMAN.encode())}).status_code

    assert send(member.brand.key) == 302
    assert ImportFile.objects.get().brand == member.brand
    member.is_active = False
    member.save()
    for key in (member.brand.key, hidden.key, "x", "00000000-0000-4000-8000-000000000000"):
        assert (send(key), web.get(reverse("import"), {"brand": key}).status_code) == (404, 404)
    assert ImportFile.objects.count() == 1
    assert send(brand.key) == 302


def test_large_file_is_read_by_a_worker(
    web: Client, drop: Callable[..., ImportFile], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    filler = f"2026-09-02;K;{'Büro' * 300};0,00;0;0;0;1,2\n" * (uploads.READ_AT_ONCE // 1500 + 1)
    with django_capture_on_commit_callbacks(execute=True):
        row = drop("report.csv", GERMAN.replace(";;;92,00;10.900;148;12;\n", "") + filler)
    assert (row.mapping, OrmQ.objects.get().func()) == ({}, "campaigns.tasks.read_file")
    assert b'hx-trigger="every 2s"' in page(web, row).content
    tasks.read_file(row.pk)
    row.refresh_from_db()
    assert row.report["totals"]["spend"] == 92


def test_upload_beyond_the_limit_is_413_and_leaves_nothing(web: Client, settings: LazySettings, media: Path) -> None:
    settings.IMPORT_MAX_BYTES = 10
    too_long = {"CONTENT_LENGTH": str(2 * 1024 * 1024)}
    files = {"files": SimpleUploadedFile("a.csv", b"x" * 2 * 1024 * 1024)}
    assert web.post(reverse("import"), files, **too_long).status_code == 413
    assert not ImportFile.objects.exists()
    assert not list(media.rglob("*.*"))


def test_stream_longer_than_allowed_is_cut_and_removed(
    manager: User, brand: Brand, settings: LazySettings, media: Path
) -> None:
    settings.IMPORT_MAX_BYTES = 10

    def endless() -> Iterator[bytes]:
        while True:
            yield b"xxxx"

    with pytest.raises(uploads.Invalid, match="larger than"):
        uploads.keep(brand, manager, "a.csv", endless())
    assert list((media / "imports").iterdir()) == []


def test_forgotten_files_are_bounded(web: Client, brand: Brand, manager: User) -> None:
    ImportFile.objects.bulk_create(
        ImportFile(brand=brand, name="a", path="x", size=1, digest="d") for _ in range(uploads.MOST_WAITING)
    )
    answer = web.post(reverse("import"), {"files": SimpleUploadedFile("b.csv", b"x")}, follow=True)
    assert "100 files of Norden Kaffee wait already." in answer.content.decode()
    assert ImportFile.objects.count() == uploads.MOST_WAITING


@pytest.mark.parametrize(
    ("state", "path", "is_counted"),
    [
        ("failed", "x", True),
        ("running", "x", True),
        ("understood", "x", True),
        ("failed", "", False),
        ("done", "", False),
    ],
)
def test_whatever_lies_on_the_disk_is_counted(
    web: Client, brand: Brand, state: str, path: str, is_counted: bool
) -> None:
    ImportFile.objects.bulk_create(
        ImportFile(brand=brand, name="a", state=state, path=path, size=1, digest="d")
        for _ in range(uploads.MOST_WAITING)
    )
    answer = web.post(reverse("import"), {"files": SimpleUploadedFile("b.csv", GERMAN.encode())}, follow=True)
    assert ("files of Norden Kaffee wait already." in answer.content.decode()) == is_counted
    assert ImportFile.objects.filter(name="b.csv").exists() != is_counted


def test_garbage_leaves_the_disk_at_once_and_stays_in_the_list(
    web: Client, drop: Callable[..., ImportFile], media: Path
) -> None:
    for number in range(uploads.MOST_WAITING + 5):
        row = drop(f"{number}.csv", b"\x00\x01garbage%d" % number)
    assert (row.state, row.path) == ("failed", "")
    assert list((media / "imports").iterdir()) == []
    assert "This is not a table." in page(web, row).content.decode()
    assert drop("good.csv", GERMAN).state == "understood"


def test_unread_file_cannot_be_begun_with_once_it_is_gone(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("a.csv", b"%PDF-1.7 something")
    answer = confirm(web, row)
    assert answer.status_code == 409
    assert "This file could not be read and is no longer kept." in answer.content.decode()
    with pytest.raises(uploads.Conflict, match="no longer kept"):
        uploads.answer(row, {"currency": "EUR"})
    assert web.post(reverse("import-drop", args=[row.key])).status_code == 302
    assert not ImportFile.objects.exists()


HOUR_AGO = timedelta(hours=-1, seconds=-1)


@pytest.mark.parametrize(
    ("state", "mapping", "ended", "is_kept"),
    [
        ("failed", {}, HOUR_AGO, False),
        ("failed", {}, timedelta(minutes=-59), True),  # another answer may help
        ("failed", {"rows": 3}, HOUR_AGO, True),  # it was read; the import can be tried again
        ("understood", {}, HOUR_AGO, True),
        ("running", {}, HOUR_AGO, True),
    ],
)
def test_sweep_makes_room_where_nothing_can_be_made_of_a_file(
    drop: Callable[..., ImportFile], media: Path, state: str, mapping: dict[str, int], ended: timedelta, is_kept: bool
) -> None:
    row = drop("a.csv", GERMAN)
    ImportFile.objects.update(state=state, mapping=mapping, finished_at=timezone.now() + ended)
    path = media / row.path
    tasks.sweep_imports()
    row.refresh_from_db()
    assert (path.exists(), bool(row.path)) == (is_kept, is_kept)


def test_file_that_an_answer_made_unreadable_is_kept_for_another_answer(
    drop: Callable[..., ImportFile], media: Path
) -> None:
    row = drop("a.csv", "Day,Campaign name,Amount spent (EUR),Impressions\n2026-09-01,K,1.234,10\n")
    path = media / row.path
    path.write_bytes(b"%PDF")
    uploads.answer(row, {"decimal": ","})
    uploads.read(row)
    assert (row.state, row.path, path.exists()) == ("failed", f"imports/{path.name}", True)


def test_missing_token_of_the_form_is_refused(manager: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(reverse("import"), {"files": SimpleUploadedFile("a.csv", b"x")}).status_code == 403
    assert not ImportFile.objects.exists()


def test_only_what_cannot_be_known_is_asked(web: Client, drop: Callable[..., ImportFile]) -> None:
    asked = {
        name: [bound.name for bound in page(web, drop("a.csv", text)).context["form"]]
        for name, text in (("currency", NO_CURRENCY), ("dates", NO_DATES))
    }
    assert asked["currency"] == ["account", "currency", "result_kind", "time_zone"]
    assert asked["dates"] == ["account", "from", "until", "result_kind", "time_zone"]


def test_usual_time_zone_of_the_brand_is_offered(web: Client, account: AdAccount, drop: Any) -> None:
    form = page(web, drop("a.csv", GERMAN)).context["form"]
    assert form["time_zone"].initial == account.time_zone == "Europe/Berlin"


def test_last_day_before_the_first_is_said_in_words(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("a.csv", NO_DATES)
    answer = confirm(web, row, **{"from": "2026-09-30", "until": "2026-09-01"})
    assert answer.status_code == 422
    assert "The last day lies before the first, 30 September 2026." in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "understood"


def test_refused_answers_can_be_reloaded(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("a.csv", NO_CURRENCY)
    assert confirm(web, row, account="").status_code == 422
    answer = web.get(reverse("import-confirm", args=[row.key]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("import-file", args=[row.key]))


def test_answer_that_changes_figures_is_shown_before_anything_is_stored(
    web: Client, drop: Callable[..., ImportFile]
) -> None:
    row = drop("a.csv", "Day,Campaign name,Amount spent (EUR),Impressions\n2026-09-01,K,1.234,10\n")
    answer = confirm(web, row, decimal=",")
    assert answer["Location"] == reverse("import-file", args=[row.key]) + "?again=1"
    row.refresh_from_db()
    assert (row.state, row.answers["decimal"], row.report["totals"]["spend"]) == ("understood", ",", 1234)


def test_confirmed_file_is_imported_and_removed_from_disk(imported: Callable[..., ImportFile], media: Path) -> None:
    row = imported("report.csv", GERMAN)
    account = AdAccount.objects.get(name="Office")
    assert (row.state, row.account, row.rows_done, row.path) == ("done", account, 3, "")
    assert (account.mode, account.currency, account.time_zone) == ("shadow", "EUR", "Europe/Berlin")
    assert sum(InsightDay.objects.values_list("spend", flat=True)) == 92
    assert list((media / "imports").iterdir()) == []


def test_importing_twice_changes_nothing(web: Client, imported: Callable[..., ImportFile]) -> None:
    imported("report.csv", GERMAN)
    before = list(InsightDay.objects.order_by("pk").values())
    again = imported("report.csv", GERMAN)
    assert again.report["written"] == 0
    assert list(InsightDay.objects.order_by("pk").values()) == before
    assert b"This file told nothing new" in page(web, again).content


def test_second_click_is_refused(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("report.csv", GERMAN)
    assert confirm(web, row).status_code == 302
    assert confirm(web, row).status_code == 409


def test_import_makes_the_account_due_for_one_cycle(imported: Callable[..., ImportFile]) -> None:
    row = imported("report.csv", GERMAN)
    sweep_cycles()
    cycle = Cycle.objects.get(account=row.account)
    assert (cycle.trigger, cycle.state) == ("import", "queued")
    Cycle.objects.update(state="done")
    AdAccount.objects.filter(pk=cycle.account_id).update(last_cycle_at=cycle.now)
    sweep_cycles()
    assert Cycle.objects.filter(account=row.account).count() == 1


def test_result_shows_diagnosis_and_proposals(web: Client, imported: Callable[..., ImportFile]) -> None:
    row = imported("report.csv", GERMAN)
    assert b"I am looking at the figures" in page(web, row).content
    cycle = CycleFactory.create(account=row.account, now=timezone.now(), state="done")
    DecisionFactory.create(account=row.account, cycle=cycle, state="proposed", title="Pause “Büro”")
    answer = page(web, row)
    diagnosis = answer.context["diagnosis"]
    assert (diagnosis.totals.spend, diagnosis.totals.results, diagnosis.count) == (92, 12, 2)
    assert diagnosis.sentences[0][0] == "One ad set takes 87% of the money and brings 25% of the results"
    assert "Pause “Büro”" in answer.content.decode()
    assert b"hx-trigger" not in answer.content


def test_page_of_an_earlier_file_shows_what_its_own_cycle_proposed(
    web: Client, imported: Callable[..., ImportFile]
) -> None:
    """What a later cycle proposed rests on figures that this file did not tell."""
    row = imported("report.csv", GERMAN)
    for title in ("Pause “Büro”", "Pause “Hotel”"):
        cycle = CycleFactory.create(account=row.account, now=timezone.now(), state="done")
        DecisionFactory.create(account=row.account, cycle=cycle, state="proposed", title=title)
    (shown,) = page(web, row).context["proposals"]
    assert shown["decision"].title == "Pause “Büro”"


def test_interrupted_import_is_rung_for_again(
    drop: Callable[..., ImportFile], web: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    row = drop("report.csv", GERMAN)
    confirm(web, row)
    OrmQ.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_imports()
    assert OrmQ.objects.get().func() == "campaigns.tasks.import_file"


def test_page_of_an_interrupted_import_says_that_it_waits(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("report.csv", GERMAN)
    confirm(web, row)
    fresh = page(web, row).content.decode()
    assert "as soon as a worker is free" in fresh
    assert "interrupted" not in fresh
    ImportFile.objects.filter(pk=row.pk).update(tries=1)
    waiting = page(web, row).content.decode()
    assert "Waiting to be imported" in waiting
    assert "It was interrupted" in waiting
    assert "hx-trigger" in waiting
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [tasks.LOCK, row.pk])
    try:
        working = page(web, row).content.decode()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [tasks.LOCK, row.pk])
    assert "Waiting to be imported" not in working
    assert "of 3 rows" in working


@pytest.mark.django_db(transaction=True)
def test_import_whose_worker_was_killed_starts_over_and_ends_right(
    web: Client, drop: Callable[..., ImportFile], media: Path
) -> None:
    many = "".join(f"2026-09-{n % 28 + 1:02};K{n % 7};S{n // 28};1,50;10;1;1;1,2\n" for n in range(15_000))
    row = drop("report.csv", GERMAN.splitlines()[0] + "\n" + many)
    confirm(web, row)
    OrmQ.objects.all().delete()
    worker = subprocess.Popen([sys.executable, "-c", KILLED, connection.settings_dict["NAME"], str(media), str(row.pk)])
    try:
        _until(lambda: ImportFile.objects.get(pk=row.pk).rows_done > 0)
    finally:
        worker.kill()
        worker.wait()
    _until(lambda: not tasks.is_at_work(row.pk))
    row.refresh_from_db()
    assert (row.state, InsightDay.objects.count(), AdAccount.objects.filter(platform="export").count()) == (
        "running",
        0,
        0,
    )
    tasks.sweep_imports()
    assert OrmQ.objects.get().func() == "campaigns.tasks.import_file"
    tasks.import_file(row.pk)
    row.refresh_from_db()
    assert (row.state, row.rows_done, row.report["totals"]["spend"]) == ("done", 15_000, 22_500)
    assert InsightDay.objects.aggregate(sum=Sum("spend"))["sum"] == 22_500


KILLED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"], settings.MEDIA_ROOT = sys.argv[1], sys.argv[2]
django.setup()
from campaigns import tasks
tasks.import_file(int(sys.argv[3]))
"""
"""A worker of its own, to be killed."""


def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(2400):  # two minutes: a process has to start on a busy machine
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that within 30 seconds")


def test_failed_import_says_why_and_can_be_answered_again(
    web: Client, brand: Brand, drop: Callable[..., ImportFile], imported: Callable[..., ImportFile]
) -> None:
    imported("first.csv", GERMAN)
    row = imported("second.csv", NO_CURRENCY, currency="USD")
    assert (row.state, row.report["problem"]) == ("failed", "The file is in USD and “Office” in EUR.")
    shown = page(web, row).content.decode()
    assert "$10.50" in shown
    assert "Import 1 row<" in shown
    assert "Refused: needs another answer" in web.get(reverse("import")).content.decode()
    confirm(web, row, account="Other", currency="USD")
    tasks.import_file(row.pk)
    row.refresh_from_db()
    assert row.state == "done"
    assert AdAccount.objects.get(pk=row.account_id).name == "Other"


def test_unwanted_file_is_removed(web: Client, drop: Callable[..., ImportFile], media: Path) -> None:
    row = drop("report.csv", GERMAN)
    assert web.post(reverse("import-drop", args=[row.key])).status_code == 302
    assert not ImportFile.objects.exists()
    assert list((media / "imports").iterdir()) == []


def test_imported_file_stays_in_the_list(web: Client, imported: Callable[..., ImportFile]) -> None:
    row = imported("report.csv", GERMAN)
    assert web.post(reverse("import-drop", args=[row.key])).status_code == 409
    assert ImportFile.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("is_imported", [False, True])
def test_remove_that_comes_after_a_confirmation_removes_nothing(
    drop: Callable[..., ImportFile], media: Path, is_imported: bool
) -> None:
    """Somebody else confirmed it after this page was built."""
    stale = drop("report.csv", GERMAN)
    uploads.confirm(ImportFile.objects.get(), {"account": "Office", "result_kind": "same"})
    if is_imported:
        tasks.import_file(stale.pk)
    with pytest.raises(uploads.Conflict, match="stays in the list"):
        uploads.drop(stale)
    assert ImportFile.objects.get().state == ("done" if is_imported else "running")
    assert (media / stale.path).exists() is not is_imported
    assert InsightDay.objects.exists() is is_imported


def test_file_that_somebody_removed_is_said_to_be_gone(drop: Callable[..., ImportFile]) -> None:
    row, stale = drop("report.csv", GERMAN), ImportFile.objects.get()
    uploads.drop(row)
    uploads.drop(stale)
    for begin in (uploads.confirm, uploads.answer):
        with pytest.raises(uploads.Conflict, match="was removed meanwhile"):
            begin(stale, {"account": "Office"})
    assert not ImportFile.objects.exists()


def test_stranger_finds_no_file(drop: Callable[..., ImportFile], stranger: User) -> None:
    row, client = drop("report.csv", GERMAN), Client()
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    for name in ("import-file", "import-live"):
        assert client.get(reverse(name, args=[row.key])).status_code == 404
    for name in ("import-confirm", "import-drop"):
        assert client.post(reverse(name, args=[row.key])).status_code == 404
    assert row.name not in client.get(reverse("import")).content.decode()


def test_viewer_looks_but_imports_nothing(
    client: Client, person: Callable[[str], User], drop: Callable[..., ImportFile]
) -> None:
    row = drop("report.csv", GERMAN)
    client.force_login(person("viewer"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("import")).status_code == client.get(reverse("import-file", args=[row.key])).status_code
    assert client.post(reverse("import"), {"files": SimpleUploadedFile("a.csv", b"x")}).status_code == 403
    assert confirm(client, row).status_code == 403
    assert client.post(reverse("import-drop", args=[row.key])).status_code == 403
    assert ImportFile.objects.get().state == "understood"


def test_member_of_two_brands_chooses_where(web: Client, manager: User, drop: Callable[..., ImportFile]) -> None:
    other = MemberFactory.create(user=manager, brand__name="Second").brand
    answer = web.post(f"{reverse('import')}?brand={other.key}", {"files": SimpleUploadedFile("a.csv", GERMAN.encode())})
    assert answer.status_code == 302
    assert ImportFile.objects.get().brand == other


def test_connected_account_is_never_a_target(web: Client, drop: Callable[..., ImportFile], account: AdAccount) -> None:
    row = drop("report.csv", GERMAN)
    answer = confirm(web, row, account=account.name.lower())
    assert answer.status_code == 422
    assert f"The connected account “{account.name}” has this name" in answer.content.decode()
    uploads.confirm(row, {"account": account.name})
    assert uploads.carry_out(row) is None
    assert not InsightDay.objects.exists()
    assert not AdAccount.objects.filter(platform="export").exists()


def test_names_from_a_file_are_shown_as_text(web: Client, drop: Callable[..., ImportFile]) -> None:
    row = drop("<img src=x onerror=alert(1)>.csv", GERMAN.replace("CTR", "<b>"))
    text = page(web, row).content.decode()
    assert "<img src=x" not in text
    assert "<b>" not in text


def test_real_export_is_shown_with_equal_totals(web: Client, drop: Callable[..., ImportFile], data_dir: Path) -> None:
    file = data_dir / "ads-manager-exports/idr-bulan-ini/rmoda-studio-bsd-bulan-ini-ad-creative.csv"
    answer = page(web, drop(file.name, file.read_bytes()))
    assert answer.context["differing"] == 0
    assert {one["title"]: one["file"] for one in answer.context["checks"]}["Spend"] == "Rp21,737,841"


def test_interrupted_look_is_told_instead_of_no_proposals(web: Client, imported: Callable[..., ImportFile]) -> None:
    row = imported("report.csv", GERMAN)
    cycle = CycleFactory.create(account=row.account, state="running", alive_at=timezone.now() - timedelta(minutes=11))
    Cycle.objects.filter(pk=cycle.pk).update(created_at=timezone.now())
    content = page(web, row).content
    assert b"I was interrupted while looking" in content
    assert b"hx-trigger" not in content


MIXED = (
    "Day,Ad name,Amount spent (IDR),Impressions,Link clicks,Results,Result type\n"
    + "".join(f"2026-09-{day:02},Chat,900000,9000,90,20,Messaging conversations started\n" for day in range(1, 29))
    + "".join(f"2026-09-{day:02},Visit,900000,90000,900,900,Instagram profile visits\n" for day in range(1, 29))
)


def test_one_ad_of_each_kind_is_compared_with_nothing(web: Client, imported: Callable[..., ImportFile]) -> None:
    row = imported("mixed.csv", MIXED)
    assert row.account is not None
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    assert not cycle.decision_set.exists()
    answer = page(web, row)
    assert answer.context["diagnosis"].kinds == ("conversation", "profile visit")
    assert not answer.context["diagnosis"].sentences
    assert cycle.step_set.get(name="evaluate").summary.startswith(
        "2 ads delivered. Results are of several kinds; each is compared with its own. No revenue is known"
    )
    seen = web.get(reverse("cycle", args=[row.account.key, cycle.key])).content.decode().partition("Ads as seen")[2]
    assert "Results" in seen
    assert "Cost of one" in seen
    assert "Rp25,200,000" in seen  # of all days
    for wrong in ("Purchases", "own order"):
        assert wrong not in seen
    for each in ("Rp45,000", "Rp1,000"):
        assert each in seen


def rows_of(name: str, kind: str, results: int) -> str:
    return "".join(f"2026-09-{day:02},{name},900000,9000,90,{results},{kind}\n" for day in range(1, 29))


BY_KIND = (
    MIXED.partition("\n")[0]
    + "\n"
    + "".join(
        (
            rows_of("Chat", "Messaging conversations started", 20),
            rows_of("Dear chat", "Messaging conversations started", 2),
            rows_of("Visit", "Instagram profile visits", 900),
            rows_of("Dear visit", "Instagram profile visits", 90),
            rows_of("Neither", "", 0),
        )
    )
)


def test_ads_are_compared_with_their_own_kind_only(web: Client, imported: Callable[..., ImportFile]) -> None:
    """The dearest profile visit costs less than the cheapest conversation; only its own kind says that it is dear."""
    row = imported("kinds.csv", BY_KIND)
    assert row.account is not None
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    found = page(web, row).context["diagnosis"]
    assert [head for head, _ in found.sentences] == [
        "One ad takes 50% of the money for conversations and brings 9% of them",
        "Your best ad gets 50% of the money for conversations",
        "One ad takes 50% of the money for profile visits and brings 9% of them",
        "Your best ad gets 50% of the money for profile visits",
    ]
    assert [(several, part.results) for several, _, part in found.kind_totals] == [
        ("Conversations", 28 * 22), ("Profile visits", 28 * 990),
    ]  # fmt: skip
    proposed = {one.title: one.why for one in cycle.decision_set.all()}
    assert set(proposed) == {"Pause “Dear chat”", "Pause “Dear visit”"}
    assert "A conversation costs Rp450,000 here, Rp81,818 is usual on this account." in proposed["Pause “Dear chat”"]
    assert "A profile visit costs Rp10,000 here, Rp1,818 is usual on this account." in proposed["Pause “Dear visit”"]
    ads = {ad.name: ad for ad in Ad.objects.filter(account=row.account)}
    said = web.get(reverse("ad", args=[row.account.key, ads["Dear chat"].key])).content.decode()
    assert "A conversation costs Rp450,000 here; Rp81,818 is usual on this account." in said
    assert (
        "I have not judged it yet."
        in web.get(reverse("ad", args=[row.account.key, ads["Neither"].key])).content.decode()
    )
    listed = web.get(reverse("ads", args=[row.account.key]), {"level": "ad"}).content.decode()
    assert listed.count("profile visits</span>") == listed.count("conversations</span>") == 2
    assert "Rp10,000" in listed
    assert "I state them only where all results are of one" in listed
    whole = web.get(reverse("portfolio", args=[row.account.key]), {"by": "ad"}).content.decode()
    assert whole.count("profile visits</span>") == whole.count("conversations</span>") == 2
    assert (
        "Rp126,000,000 spent in 28 days for 616 conversations at Rp81,818 each and "
        "27,720 profile visits at Rp1,818 each." in whole
    )


def test_kinds_that_ads_tell_are_not_added_up(web: Client, imported: Callable[..., ImportFile]) -> None:
    """22 conversations and 990 visits a day are no 1,012 of anything; what each ad brought is told."""
    account = imported("kinds.csv", BY_KIND).account
    assert account is not None
    answer = web.get(reverse("ads", args=[account.key]), {"level": "ad", "sort": "name"})
    place = [column.key for column, _ in answer.context["columns"]].index("results")
    assert answer.context["total_cells"][place].text == "–"
    assert [row["cells"][place].text for row in answer.context["rows"]] == ["560", "56", "2,520", "–", "25,200"]


def test_page_of_a_cycle_counts_in_the_words_and_the_currency_of_the_file(
    web: Client, imported: Callable[..., ImportFile]
) -> None:
    row = imported("kinds.csv", BY_KIND)
    assert row.account is not None
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    seen = web.get(reverse("cycle", args=[row.account.key, cycle.key])).content.decode()
    assert seen.count(">profile visits</span>") == seen.count(">conversations</span>") == 2
    assert (">conversation<" in seen, ">profile visit<" in seen) == (False, False)
    [score] = re.findall(r'Pause “Dear chat”.*?<td class="n">([^<]*)</td>', seen.partition('id="h-cand"')[2])[:1]
    assert re.fullmatch(r"\+Rp[\d,]+", score)


def test_file_without_rows_has_nothing_to_import_and_spoils_nothing(
    web: Client, drop: Callable[..., ImportFile], imported: Callable[..., ImportFile]
) -> None:
    """A month without delivery, whose results nobody named, joined to one whose results are told."""
    imported("told.csv", BY_KIND)
    empty = drop("empty.csv", UNTOLD.partition("\n")[0] + "\n")
    shown = page(web, empty).content.decode()
    assert "so there is nothing to import" in shown
    assert "Import 0 rows" not in shown
    assert confirm(web, empty).status_code == 302  # somebody else's program may
    tasks.import_file(empty.pk)
    account = AdAccount.objects.get(name="Office")
    assert kinds_of(account) == ("conversation", "profile visit")


def test_new_figures_set_aside_what_was_proposed_on_the_old_ones(
    web: Client, imported: Callable[..., ImportFile]
) -> None:
    """What still reads the same stands; the page of the last file shows both that and what is new."""
    row = imported("kinds.csv", BY_KIND)
    assert row.account is not None
    first = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    again = run_cycle(start_cycle(row.account, timezone.now(), "manual"))
    assert (first.decision_set.count(), again.decision_set.count()) == (2, 0)
    later = imported(
        "later.csv", BY_KIND.replace("2026-09", "2026-10").replace("900000,9000,90,2,", "900000,9000,90,3,")
    )
    last = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    states = dict(first.decision_set.values_list("title", "state"))
    assert states == {"Pause “Dear chat”": "expired", "Pause “Dear visit”": "proposed"}
    assert [one.title for one in last.decision_set.all()] == ["Pause “Dear chat”"]
    shown = page(web, later).context["proposals"]
    assert {one["decision"].title for one in shown} == set(states)
    assert Event.objects.filter(kind="decision.outdated").count() == 1
    score = scorecard(row.account, timezone.now())
    assert (score.lapsed, score.set_aside) == (0, 1)
    listed = web.get(reverse("inbox", args=[row.account.key]), {"view": "decided"}).content.decode()
    assert ("Set aside" in listed, "Lapsed" in listed) == (True, False)
    assert "1 set aside" in web.get(reverse("agent", args=[row.account.key])).content.decode()


def test_same_file_with_one_kind_is_judged(imported: Callable[..., ImportFile]) -> None:
    row = imported("one.csv", MIXED.replace("Messaging conversations started", "Instagram profile visits"))
    assert row.account is not None
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    assert "A profile visit costs" in cycle.decision_set.get().why


UNTOLD = "".join(f"{line.rpartition(',')[0]}\n" for line in MIXED.splitlines())


@pytest.mark.parametrize(
    ("answer", "kinds", "said"),
    [
        ("", NOT_THE_SAME, "nobody has said that they are the same"),
        ("several", NOT_THE_SAME, "nobody has said that they are the same"),
        ("same", ("result",), "One ad takes 50% of the money and brings 2% of the results"),
        ("lead", ("lead",), "One ad takes 50% of the money and brings 2% of the leads"),
    ],
    ids=["not answered", "several", "the same", "leads"],
)
def test_person_says_what_results_are_where_the_file_does_not(
    web: Client, imported: Callable[..., ImportFile], answer: str, kinds: tuple[str, ...], said: str
) -> None:
    row = imported("untold.csv", UNTOLD, result_kind=answer)
    assert row.account is not None
    shown = page(web, row)
    assert shown.context["diagnosis"].kinds == kinds
    assert said in shown.content.decode()
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    assert cycle.decision_set.exists() is (len(kinds) < 2)


def test_page_asks_what_results_are_and_says_what_it_takes_them_for(
    web: Client, drop: Callable[..., ImportFile]
) -> None:
    form = page(web, drop("untold.csv", UNTOLD)).context["form"]
    assert form["result_kind"].value() == "several"
    assert "result_kind" not in page(web, drop("told.csv", MIXED)).context["form"].fields


GOOGLE = "Campaign,Ad group,Currency code,Cost,Impr.,Clicks,Avg. CPC\nK,G,EUR,1.50,100,3,0.50\n"
LIST = "header,files\n" + "".join(f"{name},{count}\n" for count, name in enumerate(["Impressions", "Ad name", "Age"]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOGLE, "Google Ads reports cannot be imported yet"),
        ("Day,Campaign name,Amount spent (EUR)\n2026-09-01,K,much\n2026-09-02,K,more\n", "Not one of its 2 rows"),
    ],
    ids=["Google Ads", "no row of figures"],
)
def test_file_of_something_else_is_refused_before_it_makes_an_account(
    web: Client, drop: Callable[..., ImportFile], content: str, said: str
) -> None:
    row = drop("other.csv", content)
    assert row.state == "failed"
    text = page(web, row).content.decode()
    assert said in text
    assert "Import 0 rows" not in text
    assert not AdAccount.objects.filter(platform="export").exists()


def test_list_of_headings_is_no_export(drop: Callable[..., ImportFile]) -> None:
    assert drop("headers.csv", LIST).state == "failed"


def test_name_in_other_letters_is_the_same_account(imported: Callable[..., ImportFile]) -> None:
    first, again = imported("report.csv", GERMAN), imported("report.csv", GERMAN, account="office")
    assert first.account == again.account


def test_result_speaks_of_one_account_and_one_count(
    web: Client, account: AdAccount, imported: Callable[..., ImportFile]
) -> None:
    web.get(reverse("today", args=[account.key]))
    row = imported("report.csv", BROKEN_ROW)
    cycle = CycleFactory.create(account=row.account, now=timezone.now(), state="done")
    ad = Ad.objects.get(account=row.account)
    DecisionFactory.create(
        account=row.account, cycle=cycle, state="proposed", subject_level="ad", subject_id=ad.external_id
    )
    answer = page(web, row)
    text = answer.content.decode()
    assert answer.context["account"] == row.account
    assert 'data-mode="shadow"' in text
    assert "1 row imported, 1 left out" in text
    assert answer.context["about"].endswith("2 rows")
    assert f"in {ad.campaign.name}" not in text
    assert answer.context["days"] == "1 Sep 2026 – 2 Sep 2026"


def test_list_of_imports_names_its_time_zone(web: Client, account: AdAccount, drop: Callable[..., ImportFile]) -> None:
    drop("report.csv", GERMAN)
    assert " Berlin</time>" in web.get(reverse("import")).content.decode()


def test_every_currency_that_is_read_can_be_chosen() -> None:
    assert set(CURRENCIES) == CODES
    assert CURRENCIES[0] == "EUR"


CAMPAIGNS = (
    "Day,Campaign name,Amount spent (EUR),Impressions,Link clicks,Results\n"
    "2026-09-01,Autumn,80.00,9000,90,10\n2026-09-01,Winter,20.00,9000,90,30\n"
)


def test_file_by_campaign_is_told_by_campaign(web: Client, imported: Callable[..., ImportFile]) -> None:
    text = page(web, imported("campaigns.csv", CAMPAIGNS)).content.decode()
    assert "One campaign takes 80% of the money and brings 25% of the results" in text
    assert "“Autumn” spent" in text
    assert "(whole campaign)" not in text


DOMINATED = (
    "Day,Campaign name,Ad set name,Ad name,Amount spent (EUR),Leads\n"
    "2026-09-01,Large,L1,a,900,12\n2026-09-01,Large,L2,b,600,0\n2026-09-01,Small,S1,c,100,10\n"
)


def test_what_takes_nearly_all_is_compared_with_the_others(web: Client, imported: Callable[..., ImportFile]) -> None:
    """Not with a mean that is its own; and what stands out at the finest level is told too."""
    diagnosis = page(web, imported("one.csv", DOMINATED)).context["diagnosis"]
    assert (diagnosis.level, diagnosis.count) == ("campaign", 2)
    assert diagnosis.sentences == [
        (
            "One campaign takes 94% of the money and brings 55% of the leads",
            "“Large” spent €1,500.00 for 12 leads, €125.00 each; the others bring a lead for €10.00.",
        ),
        (
            "Your best campaign gets 6% of the money",
            "“Small” brings a lead for €10.00, on 10 of them; the others need €125.00.",
        ),
        ("Your best ad gets 6% of the money", "“c” brings a lead for €10.00, on 10 of them; the others need €125.00."),
        ("38% of the money brought no lead", "1 of 3 ads spent €600.00 without one."),
    ]


def test_file_of_one_object_compares_nothing(web: Client, imported: Callable[..., ImportFile]) -> None:
    text = page(web, imported("one.csv", "\n".join(CAMPAIGNS.splitlines()[:2]) + "\n")).content.decode()
    assert "The file tells of one campaign only" in text


def test_answer_that_is_taken_already_reads_nothing_again(web: Client, drop: Callable[..., ImportFile]) -> None:
    text = CAMPAIGNS.replace("Results", "Leads,Purchases").replace("0\n", "0,4\n")
    row = drop("two.csv", text)
    assert page(web, row).context["form"]["result"].value() == "purchases"
    confirm(web, row, result="purchases")
    row.refresh_from_db()
    assert row.state == "running"
    other = drop("two.csv", text + "2026-09-02,Winter,1.00,90,9,1,1\n")
    confirm(web, other, result="leads")
    other.refresh_from_db()
    assert (other.state, other.report["totals"]["results"]) == ("understood", 41)


def test_what_no_file_names_is_not_what_another_names(imported: Callable[..., ImportFile]) -> None:
    account = imported("untold.csv", UNTOLD, result_kind="same").account
    assert account is not None
    assert kinds_of(account) == ("result",)
    imported("told.csv", UNTOLD.replace("Chat", "Talk").replace("Results", "Purchases"))
    assert kinds_of(account) == ("purchase", *NOT_THE_SAME)
    assert mixed_words(kinds_of(account)) == "Results mean several things here: purchase and what no file names."


def test_last_answer_to_the_same_file_holds(imported: Callable[..., ImportFile]) -> None:
    account = imported("untold.csv", UNTOLD, result_kind="several").account
    assert account is not None
    assert kinds_of(account) == NOT_THE_SAME
    imported("untold.csv", UNTOLD, result_kind="lead")
    assert kinds_of(account) == ("lead",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CAMPAIGNS, "2 campaigns delivered"),
        (CAMPAIGNS.replace("Campaign name", "Ad set name"), "2 ad sets delivered"),
        (CAMPAIGNS.replace("Campaign name", "Ad name"), "2 ads delivered"),
        (CAMPAIGNS.replace("Results", "Results,Campaign delivery").replace("0\n", "0,active\n"), "2 campaigns run"),
    ],
)
def test_cycle_counts_what_the_file_names(imported: Callable[..., ImportFile], text: str, said: str) -> None:
    row = imported("campaigns.csv", text)
    assert row.account is not None
    cycle = run_cycle(start_cycle(row.account, timezone.now(), "import"))
    assert cycle.step_set.get(name="evaluate").summary.startswith(said)
    assert context_for(row.account, (), timezone.now()).unit == said[2:].rpartition("s ")[0]


def test_file_of_several_kinds_that_no_ad_tells_shows_no_cost_of_a_result(
    web: Client, imported: Callable[..., ImportFile]
) -> None:
    text = page(web, imported("untold.csv", UNTOLD, result_kind="several")).content.decode()
    assert "The file does not say what its results are" in text
    assert "Cost per result" not in text
    assert ">Each<" not in text


@pytest.mark.parametrize("text", [BY_KIND, CAMPAIGNS], ids=["several kinds", "campaigns only"])
def test_every_page_of_an_imported_account_opens(web: Client, imported: Callable[..., ImportFile], text: str) -> None:
    row = imported("file.csv", text)
    assert row.account is not None
    run_cycle(start_cycle(row.account, timezone.now(), "import"))
    opened = crawl(web, reverse("import-file", args=[row.key]), each=2)
    assert {address: status for address, status in opened.items() if status not in (200, 302)} == {}
    assert {"cycle", "ad", "portfolio"} <= {resolve(urlsplit(one).path).url_name for one in opened}


def test_rest_of_a_campaign_whose_ads_are_named_is_no_ad(imported: Callable[..., ImportFile]) -> None:
    """Two days of campaigns, and then its ads: the days that only the campaign tells stay, and nobody pauses them."""
    whole = CAMPAIGNS.partition("\n")[0] + "\n2026-08-01,Summer,9000.00,900,9,0\n2026-08-01,Winter,1.00,900,9,90\n"
    imported("whole.csv", whole, result_kind="purchase")
    ads = "Day,Campaign name,Ad name,Amount spent (EUR),Impressions,Clicks,Purchases\n" + "".join(
        f"2026-09-{day:02},Summer,{ad},90.00,900,90,9\n" for day in range(1, 29) for ad in ("Sun", "Sea")
    )
    account = imported("ads.csv", ads).account
    assert account is not None
    assert Ad.objects.filter(account=account, is_placeholder=True).count() == 2
    assert set(Ad.pausable_of(account).values_list("name", flat=True)) == {
        "Sun", "Sea", "Winter (whole campaign)",
    }  # fmt: skip
    cycle = run_cycle(start_cycle(account, timezone.now(), "import"))
    assert cycle.step_set.get(name="evaluate").summary.startswith("3 ads")
    assert not [one.title for one in cycle.decision_set.all() if "Summer" in one.title]


def test_what_a_finer_file_replaced_is_told(web: Client, imported: Callable[..., ImportFile]) -> None:
    first = imported("campaigns.csv", CAMPAIGNS, result_kind="purchase")
    assert "told twice" not in page(web, first).content.decode().casefold()
    ads = CAMPAIGNS.replace("Campaign name", "Campaign name,Ad name").replace("Autumn", "Autumn,Sun")
    later = imported("ads.csv", ads.replace("Winter", "Winter,Ice"), result_kind="purchase")
    assert "2 rows left out: other rows of this account tell the same money" in page(web, later).content.decode()


def test_file_that_went_on_meanwhile_is_not_said_to_have_failed(drop: Callable[..., ImportFile]) -> None:
    """It was read once more while somebody confirmed it."""
    row = drop("report.csv", GERMAN)
    ImportFile.objects.filter(pk=row.pk).update(state="running")
    uploads.full_path(row.path).write_bytes(b"\x00\x01")
    uploads.read(row)
    assert row.state == "running"


def test_answer_that_changes_the_totals_is_told_until_it_is_imported(
    web: Client, drop: Callable[..., ImportFile]
) -> None:
    row = drop("two.csv", CAMPAIGNS.replace("Results", "Leads,Purchases").replace("0\n", "0,4\n"))
    answer = confirm(web, row, result="leads")
    assert answer["Location"].endswith("?again=1")
    assert "Read again with your answer" in web.get(answer["Location"]).content.decode()
    assert "Read again with your answer" not in page(web, row).content.decode()


def test_page_of_an_earlier_file_says_that_the_account_went_on(
    web: Client, imported: Callable[..., ImportFile]
) -> None:
    first = imported("august.csv", CAMPAIGNS.replace("2026-09", "2026-08"))
    assert "A later file changed this account" not in page(web, first).content.decode()
    last = imported("september.csv", CAMPAIGNS)
    assert "A later file changed this account" in page(web, first).content.decode()
    assert "A later file changed this account" not in page(web, last).content.decode()


def test_card_of_a_file_does_not_say_that_the_account_is_connected(
    web: Client, imported: Callable[..., ImportFile]
) -> None:
    account = imported("kinds.csv", BY_KIND).account
    assert account is not None
    cycle = run_cycle(start_cycle(account, timezone.now(), "import"))
    card = web.get(reverse("decision", args=[account.key, cycle.decision_set.first().key])).content.decode()
    assert " passed</summary>" in card
    assert "Account connected" not in card
    assert "Figures read" not in card
