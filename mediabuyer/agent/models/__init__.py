"""The agent's tables; one module a matter, all of them importable from here, as Django wants it."""

from mediabuyer.agent.models.choices import RETRACTED, REVERSIBLE, UNDO_WINDOW, why_no_return
from mediabuyer.agent.models.cycle import Cycle, Step
from mediabuyer.agent.models.decision import Decision
from mediabuyer.agent.models.findings import Finding, Outcome
from mediabuyer.agent.models.queries import DecisionQuerySet

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
    "why_no_return",
]
