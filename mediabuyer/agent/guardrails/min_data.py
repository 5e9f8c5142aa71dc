"""No verdict on too little: raising needs results, pausing needs spend.

Rules that act after one or two CPAs of spend stop most good ads (portfolio methods, section 3.4).
"""

from __future__ import annotations

from decimal import Decimal

from mediabuyer.agent.context import GRAVITY, Budget, Context, Finding, PlannedChange, with_article
from mediabuyer.agent.guardrails.base import Guardrail, ask, block, ok, whole

SLUG = "min_data"
RESULTS_TO_RAISE = 10
"""Purchases behind a budget before more money goes there."""
CPAS_TO_PAUSE = 3
"""Spend, in target CPAs, before an ad may be called a loser."""


def check(context: Context) -> Finding | None:
    if context.is_undo:
        return None
    pauses = [_check_pause(change, context) for change in context.pauses]
    raises = [_check_raise(change, context) for change in context.budget_changes if change.budget_rise > 0]
    if found := [one for one in (*pauses, *raises) if one]:
        return max(found, key=lambda one: GRAVITY[one.severity])  # what asks a person must not hide what blocks
    if not context.pauses and not context.budget_changes:
        return None
    return ok(SLUG, _evidence(context))


def _check_pause(change: PlannedChange, context: Context) -> Finding | None:
    ad = context.ads.get(change.external_id)
    if ad is None:
        return block(SLUG, f"There is no figure to judge “{change.name}” by.")
    may_cost, result = ad.may_cost or context.reference_cpa, with_article(ad.result or context.result)
    if not may_cost:
        return ask(
            SLUG,
            f"What {result} may cost is not known, so I cannot judge “{ad.name}”. A goal in Settings would say it.",
        )
    needed = may_cost * CPAS_TO_PAUSE
    if ad.spend < needed:
        shown = needed.quantize(Decimal(1)) if needed >= 10 else needed
        return block(
            SLUG,
            f"Evidence: “{ad.name}” has spent {whole(ad.spend, context)}; a verdict needs "
            f"{whole(shown, context)} ({CPAS_TO_PAUSE} × what {result} may cost).",
        )
    return None


def _check_raise(change: PlannedChange, context: Context) -> Finding | None:
    budget = context.budgets.get(change.external_id)
    if budget is None:
        return block(SLUG, f"I know nothing of “{change.name}” yet.")
    results = _results(budget, context)
    if results < RESULTS_TO_RAISE:
        return block(
            SLUG, f"Evidence: {results:.0f} {context.results} behind “{budget.name}”, {RESULTS_TO_RAISE} needed."
        )
    return None


def _results(budget: Budget, context: Context) -> float:
    return sum(context.ads[ad_id].results for ad_id in budget.ad_ids if ad_id in context.ads)


def _evidence(context: Context) -> str:
    raised = [
        context.budgets[change.external_id]
        for change in context.budget_changes
        if change.budget_rise > 0 and change.external_id in context.budgets
    ]
    if raised:
        fewest = min(_results(budget, context) for budget in raised)
        return f"Evidence: {fewest:.0f} {context.results}, {RESULTS_TO_RAISE} needed"
    if context.pauses:
        spend = min(context.ads[change.external_id].spend for change in context.pauses)
        return f"Evidence: {whole(spend, context)} spent, enough for a verdict"
    return "Evidence: cuts need none"


GUARDRAIL = Guardrail(SLUG, "Evidence", check)
