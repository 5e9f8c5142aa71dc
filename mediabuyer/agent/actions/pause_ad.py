"""Pause an ad that, as sure as can be, does not earn what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from mediabuyer.agent.actions.base import Action, ad_figures, cents, gain_words, may_cost, money, one, risk_of
from mediabuyer.agent.context import AdFigures, Effect, Observation, PlannedChange, Proposal

SLUG = "pause_ad"
SURE = 0.10
"""Pause when the chance that the ad clears the bar is at most this (portfolio methods, 2.5)."""
CPAS = 1
"""Least spend, in what a purchase costs, before an ad is even looked at; the guardrail asks for more."""
ALL_CAME = 0.995
"""Of a payout: as much as to say all of it."""


def propose(seen: Observation) -> Iterator[Proposal]:
    for ad in seen.ads:
        if _is_loser(ad, seen):
            yield _proposal(ad, seen)


def _is_loser(ad: AdFigures, seen: Observation) -> bool:
    cost = may_cost(ad, seen)
    if not ad.is_running or ad.p_bar is None or ad.payout_per_spend is None or cost is None:
        return False
    if seen.valued_by != "revenue" and ad.cpa is not None and ad.cpa <= cost:
        return False  # dear clicks make few results look like luck; nobody would pause what has been cheap
    if not seen.has_own_orders and ad.worth is not None and ad.cpa and ad.worth >= ad.cpa:
        return False  # the same of few orders: over all that is told it has earned
    return ad.p_bar <= SURE and ad.payout_per_spend < 1 and ad.spend >= cost * CPAS and ad.spend_a_day > 0


def _proposal(ad: AdFigures, seen: Observation) -> Proposal:
    change = PlannedChange("set_status", "ad", ad.external_id, ad.name, {"status": "PAUSED"}, {"status": ad.status})
    proposal = wanted(change, seen)
    return replace(proposal, why=_why(ad, seen), score=float(proposal.effect.per_day) if proposal.effect else 0.0)


def wanted(change: PlannedChange, seen: Observation) -> Proposal:
    ad = seen.ad(change.external_id)
    effect = _effect(ad) if ad and ad.payout_per_spend is not None else None
    return Proposal(
        action=SLUG,
        title=f"Pause “{change.name}”",
        why="",
        params={"ad": change.external_id},
        changes=(change,),
        evidence={"ad": change.external_id, **ad_figures(ad, seen), **gain_words(seen, "saved", ad)},
        effect=effect,
        risk=risk_of(effect),
        way_back="Switch it on again, one click; Meta may learn anew for some days.",
        subject_level="ad",
        subject_id=change.external_id,
        score=0.0,
    )


def _effect(ad: AdFigures) -> Effect:
    """What is no longer spent less what it would have brought back. Holds if nobody else gets the money."""
    a_day = float(ad.spend_a_day)
    mean, low, high = ad.payout_per_spend or 0.0, ad.low or 0.0, ad.high or 0.0
    return Effect(cents(a_day * (1 - mean)), cents(a_day * (1 - high)), cents(a_day * (1 - low)), ad.p_profit or 0.0)


def _why(ad: AdFigures, seen: Observation) -> str:
    said = _by_cost(ad, seen) if seen.valued_by != "revenue" else _by_payout(ad, seen)
    if ad.maturity and ad.maturity <= ALL_CAME:
        said += f" {ad.maturity:.0%} of what it will bring has had time to arrive."
    return said + _budget_stays(ad, seen)


def _budget_stays(ad: AdFigures, seen: Observation) -> str:
    """Meta gives what one ad no longer spends to the others of its budget; what they bring is not counted."""
    fed = next((budget.ad_ids for budget in seen.budgets if ad.external_id in budget.ad_ids), ())
    others = sum(one.is_running for one in map(seen.ad, fed) if one is not None and one is not ad)
    if not others:
        return ""
    who, they = ("ad", "it makes") if others == 1 else (f"{others} ads", "they make")
    return f" Its budget stays for the other {who} there; what {they} of it is not counted."


def _by_payout(ad: AdFigures, seen: Observation) -> str:
    unit = money(Decimal(1), seen.currency)
    back = f"Each {unit} spent on it should bring back {ad.payout_per_spend:.2f} within 30 days"
    interval = f" (80%: {ad.low:.2f} to {ad.high:.2f})." if ad.low is not None and ad.high is not None else "."
    if seen.results_are_mixed:
        return f"{back}{interval}"
    if not ad.cpa:
        return f"{back}{interval} It has brought no {seen.result} yet."
    cost = money(cents(float(ad.cpa)), seen.currency)
    if seen.has_own_orders:
        return f"{back}{interval} An own order has cost {cost} here over the last 90 days{_worth(ad, seen)}."
    return f"{back}{interval} {one(seen, 'A')} has cost {cost} here."


def _worth(ad: AdFigures, seen: Observation) -> str:
    """What the order brings, and why the expectation may be worse than the two together."""
    if ad.worth is None or not ad.cpa:
        return ""
    brings = f" and brings {money(cents(float(ad.worth)), seen.currency)} within 30 days"
    if ad.worth < ad.cpa:
        return brings
    return f"{brings}, but the last days count most and ads of the same angle count too"


def _by_cost(ad: AdFigures, seen: Observation) -> str:
    """Where the file tells no revenue: what a result costs here against what one may cost."""
    against = "you set as the goal" if seen.valued_by == "target_cpa" else "is usual on this account"
    usual, result = money(cents(float(may_cost(ad, seen) or 0)), seen.currency), ad.result or seen.result
    if not ad.cpa:
        return f"It has brought no {result} for {money(cents(float(ad.spend)), seen.currency)}; {usual} {against}."
    return f"{one(seen, 'A', ad)} costs {money(cents(float(ad.cpa)), seen.currency)} here, {usual} {against}."


ACTION = Action(SLUG, "Pause an ad", "pause", propose, wanted=wanted)
