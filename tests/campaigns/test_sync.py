"""The pull from a real sandbox: nothing lost, nothing doubled, corrected when restated, resumed when killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection, connections
from django.db.models import Sum
from django.utils import timezone

from campaigns import runs
from campaigns.connection import note_trouble
from campaigns.models import Ad, AdAccount, AdSet, Campaign, Comment, InsightBreakdown, InsightDay, SyncRun
from campaigns.platforms import connect, meta
from campaigns.platforms.base import BREAKDOWNS
from campaigns.sync import sync_comments, sync_insights, sync_structure
from creatives.models import Angle, Creative, LandingPage
from mediabuyer.lib.errors import Conflict, Fault, PlatformError
from mediabuyer.lib.servers.processes import identify
from memory.models import Event, GraphChange
from tests.factories import ChangeFactory, OperationFactory
from tests.sandbox_process import ROOT, SandboxInfo, running_sandbox

pytestmark = pytest.mark.django_db
Strike = Callable[..., None]
MEASURED = ("spend", "impressions", "clicks", "link_clicks", "results", "revenue")


@pytest.fixture
def now(meta_account: AdAccount) -> datetime:
    return connect(meta_account).read_now()


def totals(rows: Any) -> dict[str, Decimal]:
    return {name: Decimal(value or 0) for name, value in rows.aggregate(**{n: Sum(n) for n in MEASURED}).items()}


def truth_of(sandbox: SandboxInfo) -> dict[str, Decimal]:
    told = {**sandbox.control("truth")["account"]}
    told["results"] = told["conversions"]
    return {name: Decimal(str(told[name])) for name in MEASURED}


def kinds(account: AdAccount) -> list[str]:
    return list(Event.objects.of_account(account.key).order_by("number").values_list("kind", flat=True))


def test_sums_equal_the_truth_to_the_cent(meta_account: AdAccount, now: datetime, sandbox: SandboxInfo) -> None:
    sync_structure(meta_account, now)
    run = sync_insights(meta_account, now)
    truth = truth_of(sandbox)
    assert truth["spend"] > 1000
    assert totals(InsightDay.objects.filter(account=meta_account)) == truth
    for dimension in BREAKDOWNS:
        assert totals(InsightBreakdown.objects.filter(account=meta_account, dimension=dimension)) == truth, dimension
    per_ad = {ad: Decimal(str(told["spend"])) for ad, told in sandbox.control("truth")["ads"].items()}
    spent = InsightDay.objects.values_list("ad__external_id").annotate(Sum("spend"))
    assert dict(spent) == {ad: spend for ad, spend in per_ad.items() if spend}
    assert (run.state, run.rows) == ("done", InsightDay.objects.count() + InsightBreakdown.objects.count())
    assert len(run.parts_done) == run.parts_total >= 6


def test_tree_is_the_platforms_tree(meta_account: AdAccount, now: datetime, sandbox: SandboxInfo) -> None:
    sync_structure(meta_account, now)
    listed = connect(meta_account).read_structure()
    assert Campaign.objects.count() == len(listed.campaigns) == 2
    assert AdSet.objects.count() == len(listed.ad_sets)
    ad = Ad.objects.get(external_id=listed.ads[0].external_id)
    assert ad.ad_set.campaign == ad.campaign
    assert ad.creative is not None
    assert ad.creative.angle is not None
    assert f"angle:{ad.creative.angle.name}" in listed.ads[0].labels
    assert ad.creative.landing_page is not None
    assert (
        ad.creative.landing_page.url == "https://roastery.example/shop/" + ad.creative.landing_page.url.split("/")[-1]
    )
    told = {graph.label: graph for graph in GraphChange.objects.filter(key=str(ad.key))}
    assert told
    assert (Creative.objects.count(), Angle.objects.count() > 1, LandingPage.objects.count() > 1) == (6, True, True)
    meta_account.refresh_from_db()
    assert meta_account.structure_synced_at == meta_account.clock_at == now


def test_second_sync_writes_nothing(meta_account: AdAccount, now: datetime) -> None:
    for _ in range(2):
        sync_structure(meta_account, now)
        sync_insights(meta_account, now, days=14)
    structure, insights = (
        Event.objects.filter(kind=kind).order_by("-number")[0].data for kind in ("structure.synced", "insights.synced")
    )
    assert (structure["changed"], structure["drifts"], insights["changed"]) == (0, 0, 0)
    assert insights["rows"] > 500
    changes = GraphChange.objects.count()
    sync_structure(meta_account, now)
    assert GraphChange.objects.count() == changes


def test_restated_days_are_corrected(brand: Any, meta_account: AdAccount) -> None:
    with running_sandbox(seed=11, history_days=10) as other:
        meta_account.graph_url, meta_account.external_id = other.url, other.account_id
        meta_account.credentials = f'{{"access_token": "{other.access_token}"}}'
        meta_account.save()
        now = connect(meta_account).read_now()
        sync_structure(meta_account, now)
        sync_insights(meta_account, now)
        before = dict(InsightDay.objects.values_list("pk", "results_28d"))
        other.control("clock", {"advance_hours": 72})
        later = connect(meta_account).read_now()
        sync_insights(meta_account, later)
        assert totals(InsightDay.objects.filter(account=meta_account)) == truth_of(other)
        after = dict(InsightDay.objects.filter(pk__in=before).values_list("pk", "results_28d"))
        assert sum(after.values()) > sum(before.values())
        assert later - now == timedelta(hours=72)
        meta_account.refresh_from_db()
        assert meta_account.synced_at == later


def test_change_made_elsewhere_is_told_once(meta_account: AdAccount, now: datetime, sandbox: SandboxInfo) -> None:
    sync_structure(meta_account, now)
    ad_set = AdSet.objects.filter(daily_budget__isnull=False).first()
    assert ad_set is not None
    assert ad_set.daily_budget is not None
    new = ad_set.daily_budget + 7
    sandbox.graph(ad_set.external_id, "POST", daily_budget=int(new * 100), status="PAUSED")
    for _ in range(2):
        sync_structure(meta_account, now)
    told = {event.data["field"]: event for event in Event.objects.filter(kind="structure.drifted")}
    assert Event.objects.filter(kind="structure.drifted").count() == 2
    assert told["daily_budget"].subject_key == str(ad_set.key)
    assert (Decimal(told["daily_budget"].data["old"]), Decimal(told["daily_budget"].data["new"])) == (new - 7, new)
    assert (told["status"].data["old"], told["status"].data["new"]) == ("ACTIVE", "PAUSED")
    ad_set.refresh_from_db()
    assert (ad_set.daily_budget, ad_set.status) == (new, "PAUSED")
    sandbox.graph(ad_set.external_id, "POST", daily_budget=int((new - 7) * 100), status="ACTIVE")


@pytest.mark.parametrize(("state", "place"), [("done", 0), ("failed", 1)])
def test_our_own_change_is_no_drift(
    meta_account: AdAccount, now: datetime, sandbox: SandboxInfo, state: str, place: int
) -> None:
    """Also one that counts as failed, by a person's word or by a lost answer: it was sent, and may have arrived."""
    sync_structure(meta_account, now)
    ad_set = AdSet.objects.filter(daily_budget__isnull=False)[place]  # a budget may be changed a few times an hour only
    assert ad_set.daily_budget is not None
    new = ad_set.daily_budget + 3
    ChangeFactory.create(
        operation=OperationFactory.create(account=meta_account), external_id=ad_set.external_id, state=state,
        params={"daily_budget": str(new)}, sent_at=timezone.now(), settled_at=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip
    sandbox.graph(ad_set.external_id, "POST", daily_budget=int(new * 100))
    sync_structure(meta_account, now)
    assert not Event.objects.filter(kind="structure.drifted").exists()
    ad_set.refresh_from_db()
    assert ad_set.daily_budget == new


def test_object_that_a_change_is_altering_is_left_alone(
    meta_account: AdAccount, now: datetime, sandbox: SandboxInfo
) -> None:
    sync_structure(meta_account, now)
    ad_set = AdSet.objects.filter(daily_budget__isnull=False).first()
    assert ad_set is not None
    ChangeFactory.create(
        operation=OperationFactory.create(account=meta_account), external_id=ad_set.external_id, state="sent"
    )
    AdSet.objects.filter(pk=ad_set.pk).update(daily_budget=Decimal(999))
    sync_structure(meta_account, now)
    ad_set.refresh_from_db()
    assert ad_set.daily_budget == Decimal(999)


def test_vanished_object_is_marked_deleted(meta_account: AdAccount, now: datetime) -> None:
    sync_structure(meta_account, now)
    ad = Ad.objects.first()
    assert ad is not None
    ad.external_id = "777"  # the platform will list the real one as new, and this one no more
    ad.save()
    sync_structure(meta_account, now)
    ad.refresh_from_db()
    assert (ad.status, ad.effective_status) == ("DELETED", "DELETED")


def test_expired_token_is_told_once_and_mends(meta_account: AdAccount, now: datetime, strike: Strike) -> None:
    strike(token_expired=True)
    for sync in (sync_structure, sync_insights, sync_comments):
        with pytest.raises(PlatformError) as caught:
            sync(meta_account, now)
        assert caught.value.fault is Fault.AUTH
    meta_account.refresh_from_db()
    assert meta_account.connection == "reconnect"
    assert kinds(meta_account) == ["account.reconnect_needed"]
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"failed"}
    strike()
    sync_structure(meta_account, now)
    meta_account.refresh_from_db()
    assert (meta_account.connection, meta_account.connection_detail) == ("ok", "")
    assert kinds(meta_account)[-1] == "account.connected"


def test_rate_limit_keeps_the_account_waiting(meta_account: AdAccount, now: datetime, strike: Strike) -> None:
    strike(rate_limit={"code": 80004, "minutes": 7})
    with pytest.raises(PlatformError):
        sync_structure(meta_account, now)
    strike()
    meta_account.refresh_from_db()
    assert meta_account.held_until is not None
    assert timedelta(minutes=6) < meta_account.held_until - timezone.now() <= timedelta(minutes=7)
    assert meta_account.connection == "ok"
    with pytest.raises(PlatformError) as caught:
        sync_structure(meta_account, now)
    assert caught.value.fault is Fault.RATE


def test_failed_run_goes_on_with_what_is_missing(meta_account: AdAccount, now: datetime, strike: Strike) -> None:
    sync_structure(meta_account, now)
    strike(code={"code": 2}, match="GET .*(country|insights)", seed=3)
    with pytest.raises(PlatformError):
        sync_insights(meta_account, now, days=14)
    failed = SyncRun.objects.get(kind="insights")
    assert failed.state == "failed"
    strike()
    run = sync_insights(meta_account, now, days=14)
    assert (run.pk, run.state, run.error) == (failed.pk, "done", "")


def test_second_sync_beside_the_first_is_refused(meta_account: AdAccount, now: datetime) -> None:
    with runs.sync_run(meta_account, "structure", now):
        other = connections.create_connection("default")
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [runs.LOCK, meta_account.pk * len(runs.KINDS)])
                assert cursor.fetchone() == (False,)
        finally:
            other.close()


def test_taken_lock_is_a_conflict(meta_account: AdAccount, now: datetime) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [runs.LOCK, meta_account.pk * len(runs.KINDS)])
        with pytest.raises(Conflict):
            sync_structure(meta_account, now)
    finally:
        other.close()
    assert not SyncRun.objects.exists()


def test_comments_are_kept_once(meta_account: AdAccount, now: datetime, sandbox: SandboxInfo) -> None:
    sync_structure(meta_account, now)
    first = sync_comments(meta_account, now)
    count = Comment.objects.count()
    again = sync_comments(meta_account, now)
    assert (first.rows, again.rows, Comment.objects.count()) == (count, count, count)


@pytest.fixture
def committed_account(transactional_db: None, sandbox: SandboxInfo, request: pytest.FixtureRequest) -> AdAccount:
    return request.getfixturevalue("meta_account")


SYNCING = """
import django, os, sys
django.setup()
from campaigns.models import AdAccount
from campaigns.platforms import connect
from campaigns.sync import sync_insights, sync_structure
for _ in sys.stdin:
    if pid := os.fork():
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)
        continue
    account = AdAccount.objects.get(pk=int(sys.argv[1]))
    now = connect(account).read_now()
    sync_structure(account, now)
    sync_insights(account, now, days=14)
    os._exit(0)
"""
"""A process that runs one sync in a fork of itself for each line it reads, and tells the fork's number and end."""


def test_sync_killed_at_every_part_ends_whole(
    committed_account: AdAccount, sandbox: SandboxInfo, strike: Strike
) -> None:
    strike(delay=0.1)
    kills, done = 0, list[str]()
    command = [sys.executable, "-c", SYNCING, str(committed_account.pk)]
    with subprocess.Popen(
        command, cwd=ROOT, env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        while kills < 12:
            child.stdin.write("\n")
            child.stdin.flush()
            fork = int(child.stdout.readline())
            deadline = time.monotonic() + 60
            while len(parts_done()) == len(done) and identify(fork) and time.monotonic() < deadline:
                time.sleep(0.01)
            with suppress(ProcessLookupError):
                os.kill(fork, signal.SIGKILL)
            has_ended = child.stdout.readline() == "0\n"
            if has_ended or SyncRun.objects.filter(kind="insights", state="done").exists():
                break  # by itself, or killed when all was done
            kills += 1
            assert parts_done()[: len(done)] == done  # nothing that was finished is forgotten
            assert len(parts_done()) > len(done)
            done = parts_done()
    strike()
    run = SyncRun.objects.get(kind="insights")
    assert (run.state, len(run.parts_done)) == ("done", run.parts_total)
    assert kills >= 5
    assert run.rows == InsightDay.objects.count() + InsightBreakdown.objects.count()
    truth = truth_of(sandbox)
    assert totals(InsightDay.objects.all()) == truth
    for dimension in BREAKDOWNS:
        assert totals(InsightBreakdown.objects.filter(dimension=dimension)) == truth


def parts_done() -> list[str]:
    return next(iter(SyncRun.objects.filter(kind="insights").values_list("parts_done", flat=True)), [])


def child_environment() -> dict[str, str]:
    """The test database, for a process of its own."""
    at = connection.settings_dict
    place = urlencode({"host": at["HOST"], "port": at["PORT"]})
    url = f"postgresql://{quote(at['USER'])}:{quote(at['PASSWORD'])}@/{at['NAME']}?{place}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "PYTHONPATH": str(Path(ROOT)),
    }


# -- trouble on the way --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["duplicate_page", "empty_page"])
def test_odd_pages_lose_and_double_nothing(
    meta_account: AdAccount, now: datetime, sandbox: SandboxInfo, strike: Strike, monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(meta, "PAGE", 2)
    monkeypatch.setattr(meta, "INSIGHTS_PAGE", 40)
    sync_structure(meta_account, now)
    ads = set(Ad.objects.values_list("external_id", "status"))
    strike(**{fault: 1.0})
    sync_structure(meta_account, now)
    sync_insights(meta_account, now, days=14)
    assert sandbox.control("faults")["struck"][fault] > 20
    assert set(Ad.objects.values_list("external_id", "status")) == ads
    truth = truth_of(sandbox)
    assert totals(InsightDay.objects.filter(account=meta_account)) == truth
    for dimension in BREAKDOWNS:
        assert totals(InsightBreakdown.objects.filter(account=meta_account, dimension=dimension)) == truth, dimension


def test_list_with_a_gap_deletes_nothing(meta_account: AdAccount, now: datetime, strike: Strike) -> None:
    sync_structure(meta_account, now)
    strike(lost_row=1.0, match="/ads$")
    with pytest.raises(PlatformError, match=r"it listed 5 of 6 ads\.") as caught:
        sync_structure(meta_account, now)
    assert caught.value.fault is Fault.TRANSIENT
    assert not Ad.objects.filter(status="DELETED").exists()


def test_hold_outlives_the_figures(meta_account: AdAccount, now: datetime) -> None:
    note_trouble(meta_account, PlatformError(Fault.HELD, "Blocked for policy."), now)
    sync_insights(meta_account, now, days=1)
    meta_account.refresh_from_db()
    assert (meta_account.connection, meta_account.connection_detail) == ("held", "Blocked for policy.")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("currency", "USD", "The account's currency is now EUR, not USD."),
        ("time_zone", "America/New_York", "The account's time zone is now Europe/Berlin, not America/New_York."),
    ],
)
def test_account_in_other_units_is_held_and_not_mixed(
    meta_account: AdAccount, now: datetime, field: str, value: str, words: str
) -> None:
    AdAccount.objects.filter(pk=meta_account.pk).update(**{field: value})
    meta_account.refresh_from_db()
    for sync in (sync_structure, sync_insights):
        with pytest.raises(PlatformError) as caught:
            sync(meta_account, now)
        assert (caught.value.fault, caught.value.message) == (Fault.HELD, words)
    meta_account.refresh_from_db()
    assert (meta_account.connection, meta_account.connection_detail) == ("held", words)
    assert not Campaign.objects.exists()
    assert not InsightDay.objects.exists()
    assert kinds(meta_account) == ["account.held"]


def test_renamed_object_is_no_drift(meta_account: AdAccount, now: datetime, sandbox: SandboxInfo) -> None:
    sync_structure(meta_account, now)
    ad = Ad.objects.earliest("pk")
    sandbox.graph(ad.external_id, "POST", name="Renamed | by hand")
    try:
        sync_structure(meta_account, now)
    finally:
        sandbox.graph(ad.external_id, "POST", name=ad.name)
    assert Ad.objects.get(pk=ad.pk).name == "Renamed | by hand"
    assert not Event.objects.filter(kind="structure.drifted").exists()
    assert Event.objects.filter(kind="structure.synced").latest("number").data["changed"] == 1


@pytest.mark.parametrize("status", ["ARCHIVED", "DELETED"])
def test_figures_of_what_is_gone_stay_whole(meta_account: AdAccount, status: str) -> None:
    with running_sandbox(seed=5, history_days=6) as other:
        meta_account.graph_url, meta_account.external_id = other.url, other.account_id
        meta_account.credentials = f'{{"access_token": "{other.access_token}"}}'
        meta_account.save()
        _, listed = other.graph(f"{other.account_id}/adsets")
        other.graph(listed["data"][0]["id"], "POST", status=status)
        now = connect(meta_account).read_now()
        sync_structure(meta_account, now)
        sync_insights(meta_account, now)
        truth = truth_of(other)
    assert AdSet.objects.get(external_id=listed["data"][0]["id"]).status == status
    assert not Campaign.objects.filter(is_placeholder=True).exists()
    assert totals(InsightDay.objects.filter(account=meta_account)) == truth


@pytest.mark.parametrize(
    "knobs", [{"garbage_body": 1.0, "seed": 1}, {"http_500": 1.0}, {"slow_drip": {"p": 1.0, "seconds": 0.2}}]
)
def test_unusable_answers_change_nothing(
    meta_account: AdAccount, now: datetime, strike: Strike, settings: Any, knobs: dict[str, Any]
) -> None:
    sync_structure(meta_account, now)
    before = set(Ad.objects.values_list("external_id", "status", "name"))
    settings.PLATFORM_TIMEOUT = 0.5
    strike(**knobs)
    began = time.monotonic()
    for sync in (sync_structure, sync_insights, sync_comments):
        with pytest.raises(PlatformError) as caught:
            sync(meta_account, now)
        assert caught.value.fault is Fault.TRANSIENT
    assert time.monotonic() - began < 10
    meta_account.refresh_from_db()
    assert meta_account.connection == "ok"
    assert set(Ad.objects.values_list("external_id", "status", "name")) == before
    assert not InsightDay.objects.exists()
