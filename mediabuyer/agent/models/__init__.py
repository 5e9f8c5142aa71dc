"""The agent's tables; one module a matter, all of them importable from here, as Django wants it."""

from mediabuyer.agent.models.choices import (
    OUTDATED,
    RETRACTED,
    REVERSIBLE,
    UNDO_WINDOW,
    part_of,
    told_label,
    told_state,
    why_no_return,
)
from mediabuyer.agent.models.cycle import Cycle, Step
from mediabuyer.agent.models.decision import Decision
from mediabuyer.agent.models.findings import Finding, Outcome
from mediabuyer.agent.models.queries import DecisionQuerySet, when_told

__all__ = [
    "OUTDATED",
    "RETRACTED",
    "REVERSIBLE",
    "UNDO_WINDOW",
    "Cycle",
    "Decision",
    "DecisionQuerySet",
    "Finding",
    "Outcome",
    "Step",
    "part_of",
    "told_label",
    "told_state",
    "when_told",
    "why_no_return",
]
