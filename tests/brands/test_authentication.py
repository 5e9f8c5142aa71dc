"""Tokens: what opens nothing any more opens nothing at once, and guessing is slow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from mediabuyer.brands.authentication import WRONG_PER_MINUTE
from mediabuyer.brands.models import Member, Token, User
from mediabuyer.lib.clock import wall_now
from tests.api_client import client_of, client_with
from tests.factories import AccountFactory, MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/accounts/"


@pytest.fixture(autouse=True)
def no_memory():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def token(brand, manager):
    return Token.issue(Member.objects.get(user=manager), "Reports", ["read"])


def test_token_opens_the_api(account, token):
    answer = client_with(token[1]).get(URL)
    assert answer.status_code == 200
    assert [row["key"] for row in answer.json()["results"]] == [str(account.key)]


def test_secret_is_not_in_the_database(token):
    row, secret = token
    kept = Token.objects.filter(pk=row.pk).values().get()
    assert secret not in str(kept)
    assert row.digest == Token.hash(secret)


def test_bearer_is_understood_too(token):
    client = APIClient(headers={"Authorization": f"bearer {token[1]}"})
    assert client.get(URL).status_code == 200


@pytest.mark.parametrize("header", ["Token", "Token mb_wrong", "Token a b", "Bearer \u00e9", "Token mb_\x00"])
def test_wrong_token_is_refused(db, header):
    answer = APIClient().get(URL, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_no_token_is_refused(db):
    assert APIClient().get(URL).status_code == 401


@pytest.mark.parametrize(
    "end",
    [
        lambda token: Token.objects.filter(pk=token.pk).update(revoked_at=wall_now()),
        lambda token: Token.objects.filter(pk=token.pk).update(expires_at=wall_now() - timedelta(seconds=1)),
        lambda token: Member.objects.filter(pk=token.member_id).update(is_active=False),
        lambda token: User.objects.filter(pk=token.member.user_id).update(is_active=False),
    ],
    ids=["revoked", "expired", "member ended", "person disabled"],
)
def test_end_takes_effect_at_once(token, end):
    row, secret = token
    client = client_with(secret)
    assert client.get(URL).status_code == 200
    end(row)
    assert client.get(URL).status_code == 401


def test_smaller_role_takes_effect_at_once(account, brand, manager):
    client = client_of(manager, brand)
    Member.objects.filter(user=manager).update(role="viewer")
    answer = client.post(f"{URL}{account.key}/cycles/")
    assert answer.status_code == 403
    assert answer.json()["remedy"].startswith("Ask somebody with the role")
    assert account.cycle_set.count() == 0


def test_token_sees_its_own_brand_only(account, brand, manager):
    other = AccountFactory.create()
    MemberFactory.create(user=manager, brand=other.brand, role="owner")
    client = client_of(manager, brand)
    assert [row["key"] for row in client.get(URL).json()["results"]] == [str(account.key)]
    assert client.get(f"{URL}{other.key}/").status_code == 404


def test_use_is_noted_once_a_minute(token, django_assert_num_queries):
    row, secret = token
    client = client_with(secret)
    client.get(URL)
    first = Token.objects.get(pk=row.pk).last_used_at
    assert first is not None
    client.get(URL)
    assert Token.objects.get(pk=row.pk).last_used_at == first


def test_guessing_is_slowed_down(token):
    guesses = [client_with(f"mb_guess{n}").get(URL).status_code for n in range(WRONG_PER_MINUTE + 1)]
    assert guesses == [401] * WRONG_PER_MINUTE + [429]
    assert client_with(token[1]).get(URL).status_code == 200, "the right token is not locked out by guesses"


def test_session_needs_the_csrf_token(account, manager):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(URL).status_code == 200
    assert client.post(f"{URL}{account.key}/cycles/").status_code == 403
    assert account.cycle_set.count() == 0
