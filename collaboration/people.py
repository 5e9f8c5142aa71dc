"""Changes of who may do what: members, invitations, tokens. Each leaves a line in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Brand, Member, Role, Token, User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Conflict, Invalid
from memory.events import record
from memory.models import Event


@transaction.atomic
def change_member(member: Member, person: User, now: datetime, *, role: str, is_active: bool) -> None:
    """Takes effect at once, also for sessions that are open. A brand never loses its last owner."""
    require(person, Right.MANAGE_PEOPLE, member.brand)
    Brand.objects.select_for_update(no_key=True).get(pk=member.brand_id)  # two owners cannot demote each other at once
    member = Member.objects.select_for_update().get(pk=member.pk)
    stays_owner = role == Role.OWNER and is_active
    others = member.brand.member_set.filter(role=Role.OWNER, is_active=True).exclude(pk=member.pk)
    if member.role == Role.OWNER and not stays_owner and not others.exists():
        raise Conflict(f"{member.brand} would be left without an owner.", remedy="Make somebody else an owner first.")
    if (member.role, member.is_active) == (role, is_active):
        return
    before = f"{member.get_role_display()}{'' if member.is_active else ', inactive'}"
    member.role, member.is_active = role, is_active
    member.save(update_fields=["role", "is_active"])
    after = f"{member.get_role_display()}{'' if is_active else ', inactive'}"
    record(
        "member.changed",
        "member",
        member.key,
        brand=member.brand,
        now=now,
        actor=named(person),
        what=f"{member.user}: {before} → {after}",
    )


@transaction.atomic
def invite(
    brand: Brand, person: User, now: datetime, *, email: str, first_name: str, last_name: str, role: str
) -> tuple[Member, bool]:
    """A member and whether the person is new; a new person sets a password by the reset link."""
    require(person, Right.MANAGE_PEOPLE, brand)
    user = User.objects.filter(email__iexact=email).first()
    is_new = user is None
    if user is None:
        user = User.objects.create_user(email, first_name=first_name, last_name=last_name)
    if brand.member_set.filter(user=user).exists():
        raise Invalid("email", email, f"{user} is a member already.", remedy="Change the role in the list instead.")
    member = Member.objects.create(brand=brand, user=user, role=role)
    record(
        "member.changed",
        "member",
        member.key,
        brand=brand,
        now=now,
        actor=named(person),
        what=f"{user}: joined as {member.get_role_display()}",
    )
    return member, is_new


@transaction.atomic
def make_first_owner(name: str, email: str, now: datetime) -> Member:
    """The brand and the person are made where there are none. A brand that has an owner is that owner's affair."""
    brand = Brand.objects.select_for_update(no_key=True).filter(name=name).first() or Brand.objects.create(name=name)
    if brand.member_set.filter(role=Role.OWNER, is_active=True).exists():
        raise Conflict(f"{brand} has an owner.", remedy="Owners invite others in Settings.")
    user = User.objects.filter(email__iexact=email).first() or User.objects.create_user(email)
    member, _ = Member.objects.update_or_create(
        brand=brand, user=user, defaults={"role": Role.OWNER, "is_active": True}
    )
    what = f"{user}: first owner"
    record("member.changed", "member", member.key, brand=brand, now=now, actor="system", what=what)
    return member


@transaction.atomic
def issue_token(brand: Brand, person: User, now: datetime, *, name: str, scopes: list[str], days: int) -> str:
    """The secret, shown once. The token acts as the person who made it."""
    member = require(person, Right.MANAGE_PEOPLE, brand)
    token, secret = Token.issue(member, name, scopes, now + timedelta(days=days))
    record(
        "token.issued",
        "token",
        token.key,
        brand=brand,
        now=now,
        actor=named(person),
        name=str(token),
        scopes=scopes,
    )
    return secret


@transaction.atomic
def revoke_token(token: Token, person: User, now: datetime) -> None:
    require(person, Right.MANAGE_PEOPLE, token.member.brand)
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        record(
            "token.revoked",
            "token",
            token.key,
            brand=token.member.brand,
            now=now,
            actor=named(person),
            name=str(token),
        )


def actor_names(events: Iterable[Event]) -> dict[str, str]:
    """The people behind journal lines by `actor`, under the name that they go by today; one query."""
    actors = {event.actor for event in events if event.actor.startswith("person:")}
    emails = {actor: actor.removeprefix("person:").partition(" (")[0] for actor in actors}
    people = {user.email: str(user) for user in User.objects.filter(email__in=set(emails.values()))}
    return {actor: people[email] + actor.partition(email)[2] for actor, email in emails.items() if email in people}
