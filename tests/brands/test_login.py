"""The door: guessing is slow and locks nobody else out, and whoever is no longer let in is out at once."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from mediabuyer.brands.models import User
from tests.factories import PASSWORD, UserFactory
from tests.proofs import log_in

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
ELSEWHERE = ["//evil.example/x", "https://evil.example/", "/\\evil.example", "https:evil.example",
             "javascript:alert(1)", "///evil.example", "http://testserver@evil.example/",
             "\thttps://evil.example"]  # fmt: skip


@pytest.fixture(autouse=True)
def as_served(settings):
    settings.AXES_ENABLED = True
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def try_to_log_in(client):
    """From this address, as a visitor whom nobody has seen before."""

    def go(address: str, password: str, email: str, **headers: str):
        client.cookies.clear()
        return client.post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address, **headers)

    return go


def is_in(answer) -> bool:
    return answer.status_code == 302 and not answer["Location"].startswith(LOGIN)


def test_twenty_wrong_passwords_lock_the_guesser_and_nobody_else(try_to_log_in):
    person = UserFactory.create()
    answers = [try_to_log_in("203.0.113.9", f"guess {number}", person.email) for number in range(20)]
    assert [one.status_code for one in answers[:7]] == [200] * 7
    assert {one.status_code for one in answers[8:]} == {429}
    assert not is_in(try_to_log_in("203.0.113.9", PASSWORD, person.email))
    assert is_in(try_to_log_in("198.51.100.7", PASSWORD, person.email))


def test_behind_a_proxy_the_guesser_is_known_by_what_the_proxy_says(try_to_log_in, settings):
    """Whatever he writes into the header himself stands before the proxy's own entry."""
    settings.BEHIND_PROXY = True
    person = UserFactory.create()
    for number in range(9):
        try_to_log_in("172.18.0.1", "guess", person.email, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 203.0.113.9")
    guesser, other = "203.0.113.9", "198.51.100.7"
    assert not is_in(try_to_log_in("172.18.0.1", PASSWORD, person.email, HTTP_X_FORWARDED_FOR=guesser))
    assert is_in(try_to_log_in("172.18.0.1", PASSWORD, person.email, HTTP_X_FORWARDED_FOR=other))
    assert AccessAttempt.objects.get().ip_address == guesser


@pytest.mark.parametrize("said", ["", "unknown", "203.0.113.9, "])
def test_a_proxy_that_names_no_address_is_taken_for_the_visitor(try_to_log_in, settings, said):
    settings.BEHIND_PROXY = True
    try_to_log_in("172.18.0.1", "guess", "nobody@example.com", HTTP_X_FORWARDED_FOR=said)
    assert AccessAttempt.objects.get().ip_address == "172.18.0.1"


def test_guesses_are_recorded(try_to_log_in):
    person = UserFactory.create()
    for number in range(9):
        try_to_log_in("203.0.113.9", f"guess {number}", person.email)
    row = AccessAttempt.objects.get()
    assert (row.username, row.ip_address) == (person.email, "203.0.113.9")
    assert row.failures_since_start >= 8
    assert "guess" not in f"{row.get_data} {row.post_data}"


def test_address_that_a_visitor_claims_does_not_free_the_guesser(try_to_log_in):
    """The header is the visitor's own word; only the connection's address counts."""
    person = UserFactory.create()
    for number in range(9):
        claimed = {"HTTP_X_FORWARDED_FOR": f"10.0.0.{number}"}
        answer = try_to_log_in("203.0.113.9", f"guess {number}", person.email, **claimed)
    assert answer.status_code == 429
    assert AccessAttempt.objects.get().ip_address == "203.0.113.9"


@pytest.mark.parametrize(
    "end",
    [
        lambda person: person.set_password("another horse battery") or person.save(),
        lambda person: User.objects.filter(pk=person.pk).update(is_active=False),
    ],
    ids=["password changed", "person disabled"],
)
def test_other_sessions_end_at_once(account, manager, end):
    browser = log_in(Client(), manager)
    page = reverse("today", args=[account.key])
    assert browser.get(page).status_code == 200
    end(User.objects.get(pk=manager.pk))
    answer = browser.get(page)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, LOGIN)


def test_member_who_left_is_out_at_once(account, brand, manager):
    browser = log_in(Client(), manager)
    brand.member_set.filter(user=manager).update(is_active=False)
    assert browser.get(reverse("today", args=[account.key])).status_code == 404


@pytest.mark.parametrize("address", ELSEWHERE)
def test_login_leads_to_no_other_site(address):
    person = UserFactory.create()
    answer = Client().post(f"{LOGIN}?next={address}", {"login": person.email, "password": PASSWORD, "next": address})
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_proof_leads_to_no_other_site(manager, address):
    browser = log_in(Client(), manager, minutes_ago=60)
    answer = browser.post(
        f"{reverse('account_reauthenticate')}?next={address}", {"password": PASSWORD, "next": address}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_logout_leads_to_no_other_site(manager, address):
    answer = log_in(Client(), manager).post(f"/accounts/logout/?next={address}", {"next": address})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]


@pytest.mark.parametrize("path", [LOGIN, "/healthz", "/api/accounts/", "/"])
def test_other_host_is_refused(path):
    assert Client().get(path, HTTP_HOST="evil.example").status_code == 400


def test_forwarded_host_counts_for_nothing(account, manager):
    answer = log_in(Client(), manager).get(
        "/api/accounts/?page_size=1", HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_PROTO="https"
    )
    assert answer.status_code == 200
    assert "evil" not in answer.content.decode()


def test_failure_log_is_kept_out_of_it(try_to_log_in):
    """axes keeps attempts; the longer log would hold addresses of people for ever."""
    try_to_log_in("203.0.113.9", "wrong", "nobody@example.com")
    assert not AccessFailureLog.objects.exists()
