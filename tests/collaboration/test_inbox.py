"""The inbox: one answer at a time, several with a preview, and never an answer to something that changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount
from campaigns.operations.settle import STOPPED
from collaboration.cards import latest_decided
from collaboration.tabs import above, rows_of
from mediabuyer.agent.models import RETRACTED, Decision
from mediabuyer.agent.revise import revise
from mediabuyer.agent.snapshots import as_json
from memory.models import Episode, Event
from tests.agent.worlds import make_budget, make_observation
from tests.factories import (
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    CycleFactory,
    DecisionFactory,
    InsightFactory,
    budget_change,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def log_in(client: Client) -> Callable[[Any], Client]:
    def login(user: Any) -> Client:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return login


@pytest.fixture
def make(account: AdAccount) -> Callable[..., Decision]:
    """A raise from 50 to 55 of an ad set that has sold enough to be raised."""
    campaign = CampaignFactory.create(account=account)
    AdAccount.objects.update(daily_cap=Decimal(20_000))
    account.refresh_from_db()

    def decision(**fields: Any) -> Decision:
        ad_set = AdSetFactory.create(campaign=campaign)
        InsightFactory.create(
            ad=AdFactory.create(ad_set=ad_set, creative=None), spend=Decimal(800), results=Decimal(40)
        )
        cycle = CycleFactory.create(
            account=account, observation=as_json(make_observation(budgets=(make_budget(ad_set.external_id),)))
        )
        options = {
            "changes": [budget_change(ad_set.external_id, "50", "55")],
            "title": f"Raise {ad_set.external_id}",
            "cycle": cycle,
        }
        return DecisionFactory.create(account=account, subject_id=ad_set.external_id, **{**options, **fields})

    return decision


def url(name: str, decision: Decision) -> str:
    return reverse(f"decision-{name}", args=[decision.account.key, decision.key])


def said(response: Any) -> str:
    return response.content.decode()


def state_of(decision: Decision) -> str:
    return Decision.objects.get(pk=decision.pk).state


def picked(*decisions: Decision) -> dict[str, Any]:
    return {"decision": [f"{one.key}:{one.content_hash}" for one in decisions]}


def test_whoever_asked_may_retract(log_in, account, make, person):
    asker = person("team")
    decision = make(cycle=None, requested_by=asker)
    client = log_in(asker)
    url = reverse("decision", args=[account.key, decision.key])
    page = client.get(url).content.decode()
    assert "Retract" in page
    assert 'value="season"' not in page
    refused = client.post(
        reverse("decision-reject", args=[account.key, decision.key]), {"hash": decision.content_hash, "reason": "risk"}
    )
    assert refused.status_code == 403
    retract = reverse("decision-retract", args=[account.key, decision.key])
    assert client.post(retract, {"hash": "0" * 64}).status_code == 409
    answer = client.post(retract, {"hash": decision.content_hash}, follow=True)
    assert "Retracted: Raise" in answer.content.decode()
    assert Decision.objects.get().state == "rejected"


def test_nobody_else_is_offered_to_retract(log_in, account, make, person):
    decision = make(cycle=None, requested_by=person("team"))
    for role in ("team", "manager"):
        page = log_in(person(role)).get(reverse("decision", args=[account.key, decision.key])).content.decode()
        assert "retract" not in page.lower()


def test_bulk_adds_up_only_what_is_of_one_kind(log_in, account, make, manager):
    """What is saved at the usual cost of a lead and a profit are no sum, and each row has its own words."""
    effect = {"per_day": "5", "low": "1", "high": "9"}
    rows = [
        make(expected=effect, evidence=evidence)
        for evidence in ({}, {"gain": "saved a day at the usual cost of a lead"})
    ]
    chosen = [f"{row.key}:{row.content_hash}" for row in rows]
    client = log_in(manager)
    url = reverse("decision-bulk", args=[account.key])
    both = client.post(url, {"decision": chosen}).content.decode()
    assert ("Together" in both, both.count("profit a day"), both.count("saved a day")) == (False, 1, 1)
    assert "Together +€5.00 profit a day expected" in client.post(url, {"decision": chosen[:1]}).content.decode()


def test_change_without_a_figure_is_no_request_to_people(log_in, manager, make, account):
    make(expected={})
    page = said(log_in(manager).get(reverse("inbox", args=[account.key])))
    assert "I put no figure on this." in page
    assert "no figure</span>" in page
    for words in ("changes nothing at Meta", "asks people"):
        assert words not in page


# --- One at a time ---------------------------------------------------------------------------------------------------


def test_first_to_lapse_is_shown_with_its_figures(log_in, manager, make, account, now):
    later, first = make(), make(expires_at=now + timedelta(hours=5))
    page = said(log_in(manager).get(reverse("inbox", args=[account.key])))
    assert "Decision 1 of 2. The oldest has waited less than a minute; the first lapses Fri 20 Nov 18:00 Berlin" in page
    assert "5 h left" in page
    assert page.index(first.title) < page.index(later.title)
    for words in ("+€5.84", "80% between", "+€12.30", "1 of 8 cases", "Way back", "If nobody answers", "v1 ·"):
        assert words in page


@pytest.mark.parametrize(("answered", "shown"), [(0, 1), (1, 2), (2, 0)])
def test_answer_leads_to_the_one_below_and_from_the_last_to_the_first(log_in, manager, make, now, answered, shown):
    three = [make(expires_at=now + timedelta(hours=hours)) for hours in (5, 6, 6)]
    one = three[answered]
    response = log_in(manager).post(url("approve", one), {"hash": one.content_hash})
    assert response.url == reverse("decision", args=[one.account.key, three[shown].key]) + "?focus=1"


def test_retracted_is_not_called_rejected(log_in, manager, make, account):
    one = make(state="rejected", reason_code=RETRACTED, decided_by=manager)
    browser, card = log_in(manager), reverse("decision", args=[account.key, one.key])
    for page in (said(browser.get(card)), said(browser.get(reverse("inbox", args=[account.key]) + "?view=decided"))):
        assert "Retracted" in page
        assert ">Rejected<" not in page
    assert "<dt>Retracted by who asked</dt><dd>1</dd>" in said(browser.get(reverse("agent", args=[account.key])))


def test_yes_leads_to_the_next_with_an_undo(log_in, manager, make):
    one, other = make(), make()
    response = log_in(manager).post(url("approve", one), {"hash": one.content_hash}, follow=True)
    assert response.redirect_chain == [(reverse("decision", args=[one.account.key, other.key]) + "?focus=1", 302)]
    assert state_of(one) == "approved"
    assert f'action="{url("undo", one)}"' in said(response)
    assert 'data-seconds="10"' in said(response)
    assert "autofocus" in said(response)


def test_last_answer_leads_to_an_empty_inbox(log_in, manager, make):
    one = make()
    response = log_in(manager).post(url("approve", one), {"hash": one.content_hash}, follow=True)
    assert "All decided" in said(response)


def test_repeated_yes_is_one_answer(log_in, manager, make):
    one, browser = make(), log_in(manager)
    for _ in range(2):
        assert browser.post(url("approve", one), {"hash": one.content_hash}).status_code == 302
    assert Event.objects.filter(kind="decision.approved").count() == 1


def test_changed_version_is_refused_with_the_difference(log_in, manager, person, make, now):
    one = make()
    seen = one.content_hash
    revise(one, person("owner"), seen, {one.subject_id: Decimal(53)}, now)
    response = log_in(manager).post(url("approve", one), {"hash": seen})
    assert response.status_code == 409
    assert "This decision changed since you opened it" in said(response)
    assert "you saw €55.00, now it is €53.00" in said(response)
    assert f'name="hash" value="{one.content_hash}"' in said(response)
    assert state_of(one) == "awaiting"


def test_answered_meanwhile_says_by_whom(log_in, manager, person, make, now):
    one, other = make(), person("owner")
    one.reject(other, one.content_hash, "risk", now)
    response = log_in(manager).post(url("approve", one), {"hash": one.content_hash})
    assert response.status_code == 409
    assert f"already “Rejected” by {other}" in said(response)


def test_limit_lowered_meanwhile_is_refused_by_name(log_in, manager, make):
    one = make()
    AdAccount.objects.update(daily_cap=Decimal(80))
    response = log_in(manager).post(url("approve", one), {"hash": one.content_hash})
    assert response.status_code == 409
    assert "It cannot be approved now. Account cap" in said(response)
    assert state_of(one) == "awaiting"


@pytest.mark.parametrize("reason", ["", "because", "risk\x00"])
def test_no_needs_a_reason_and_keeps_the_words(log_in, manager, make, reason):
    one = make()
    sent = {"hash": one.content_hash, "reason": reason, "note": "The gift box <b>starts</b> on Monday."}
    response = log_in(manager).post(url("reject", one), sent)
    if reason.startswith("risk"):
        assert (response.status_code, state_of(one)) == (302, "rejected")
        return
    assert response.status_code == 422
    assert "A rejection needs a reason." in said(response)
    assert "The gift box &lt;b&gt;starts&lt;/b&gt; on Monday.</textarea>" in said(response)
    assert "data-open-now" in said(response)
    assert state_of(one) == "awaiting"


def test_no_with_a_reason_is_kept(log_in, manager, make):
    one = make()
    log_in(manager).post(url("reject", one), {"hash": one.content_hash, "reason": "season", "note": "Sale\x00 week."})
    fresh = Decision.objects.get()
    assert (fresh.state, fresh.reason_code, fresh.note) == ("rejected", "season", "Sale week.")


def test_deferred_leaves_and_returns(log_in, manager, make, account, now):
    one, browser, inbox = make(), log_in(manager), reverse("inbox", args=[account.key])
    browser.post(url("defer", one), {"hours": "4"})
    assert Decision.objects.get().deferred_until == now + timedelta(hours=4)
    assert "All decided" in said(browser.get(inbox))
    assert one.title in said(browser.get(inbox + "?view=deferred"))
    AdAccount.objects.update(clock_at=now + timedelta(hours=4))
    assert one.title in said(browser.get(inbox))
    assert "All decided" not in said(browser.get(inbox))


@pytest.mark.parametrize("hours", ["-5", "100000", "x", ""])
def test_deferral_is_for_offered_spans_only(log_in, manager, make, now, hours):
    one = make()
    log_in(manager).post(url("defer", one), {"hours": hours})
    assert Decision.objects.get().deferred_until == now + timedelta(hours=24)


def test_undo_in_time_takes_the_yes_back(log_in, manager, make):
    one, browser = make(), log_in(manager)
    browser.post(url("approve", one), {"hash": one.content_hash})
    response = browser.post(url("undo", one), follow=True)
    assert "Taken back before anything was sent." in said(response)
    fresh = Decision.objects.get()
    assert (fresh.state, fresh.approved_hash, fresh.execute_after) == ("awaiting", "", None)


@pytest.mark.parametrize(
    ("asked", "tab"),
    [("?view=decided", "decided"), ("?view=waiting", "waiting"), ("", "decided"), ("?view=x", "decided")],
)
def test_card_opens_on_the_tab_that_lists_it_unless_another_is_asked_for(log_in, manager, make, asked, tab):
    one, browser = make(), log_in(manager)
    browser.post(url("approve", one), {"hash": one.content_hash})
    card = reverse("decision", args=[one.account.key, one.key])
    assert f'action="{url("undo", one)}?view={tab}"' in said(browser.get(card + asked))
    assert browser.post(url("undo", one) + asked).url == card  # it waits again, and shows among what waits
    assert re.search(r'aria-current="(page|true)"[^>]*>\s*Waiting', said(browser.get(card)))


def test_deferred_decision_opens_on_its_tab(log_in, manager, make, now):
    one = make(deferred_until=now + timedelta(hours=4))
    page = said(log_in(manager).get(reverse("decision", args=[one.account.key, one.key])))
    assert re.search(r'aria-current="(page|true)"[^>]*>\s*Deferred', page)


def test_undo_of_what_has_no_way_back_says_why(log_in, manager, make):
    one = make()
    response = log_in(manager).post(url("undo", one))
    assert response.status_code == 409
    assert "Nobody has approved it yet." in said(response)


def test_no_is_taken_back_by_whoever_said_it(log_in, manager, person, make):
    one, browser = make(), log_in(manager)
    response = browser.post(url("reject", one), {"hash": one.content_hash, "reason": "risk"}, follow=True)
    assert url("undo", one) in said(response)
    assert log_in(person("owner")).post(url("undo", one)).status_code == 409
    assert "Taken back; it waits again." in said(log_in(manager).post(url("undo", one), follow=True))
    fresh = Decision.objects.get()
    assert (fresh.state, fresh.decided_by, fresh.reason_code, fresh.content_hash) == (
        "awaiting", None, "", one.content_hash
    )  # fmt: skip
    assert "rejected, and taken back at once" in Episode.objects.order_by("pk").last().text


def test_deferred_comes_back_at_once(log_in, manager, make):
    one, browser = make(), log_in(manager)
    answered = said(browser.post(url("defer", one), {"hours": "24"}, follow=True))
    assert url("resume", one) in answered
    response = browser.post(url("resume", one), follow=True)
    assert f"Back in the inbox: {one.title}" in said(response)
    assert Decision.objects.get().deferred_until is None
    assert list(Event.objects.values_list("kind", flat=True).order_by("number")) == [
        "decision.deferred", "decision.resumed"
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["undone", "rejected", "expired", "blocked", "failed"])
def test_what_came_to_nothing_does_not_read_as_open(log_in, manager, make, state):
    one = make(state=state)
    page = said(log_in(manager).get(reverse("decision", args=[one.account.key, one.key]) + "?view=decided"))
    for words in ("If you wait", "If nobody answers", "Way back", "value big strong", ">Then<", '"n strong"'):
        assert words not in page
    assert "What was expected" in page
    assert page.count(one.get_state_display()) >= 2  # the list and the card say it in one word


def test_decided_lists_by_what_ended_last_and_says_when(log_in, manager, make, account, now):
    """Made in this order, ended in another one; what is only approved counts from its approval."""
    ago = [now - timedelta(hours=hours) for hours in (1, 3, 2, 4)]
    held, retracted = make(state="blocked", finished_at=ago[0]), make(state="rejected", finished_at=ago[1])
    undone = make(state="undone", decided_at=ago[3], finished_at=ago[3], undone_at=ago[2])
    approved = make(state="approved", decided_at=ago[3])
    answer = log_in(manager).get(reverse("inbox", args=[account.key]) + "?view=decided")
    order = [held, undone, retracted, approved]
    assert [item["decision"] for item in answer.context["items"]] == order
    assert re.search(r"Held back · <time[^>]*>1 h ago</time>", said(answer))
    rows = rows_of(account, "decided", "", now)
    assert [above(one, "decided", rows) for one in order] == [0, 1, 2, 3]
    assert list(latest_decided(account)["just_decided"]) == order


def test_decided_are_read_in_the_order_of_an_index(account, now):
    DecisionFactory.create_batch(50, account=account, state="done", finished_at=now)
    with connection.cursor() as cursor:
        for kind in ("seqscan", "bitmapscan", "sort"):  # where the table has no statistics, these seem cheaper
            cursor.execute(f"SET LOCAL enable_{kind} = off")
        plan = rows_of(account, "decided", "", now)[:30].explain()
    assert "decision_told" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(("view", "keys"), [("waiting", "AERDU"), ("deferred", "AERDU"), ("decided", "U")])
def test_keys_are_named_where_they_work(log_in, manager, person, make, account, now, view, keys):
    make()
    make(deferred_until=now + timedelta(hours=4))
    make(state="done")
    inbox = reverse("inbox", args=[account.key]) + f"?view={view}"
    page = said(log_in(manager).get(inbox))
    for key, word in zip("AERDU", ("approve", "change", "reject", "defer", "undo"), strict=True):
        assert (f"<kbd>{key}</kbd> {word}" in page) == (key in keys), key
        assert (f"<dt><kbd>{key}</kbd></dt>" in page) == (key in keys), key
    assert ("<dd>approve the selected</dd>" in page) == (view == "waiting")
    assert "<kbd>A</kbd> approve" not in said(log_in(person("viewer")).get(inbox))


@pytest.mark.parametrize(("hours", "offered"), [(100, ["4", "24", "72"]), (48, ["4", "24"]), (24, ["4"]), (3, ["4"])])
def test_deferral_is_offered_where_it_ends_before_the_decision_lapses(log_in, manager, make, now, hours, offered):
    one = make(expires_at=now + timedelta(hours=hours))
    page = said(log_in(manager).get(reverse("decision", args=[one.account.key, one.key])))
    assert re.findall(r'name="hours" value="(\d+)"', page) == offered


@pytest.mark.parametrize(("fields", "place"), [({}, 35), ({"state": "done"}, 4)])
def test_list_shows_the_page_on_which_the_open_decision_lies(log_in, manager, account, fields, place):
    """Waiting lists the oldest first, Decided the newest: each time it is one of the second page."""
    rows = DecisionFactory.create_batch(40, account=account, **fields)
    answer = log_in(manager).get(reverse("decision", args=[account.key, rows[place].key]))
    assert answer.context["page"].number == 2
    assert rows[place] in [item["decision"] for item in answer.context["items"]]
    assert answer.context["position"]


def test_just_decided_looks_again_until_it_is_settled(log_in, manager, make, account):
    one, browser = make(state="approved"), log_in(manager)
    inbox = reverse("inbox", args=[account.key])
    again = reverse("inbox-just-decided", args=[account.key])
    assert f'hx-get="{again}?seen={one.pk}-approved" hx-trigger="every 2s"' in said(browser.get(inbox))
    assert browser.get(f"{again}?seen={one.pk}-approved").status_code == 204
    card = reverse("decision", args=[account.key, one.key])
    assert browser.get(f"{card}?seen=approved").status_code == 204
    Decision.objects.update(state="done")
    settled = said(browser.get(f"{again}?seen={one.pk}-approved"))
    assert "Done" in settled
    for page in (settled, said(browser.get(inbox)), said(browser.get(f"{card}?view=decided&seen=approved"))):
        assert "every 2s" not in page


@pytest.mark.parametrize(
    ("is_stopped", "words"),
    [(True, "The stop held it back: setting it back raises a budget. Release the stop, then press U"),
     (False, "The stop, released since, held it back: setting it back raises a budget. Press U to try again.")],
)  # fmt: skip
def test_undo_that_the_stop_held_says_what_to_do(log_in, manager, make, account, is_stopped, words):
    one = make(state="done", undo_state="blocked", undo_error=STOPPED)
    AdAccount.objects.update(is_stopped=is_stopped)
    assert words in said(log_in(manager).get(reverse("decision", args=[account.key, one.key])))


def test_conflict_does_not_ask_to_reload(log_in, manager, make):
    one = make(state="done")
    response = log_in(manager).post(url("approve", one), {"hash": one.content_hash})
    assert response.status_code == 409
    assert "Reload" not in said(response)
    assert "this is how it stands now" in said(response)


def test_other_amount_waits_as_a_new_version(log_in, manager, make):
    one, browser = make(), log_in(manager)
    sent = {"hash": one.content_hash, f"amount-{one.subject_id}": "53"}
    response = browser.post(url("change", one), sent, follow=True)
    assert "Changed. Look at the new figures and approve." in said(response)
    assert "Version 2" in said(response)
    assert Decision.objects.get().changes[0]["params"] == {"daily_budget": "53.00"}


def test_raised_amount_is_approved_by_somebody_else(log_in, manager, person, make):
    one, browser = make(), log_in(manager)
    response = browser.post(
        url("change", one), {"hash": one.content_hash, f"amount-{one.subject_id}": "60"}, follow=True
    )
    assert "You raised the amount, so somebody else approves it." in said(response)
    assert 'data-no-yes="You raised this, so somebody else approves it."' in said(response)
    assert f"{manager} raised this, so somebody else approves it." in said(
        log_in(person("owner")).get(reverse("decision", args=[one.account.key, one.key]))
    )
    log_in(manager)
    fresh = Decision.objects.get()
    assert url("approve", one) not in said(response)
    assert browser.post(url("approve", one), {"hash": fresh.content_hash}).status_code == 403
    assert state_of(one) == "awaiting"
    log_in(person("manager")).post(url("approve", one), {"hash": fresh.content_hash})
    assert state_of(one) == "approved"


@pytest.mark.parametrize(
    ("amount", "words"),
    [("90", "moves by 20% at most"), ("1,000", "Write 1000 or 1.00."), ("55", "has already"), ("", "Write an amount.")],
)
def test_amount_that_cannot_be_is_refused_in_words(log_in, manager, make, amount, words):
    one = make()
    response = log_in(manager).post(url("change", one), {"hash": one.content_hash, f"amount-{one.subject_id}": amount})
    assert response.status_code == 422
    assert words in said(response)
    assert f'value="{amount or "55.00"}"' in said(response)
    assert Decision.objects.get().version == 1


def test_decimal_comma_is_read(log_in, manager, make):
    one = make()
    sent = {"hash": one.content_hash, f"amount-{one.subject_id}": "53,50"}
    log_in(manager).post(url("change", one), sent)
    assert Decision.objects.get().changes[0]["params"] == {"daily_budget": "53.50"}


def test_two_ads_of_one_name_are_told_apart_by_where_they_run(log_in, manager, account):
    for name in ("Lookalike", "Broad"):
        ad = AdFactory.create(ad_set__campaign__account=account, ad_set__campaign__name="Autumn", ad_set__name=name)
        DecisionFactory.create(
            account=account, ad=ad, action="pause_ad", title="Pause “Blue”", subject_level="ad",
            subject_id=ad.external_id, changes=[],
        )  # fmt: skip
    page = said(log_in(manager).get(reverse("inbox", args=[account.key])))
    assert page.count("Lookalike · Autumn") == 2  # in the list, and on the card that is open
    assert page.count("Broad · Autumn") == 1


def test_deferred_says_when_it_comes_back(log_in, manager, make, now):
    one = make(expires_at=now + timedelta(hours=48))
    response = log_in(manager).post(url("defer", one), {"hours": "24"}, follow=True)
    assert "It comes back Sat 21 Nov 13:00 Berlin." in said(response)
    page = said(log_in(manager).get(reverse("inbox", args=[one.account.key]) + "?view=deferred"))
    assert "Put off until Sat 21 Nov 13:00 Berlin; then it waits in the inbox again." in page
    assert ">in 24 h</time>" in page or ">in 1 day</time>" in page


def test_deferral_beyond_its_end_says_that_it_lapses_first(log_in, manager, make, now):
    one = make(expires_at=now + timedelta(hours=5))
    response = log_in(manager).post(url("defer", one), {"hours": "24"}, follow=True)
    assert "It lapses before it would come back, Fri 20 Nov 18:00 Berlin." in said(response)
    page = said(log_in(manager).get(reverse("inbox", args=[one.account.key]) + "?view=deferred"))
    assert "but it lapses before that" in page


# --- Several at once -------------------------------------------------------------------------------------------------


def test_bulk_shows_what_it_would_do_first(log_in, manager, make, account):
    one, other = make(), make()
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), picked(one, other)))
    assert "Approve 2 decisions?" in page
    assert "Together +€11.68 profit a day expected" in page
    assert (state_of(one), state_of(other)) == ("awaiting", "awaiting")


def test_bulk_without_figures_sums_nothing(log_in, manager, make, account):
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), picked(make(expected={}))))
    assert "Approve 1 decision?" in page
    assert "Together" not in page


def test_bulk_leaves_out_what_somebody_else_approves(log_in, manager, person, make, account, now):
    one, asked, other = make(), make(cycle=None, requested_by=manager), make()
    raised, elses = make(), make(cycle=None, requested_by=person("team"))
    revise(raised, manager, raised.content_hash, {raised.subject_id: Decimal(56)}, now)
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), picked(one, asked, raised, elses)))
    assert "Approve 2 decisions?" in page
    assert "Together +€11.68 profit a day expected" in page
    sent = re.findall(r'name="decision" value="([^:]+):', page)
    assert sent == [str(one.key), str(elses.key)]
    left_out = page[page.index("Left out") :]
    for row, part in ((asked, "asked for"), (raised, "raised")):
        assert re.search(rf"{row.title}</a><span class=.sub.>You {part} this, so somebody else approves it.", left_out)
    assert other.title not in left_out


@pytest.mark.parametrize(("after", "is_offered"), [("55", False), ("45", True)])
def test_raise_is_not_offered_while_stopped(log_in, manager, person, make, account, after, is_offered):
    one = make()
    one.changes = [budget_change(one.subject_id, "50", after)]
    one.save()
    account.stop(person("owner"), "Out of stock", one.proposed_at)
    page = said(log_in(manager).get(reverse("decision", args=[account.key, one.key])))
    for words in ("Held by the stop", 'data-no-yes="The stop is pressed, and this or a part of it raises'):
        assert (words in page) is not is_offered
    assert (url("approve", one) in page, url("reject", one) in page) == (is_offered, True)


def test_bulk_leaves_out_what_the_stop_holds(log_in, manager, person, make, account):
    raised, cut = make(), make()
    cut.changes = [budget_change(cut.subject_id, "50", "45")]
    cut.save()
    account.stop(person("owner"), "Out of stock", cut.proposed_at)
    browser, bulk = log_in(manager), reverse("decision-bulk", args=[account.key])
    page = said(browser.post(bulk, picked(raised, cut)))
    assert re.findall(r'name="decision" value="([^:]+):', page) == [str(cut.key)]
    assert f'{raised.title}</a><span class="sub">The stop is pressed' in page[page.index("Left out") :]
    assert "This cannot be approved now" in said(browser.post(bulk, picked(raised)))


def test_bulk_of_ones_own_only_offers_no_approval(log_in, manager, make, account):
    own = make(cycle=None, requested_by=manager)
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), picked(own)))
    assert "Somebody else approves this" in page
    assert 'name="confirm"' not in page


def test_bulk_offers_the_way_back_of_each_that_was_approved(log_in, manager, make, account):
    one, changed, browser = make(), make(), log_in(manager)
    sent = {"decision": [*picked(one)["decision"], f"{changed.key}:{'0' * 64}"], "confirm": "1"}
    page = said(browser.post(reverse("decision-bulk", args=[account.key]), sent))
    assert f'method="post" action="{url("undo", one)}"' in page
    assert 'data-seconds="10"' in page
    assert url("undo", changed) not in page
    browser.post(url("undo", one))
    assert state_of(one) == "awaiting"


def test_bulk_of_fifty_names_the_one_that_changed(log_in, manager, person, make, account, now):
    decisions = [make() for _ in range(50)]
    sent, changed = picked(*decisions), decisions[17]
    revise(changed, person("owner"), changed.content_hash, {changed.subject_id: Decimal(53)}, now)
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), {**sent, "confirm": "1"}))
    assert "49 of 50 approved" in page
    assert page.count("This decision changed since you opened it") == 1
    assert Decision.objects.filter(state="approved").count() == 49
    assert state_of(changed) == "awaiting"


def test_bulk_leaves_out_what_is_not_ours(log_in, manager, make, account):
    foreign, one = DecisionFactory.create(), make()
    sent = picked(one, foreign)
    sent["decision"] += ["nonsense", "no-key:hash", f"{one.key.hex.upper()}:{one.content_hash}"]
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), {**sent, "confirm": "1"}))
    assert "1 of 1 approved" in page
    assert state_of(foreign) == "awaiting"


def test_bulk_cannot_pass_the_cap(log_in, manager, make, account):
    decisions = [make() for _ in range(4)]
    AdAccount.objects.update(daily_cap=Decimal("369.25"))  # 200 now; two raises of 5 are 367.50 on the worst day
    sent = {**picked(*decisions), "confirm": "1"}
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key]), sent))
    assert "2 of 4 approved" in page
    assert page.count("Account cap") == 2


def test_nothing_selected_says_so(log_in, manager, make, account):
    make()
    page = said(log_in(manager).post(reverse("decision-bulk", args=[account.key])))
    assert "Nothing was selected." in page


# --- Who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer"])
def test_lower_roles_see_no_buttons_and_are_refused(log_in, person, make, account, role):
    one, browser = make(), log_in(person(role))
    page = said(browser.get(reverse("inbox", args=[account.key])))
    assert "A manager or owner answers this." in page
    assert "decision-approve" not in page
    assert 'id="inbox-count"' not in page
    assert 'data-key="a"' not in page
    assert 'type="checkbox" class="pick"' not in page
    sent = {"hash": one.content_hash, "reason": "risk", "hours": "4", f"amount-{one.subject_id}": "53"}
    for name in ("approve", "reject", "defer", "change", "undo"):
        assert browser.post(url(name, one), sent).status_code == 403
    assert browser.post(reverse("decision-bulk", args=[account.key]), picked(one)).status_code == 403
    assert (state_of(one), Event.objects.count()) == ("awaiting", 0)


def test_stranger_finds_nothing(log_in, stranger, make, account):
    one, browser = make(), log_in(stranger)
    assert browser.get(reverse("inbox", args=[account.key])).status_code == 404
    assert browser.get(reverse("decision", args=[account.key, one.key])).status_code == 404
    for name in ("approve", "reject", "defer", "change", "undo"):
        assert browser.post(url(name, one), {"hash": one.content_hash, "reason": "risk"}).status_code == 404
    assert state_of(one) == "awaiting"


def test_decision_of_another_account_is_not_found_here(log_in, manager, account):
    foreign = DecisionFactory.create()
    assert log_in(manager).get(reverse("decision", args=[account.key, foreign.key])).status_code == 404


def test_nobody_is_sent_to_the_login(client, account):
    response = client.get(reverse("inbox", args=[account.key]))
    assert response.url.startswith(reverse("account_login"))


def test_shadow_account_shows_and_sends_nothing(log_in, manager, make, account):
    one = make(state="proposed")
    AdAccount.objects.update(mode="shadow", graph_url="")
    Decision.objects.update(expires_at="2100-01-01T00:00Z")
    page = said(log_in(manager).get(reverse("inbox", args=[account.key])))
    assert "I show what I would do; nothing can be sent." in page
    assert one.title in page
    for wrong in (
        'data-key="a"',
        "</kbd> approve",
        "<dd>approve",
        "If you wait",
        "Lapses",
        " lapses",
        "Way back",
        "Judged on",
        " h left",
    ):
        assert wrong not in page, wrong


def test_effect_without_revenue_is_no_profit(log_in, manager, make, account):
    effect = {"per_day": "25.16", "low": "20", "high": "30", "p_loss": "0.1"}
    one = make(expected=effect, evidence={"gain": "saved a day at the usual cost of a lead"})
    page = said(log_in(manager).get(reverse("decision", args=[account.key, one.key])))
    assert "saved a day at the usual cost of a lead; no revenue is known, so this is no profit" in page
    assert "profit a day" not in page
    assert "In 1 of 10 cases nothing is gained." in page


def test_names_from_outside_are_shown_as_text(log_in, manager, make, account):
    make(title="Raise <script>alert(1)</script>", why="<img src=x onerror=alert(1)>")
    page = said(log_in(manager).get(reverse("inbox", args=[account.key])))
    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    "query", ["?view=nonsense", "?kind=nonsense", "?page=99", "?page=x", "?view=decided&kind=pause_ad"]
)
def test_any_query_gives_a_page(log_in, manager, make, account, query):
    make()
    assert log_in(manager).get(reverse("inbox", args=[account.key]) + query).status_code == 200


def test_queries_do_not_grow_with_the_rows(log_in, manager, make, account, django_assert_max_num_queries):
    browser, inbox = log_in(manager), reverse("inbox", args=[account.key])
    browser.get(inbox)  # the session keeps the account from now on
    counts = []
    for rows in (2, 10):
        for _ in range(rows):
            make()
        for _ in range(rows):
            make(state="rejected", decided_by=manager)
        for view in ("waiting", "decided"):
            with django_assert_max_num_queries(40) as captured:
                browser.get(f"{inbox}?view={view}")
            counts.append((view, len(captured)))
    assert counts[:2] == counts[2:]
