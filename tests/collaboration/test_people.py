"""Changes of who may do what: at once, journalled, and never without an owner."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from collaboration.people import actor_names, change_member, invite, issue_token, revoke_token
from mediabuyer.brands.models import Brand, Member, Token, User
from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError, NotAllowed
from memory.events import record
from memory.models import Event
from tests.factories import NOW, MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(person):
    return person("owner")


@pytest.fixture
def viewer(brand):
    return MemberFactory.create(brand=brand, role="viewer")


def test_role_changes_and_is_told(viewer, owner, now):
    change_member(viewer, owner, now, role="manager", is_active=True)
    assert Member.objects.get(pk=viewer.pk).role == "manager"
    event = Event.objects.get()
    assert (event.kind, event.actor) == ("member.changed", f"person:{owner.email}")
    assert event.data["what"] == "Ana Kern: Viewer → Manager"


def test_same_role_again_is_not_told(viewer, owner, now):
    change_member(viewer, owner, now, role="viewer", is_active=True)
    assert not Event.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer", "manager"])
def test_only_owners_change_people(viewer, person, brand, now, role):
    who = person(role)
    for act in (
        lambda: change_member(viewer, who, now, role="owner", is_active=True),
        lambda: invite(brand, who, now, email="new@example.com", first_name="N", last_name="", role="owner"),
        lambda: issue_token(brand, who, now, name="T", scopes=["read"], days=30),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert (Token.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize("values", [{"role": "manager", "is_active": True}, {"role": "owner", "is_active": False}])
def test_last_owner_stays(owner, now, values):
    with pytest.raises(Conflict, match="would be left without an owner"):
        change_member(Member.objects.get(user=owner), owner, now, **values)
    assert Member.objects.get(user=owner).role == "owner"


def test_owner_may_go_when_another_stays(owner, person, now):
    person("owner")
    change_member(Member.objects.get(user=owner), owner, now, role="viewer", is_active=True)
    assert Member.objects.filter(role="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_demote_each_other_at_once(brand, now):
    owners = [MemberFactory.create(brand=brand, role="owner") for _ in range(2)]
    start, refused = threading.Barrier(2), []

    def demote(who, whom):
        start.wait()
        try:
            change_member(Member.objects.get(pk=whom.pk), who.user, now, role="viewer", is_active=True)
        except MediaBuyerError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=pair) for pair in (owners, owners[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert Member.objects.filter(role="owner").count() == 1
    assert len(refused) == 1


def test_new_person_is_invited_without_a_password(brand, owner, now):
    member, is_new = invite(brand, owner, now, email="kim@example.com", first_name="Kim", last_name="", role="team")
    assert (member.role, is_new, member.user.has_usable_password()) == ("team", True, False)
    assert Event.objects.get().data["what"] == "Kim: joined as Team member"


def test_known_person_keeps_the_account(brand, owner, stranger, now):
    member, is_new = invite(brand, owner, now, email=stranger.email.upper(), first_name="X", last_name="Y", role="team")
    assert (member.user, is_new) == (stranger, False)
    assert User.objects.get(pk=stranger.pk).first_name == "Ana"


def test_member_is_not_invited_twice(brand, owner, viewer, now):
    with pytest.raises(Invalid, match="is a member already") as refused:
        invite(brand, owner, now, email=viewer.user.email, first_name="X", last_name="", role="owner")
    assert refused.value.field == "email"
    assert Member.objects.get(pk=viewer.pk).role == "viewer"


def test_token_is_shown_once_and_ends(brand, owner, now):
    secret = issue_token(brand, owner, now, name="Reports", scopes=["read"], days=30)
    token = Token.objects.get()
    assert (token.digest, token.expires_at) == (Token.hash(secret), now + timedelta(days=30))
    assert secret not in str(list(Event.objects.values()))
    revoke_token(token, owner, now)
    revoke_token(token, owner, now + timedelta(days=1))
    assert Token.objects.get().revoked_at == now
    assert list(Event.objects.order_by("number").values_list("kind", flat=True)) == ["token.issued", "token.revoked"]


def test_token_of_another_brand_is_not_revoked(owner, now):
    other = MemberFactory.create(brand=Brand.objects.create(name="Other"), role="owner")
    token, _ = Token.issue(other, "T", ["read"], None)
    with pytest.raises(NotAllowed):
        revoke_token(token, owner, now)
    assert Token.objects.get().revoked_at is None


def test_people_are_told_by_the_name_they_go_by_now(brand, person):
    manager = person("manager")
    with transaction.atomic():
        events = [
            record("token.revoked", "token", "1", brand=brand, now=NOW, actor=actor, what="x")
            for actor in (f"person:{manager.email}", f"person:{manager.email} (token mb_1)", "person:gone@x.y", "agent")
        ]
    assert actor_names(events) == {
        f"person:{manager.email}": "Ana Kern",
        f"person:{manager.email} (token mb_1)": "Ana Kern (token mb_1)",
    }


# --- How a brand begins -----------------------------------------------------------------------------------------------


def test_first_owner_begins_a_brand_and_is_told(db):
    call_command("first_owner", "Nord", "kim@example.com")
    member = Member.objects.get()
    assert (member.brand.name, member.user.email, member.role) == ("Nord", "kim@example.com", "owner")
    assert not member.user.has_usable_password()
    assert Event.objects.get().data["what"] == "kim@example.com: first owner"


def test_second_owner_is_not_made_by_command(owner, brand, viewer):
    with pytest.raises(CommandError, match="has an owner"):
        call_command("first_owner", brand.name, viewer.user.email)
    assert Member.objects.get(pk=viewer.pk).role == "viewer"


def test_first_owner_needs_an_address(db):
    with pytest.raises(CommandError):
        call_command("first_owner", "Nord", "kim")
    assert not Brand.objects.exists()
