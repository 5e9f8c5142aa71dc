"""From ticks on Ads to proposals: shown in full first, made on confirmation, with a result for each."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Ad, AdSet
from mediabuyer.agent.ask import MOST
from mediabuyer.agent.models import Decision
from memory.models import Event
from tests.factories import AdFactory, AdSetFactory, CampaignFactory, DecisionFactory, InsightFactory, budget_change

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def browser(client: Client, person: Any) -> Any:
    def log_in(role: str = "team") -> Client:
        client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.fixture
def sets(account: Any) -> list[AdSet]:
    campaign = CampaignFactory.create(account=account, name="Prospecting")
    rows = [AdSetFactory.create(campaign=campaign, name=name) for name in ("Broad", SCRIPT, "Lookalike")]
    for row in rows:
        ad = AdFactory.create(ad_set=row, creative=None, name=f"Ad of {row.name}")
        InsightFactory.create(ad=ad, spend=Decimal(700), results=Decimal(40), day=date(2026, 11, 19))
    return rows


@pytest.fixture
def url(account: Any) -> str:
    return reverse("propose", args=[account.key])


def picked(*nodes: Any, **values: Any) -> dict[str, Any]:
    return {"item": [node.key.hex for node in nodes]} | values


def said(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_rows_have_boxes_for_whoever_may_ask(browser, account, sets):
    ads = reverse("ads", args=[account.key])
    page = said(browser("team").get(ads + "?open=all"))
    assert page.count('form="propose" name="item"') == 7  # a campaign, three ad sets, three ads
    assert f'action="{reverse("propose", args=[account.key])}"' in page
    assert 'name="item"' not in said(browser("viewer").get(ads + "?open=all"))


def test_budgets_ask_by_how_much_first(browser, sets, url):
    page = said(browser().get(url, picked(*sets)))
    assert "Propose for 3 items" in page
    assert 'value="change_budget" checked' in page
    assert "would be proposed" not in page


def test_each_item_of_a_preview_costs_one_query(browser, account, sets, url, django_assert_max_num_queries):
    """What is known of the account is read once; only the figures of what a change touches are its own."""
    client, counts = browser(), []
    more = [AdSetFactory.create(campaign=sets[0].campaign, name=f"More {number}") for number in range(10)]
    for chosen in (sets, [*sets, *more]):
        with django_assert_max_num_queries(80) as captured:
            client.get(url, picked(*chosen, do="change_budget", percent="10"))
        counts.append(len(captured))
    assert counts[1] - counts[0] <= len(more)


def test_only_what_fits_is_offered(browser, sets, url):
    ad = Ad.objects.first()
    hints = ["Budgets lie on ad sets and campaigns", "Only single ads are paused or switched on"]
    offered = {"pause": 'name="do" value="pause"', "set_budget": 'name="do" value="set_budget"'}
    for chosen, fitting, hint in (
        ([ad], ["pause"], hints[:1]),
        (sets, ["set_budget"], hints[1:]),
        ([ad, *sets], ["pause", "set_budget"], []),
    ):
        page = said(browser().get(url, picked(*chosen)))
        assert [deed for deed, field in offered.items() if field in page] == fitting
        assert [text for text in hints if text in page] == hint


@pytest.mark.parametrize(
    ("chosen", "do", "checked"),
    [
        ("sets", "pause", "change_budget"),
        ("sets", "switch_on", "change_budget"),
        ("ads", "set_budget", "pause"),
        ("both", "pause", "pause"),
        ("both", "set_budget", "set_budget"),
    ],
)
def test_deed_that_is_not_offered_gives_way_to_one_that_is(browser, sets, url, chosen, do, checked):
    ads = list(Ad.objects.order_by("pk"))
    nodes = {"sets": sets, "ads": ads, "both": [*sets, *ads]}[chosen]
    answer = browser().get(url, picked(*nodes, do=do, daily_budget="55"))
    page = said(answer)
    assert answer.status_code == 200
    assert re.findall(r'name="do" value="(\w+)" checked', page) == [checked]
    wish = answer.context["wish"]
    assert (wish.deed if wish else None) == (None if checked == "change_budget" else checked)


def test_deed_that_is_not_offered_makes_nothing(browser, sets, url):
    """Nor does another in its place."""
    answer = browser().post(url, picked(*sets, do="pause", percent="10", reason="Gift weeks"))
    assert answer.status_code == 422
    problem = answer.context["problem"]
    assert (problem.field, problem.message) == ("do", "This cannot be done with what was chosen.")
    assert "Only single ads are paused" in problem.remedy
    assert not Decision.objects.exists()


def test_ads_are_shown_at_once(browser, sets, url):
    ads = list(Ad.objects.order_by("pk"))
    page = said(browser().get(url, picked(*ads[:2])))
    assert 'value="pause" checked' in page
    assert "All would be proposed" in page
    assert "These ads spent €200.00 a day in the last week" in page  # twice 700 in seven days
    Ad.objects.update(status="PAUSED", effective_status="PAUSED")
    page = said(browser().get(url, picked(*ads[:2])))
    assert 'value="switch_on" checked' in page


def test_preview_says_what_each_would_be(browser, sets, url, account):
    AdSet.objects.filter(pk=sets[2].pk).update(learning_status="LEARNING")
    page = said(browser().get(url, picked(*sets, sets[0].campaign, do="change_budget", percent="40")))
    assert "2 of 4 would be proposed" in page
    assert "Raise “Broad” from €50 to €60 a day" in page
    assert "Changed: €70 was wanted for “Broad”" in page
    assert "Cut down" in page
    assert "“Lookalike” is still learning" in page
    assert "Held back" in page
    assert "Its ad sets hold the budgets. Choose those." in page
    assert "Daily budgets would rise by €20.00 together" in page
    assert "No figure is known" in page
    assert SCRIPT not in page
    assert not Decision.objects.exists()
    assert not Event.objects.exists()


def test_confirming_makes_them_and_names_the_rest(browser, sets, url, account):
    other = DecisionFactory.create(
        account=account, subject_id=sets[0].external_id, changes=[budget_change(sets[0].external_id, "50", "45")]
    )
    sent = picked(*sets, do="change_budget", percent="10", daily_budget="", reason=f"Gift weeks {SCRIPT}\x00")
    page = said(browser().post(url, sent))
    assert "2 of 3 proposed" in page
    assert f"An open decision speaks about it already: {other.title}." in page
    made = Decision.objects.exclude(pk=other.pk)
    assert {one.state for one in made} == {"awaiting"}
    assert {one.why for one in made} == {f"Ana Kern asks for it: Gift weeks {SCRIPT}"}
    for one in made:
        assert reverse("decision", args=[account.key, one.key]) in page
    card = said(browser("manager").get(reverse("decision", args=[account.key, made[0].key])))
    assert "Ana Kern asked for this, so somebody else approves it." in card
    assert SCRIPT not in card


def test_asker_who_decides_is_not_offered_a_yes(browser, sets, url, account):
    client = browser("manager")
    client.post(url, picked(sets[0], do="change_budget", percent="10", reason="Gift weeks"))
    page = said(client.get(reverse("decision", args=[account.key, Decision.objects.get().key])))
    assert "You asked for this, so somebody else approves it." in page
    assert reverse("decision-approve", args=[account.key, Decision.objects.get().key]) not in page


def test_without_a_reason_everything_stays(browser, sets, url):
    response = browser().post(url, picked(sets[0], do="set_budget", daily_budget="55", reason=" "))
    assert response.status_code == 422
    assert "A proposal needs a reason." in said(response)
    assert 'name="daily_budget" value="55"' in said(response)
    assert "Raise “Broad” from €50 to €55 a day" in said(response)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"do": "set_budget", "daily_budget": "1,000"}, "could mean two different amounts"),
        ({"do": "change_budget", "percent": "x"}, "is not a plain amount"),
        ({"do": "delete"}, "Say what should be done."),
    ],
)
def test_what_cannot_be_read_is_said_and_kept(browser, sets, url, values, words):
    response = browser().get(url, picked(sets[0], **values))
    assert (response.status_code, words in said(response)) == (422, True)
    assert "would be proposed" not in said(response)


@pytest.mark.parametrize("items", [[], ["x"], ["00000000-0000-4000-8000-000000000000"]])
def test_nothing_selected_says_how(browser, url, items):
    assert "Nothing selected" in said(browser().get(url, {"item": items}))
    assert browser().post(url, {"item": items}).status_code == 422


def test_viewer_may_look_but_not_propose(browser, sets, url):
    client, sent = browser("viewer"), picked(sets[0], do="change_budget", percent="10", reason="Why not")
    assert "You may look, but not propose." in said(client.get(url, sent))
    assert client.post(url, sent).status_code == 403
    assert not Decision.objects.exists()


def test_stranger_finds_nothing(client, stranger, sets, url):
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    for method in (client.get, client.post):
        assert method(url, picked(sets[0], do="change_budget", percent="10", reason="x")).status_code == 404
    assert not Decision.objects.exists()


def test_too_many_say_so(browser, sets, url, account):
    ads = AdFactory.create_batch(MOST + 1, ad_set=sets[0], creative=None, status="PAUSED")
    page = said(browser().get(url, picked(*ads, do="pause")))
    assert f"Propose for {MOST} items" in page
    assert "Only the first hundred are shown." in page


def test_shadow_account_shows_them_in_the_inbox(browser, sets, url, account):
    account.mode, account.graph_url, account.synced_at = "shadow", "", timezone.now()
    account.save()
    client, sent = browser("manager"), picked(sets[0], do="change_budget", percent="10", reason="Gift weeks")
    assert "go nowhere; nothing can be sent" in said(client.get(url, sent))
    assert "this account is in shadow mode" in said(client.post(url, sent))
    assert Decision.objects.get().state == "proposed"
    assert "Raise “Broad” from €50 to €55 a day" in said(client.get(reverse("inbox", args=[account.key])))
