"""Words that a decision may carry: why people said no, and how a try to take it back stands."""

from __future__ import annotations

from django.db import models


class Refusal(models.TextChoices):
    """Why people say no; counted in reports."""

    TOO_EARLY = "too_early", "Too little data yet"
    WRONG_FIGURES = "wrong_figures", "The figures are wrong"
    SEASON = "season", "A promotion or season explains it"
    STRATEGY = "strategy", "Not our strategy now"
    RISK = "risk", "Too risky"
    OTHER = "other", "Something else"


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
