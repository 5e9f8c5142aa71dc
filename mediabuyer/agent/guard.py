"""Runs the guardrails over each proposal, cuts down what is too large, and says where each one goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from campaigns.models import AdAccount
from mediabuyer.agent.actions import BY_SLUG
from mediabuyer.agent.actions.base import effect_of_changes
from mediabuyer.agent.context import GRAVITY, Finding, Observation, Proposal, Severity, gravest, largest_move
from mediabuyer.agent.guardrails import evaluate, mode
from mediabuyer.agent.observe import Ground, context_on, read_ground
from mediabuyer.agent.steps import Note

SHOWN = "shown"
"""The verdict on what nothing but the mode of an account that is only looked at holds back."""


@dataclass(frozen=True)
class Guarded:
    """A proposal as it may be made, with everything the rules said about it."""

    proposal: Proposal
    findings: tuple[Finding, ...]
    is_left: bool = True
    """False where the rules cut it down to nothing: then there is nothing to decide."""

    @property
    def verdict(self) -> Severity:
        return gravest(list(self.findings))

    @property
    def is_held_by_mode_only(self) -> bool:
        holding = {one.guardrail for one in self.findings if one.severity == Severity.BLOCK}
        return holding == {mode.SLUG}


def guard(account: AdAccount, proposals: list[Proposal], seen: Observation, note: Note) -> list[Guarded]:
    """One after the other, since several small moves by rule in one cycle count together; all on the same ground.

    What was cut down to nothing stands in the step's words and makes no decision.
    """
    guarded, beside = [], Decimal(0)
    ground = read_ground(account, seen.now)
    for proposal in proposals:
        guarded.append(one := guard_one(ground, proposal, seen, beside))
        if GRAVITY[one.verdict] < GRAVITY[Severity.APPROVE]:
            beside += largest_move(one.proposal.changes)
    verdicts = [SHOWN if account.is_read_only and one.is_held_by_mode_only else one.verdict.value for one in guarded]
    note.say(
        _summary(verdicts, is_read_only=account.is_read_only),
        verdicts=[
            {
                "title": one.proposal.title,
                "verdict": verdict,
                "fired": [finding.message for finding in one.findings if finding.severity != Severity.PASS],
            }
            for one, verdict in zip(guarded, verdicts, strict=True)
        ],
    )
    return [one for one in guarded if one.is_left]


def _summary(verdicts: list[str], *, is_read_only: bool) -> str:
    held, asked = verdicts.count(Severity.BLOCK), verdicts.count(Severity.APPROVE)
    if is_read_only:
        return f"{verdicts.count(SHOWN)} shown only, {held} held back."
    return f"{held} held back, {asked} for a person, {len(verdicts) - held - asked} by rule."


def guard_one(ground: Ground, proposal: Proposal, seen: Observation, beside: Decimal = Decimal(0)) -> Guarded:
    """Evaluates; where a rule cut an amount down, evaluates the smaller wish again and keeps the remark."""
    findings = evaluate(context_on(ground, proposal.changes, beside))
    replaced = {key: amount for finding in findings for key, amount in finding.replace.items()}
    if not replaced:
        return Guarded(proposal, tuple(findings))
    smaller = resize(proposal, replaced, seen)
    remarks = [finding for finding in findings if finding.severity == Severity.CHANGE]
    again = evaluate(context_on(ground, smaller.changes, beside))
    if any(finding.severity == Severity.CHANGE for finding in again):
        again.append(Finding("budget_step", Severity.BLOCK, "It could not be cut down to an allowed step."))
    if any(change.budget_rise == 0 for change in smaller.changes if change.budget_after is not None):
        used_up = Finding("budget_step", Severity.BLOCK, "Today's steps are used up: nothing of it would be left.")
        return Guarded(proposal, (*remarks, used_up), is_left=False)
    return Guarded(smaller, (*remarks, *again))


def resize(proposal: Proposal, amounts: dict[str, Decimal], seen: Observation) -> Proposal:
    """The proposal with other budgets: title and expected effect follow the amounts.

    A shift that is cut down on one side is cut down on the other too, so that the total stays.
    """
    changes = [
        replace(change, params={**change.params, "daily_budget": str(amounts[change.external_id])})
        if change.external_id in amounts
        else change
        for change in proposal.changes
    ]
    if sum(change.budget_rise for change in proposal.changes) == 0 and len(changes) > 1:
        moved = min(abs(change.budget_rise) for change in changes)
        changes = [
            replace(
                change,
                params={
                    **change.params,
                    "daily_budget": str(
                        (change.budget_before or Decimal(0)) + (moved if change.budget_rise > 0 else -moved)
                    ),
                },
            )
            for change in changes
        ]
    describe = BY_SLUG[proposal.action].describe
    budgets = {budget.external_id: budget for budget in seen.budgets}
    return replace(
        proposal,
        changes=tuple(changes),
        effect=effect_of_changes(changes, budgets) or proposal.effect,
        title=describe(changes, seen.currency) if describe else proposal.title,
    )
