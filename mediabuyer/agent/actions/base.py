"""What an action is, and the small arithmetic that actions share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from mediabuyer.agent.context import AdFigures, Budget, Effect, Observation, PlannedChange, Proposal, with_article
from mediabuyer.lib.money import format_money, meta_offset
from portfolio.posterior import RESPONSE, estimate_effect

CENT = Decimal("0.01")
LEARNING_STEP = Decimal("0.2")
"""A larger change of a budget makes Meta learn anew (reference: Meta's "significant edits")."""


@dataclass(frozen=True)
class Action:
    """One kind of thing the agent can want. Its functions are pure.

    `propose` reads the observation and yields candidates; `describe` says in a title what the changes do, in the
    given currency, so that a proposal whose amounts were changed still says what it is. `wanted` is the proposal of
    one change that somebody chose: figures, effect and way back, without a reason of its own; None: nobody can ask.
    `back` says in words how budgets go back, which other amounts may change.
    """

    slug: str
    title: str
    icon: str
    propose: Callable[[Observation], Iterator[Proposal]]
    describe: Callable[[Sequence[PlannedChange], str], str] | None = None
    wanted: Callable[[PlannedChange, Observation], Proposal] | None = None
    back: Callable[[Sequence[PlannedChange], str], str] | None = None


def money(amount: Decimal, currency: str) -> str:
    """Whole units where nothing is lost, else cents."""
    return format_money(amount, currency, places=0 if amount == amount.to_integral_value() else None)


def words_back(changes: Sequence[PlannedChange], currency: str) -> str:
    """How budgets are set back, and whether that is itself a step that Meta learns anew after: a cut of 20% goes back
    by 25%.
    """
    pairs = [(one.budget_before or Decimal(0), one.budget_after or Decimal(0)) for one in changes]
    largest = max((abs(before / after - 1) for before, after in pairs if after), default=Decimal(0))
    what = f"Set it back to {money(pairs[0][0], currency)}" if len(pairs) == 1 else "Set both budgets back"
    if largest > LEARNING_STEP:
        return f"{what}, one click; that is a step of {largest:.0%}, after which Meta may learn anew for some days."
    return f"{what}, one click; a step of this size starts no new learning phase."


def step_up(budget: Decimal, share: Decimal, currency: str) -> Decimal:
    """The budget raised by at most `share`, to a round amount."""
    return _round(budget * (1 + share), currency, ROUND_FLOOR)


def step_down(budget: Decimal, share: Decimal, currency: str) -> Decimal:
    """The budget cut by at most `share`, to a round amount."""
    return _round(budget * (1 - share), currency, ROUND_CEILING)


def _round(amount: Decimal, currency: str, mode: str) -> Decimal:
    step = Decimal(1) if amount >= 10 or meta_offset(currency) == 1 else CENT
    return amount.quantize(step, rounding=mode)


def budget_change(budget: Budget, after: Decimal) -> PlannedChange:
    return PlannedChange(
        kind="set_budget",
        level=budget.level,
        external_id=budget.external_id,
        name=budget.name,
        params={"daily_budget": str(after)},
        before={"daily_budget": str(budget.daily_budget)},
    )


def effect_of(moves: list[tuple[Budget, Decimal]]) -> Effect | None:
    """Expected profit a day of moving budgets together, from the joint draws; None where nothing is known.

    Draws are payout (margin in) per unit of money, so profit is what comes back less what goes out.
    """
    if not all(budget.draws for budget, _ in moves):
        return None
    draws = np.array([budget.draws for budget, _ in moves]).T
    current = np.array([float(budget.daily_budget) for budget, _ in moves])
    wanted = np.array([float(after) for _, after in moves])
    effect = estimate_effect(draws, current, wanted)
    return Effect(cents(effect.mean), cents(effect.low), cents(effect.high), round(1 - effect.p_gain, 3))


def effect_of_changes(changes: Sequence[PlannedChange], budgets: Mapping[str, Budget]) -> Effect | None:
    """The same for planned changes of budgets; None where one of them is of something else."""
    moves = [
        (budgets[change.external_id], change.budget_after)
        for change in changes
        if change.external_id in budgets and change.budget_after is not None
    ]
    return effect_of(moves) if len(moves) == len(changes) and moves else None


def marginal(budget: Budget) -> float | None:
    """What the next unit of money brings back in 30 days: returns fall by `RESPONSE` around today's budget."""
    return None if budget.payout_per_spend is None else (1 - RESPONSE) * budget.payout_per_spend


def cents(value: float) -> Decimal:
    return Decimal(str(value)).quantize(CENT)


def risk_of(effect: Effect | None) -> str:
    """In words people use: how likely is it that this costs money? What is not known is no low risk."""
    if effect is None:
        return "medium"
    if effect.p_loss <= 0.15:
        return "low"
    return "medium" if effect.p_loss <= 0.35 else "high"


def one(seen: Observation, article: str = "a", ad: AdFigures | None = None) -> str:
    """A single result, of this ad where there are several kinds, as `with_article` says it."""
    return with_article((ad and ad.result) or seen.result, article)


def may_cost(ad: AdFigures, seen: Observation) -> Decimal | None:
    """What one result of this ad may cost."""
    return ad.may_cost or seen.reference_cpa


def gain_words(seen: Observation, verb: str = "gained", ad: AdFigures | None = None) -> dict[str, str]:
    """What the expected effect is where it is no profit, as evidence: without revenue it rests on what a result costs.

    Empty where revenue says what results are worth.
    """
    result = one(seen, ad=ad)
    usual = {"average_cpa": f"the usual cost of {result}", "target_cpa": f"your target cost of {result}"}
    against = usual.get(seen.valued_by)
    return {"gain": f"{verb} a day at {against}"} if against else {}


def settled(seen: Observation) -> list[Budget]:
    """Budgets that run, deliver, and are out of the learning phase."""
    return [
        budget
        for budget in seen.budgets
        if budget.is_active and budget.learning_status != "LEARNING" and budget.spend_7d > 0
    ]


def ad_figures(ad: AdFigures | None, seen: Observation) -> dict[str, object]:
    """What a decision keeps of an ad's return as evidence; nothing where no cycle has looked at it."""
    if ad is None:
        return {}
    return {
        "payout_per_spend": ad.payout_per_spend,
        "low": ad.low,
        "high": ad.high,
        "p_bar": ad.p_bar,
        "bar": seen.bar,
        "maturity": ad.maturity,
        "spend": str(ad.spend),
        "results": ad.results,
        "cpa": str(ad.cpa) if ad.cpa else None,
    }


def figures(budget: Budget) -> dict[str, object]:
    """What a decision keeps of a budget as evidence."""
    return {
        "level": budget.level,
        "external_id": budget.external_id,
        "name": budget.name,
        "daily_budget": str(budget.daily_budget),
        "spend_7d": str(budget.spend_7d),
        "payout_per_spend": budget.payout_per_spend,
        "low": budget.low,
        "high": budget.high,
        "ad_ids": list(budget.ad_ids),
    }
