"""The analyst: from rows to one frozen observation that everything after it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from campaigns.models import Ad, AdAccount
from campaigns.models.tree import DELIVERED, finest_told
from campaigns.result_kinds import kinds_of, one_result, tells_results
from mediabuyer.agent.context import AdFigures, Budget, Observation
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.observe import Pulled, budgets_of, limits_of
from mediabuyer.agent.snapshots import as_json
from mediabuyer.agent.steps import Note
from portfolio.metrics import Totals
from portfolio.models import AdState, Goal
from portfolio.performance import Sums, data_span, last_days, sums
from portfolio.posterior import INTERVAL
from portfolio.reference import Price, prices_by_ad, reference_of
from portfolio.states import Evaluation, snapshot

WEEK = 7
CENT = Decimal("0.01")
AD_FIELDS = ("pk", "key", "external_id", "name", "ad_set__external_id", "campaign__external_id",
             "creative__angle__name", "status", "effective_status", "platform_created_at")  # fmt: skip
KEPT_DRAWS = 64
"""Joint draws kept per budget: enough for an interval, little enough to store with the cycle."""


def evaluate(cycle: Cycle, pulled: Pulled, note: Note) -> Observation:
    """Payout, certainty, trend and fatigue per ad; draws per budget; alarms of the account. Stored on the cycle."""
    account = cycle.account
    found, goal, kinds = snapshot(account, cycle.now), Goal.current(account), kinds_of(account)
    reference = reference_of(account, found.today)
    ads = _ads(account, found, prices_by_ad(account) if len(kinds) > 1 else {})
    budgets = _budgets(account, found, ads)
    observation = Observation(
        account_key=str(account.key),
        mode=account.mode,
        currency=account.currency,
        now=cycle.now,
        today=found.today,
        synced_at=account.synced_at,
        limits=limits_of(account),
        margin=goal.margin,
        target_cpa=goal.target_cpa,
        reference_cpa=reference.cpa,
        reference_from=reference.source,
        valued_by=found.data.valued_by,
        has_own_orders=found.data.is_from_ledger,
        result=one_result(kinds),
        results_are_mixed=len(kinds) > 1,
        tells_results=tells_results(account),
        unit=finest_told(account),
        ads=tuple(ads),
        budgets=tuple(budgets),
        has_tracking_alarm=any(alarm.name == "conversions" and alarm.is_low for alarm in found.alarms),
        anomalies=tuple(
            f"{alarm.name}: {alarm.seen:.4g} seen, {alarm.expected:.4g} expected" for alarm in found.alarms
        ),
    )
    Cycle.objects.filter(pk=cycle.pk).update(observation=as_json(observation))
    running = [ad for ad in ads if ad.is_running]
    earning = sum((ad.p_profit or 0) >= 0.5 for ad in running)
    alarm = " Something is unusual: " + "; ".join(observation.anomalies) + "." if observation.anomalies else ""
    note.say(
        f"{_how_many(observation, len(running), earning)}{alarm}",
        ads=len(ads),
        running=len(running),
        earning=earning,
        anomalies=list(observation.anomalies),
        insights=pulled.insights,
    )
    return observation


def _how_many(seen: Observation, running: int, earning: int) -> str:
    delivered = running and all(ad.effective_status == DELIVERED for ad in seen.ads if ad.is_running)
    verb = " delivered" if delivered else " runs" if running == 1 else " run"
    ads = f"{running:,} {seen.unit}{'' if running == 1 else 's'}{verb}"
    if not seen.ads:
        return "There are no figures to judge."
    if not seen.tells_results:
        return f"{ads}. The files do not say what came of {'it' if running == 1 else 'them'}, so nothing is judged."
    if seen.results_are_mixed and not seen.valued_by:
        return f"{ads}. Their results are of several kinds, so I do not compare what they cost."
    if not seen.valued_by:
        return f"{ads}. None of them has brought a result yet."
    if seen.valued_by != "revenue":
        bring = "brings" if earning == 1 else "bring"
        mixed = " Results are of several kinds; each is compared with its own." if seen.results_are_mixed else ""
        return (
            f"{ads}.{mixed} No revenue is known; {earning} more likely {bring} results for less than one may cost "
            "than not."
        )
    return f"{ads}, {earning} of them more likely {'earns' if earning == 1 else 'earn'} than not."


def _ads(account: AdAccount, found: Evaluation, prices: Mapping[int, Price]) -> list[AdFigures]:
    states = {state.ad_id: state for state in found.states}
    week = _week_totals(account, found.today)
    span = data_span(account) if account.is_read_only else None
    days = (span[1] - span[0]).days + 1 if span else 0
    rows = Ad.pausable_of(account).order_by("external_id").values(*AD_FIELDS)
    return [
        _ad(row, states[row["pk"]], week.get(row["pk"], Totals()), days, prices.get(row["pk"]))
        for row in rows.iterator()
        if row["pk"] in states
    ]


def _week_totals(account: AdAccount, today: date) -> Sums:
    """Last seven whole days; for an imported period that is coarser, nothing is known of a week."""
    return sums(account, *last_days(today, WEEK), "ad")


def _ad(row: dict[str, Any], state: AdState, week: Totals, days: int, price: Price | None) -> AdFigures:
    created_at = row["platform_created_at"]
    return AdFigures(
        key=str(row["key"]),
        external_id=row["external_id"],
        name=row["name"],
        ad_set_id=row["ad_set__external_id"],
        campaign_id=row["campaign__external_id"],
        angle=row["creative__angle__name"] or "",
        status=row["status"],
        effective_status=row["effective_status"],
        launched_on=created_at.date() if created_at else None,
        spend=state.spend,
        results=float(state.results),
        spend_7d=week.spend,
        spend_a_day=((week.spend / WEEK) if days == 0 else state.spend / days).quantize(CENT),
        results_7d=float(week.results),
        impressions_7d=week.impressions,
        roas_7d=week.roas,
        cpa=state.cpa,
        worth=state.payout_30,
        result=price.kind if price else "",
        may_cost=price.cost if price else None,
        payout_per_spend=state.payout_per_spend,
        low=state.low,
        high=state.high,
        p_profit=state.p_profit,
        p_bar=state.p_bar,
        maturity=state.maturity,
        is_tired=state.is_tired,
        fatigue=state.fatigue,
        frequency_7d=week.frequency,
    )


def _budgets(account: AdAccount, found: Evaluation, ads: list[AdFigures]) -> list[Budget]:
    keys = dict(Ad.objects.filter(account=account).values_list("external_id", "pk"))
    spend = {ad.external_id: ad.spend_7d for ad in ads}
    return [
        _with_draws(
            budget,
            found,
            [keys[ad] for ad in budget.ad_ids if ad in keys],
            sum((spend.get(ad, Decimal(0)) for ad in budget.ad_ids), Decimal(0)),
        )
        for budget in budgets_of(account)
    ]


def _with_draws(budget: Budget, found: Evaluation, ads: list[int], spend: Decimal) -> Budget:
    draws = found.draws_of(ads)
    if not len(draws):
        return replace(budget, spend_7d=spend)
    low, high = np.quantile(draws, INTERVAL)
    return replace(
        budget,
        spend_7d=spend,
        payout_per_spend=round(float(draws.mean()), 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        draws=tuple(round(float(one), 4) for one in draws[:KEPT_DRAWS]),
    )
