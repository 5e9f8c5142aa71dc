"""People, brands and tokens: who sees what, and that a secret is shown once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError

from campaigns.models import AdAccount
from mediabuyer.brands.models import Brand, Member, Token, User
from tests.factories import AccountFactory, MemberFactory, TokenFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_person_is_known_by_e_mail():
    user = User.objects.create_user("Ana@Example.COM", "correct horse battery", first_name="Ana", last_name="Kern")
    assert (user.email, str(user), user.initials) == ("Ana@example.com", "Ana Kern", "AK")
    assert user.check_password("correct horse battery")


def test_person_without_a_name_is_the_address():
    user = UserFactory.create(first_name="", last_name="", email="kim@example.com")
    assert (str(user), user.initials) == ("kim@example.com", "KI")


def test_brand_and_account_are_seen_by_members_only(brand, account, person, stranger):
    AccountFactory.create()
    for see in (Brand.objects.visible_to, AdAccount.objects.visible_to):
        assert see(person("viewer")).count() == 1
        assert see(AnonymousUser()).count() == 0
    assert account not in AdAccount.objects.visible_to(stranger)


def test_former_member_sees_nothing(brand, account, person):
    user = person("owner")
    Member.objects.update(is_active=False)
    assert not AdAccount.objects.visible_to(user).exists()
    assert not Brand.objects.visible_to(user).exists()


def test_person_is_a_member_once(brand, person):
    with pytest.raises(IntegrityError):
        MemberFactory.create(brand=brand, user=person("viewer"))


def test_unknown_role_is_refused_by_the_table(brand):
    with pytest.raises(IntegrityError):
        MemberFactory.create(brand=brand, role="god")


def test_token_keeps_a_digest_only(brand, now):
    member = MemberFactory.create(brand=brand)
    token, secret = Token.issue(member, "Reports", ["read"], now)
    assert secret.startswith("mb_")
    assert len(secret) > 40
    assert (token.prefix, token.digest) == (secret[:12], Token.hash(secret))
    assert secret not in str(Token.objects.values().get())


@pytest.mark.parametrize(
    ("values", "is_usable"),
    [
        ({}, True),
        ({"expires_at": timedelta(minutes=1)}, True),
        ({"expires_at": timedelta(0)}, False),
        ({"revoked_at": timedelta(days=-1)}, False),
    ],
)
def test_token_is_usable_until_it_ends(now, values, is_usable):
    TokenFactory.create(**{name: now + span for name, span in values.items()})
    assert Token.objects.usable(now).exists() is is_usable


@pytest.mark.parametrize("what", ["member__is_active", "member__user__is_active"])
def test_token_ends_with_its_person(now, what):
    token = TokenFactory.create()
    owner = token.member.user if "user" in what else token.member
    owner.is_active = False
    owner.save()
    assert not Token.objects.usable(now).exists()
