"""Pages and API about a change of unknown outcome, and about an undo that did not work."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount, Change
from mediabuyer.agent.models import Decision
from mediabuyer.agent.undo import undo
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Fault, PlatformError
from memory.models import Event
from tests.agent.conftest import Unknown, approved, carry_out, never_known, sent_in_vain  # noqa: F401 - fixtures
from tests.api_client import client_of
from tests.campaigns.operations.fake_platform import FakePlatform
from tests.factories import budget_change
from tests.sandbox_process import running_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client, person: Any) -> Client:
    client.force_login(person("owner"), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def account(never_known: Unknown) -> AdAccount:  # noqa: F811
    return never_known.decision.account


@pytest.fixture
def brand(account: AdAccount) -> Any:
    return account.brand


@pytest.fixture
def fake(never_known: Unknown) -> FakePlatform:  # noqa: F811
    return never_known.platform


@pytest.fixture
def unknown(never_known: Unknown) -> Decision:  # noqa: F811
    return never_known.decision


def sent_with(decision: Decision) -> dict[str, str]:
    return {"hash": decision.content_hash, "change": str(Change.objects.latest("pk").key)}


def url(name: str, decision: Decision) -> str:
    return reverse(name, args=[decision.account.key, decision.key])


def said(response: Any) -> str:
    return response.content.decode()


def test_card_says_what_is_known_and_offers_three_words(browser, unknown):
    page = said(browser.get(url("decision", unknown)))
    assert "It was sent 6 times, and it is not known whether it arrived." in page
    assert "I do nothing more by myself; somebody has to say how it ended." in page
    for name in ("decision-look", "decision-arrived", "decision-missing"):
        assert f'action="{url(name, unknown)}?view=decided"' in page


def test_viewer_sees_it_without_buttons(client, person, unknown):
    client.force_login(person("viewer"), backend="django.contrib.auth.backends.ModelBackend")
    page = said(client.get(url("decision", unknown)))
    assert "A manager or owner says how it ended." in page
    assert url("decision-missing", unknown) not in page


@pytest.mark.parametrize("name", ["today", "status"])
def test_it_is_named_where_people_look_first(browser, unknown, name):
    address = reverse(name, args=[unknown.account.key] if name == "today" else [])
    page = said(browser.get(address))
    assert "Daily budget of the ad set “Broad” to €60.00" in page
    assert f'href="{url("decision", unknown)}"' in page


def test_not_arrived_frees_the_cap_on_a_persons_word(browser, unknown):
    page = said(browser.post(url("decision-missing", unknown), sent_with(unknown), follow=True))
    assert "so this rests on a person&#x27;s word" in page
    assert Decision.objects.get().state == "failed"
    assert Event.objects.filter(kind="decision.said_missing").count() == 1


def test_arrived_is_refused_while_meta_cannot_be_asked(browser, unknown):
    response = browser.post(url("decision-arrived", unknown), sent_with(unknown))
    assert response.status_code == 409
    assert "Meta could not be asked" in said(response)
    assert Decision.objects.get().state == "unknown"


def test_looking_again_puts_it_back_to_work(browser, unknown):
    response = browser.post(url("decision-look", unknown), sent_with(unknown), follow=True)
    assert "I look for it now" in said(response)
    assert Change.objects.get().state == "sent"
    assert "I look for it at Meta" in said(response)


@pytest.mark.parametrize(
    "wrong", [{"change": "nonsense"}, {"change": "00000000-0000-4000-8000-000000000000"}, {"hash": "0" * 64}]
)
def test_word_on_something_else_is_refused(browser, unknown, wrong):
    response = browser.post(url("decision-missing", unknown), sent_with(unknown) | wrong)
    assert response.status_code == 409
    assert Decision.objects.get().state == "unknown"


def test_api_tells_and_settles_it(unknown, person, brand):
    api = client_of(person("owner"), brand)
    address = f"/api/decisions/{unknown.key}/"
    (told,) = api.get(address).json()["unsettled"]
    assert (told["needs_person"], told["may_be_missing"], told["at"]) == (True, True, None)
    assert told["what"] == "daily budget of the ad set “Broad” to €60.00"
    word = {"hash": unknown.content_hash, "change": told["change"]}
    refused = api.post(f"{address}arrived/", word, format="json")
    assert (refused.status_code, refused.json()["state"]) == (409, "unknown")
    answer = api.post(f"{address}missing/", word, format="json")
    assert (answer.status_code, answer.json()["state"], answer.json()["unsettled"]) == (200, "failed", [])


def test_api_looks_again_by_a_manager_only(unknown, person, brand):
    word = sent_with(unknown)
    address = f"/api/decisions/{unknown.key}/look-again/"
    assert client_of(person("team"), brand).post(address, word, format="json").status_code == 403
    assert Change.objects.get().state == "unknown"
    assert client_of(person("owner"), brand).post(address, word, format="json").status_code == 200
    assert Change.objects.get().state == "sent"


def test_arrived_is_read_back_from_the_sandbox(browser, unknown, account):
    """By the real SDK over HTTP: what the Graph API shows is what counts."""
    with running_sandbox(history_days=3) as sandbox:
        keys = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
        AdAccount.objects.update(external_id=sandbox.account_id, graph_url=sandbox.url, credentials=json.dumps(keys))
        _, found = sandbox.graph(f"act_{sandbox.account_id.removeprefix('act_')}/adsets", fields="id,daily_budget")
        row = next(one for one in found["data"] if one.get("daily_budget"))
        now = f"{int(row['daily_budget']) / 100:.2f}"
        Change.objects.update(external_id=row["id"], params={"daily_budget": "1.23"})
        refused = browser.post(url("decision-arrived", unknown), sent_with(unknown))
        assert refused.status_code == 409
        assert f"daily budget is €{now}" in said(refused)
        Change.objects.update(params={"daily_budget": now})
        browser.post(url("decision-arrived", unknown), sent_with(unknown))
    assert Decision.objects.get().state == "done"


# --- An undo that did not work ---------------------------------------------------------------------------------------


@pytest.fixture
def failed_undo(approved: Any, carry_out: Any, fake: Any, person: Any, now: Any) -> Decision:  # noqa: F811
    decision = approved([budget_change("130002", "50", "60")], title="Raise “Broad”")
    carry_out()
    fake.script = [PlatformError(Fault.INVALID, "Budget too low", code=100)]
    undo(decision, person("manager"), now, wall_now())
    carry_out()
    decision.refresh_from_db()
    return decision


def test_failed_undo_is_shown_with_a_way_to_try_again(browser, failed_undo):
    page = said(browser.get(url("decision", failed_undo)))
    assert "Could not be taken back" in page
    assert "Budget too low" in page
    assert f'action="{url("decision-undo", failed_undo)}?view=decided"' in page


def test_failed_undo_is_told_on_today(browser, failed_undo, account):
    page = said(browser.get(reverse("today", args=[account.key])))
    assert "Could not be taken back: daily budget of the ad set “Broad” to €50.00: Budget too low" in page
    assert "Could not take back: Raise “Broad”" in page


def test_api_tells_of_the_failed_undo(failed_undo, person, brand):
    told = client_of(person("viewer"), brand).get(f"/api/decisions/{failed_undo.key}/").json()
    assert (told["state"], told["undo_state"], told["undo"]["possible"]) == ("done", "failed", True)
    assert "Budget too low" in told["undo_error"]
