"""The agent's tables; one module a matter, all of them importable from here, as Django wants it."""

from mediabuyer.agent.models.choices import RETRACTED, REVERSIBLE, UNDO_WINDOW, part_of, why_no_return
from mediabuyer.agent.models.cycle import Cycle, Step
from mediabuyer.agent.models.decision import Decision
from mediabuyer.agent.models.findings import Finding, Outcome
from mediabuyer.agent.models.queries import DecisionQuerySet, when_told

__all__ = [
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
    "when_told",
    "why_no_return",
]
