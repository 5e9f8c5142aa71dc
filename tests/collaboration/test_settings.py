"""Settings: limits, goal, people and tokens, each by those who may, and the stop that a second person releases."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from campaigns.models import Ad, AdAccount
from collaboration.people import issue_token
from mediabuyer.brands.models import Member, Token, User
from memory.events import sentence
from memory.models import Event
from portfolio.models import Goal
from tests import proofs
from tests.agent.conftest import ad_sets, approved, carry_out, fake  # noqa: F401 - fixtures
from tests.factories import (
    NOW,
    AccountFactory,
    AdSetFactory,
    CampaignFactory,
    MemberFactory,
    TokenFactory,
    budget_change,
)

pytestmark = pytest.mark.django_db
SHOWN = json.dumps({"daily_cap": "600", "ad_set_cap": "200", "approval_over": "20", "budget_step": 20,
                    "cooldown_hours": 72, "is_agent_on": True})  # fmt: skip
"""What the page of an untouched account says that it shows."""
LIMITS = {"daily_cap": "900", "ad_set_cap": "", "approval_over": "12.50", "budget_step": "15", "cooldown_hours": "48",
          "shown": SHOWN}  # fmt: skip
GOAL = {"margin": "100.0", "target_cpa": "", "target_roas": "", "focus": ""}


@pytest.fixture
def log_in(client: Client) -> Callable[[Any], Client]:
    return lambda user: proofs.log_in(client, user)


@pytest.fixture
def url(account: AdAccount) -> Callable[..., str]:
    return lambda name, *keys: reverse(name, args=[account.key, *keys])


def said(response: Any) -> str:
    return response.content.decode()


def test_limits_hold_at_once_and_are_told(log_in, manager, url, account):
    response = log_in(manager).post(url("settings-limits"), LIMITS, follow=True)
    account.refresh_from_db()
    assert (account.daily_cap, account.ad_set_cap, account.approval_over) == (900, None, Decimal("12.5"))
    assert (account.budget_step, account.cooldown_hours, account.is_agent_on) == (Decimal("0.15"), 48, False)
    for words in (
        "Most on one day: 600 → 900",
        "one ad set or campaign: 200 → empty",
        "Ask a person above: 20 → 12.5",
        "Largest step, in percent: 20 → 15",
        "in hours: 72 → 48",
        "Run cycles on schedule: on → off",
    ):
        assert words in said(response)
    assert Event.objects.get(kind="account.limits_changed").actor == f"person:{manager.email}"


def test_cap_below_what_the_budgets_allow_is_said(log_in, manager, url, account):
    AdSetFactory.create(campaign__account=account, daily_budget=Decimal(900))
    page = log_in(manager).post(url("settings-limits"), {**LIMITS, "daily_cap": "100"}, follow=True).content.decode()
    assert (
        "Your budgets already allow €1,575 on a worst day; I raise nothing until they are under the cap of €100" in page
    )


def test_only_this_account_and_its_brand_are_told(log_in, manager, person, url, account):
    other = AccountFactory.create(brand=account.brand)
    other.change_limits(manager, NOW, daily_cap=Decimal(2072))
    Goal.put(other, manager, NOW, margin=Decimal("0.3"))
    account.change_limits(manager, NOW, daily_cap=Decimal(701))
    issue_token(account.brand, person("owner"), NOW, name="Till", scopes=[], days=3)
    page = said(log_in(manager).get(url("settings")))
    audit = page[page.index("Who changed what") :]
    assert ("600 → 701" in audit, "2,072" in audit, "set the goal" in audit, "Till" in audit) == (
        True,
        False,
        False,
        True,
    )


def test_same_limits_again_leave_no_line(log_in, manager, url):
    browser = log_in(manager)
    for _ in range(2):
        browser.post(url("settings-limits"), LIMITS)
    assert Event.objects.filter(kind="account.limits_changed").count() == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("daily_cap", "1.000", "could mean two different amounts"),
        ("daily_cap", "1,000", "could mean two different amounts"),
        ("daily_cap", "-5", "is not a plain amount"),
        ("daily_cap", "999999999999999", "is too large"),
        ("budget_step", "51", "less than or equal to 50"),
        ("budget_step", "0", "greater than or equal to 1"),
        ("cooldown_hours", "-1", "greater than or equal to 0"),
        ("cooldown_hours", "", "required"),
    ],
)
def test_limit_that_cannot_be_is_refused_beside_its_field(log_in, manager, url, account, name, value, words):
    before = AdAccount.objects.values().get()
    response = log_in(manager).post(url("settings-limits"), {**LIMITS, name: value})
    assert response.status_code == 422
    assert words in said(response)
    assert AdAccount.objects.values().get() == before


def test_goal_is_kept_as_a_share(log_in, manager, url, account):
    sent = {"margin": "62.5", "target_cpa": "18.50", "target_roas": "", "focus": "The gift box <b>",
            "shown": json.dumps(GOAL)}  # fmt: skip
    response = log_in(manager).post(url("settings-goal"), sent, follow=True)
    goal = Goal.current(account)
    assert (goal.margin, goal.target_cpa, goal.target_roas) == (Decimal("0.625"), Decimal("18.5"), None)
    assert "The gift box &lt;b&gt;" in said(response)


@pytest.mark.parametrize("sent", [{"margin": "0"}, {"margin": "101"}, {"margin": "60", "target_cpa": "1,500"}, {}])
def test_goal_that_cannot_be_is_refused(log_in, manager, url, sent):
    assert log_in(manager).post(url("settings-goal"), sent).status_code == 422
    assert not Goal.objects.exists()


# --- Two people at once ----------------------------------------------------------------------------------------------


def shown_by(page: str, name: str) -> dict[str, str]:
    """What a browser would send back of the form with this field, untouched."""
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'name="{name}"' in one)
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attrs = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attrs.get("name") != "csrfmiddlewaretoken" and (attrs.get("type") != "checkbox" or " checked" in tag):
            fields[attrs["name"]] = html.unescape(attrs.get("value", "on" if attrs.get("type") == "checkbox" else ""))
    return fields


@pytest.fixture
def open_form(log_in, manager, url):
    """The fields of a form as the manager's open page has them."""
    browser = log_in(manager)
    return lambda name: (browser, shown_by(said(browser.get(url("settings"))), name))


def test_lowered_cap_is_not_raised_by_an_older_page(open_form, person, url, account, now):
    browser, fields = open_form("daily_cap")
    account.change_limits(person("owner"), now, daily_cap=Decimal(100))
    browser.post(url("settings-limits"), fields | {"cooldown_hours": "96"})
    account.refresh_from_db()
    assert (account.daily_cap, account.cooldown_hours, account.is_agent_on) == (100, 96, True)
    assert Event.objects.first().data["changed"] == {"cooldown_hours": [72, 96]}


def test_cap_that_another_changed_meanwhile_is_not_overwritten(open_form, person, url, account, now):
    browser, fields = open_form("daily_cap")
    account.change_limits(person("owner"), now, daily_cap=Decimal(100), ad_set_cap=Decimal(50))
    response = browser.post(url("settings-limits"), fields | {"daily_cap": "700", "cooldown_hours": "96"})
    assert response.status_code == 409
    assert "Most on one day: you saw 600, now it is 100" in said(response)
    account.refresh_from_db()
    assert (account.daily_cap, account.cooldown_hours) == (100, 72)
    again = shown_by(said(response), "daily_cap")
    assert (again["daily_cap"], again["ad_set_cap"], again["cooldown_hours"]) == ("700", "50", "96")
    assert browser.post(url("settings-limits"), again).status_code == 302
    account.refresh_from_db()
    assert (account.daily_cap, account.ad_set_cap, account.cooldown_hours) == (700, 50, 96)


@pytest.mark.parametrize("shown", [None, "", "[]", "{", '{"daily_cap": "1,000"}', '{"daily_cap": [1]}'])
def test_page_that_does_not_say_what_it_showed_changes_nothing(log_in, manager, url, shown):
    sent = {**LIMITS, "shown": shown} if shown is not None else {k: v for k, v in LIMITS.items() if k != "shown"}
    response = log_in(manager).post(url("settings-limits"), sent)
    assert response.status_code == 409
    assert "Most on one day: you saw" in said(response)
    assert AdAccount.objects.get().daily_cap == 600


def test_goal_of_another_is_not_overwritten(open_form, person, url, account, now):
    browser, fields = open_form("margin")
    Goal.put(account, person("owner"), now, margin=Decimal("0.5"), focus="Tea")
    response = browser.post(url("settings-goal"), fields | {"margin": "60"})
    assert response.status_code == 409
    assert "Margin, in percent: you saw 100.0, now it is 50.0" in said(response)
    browser.post(url("settings-goal"), fields | {"target_cpa": "20"})
    goal = Goal.current(account)
    assert (goal.margin, goal.focus, goal.target_cpa) == (Decimal("0.5"), "Tea", 20)


def test_goal_saved_as_it_is_leaves_no_line(open_form, url, account, manager, now):
    Goal.put(account, manager, now, margin=Decimal("0.5"))
    browser, fields = open_form("margin")
    browser.post(url("settings-goal"), fields)
    assert (Goal.objects.count(), Event.objects.filter(kind="account.goal_set").count()) == (1, 1)


# --- The stop --------------------------------------------------------------------------------------------------------


def test_stop_shows_on_every_page_and_needs_a_second_person(log_in, manager, person, url, account):
    colleague = person("owner")
    browser = log_in(manager)
    browser.post(url("settings-stop"), {"reason": "Out of stock", "note": "Blue\x00 mugs"})
    account.refresh_from_db()
    assert (account.is_stopped, account.stopped_by, account.stop_reason) == (True, manager, "Out of stock: Blue mugs")
    for name in ("inbox", "settings", "today"):
        page = said(browser.get(url(name)))
        assert "Out of stock: Blue mugs" in page
        assert f"{colleague} can release the stop." in page
        assert "Ads keep running at today’s budgets" in page
        assert "release-title" not in page
    assert browser.post(url("settings-release"), {"reason": "All fine."}).status_code == 403
    assert AdAccount.objects.get().is_stopped
    other = log_in(person("manager"))
    page = said(other.get(url("inbox")))
    assert "release-title" in page
    assert "You can release the stop." in page
    other.post(url("settings-release"), {"reason": "Stock is back."})
    assert not AdAccount.objects.get().is_stopped
    kinds = Event.objects.filter(subject="account").order_by("number").values_list("kind", "data__reason")
    assert list(kinds) == [("account.stopped", "Out of stock: Blue mugs"), ("account.released", "Stock is back.")]


@pytest.mark.parametrize("name", ["settings-stop", "settings-release"])
@pytest.mark.parametrize(
    ("referer", "form", "back"),
    [
        ("http://testserver{inbox}?view=deferred", "", "{inbox}?view=deferred"),
        ("http://testserver/accounts/reauthenticate/", "{inbox}", "{inbox}"),
        ("http://testserver{release}", "{release}", "{today}"),  # takes no GET
        ("https://elsewhere.example{inbox}", "//elsewhere.example{inbox}", "{today}"),
        ("http://testserver{other}", "{other}", "{today}"),
        ("", "", "{today}"),
        ("http://[", "javascript:alert(1)", "{today}"),
    ],
)
def test_stop_and_release_come_back_to_where_they_were_pressed(
    log_in, manager, person, url, account, name, referer, form, back
):
    account.stop(person("owner"), "Out of stock", NOW)
    pages = {page: url(page) for page in ("inbox", "today")} | {"release": url("settings-release")}
    pages["other"] = reverse("inbox", args=[AccountFactory.create(brand=account.brand).key])
    sent = {"reason": "Fine.", "next": form.format(**pages)}
    answer = log_in(manager).post(url(name), sent, headers={"referer": referer.format(**pages)})
    assert (answer.status_code, answer["Location"]) == (302, back.format(**pages))


def test_release_says_what_can_be_approved_again(log_in, manager, person, url, account):
    account.stop(person("owner"), "Out of stock", NOW)
    browser = log_in(manager)
    assert "what waits in the inbox can be approved again" in said(browser.get(url("inbox")))
    browser.post(url("settings-release"), {"reason": "Fine."})
    assert "What waits in the inbox can be approved again." in said(browser.get(url("inbox")))


def test_open_page_learns_of_the_stop_and_of_its_release(log_in, manager, person, url, account, now):
    browser, live = log_in(manager), url("settings-stop-live")

    def look(seen: str) -> Any:
        return browser.get(f"{live}?seen={seen}", headers={"HX-Request": "true"})

    def stage(page: str) -> str:
        return re.search(rf'{live}\?seen=([^"]+)" hx-trigger="every 15s"', page)[1]

    free = stage(said(browser.get(url("inbox"))))
    assert look(free).status_code == 204
    colleague, other = person("manager"), person("owner")
    account.stop(colleague, "Out of stock", now)
    told = said(look(free))
    assert f"{colleague} pressed the stop: nothing is raised" in told
    assert '<div id="toasts" hx-swap-oob="beforeend">' in told
    assert "data-seconds" not in told
    assert look(stage(told)).status_code == 204
    account.release(other, "Stock is back.", now)
    assert f"{other} released the stop" in said(look(stage(told)))
    assert browser.get(live).url == url("today")


def test_stop_without_a_reason_logs_none(log_in, manager, url):
    browser = log_in(manager)
    assert '<option value="">Not chosen</option><option>' in said(browser.get(url("today")))
    browser.post(url("settings-stop"), {"reason": "", "note": ""})
    assert AdAccount.objects.get().stop_reason == ""
    assert ", no reason given</p>" in said(browser.get(url("today")))
    assert sentence(Event.objects.get(kind="account.stopped")) == "pressed the stop: no reason given"


def test_today_does_not_say_that_all_is_well_while_stopped(log_in, manager, url, account):
    campaign = CampaignFactory.create(account=account)
    AdSetFactory.create(campaign=campaign, daily_budget=Decimal(894))
    browser = log_in(manager)
    AdAccount.objects.update(is_stopped=True, stopped_at=NOW, stopped_by=manager)
    page = said(browser.get(url("today")))
    assert "Ads keep running at today’s budgets (€894 a day); nothing is raised" in page
    assert "Nobody can release it yet" in page
    for word in ("Nothing is broken", "Spend on plan", "All well"):
        assert word not in page


def test_stop_pressed_twice_is_one_stop(log_in, manager, url):
    browser = log_in(manager)
    for _ in range(2):
        browser.post(url("settings-stop"), {"reason": "Out of stock"})
    assert Event.objects.filter(kind="account.stopped").count() == 1


def test_stop_is_pressed_by_a_person_with_the_longest_address(log_in, manager, url):
    """254 characters, as `User.email` holds; the journal's column has to hold all of it, and a token's name too."""
    manager.email = f"{'a' * 242}@example.com"
    manager.save()
    assert log_in(manager).post(url("settings-stop"), {"reason": "Fire"}).status_code == 302
    assert AdAccount.objects.get().is_stopped
    assert Event.objects.get(kind="account.stopped").actor == f"person:{manager.email}"


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("team", 302), ("reviewer", 302), ("owner", 302)])
def test_who_sees_the_fire_may_pull_the_alarm(log_in, person, url, role, status):
    assert log_in(person(role)).post(url("settings-stop"), {"reason": "Fire"}).status_code == status
    assert AdAccount.objects.get().is_stopped is (status == 302)


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer"])
def test_alarm_is_ended_by_managers_only(log_in, person, url, role):
    AdAccount.objects.update(is_stopped=True)
    assert log_in(person(role)).post(url("settings-release"), {"reason": "x"}).status_code == 403
    assert AdAccount.objects.get().is_stopped


def test_stopped_account_sends_no_raise_but_a_pause(log_in, manager, url, approved, carry_out, fake):  # noqa: F811 - fixtures
    approved([budget_change("130002", "50", "60")])
    ad = Ad.objects.get(ad_set__external_id="130001")
    fake.objects[ad.external_id] = {"name": ad.name, "status": "ACTIVE", "effective_status": "ACTIVE"}
    approved(
        [
            {
                "kind": "set_status",
                "level": "ad",
                "external_id": ad.external_id,
                "name": ad.name,
                "params": {"status": "PAUSED"},
                "before": {"status": "ACTIVE"},
            }
        ],
        action="pause_ad",
        subject_level="ad",
    )
    log_in(manager).post(url("settings-stop"), {"reason": "Tracking broken"})
    carry_out()
    assert (fake.objects["130002"]["daily_budget"], fake.objects[ad.external_id]["status"]) == ("50.00", "PAUSED")


# --- A live account --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "words", "is_confirmed"),
    [
        ("live", "ALLOW SPEND", True),
        ("live", "allow spend", True),
        ("live", "yes", False),
        ("sandbox", "ALLOW SPEND", False),
    ],
)
def test_live_account_is_opened_by_its_words(log_in, manager, url, mode, words, is_confirmed):
    AdAccount.objects.update(mode=mode, graph_url="" if mode == "live" else "http://127.0.0.1:9")
    response = log_in(manager).post(url("settings-live"), {"words": words})
    assert response.status_code == (302 if is_confirmed else 400)
    assert AdAccount.objects.get().is_live_confirmed is is_confirmed


# --- People and tokens -----------------------------------------------------------------------------------------------


def test_new_person_gets_a_link(log_in, person, url):
    sent = {"email": "kim@example.com", "first_name": "Kim", "last_name": "", "role": "reviewer"}
    response = log_in(person("owner")).post(url("settings-invite"), sent, follow=True)
    assert "Kim is a member now and gets a link to set a password." in said(response)
    assert Member.objects.get(user__email="kim@example.com").role == "reviewer"
    [letter] = mail.outbox
    assert letter.to == ["kim@example.com"]
    assert "/accounts/password/reset/key/" in letter.body


def test_person_is_added_though_the_mail_server_is_down(log_in, person, url, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )
    sent = {"email": "kim@example.com", "first_name": "Kim", "last_name": "", "role": "reviewer"}
    response = log_in(person("owner")).post(url("settings-invite"), sent, follow=True)
    assert "the mail with the link could not be sent" in said(response)
    assert User.objects.filter(email="kim@example.com").exists()


@pytest.mark.parametrize("sent", [{"email": "x"}, {"email": "k@example.com", "first_name": "K", "role": "god"}, {}])
def test_invitation_that_cannot_be_is_refused(log_in, person, url, sent):
    assert log_in(person("owner")).post(url("settings-invite"), sent).status_code == 422
    assert not mail.outbox


def test_member_already_is_said_beside_the_field(log_in, person, url):
    sent = {"email": person("viewer").email, "first_name": "K", "role": "team"}
    response = log_in(person("owner")).post(url("settings-invite"), sent)
    assert response.status_code == 422
    assert "is a member already" in said(response)


def test_role_holds_in_an_open_window(log_in, person, brand, url):
    demoted = MemberFactory.create(brand=brand, role="manager")
    window = Client()
    window.force_login(demoted.user, backend="django.contrib.auth.backends.ModelBackend")
    prefix = f"m{demoted.pk}"
    log_in(person("owner")).post(
        url("settings-member", demoted.key), {f"{prefix}-role": "viewer", f"{prefix}-is_active": "on"}
    )
    assert window.post(url("settings-limits"), LIMITS).status_code == 403
    log_in(person("owner")).post(url("settings-member", demoted.key), {f"{prefix}-role": "viewer"})
    assert window.get(url("settings")).status_code == 404


def test_unknown_role_is_refused(log_in, person, brand, url):
    member = MemberFactory.create(brand=brand, role="viewer")
    response = log_in(person("owner")).post(url("settings-member", member.key), {f"m{member.pk}-role": "god"})
    assert response.status_code == 400
    assert "There is no such role." in said(response)


def test_member_of_another_brand_is_not_found(log_in, person, url):
    other = MemberFactory.create(role="viewer")
    assert log_in(person("owner")).post(url("settings-member", other.key), {}).status_code == 404


def test_token_is_shown_once(log_in, person, url):
    browser = log_in(person("owner"))
    page = said(browser.post(url("settings-token"), {"name": "Reports", "scopes": ["read"], "days": "30"}))
    token = Token.objects.get()
    assert token.prefix in page
    assert "Copy this token now" in page
    assert "Copy this token now" not in said(browser.get(url("settings")))


def test_token_is_revoked(log_in, person, brand, url):
    token = TokenFactory.create(member=MemberFactory.create(brand=brand))
    response = log_in(person("owner")).post(url("settings-token-drop", token.key), follow=True)
    assert "opens nothing any more" in said(response)
    assert Token.objects.get().revoked_at is not None


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer", "manager"])
def test_people_and_tokens_are_the_owners(log_in, person, brand, url, role):
    member, token = MemberFactory.create(brand=brand), TokenFactory.create(member=MemberFactory.create(brand=brand))
    browser = log_in(person(role))
    sent = {
        f"m{member.pk}-role": "viewer",
        "email": "k@example.com",
        "first_name": "K",
        "role": "team",
        "name": "T",
        "scopes": ["read"],
        "days": "30",
    }
    for address in (
        url("settings-member", member.key),
        url("settings-invite"),
        url("settings-token"),
        url("settings-token-drop", token.key),
    ):
        assert browser.post(address, sent).status_code == 403
    page = said(browser.get(url("settings")))
    for words in ("Add somebody", "New token", "Revoke<span"):
        assert words not in page
    assert not Event.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer"])
def test_limits_are_the_managers(log_in, person, url, role):
    browser = log_in(person(role))
    for name, sent in (("settings-limits", LIMITS), ("settings-goal", {"margin": "60"}), ("settings-live", {})):
        assert browser.post(url(name), sent).status_code == 403
    assert "A manager or owner changes these." in said(browser.get(url("settings")))


@pytest.mark.parametrize(
    "name", ["settings-limits", "settings-goal", "settings-stop", "settings-release", "settings-live"]
)
def test_stranger_finds_nothing(log_in, stranger, url, name):
    browser = log_in(stranger)
    assert browser.get(url("settings")).status_code == 404
    assert browser.post(url(name), {}).status_code == 404


def test_queries_do_not_grow_with_people(log_in, person, brand, url, django_assert_max_num_queries):
    browser = log_in(person("owner"))
    browser.get(url("settings"))
    counts = []
    for _ in range(2):
        for _ in range(5):
            TokenFactory.create(member=MemberFactory.create(brand=brand))
        with django_assert_max_num_queries(20) as captured:
            browser.get(url("settings"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
