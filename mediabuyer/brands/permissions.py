"""Who may do what: one table. Who may approve how much is a guardrail, not a permission."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from mediabuyer.brands.models import Brand, Member, Role
from mediabuyer.lib.errors import NotAllowed


class Right(StrEnum):
    """What a person can be allowed to do. Values end sentences like “You may not …”."""

    SEE = "see this brand"
    RUN_CYCLE = "start an agent cycle"
    IMPORT = "import files"
    PROPOSE = "propose changes of ads and budgets"
    DECIDE = "approve or reject decisions"
    STOP = "press the stop"
    RELEASE = "release the stop"
    SET_LIMITS = "change caps and goals"
    MANAGE_PEOPLE = "change members and tokens"


EVERYBODY = frozenset(Role.values)
MANAGERS = frozenset({Role.MANAGER, Role.OWNER})
WORKERS = frozenset({Role.TEAM, Role.REVIEWER}) | MANAGERS

ALLOWED: dict[Right, frozenset[str]] = {
    Right.SEE: EVERYBODY,
    Right.RUN_CYCLE: WORKERS,
    Right.IMPORT: WORKERS,
    Right.PROPOSE: WORKERS,  # asking moves nothing: somebody else has to say yes
    Right.DECIDE: MANAGERS,
    Right.STOP: WORKERS,  # whoever sees the fire may pull the alarm
    Right.RELEASE: MANAGERS,
    Right.SET_LIMITS: MANAGERS,
    Right.MANAGE_PEOPLE: frozenset({Role.OWNER}),
}


def member_of(user: Any, brand: Brand) -> Member | None:
    """The person's active membership, read afresh each time so that a change of role counts at once."""
    if not user.is_authenticated or not user.is_active:
        return None
    return Member.objects.filter(user=user, brand=brand, is_active=True).first()


def may(user: Any, right: Right, brand: Brand) -> bool:
    member = member_of(user, brand)
    return member is not None and member.role in ALLOWED[right]


def require(user: Any, right: Right, brand: Brand) -> Member:
    """The membership that gives the right; otherwise `NotAllowed` in words for the person."""
    member = member_of(user, brand)
    if member is None or member.role not in ALLOWED[right]:
        names = ", ".join(label.lower() for value, label in Role.choices if value in ALLOWED[right])
        raise NotAllowed(f"You may not {right.value} at {brand}.", remedy=f"Ask somebody with the role: {names}.")
    return member
