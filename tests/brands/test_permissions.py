"""Who may do what: the whole table, and that it is read afresh each time."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from mediabuyer.brands.models import Member, Role
from mediabuyer.brands.permissions import Right, may, member_of, require
from mediabuyer.lib.errors import NotAllowed
from tests.factories import BrandFactory, MemberFactory

TABLE = {
    #                    viewer team   reviewer manager owner
    Right.SEE:           (True, True, True, True, True),
    Right.RUN_CYCLE:     (False, True, True, True, True),
    Right.IMPORT:        (False, True, True, True, True),
    Right.PROPOSE:       (False, True, True, True, True),
    Right.STOP:          (False, True, True, True, True),
    Right.DECIDE:        (False, False, False, True, True),
    Right.RELEASE:       (False, False, False, True, True),
    Right.SET_LIMITS:    (False, False, False, True, True),
    Right.MANAGE_PEOPLE: (False, False, False, False, True),
}  # fmt: skip

pytestmark = pytest.mark.django_db


def test_table_names_every_right():
    assert set(TABLE) == set(Right)


@pytest.mark.parametrize("right", list(Right))
def test_right_belongs_to_these_roles(brand, person, right):
    assert tuple(may(person(role), right, brand) for role in Role.values) == TABLE[right]


@pytest.mark.parametrize("right", list(Right))
def test_stranger_and_nobody_have_no_right(brand, stranger, right):
    assert not may(stranger, right, brand)
    assert not may(AnonymousUser(), right, brand)


def test_role_counts_from_the_moment_it_changes(brand, person):
    user = person("manager")
    assert may(user, Right.DECIDE, brand)
    Member.objects.filter(user=user).update(role="viewer")
    assert not may(user, Right.DECIDE, brand)


@pytest.mark.parametrize("what", ["member", "user"])
def test_inactive_person_has_no_right(brand, person, what):
    user = person("owner")
    if what == "member":
        Member.objects.filter(user=user).update(is_active=False)
    else:
        user.is_active = False
    assert member_of(user, brand) is None
    assert not may(user, Right.SEE, brand)


def test_role_at_another_brand_is_none_here(brand, person):
    user = person("viewer")
    MemberFactory.create(brand=BrandFactory.create(), user=user, role="owner")
    assert not may(user, Right.DECIDE, brand)


def test_refusal_says_what_and_whom_to_ask(brand, person):
    with pytest.raises(NotAllowed, match="You may not approve or reject decisions at Norden Kaffee") as refused:
        require(person("reviewer"), Right.DECIDE, brand)
    assert refused.value.remedy == "Ask somebody with the role: manager, owner."


def test_requirement_gives_the_membership(brand, person):
    user = person("manager")
    assert require(user, Right.DECIDE, brand) == Member.objects.get(user=user)
