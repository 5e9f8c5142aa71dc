"""Raise a budget whose next unit of money earns, cut one whose money does not come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from mediabuyer.agent.actions.base import (
    Action,
    budget_change,
    effect_of,
    effect_of_changes,
    figures,
    gain_words,
    marginal,
    money,
    risk_of,
    settled,
    step_down,
    step_up,
    words_back,
)
from mediabuyer.agent.context import Budget, Effect, Observation, PlannedChange, Proposal

SLUG = "scale_budget"
P_GAIN = 0.70
"""Least probability that the step earns money."""


def propose(seen: Observation) -> Iterator[Proposal]:
    for budget in settled(seen):
        worth = marginal(budget)
        if worth is None:
            continue
        step = seen.limits.budget_step
        after = (
            step_up(budget.daily_budget, step, seen.currency)
            if worth > max(1.0, seen.bar)
            else step_down(budget.daily_budget, step, seen.currency)
        )
        if after == budget.daily_budget or (worth > 1.0 and after < budget.daily_budget):
            continue
        effect = effect_of([(budget, after)])
        if effect and effect.per_day > 0 and 1 - effect.p_loss >= P_GAIN:
            yield _proposal(budget, after, effect, seen)


def _proposal(budget: Budget, after: Decimal, effect: Effect, seen: Observation) -> Proposal:
    return replace(
        wanted(budget_change(budget, after), seen),
        why=_why(budget, after, seen),
        score=float(effect.per_day) - 0.5 * float(effect.per_day - effect.low),
    )


def wanted(change: PlannedChange, seen: Observation) -> Proposal:
    budgets = {one.external_id: one for one in seen.budgets if one.external_id == change.external_id}
    effect = effect_of_changes((change,), budgets)
    return Proposal(
        action=SLUG,
        title=describe((change,), seen.currency),
        why="",
        params={"budget": change.external_id, "daily_budget": str(change.budget_after)},
        changes=(change,),
        evidence={"budgets": [figures(one) for one in budgets.values()], "bar": seen.bar, **gain_words(seen)},
        effect=effect,
        risk=risk_of(effect),
        way_back=words_back((change,), seen.currency),
        subject_level=change.level,
        subject_id=change.external_id,
        score=0.0,
    )


def _why(budget: Budget, after: Decimal, seen: Observation) -> str:
    one = money(Decimal(1), seen.currency)
    known = (
        f" (80%: {budget.low:.2f} to {budget.high:.2f})" if budget.low is not None and budget.high is not None else ""
    )
    if after > budget.daily_budget:
        return (
            f"On average {one} here brings back {budget.payout_per_spend:.2f} within 30 days{known}, the next one "
            f"still {marginal(budget):.2f}. I am not sure how large the audience is, so I ask for one step only."
        )
    return (
        f"On average {one} here brings back {budget.payout_per_spend:.2f} within 30 days{known}, the last one only "
        f"{marginal(budget):.2f}, for each further one brings less. "
        "One step down keeps what sells and saves what does not come back."
    )


def describe(changes: Sequence[PlannedChange], currency: str) -> str:
    [change] = changes
    before, after = change.budget_before or Decimal(0), change.budget_after or Decimal(0)
    verb = "Raise" if after > before else "Cut"
    return f"{verb} “{change.name}” from {money(before, currency)} to {money(after, currency)} a day"


ACTION = Action(SLUG, "Change a budget", "money", propose, describe, wanted, words_back)
