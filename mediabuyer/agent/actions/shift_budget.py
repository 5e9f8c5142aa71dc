"""Move money from where the last unit earns least to where the next one earns most; the total stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from mediabuyer.agent.actions.base import (
    Action,
    budget_change,
    effect_of,
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

SLUG = "shift_budget"
P_GAIN = 0.75
LEAD = 1.25
"""The receiver's next unit must earn this many times the giver's, or moving is not worth the unrest."""


def propose(seen: Observation) -> Iterator[Proposal]:
    known = sorted(
        ((worth, budget) for budget in settled(seen) if (worth := marginal(budget)) is not None),
        key=lambda pair: (pair[0], pair[1].external_id),
    )
    if len(known) < 2:
        return
    (worst, giver), (best, receiver) = known[0], known[-1]
    if best < worst * LEAD:
        return
    amount = _amount(giver, receiver, seen)
    if amount <= 0:
        return
    moves = [(giver, giver.daily_budget - amount), (receiver, receiver.daily_budget + amount)]
    effect = effect_of(moves)
    if effect and effect.per_day > 0 and 1 - effect.p_loss >= P_GAIN:
        yield _proposal(moves, amount, effect, seen)


def _amount(giver: Budget, receiver: Budget, seen: Observation) -> Decimal:
    """As much as one step allows on both sides."""
    step = seen.limits.budget_step
    spare = giver.daily_budget - step_down(giver.daily_budget, step, seen.currency)
    room = step_up(receiver.daily_budget, step, seen.currency) - receiver.daily_budget
    return min(spare, room)


def _proposal(moves: list[tuple[Budget, Decimal]], amount: Decimal, effect: Effect, seen: Observation) -> Proposal:
    (giver, _), (receiver, _) = moves
    changes = tuple(budget_change(budget, after) for budget, after in moves)  # the cut first, so no cap is crossed
    one = money(Decimal(1), seen.currency)
    return Proposal(
        action=SLUG,
        title=describe(changes, seen.currency),
        why=(
            f"The next {one} in “{receiver.name}” should bring back {marginal(receiver):.2f} within 30 days, the last "
            f"one in “{giver.name}” {marginal(giver):.2f}. The total stays as it is. "
            "I am not sure the audience is large enough to take the same step again."
        ),
        params={"from": giver.external_id, "to": receiver.external_id, "amount": str(amount)},
        changes=changes,
        evidence={"budgets": [figures(budget) for budget, _ in moves], "bar": seen.bar, **gain_words(seen)},
        effect=effect,
        risk=risk_of(effect),
        way_back=words_back(changes, seen.currency),
        subject_level=receiver.level,
        subject_id=receiver.external_id,
        score=float(effect.per_day) - 0.5 * float(effect.per_day - effect.low),
    )


def describe(changes: Sequence[PlannedChange], currency: str) -> str:
    """Both amounts where a person made them differ: the total does not stay then."""
    cut, raised = changes
    if raised.budget_rise != -cut.budget_rise:
        return f"Change daily budgets: {'; '.join(_from_to(change, currency) for change in changes)}"
    return f"Move {money(raised.budget_rise, currency)} a day from “{cut.name}” to “{raised.name}”"


def _from_to(change: PlannedChange, currency: str) -> str:
    before, after = change.budget_before or Decimal(0), change.budget_after or Decimal(0)
    return f"“{change.name}” from {money(before, currency)} to {money(after, currency)}"


ACTION = Action(SLUG, "Move a budget", "split", propose, describe, back=words_back)
