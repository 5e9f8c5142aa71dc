"""Words that a decision may carry: where it stands, why people said no, and how a way back stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from mediabuyer.lib.errors import Conflict

UNDO_WINDOW = timedelta(seconds=10)
"""An approved decision waits this long before anything is sent, so that a slip of the finger costs nothing."""


class Stage(models.TextChoices):
    """Where a decision stands."""

    PROPOSED = "proposed", "Proposed"
    BLOCKED = "blocked", "Held back"
    AWAITING = "awaiting", "Awaiting approval"
    APPROVED = "approved", "Approved"
    EXECUTING = "executing", "Executing"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome not known"
    UNDONE = "undone", "Taken back"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Lapsed"


MOVES: dict[str, tuple[str, ...]] = {
    "proposed": ("blocked", "awaiting", "approved", "expired"),
    "awaiting": ("approved", "rejected", "expired", "blocked"),
    "approved": ("executing", "awaiting", "blocked", "expired"),
    "executing": ("done", "failed", "unknown", "blocked"),
    "unknown": ("done", "failed"),
    "done": ("undone",),
    "failed": ("undone",),
    "blocked": (),
    "rejected": ("awaiting",),
    "expired": (),
    "undone": (),
}
"""From each stage to which others; a decision goes no other way."""


class Refusal(models.TextChoices):
    """Why people say no; counted in reports."""

    TOO_EARLY = "too_early", "Too little data yet"
    WRONG_FIGURES = "wrong_figures", "The figures are wrong"
    SEASON = "season", "A promotion or season explains it"
    STRATEGY = "strategy", "Not our strategy now"
    RISK = "risk", "Too risky"
    OTHER = "other", "Something else"


RETRACTED = "retracted"
"""No refusal: the one who asked for it does not want it any more."""
OUTDATED = "outdated"
"""It did not lapse: new figures say otherwise."""
REASON_CODES = [
    *Refusal.choices,
    (RETRACTED, "Retracted by the one who asked"),
    (OUTDATED, "New figures say otherwise"),
]
ENDINGS: dict[str | None, str] = {"decision.outdated": OUTDATED}
"""Why a decision ended without an answer, by what the journal says of it; lapsed where it says no more."""


class WayBack(models.TextChoices):
    """A try to take back what is done, while it is under way or when it did not work."""

    RUNNING = "running", "Being taken back"
    FAILED = "failed", "Could not be taken back"
    BLOCKED = "blocked", "Held back by a guardrail"
    UNKNOWN = "unknown", "Not known whether it was taken back"


UNDO_KINDS = {
    "failed": "decision.undo_failed",
    "blocked": "decision.undo_blocked",
    "unknown": "decision.undo_unknown",
}
"""What the journal says of each end."""
REVERSIBLE = ("done", "failed")
"""States of a decision in which there may be something to set back: of what failed, a part may have been done."""


TOLD = {"retracted": "Retracted", "outdated": "Set aside", "agreed": "Agreed"}
"""What is told in the place of a state."""


def told_state(state: str, reason_code: str, *, is_request: bool) -> str:
    if reason_code in (RETRACTED, OUTDATED):
        return reason_code
    return "agreed" if is_request and state == "done" else state


def told_label(state: str, told: str) -> str:
    return TOLD.get(told) or str(Stage(state).label)


def why_no_return(decision: Any, person: Any, now: datetime) -> str:
    """Why this person cannot take a no back; empty where they can."""
    if decision.state != "rejected":
        return "It is not rejected."
    if decision.reason_code == RETRACTED:
        return "It was retracted by the one who asked. What is wanted after all is proposed again."
    if decision.decided_by_id != person.pk or decision.decided_at is None:
        return "Only the person who rejected it can take that back."
    if now - decision.decided_at > UNDO_WINDOW or decision.expires_at <= now:
        return "A rejection stands after 10 s. The next cycle proposes again if it still makes sense."
    return ""


def part_of(decision: Any, person: Any) -> str:
    """What this person did for it, so that somebody else approves it: `asked for`, `raised`; empty: nothing."""
    if decision.is_own_of(person):
        return "asked for"
    return "raised" if person in decision.askers() else ""


def overtaken() -> Conflict:
    return Conflict(
        "Somebody was faster: this decision has changed meanwhile.",
        remedy="Reload the page to see who decided and how.",
    )
