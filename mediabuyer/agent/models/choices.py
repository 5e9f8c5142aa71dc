"""Words that a decision may carry: why people said no, until when a no can be taken back, and how a way back stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models

UNDO_WINDOW = timedelta(seconds=10)
"""An approved decision waits this long before anything is sent, so that a slip of the finger costs nothing."""


class Refusal(models.TextChoices):
    """Why people say no; counted in reports."""

    TOO_EARLY = "too_early", "Too little data yet"
    WRONG_FIGURES = "wrong_figures", "The figures are wrong"
    SEASON = "season", "A promotion or season explains it"
    STRATEGY = "strategy", "Not our strategy now"
    RISK = "risk", "Too risky"
    OTHER = "other", "Something else"
    WITHDRAWN = "withdrawn", "Withdrawn by the one who asked"


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


def why_no_return(decision: Any, person: Any, now: datetime) -> str:
    """Why this person cannot take a no back; empty where they can."""
    if decision.state != "rejected":
        return "It is not rejected."
    if decision.decided_by_id != person.pk or decision.decided_at is None:
        return "Only the person who rejected it can take that back."
    if now - decision.decided_at > UNDO_WINDOW or decision.expires_at <= now:
        return "A rejection stands after 10 s. The next cycle proposes again if it still makes sense."
    return ""
