"""Status for people, up or down for strangers, figures for collectors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount, SyncRun
from mediabuyer.brands.models import User
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.servers.state import write_state
from memory.events import record
from memory.tasks import verify_journal
from tests.factories import NOW, ChangeFactory, DecisionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def journal_file(settings: LazySettings, tmp_path: Any) -> Any:
    settings.JOURNAL_FILE = tmp_path / "journal.json"
    return settings.JOURNAL_FILE


@pytest.fixture
def see(manager: User) -> Callable[..., Any]:
    def get(user: User = manager) -> Any:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client.get(reverse("status"))

    return get


def test_status_lists_parts_and_own_accounts(see: Callable[..., Any], account: AdAccount) -> None:
    context = see().context
    assert [part.name for part in context["shared"]] == ["Database", "Worker", "Memory graph"]
    (mine,) = context["per_account"]
    assert mine["account"] == account
    assert [part.name for part in mine["parts"]] == ["Meta (sandbox)", "Changes at Meta", "Daily cap"]


def test_stranger_sees_nothing_of_another_brand(see: Callable[..., Any], account: AdAccount, stranger: User) -> None:
    record("cycle.started", "cycle", "1", brand=account.brand, now=NOW, actor="agent")
    DecisionFactory.create(account=account)
    answer = see(stranger)
    assert answer.status_code == 200
    assert account.brand.name not in answer.content.decode()
    assert answer.context["queues"][0].count == 0


def test_stop_is_told_where_everything_is_up(see: Callable[..., Any], account: AdAccount) -> None:
    AdAccount.objects.update(is_stopped=True, stopped_at=NOW, synced_at=NOW)
    page = see().content.decode()
    assert f"Stopped, so that nothing is raised, switched on or created: {account.name}." in page
    assert "All well" not in page


def test_person_without_account_sees_what_will_appear(see: Callable[..., Any]) -> None:
    assert b"No account yet" in see().content


def test_queues_count_what_waits_since_when(see: Callable[..., Any], account: AdAccount) -> None:
    DecisionFactory.create(account=account)
    DecisionFactory.create(account=account, proposed_at=NOW - timedelta(minutes=15))
    change = ChangeFactory.create(operation__account=account)
    ChangeFactory.create(operation__account=account, state="done")
    queues = {one.name: one for one in see().context["queues"]}
    assert queues["Decisions"].count == 2
    since = queues["Decisions"].since
    assert since is not None
    assert timedelta(minutes=15) <= wall_now() - since < timedelta(minutes=16)
    assert (queues["Changes"].count, queues["Changes"].since) == (1, change.created_at)


def test_running_read_shows_how_far_it_is(see: Callable[..., Any], account: AdAccount) -> None:
    SyncRun.objects.create(account=account, kind="insights", state="done")
    SyncRun.objects.create(account=account, kind="insights", parts_done=["a", "b"], parts_total=5, rows=1200)
    answer = see()
    (run,) = answer.context["per_account"][0]["runs"]
    assert (run["run"].state, run["parts"]) == ("running", 2)
    assert "part 2 of 5" in answer.content.decode()


def test_nightly_check_of_the_journal_is_told(see: Callable[..., Any], account: AdAccount) -> None:
    record("cycle.started", "cycle", "1", brand=account.brand, now=NOW, actor="agent")
    assert see().context["journals"][0]["checked_at"] is None
    verify_journal()
    (mine,) = see().context["journals"]
    assert (mine["lines"], mine["damaged_at"]) == (1, None)
    assert wall_now() - mine["checked_at"] < timedelta(minutes=1)


def test_damaged_journal_breaks_the_headline(see: Callable[..., Any], account: AdAccount, journal_file: Any) -> None:
    write_state(journal_file, {"checked_at": wall_now().isoformat(), "damaged": {str(account.brand.key): 17}})
    answer = see()
    assert answer.context["worst"] == "bad"
    assert "from line 17" in answer.content.decode()


def test_status_needs_login(client: Client) -> None:
    assert client.get(reverse("status")).status_code == 302


def test_probe_hears_up_and_nothing_else(client: Client, account: AdAccount) -> None:
    answer = client.get("/healthz", headers={"Host": "127.0.0.1"})
    assert (answer.status_code, answer.content) == (200, b"up\n")
    assert "no-store" in answer["Cache-Control"]


def test_probe_hears_down_when_the_database_is(client: Client) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (503, b"down\n")


def test_metrics_do_not_exist_for_strangers(client: Client, manager: User, settings: LazySettings) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "s3cret"
    for given in ("", "Bearer", "Bearer wrong", "Bearer s3cret2"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/metrics").status_code == 404


def test_empty_token_opens_nothing(client: Client, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_count_and_name_nobody(client: Client, account: AdAccount, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = "s3cret"
    DecisionFactory.create_batch(3, account=account)
    answer = client.get("/metrics", headers={"Authorization": "Bearer s3cret"})
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/plain")
    assert 'mediabuyer_decisions{kind="awaiting"} 3.0' in text
    assert 'mediabuyer_accounts{kind="all"} 1.0' in text
    assert account.brand.name not in text


def test_operator_sees_metrics(client: Client, manager: User) -> None:
    manager.is_staff = True
    manager.save()
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/metrics").status_code == 200
