"""Today: one true sentence, then what needs me, the figures, the reasons; the same work however many rows there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount
from mediabuyer.agent.models import Cycle, Decision, Step
from memory.events import record
from tests.factories import AccountFactory, AdFactory, AdSetFactory, CycleFactory, DecisionFactory, InsightFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.fixture
def show(client: Client, account: AdAccount) -> Callable[[Any], str]:
    def get(user: Any) -> str:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client.get(reverse("today", args=[account.key])).content.decode()

    return get


@pytest.fixture
def ad(account: AdAccount) -> Any:
    return AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account, daily_budget=Decimal(100)))


def spend(ad: Any, day: date, amount: int = 80, revenue: int = 200) -> None:
    InsightFactory.create(ad=ad, day=day, spend=Decimal(amount), revenue=Decimal(revenue))


def test_new_account_says_that_nothing_is_known(show, manager):
    page = show(manager)
    assert "<h1>Nothing needs you. Today €0 spent.</h1>" in page
    assert "There is nothing to compare yet" in page
    assert "Nothing waits for you" in page


def test_sentence_tells_todays_spend_without_a_false_comparison(show, manager, ad):
    spend(ad, TODAY - timedelta(days=1), revenue=800)
    spend(ad, TODAY)
    assert "<h1>Nothing needs you. Today €80 of €100 spent; ROAS 2.50.</h1>" in show(manager)


def test_day_that_is_over_is_compared(show, manager, ad):
    spend(ad, TODAY - timedelta(days=2), revenue=160)
    spend(ad, TODAY - timedelta(days=1))
    assert "On 19 November €80 of €100 spent; ROAS 2.50, up 0.50.</h1>" in show(manager)


@pytest.mark.parametrize(("count", "words"), [(1, "1 decision needs you."), (4, "4 decisions need you.")])
def test_sentence_counts_what_waits(show, manager, account, count, words):
    for _ in range(count):
        DecisionFactory.create(account=account, waiting_cost=Decimal(6))
    page = show(manager)
    assert words in page
    assert f"costs about €{count * 6} a day" in page
    assert page.count("Decide<span") == min(count, 3)


def test_deferred_and_answered_do_not_wait(show, manager, account, now):
    DecisionFactory.create(account=account, deferred_until=now + timedelta(hours=4))
    DecisionFactory.create(account=account, state="rejected")
    assert "Nothing needs you." in show(manager)


def test_worst_day_is_held_against_the_cap(show, manager, ad):
    page = show(manager)
    assert "Worst day the budgets allow: €175 of €600" in page
    AdAccount.objects.update(daily_cap=None)
    assert "No daily cap is set" in show(manager)


def test_budgets_above_the_cap_are_a_trouble(show, manager, ad):
    AdAccount.objects.update(daily_cap=Decimal(100))
    spend(ad, TODAY)
    page = show(manager)
    assert "Daily cap: budgets already allow €175 on a worst day, the cap is €100." in page
    assert "I raise nothing until the budgets are under the cap." in page
    assert not any(word in page for word in ("Nothing is broken", "All well", "Spend on plan"))


def test_nothing_is_well_beside_what_is_not_as_it_should_be(show, manager, account, ad):
    DecisionFactory.create(account=account, state="done", undo_state="failed", undo_error="Meta refused it")
    page = show(manager)
    assert "Not as it should be" in page
    assert not any(word in page for word in ("Nothing is broken", "All well"))


@pytest.mark.parametrize(("amount", "badge"), [(175, "Spend on plan"), (176, "Spend over plan")])
def test_overspending_as_meta_may_is_no_alarm(show, manager, ad, amount, badge):
    spend(ad, TODAY, amount)
    assert badge in show(manager)


def test_viewer_is_not_told_to_decide_nor_offered_the_stop(show, person, account):
    DecisionFactory.create(account=account)
    page = show(person("viewer"))
    assert "1 decision waits for a manager." in page
    assert "Decide" not in page
    assert 'popovertarget="stop"' not in page


@pytest.mark.parametrize(("role", "is_told"), [("reviewer", True), ("team", False), ("manager", False)])
def test_reviewer_is_told_that_there_is_nothing_to_review(show, person, role, is_told):
    assert ("Nothing to review yet" in show(person(role))) is is_told


def test_driver_of_the_return_is_named(show, manager, ad):
    for back in range(1, 57):
        amount = 60 if back <= 28 else 30
        InsightFactory.create(ad=ad, day=TODAY - timedelta(days=back), spend=Decimal(amount), revenue=Decimal(90))
    page = show(manager)
    assert "ROAS fell from 3.00 to 1.50. Most of it comes from the price of 1,000 impressions" in page


def test_shadow_account_says_what_i_would_do(show, manager, account):
    AdAccount.objects.update(mode="shadow", graph_url="")
    DecisionFactory.create(account=account, state="proposed", expires_at="2100-01-01T00:00Z")
    page = show(manager)
    assert "1 thing I would do." in page
    assert "No daily cap is set" not in page


def test_what_is_new_is_marked_once(show, manager, account, brand, now):
    record(
        "account.stopped",
        "account",
        account.key,
        brand=brand,
        account=account.key,
        now=now,
        actor="person:a@b.c",
        reason="Fire <b>",
    )
    assert "a@b.c · new" in show(manager)
    page = show(manager)
    assert "Pressed the stop: Fire &lt;b&gt;" in page
    assert "a@b.c · new" not in page


def test_what_a_cycle_did_leads_to_it(show, manager, account, brand, now):
    cycle = CycleFactory.create(account=account, state="done")
    record("cycle.finished", "cycle", cycle.key, brand=brand, account=account.key, now=now, actor="agent", proposed=6)
    assert f'<a href="{reverse("cycle", args=[account.key, cycle.key])}">Finished a cycle: 6 proposed</a>' in show(
        manager
    )


def test_viewer_may_look_but_not_start(show, person):
    assert "Run now" not in show(person("viewer"))
    assert "Run now" in show(person("team"))


def test_shadow_account_without_a_wish_says_so_once_it_was_looked_at(show, manager, account):
    AdAccount.objects.update(mode="shadow", graph_url="")
    CycleFactory.create(account=account, state="failed")
    assert "I have not looked at it yet." in show(manager)
    CycleFactory.create(account=account, state="done")
    assert "There is nothing I would do." in show(manager)
    CycleFactory.create(account=account, state="queued")
    assert "I am looking at the figures." in show(manager)


@pytest.fixture
def cycle(account: AdAccount) -> Any:
    row = CycleFactory.create(account=account, state="running")
    Step.objects.create(cycle=row, order=1, name="evaluate", started_at=row.created_at)
    return row


def test_first_cycle_is_told_while_it_runs(show, manager, cycle, account):
    page = show(manager)
    assert "I am reading this account for the first time" in page
    assert "Step 2 of 8: judge every ad." in page
    assert reverse("cycle", args=[account.key, cycle.key]) in page
    CycleFactory.create(account=account, state="done")
    assert "A cycle is running" in show(manager)


def test_line_follows_the_cycle_and_never_renews_the_page(client, show, manager, cycle, account):
    page = show(manager)
    url = reverse("today-running", args=[account.key])
    stage = page.split(f"{url}?seen=")[1].split('"')[0]
    assert client.get(url).url == reverse("today", args=[account.key])
    hx = {"HX-Request": "true"}
    assert client.get(url, {"seen": stage}, headers=hx).status_code == 204
    Step.objects.update(state="done")
    assert "Step 2 of 8" not in client.get(url, {"seen": stage}, headers=hx).content.decode()
    Cycle.objects.update(state="done")
    over = client.get(url, {"seen": stage}, headers=hx)
    assert "HX-Refresh" not in over
    assert "The cycle is over" in over.content.decode()
    assert "hx-get" not in over.content.decode()
    assert "is running" not in show(manager)


def test_health_looks_again_and_is_sent_only_when_it_changed(client, show, manager, account):
    page, url = show(manager), reverse("today-health", args=[account.key])
    stage = page.split(f'hx-get="{url}?seen=')[1].split('"')[0]
    assert client.get(url).url == reverse("today", args=[account.key])
    hx = {"HX-Request": "true"}
    assert client.get(url, {"seen": stage}, headers=hx).status_code == 204
    AdAccount.objects.update(connection="reconnect")
    part = client.get(url, {"seen": stage}, headers=hx).content.decode()
    assert part.count("refuses our token") == 2  # the list, and the sentence on top
    assert '<span id="well" hx-swap-oob="true">' in part
    assert "aria-live" not in part
    assert f"?seen={stage}" not in part


def test_page_that_looks_again_does_not_bring_its_account_back(client, show, manager, account):
    other = AccountFactory.create(brand=account.brand)
    show(manager)
    client.get(reverse("today", args=[other.key]))
    client.get(reverse("today-health", args=[account.key]), headers={"HX-Request": "true"})
    assert client.session["account"] == str(other.key)


def test_queued_cycle_is_said_to_wait(show, manager, cycle):
    Step.objects.all().delete()
    Cycle.objects.update(state="queued")
    assert "A cycle waits for a worker" in show(manager)


def test_cycle_whose_worker_was_ended_is_not_waited_for(show, manager, cycle):
    Cycle.objects.update(alive_at=cycle.created_at - timedelta(hours=1))
    assert "for the first time" not in show(manager)


def test_stranger_finds_nothing(client, account, stranger):
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("today", args=[account.key])).status_code == 404


def test_queries_do_not_grow_with_the_rows(client, account, manager, django_assert_max_num_queries):
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    counts = []
    client.get(reverse("today", args=[account.key]))
    for _ in range(2):
        for _ in range(5):
            row = AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account))
            spend(row, TODAY - timedelta(days=1))
            DecisionFactory.create(account=account)
            DecisionFactory.create(
                account=account, state="done", changes=[], decided_by=manager, action="refresh_creative"
            )
        with django_assert_max_num_queries(40) as captured:
            client.get(reverse("today", args=[account.key]))
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert Decision.objects.count() == 20


def test_file_without_days_is_told_as_a_whole(show, manager, ad, account):
    AdAccount.objects.update(mode="shadow", platform="export", graph_url="")
    spent = {"spend": Decimal("2063.99"), "revenue": Decimal(0), "results": Decimal(40)}
    InsightFactory.create(ad=ad, day=date(2017, 7, 1), until=date(2017, 7, 31), **spent)
    DecisionFactory.create(
        account=account, state="proposed", waiting_cost=Decimal(96), evidence={"gain": "saved a day at the usual cost"},
        expected={"per_day": "25.16", "low": "20", "high": "30", "p_loss": "0.1"}, expires_at="2100-01-01T00:00Z",
    )  # fmt: skip
    page = show(manager)
    assert "1 thing I would do. From 1 July 2017 to 31 July 2017 €2,064 spent.</h1>" in page
    assert "€2,063.99" in page
    assert "40 results" in page
    assert "saved a day at the usual cost" in page
    for wrong in ("€0.00", "purchase", "profit", "costs about", " left<"):
        assert wrong not in page


def test_file_with_revenue_and_days_is_told_as_a_whole_too(show, manager, ad):
    AdAccount.objects.update(mode="shadow", platform="export", graph_url="")
    spend(ad, date(2026, 11, 1))
    spend(ad, date(2026, 11, 2))
    assert "From 1 November 2026 to 2 November 2026 €160 spent; ROAS 2.50.</h1>" in show(manager)
