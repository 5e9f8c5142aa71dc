"""Runs the guardrails over each proposal, cuts down what is too large, and says where each one goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.models import AdAccount
from mediabuyer.agent.context import Finding, Proposal, Severity, gravest
from mediabuyer.agent.guardrails import evaluate
from mediabuyer.agent.observe import context_for
from mediabuyer.agent.steps import Note


@dataclass(frozen=True)
class Guarded:
    """A proposal as it may be made, with everything the rules said about it."""

    proposal: Proposal
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Severity:
        return gravest(list(self.findings))


def guard(account: AdAccount, proposals: list[Proposal], now: datetime, note: Note) -> list[Guarded]:
    guarded = [guard_one(account, proposal, now) for proposal in proposals]
    verdicts = [one.verdict for one in guarded]
    note.say(
        f"{verdicts.count(Severity.BLOCK)} held back, {verdicts.count(Severity.APPROVE)} for a person, "
        f"{len(verdicts) - verdicts.count(Severity.BLOCK) - verdicts.count(Severity.APPROVE)} by rule.",
        verdicts=[{"title": one.proposal.title, "verdict": one.verdict.value,
                   "fired": [finding.message for finding in one.findings if finding.severity != Severity.PASS]}
                  for one in guarded],
    )
    return guarded


def guard_one(account: AdAccount, proposal: Proposal, now: datetime) -> Guarded:
    """Evaluates; where a rule cut an amount down, evaluates the smaller wish again and keeps the remark."""
    findings = evaluate(context_for(account, proposal.changes, now))
    replaced = {key: amount for finding in findings for key, amount in finding.replace.items()}
    if not replaced:
        return Guarded(proposal, tuple(findings))
    smaller = replace(proposal, changes=tuple(
        replace(change, params={**change.params, "daily_budget": str(replaced[change.external_id])})
        if change.external_id in replaced else change
        for change in proposal.changes
    ))
    remarks = [finding for finding in findings if finding.severity == Severity.CHANGE]
    again = evaluate(context_for(account, smaller.changes, now))
    if any(finding.severity == Severity.CHANGE for finding in again):
        again.append(Finding("budget_step", Severity.BLOCK, "It could not be cut down to an allowed step."))
    return Guarded(smaller, (*remarks, *again))
