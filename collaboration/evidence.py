"""The picture behind a decision: the very numbers that it rests on, as one line against what they are judged by."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from django.db.models import Count, Q

from campaigns.models import AdAccount
from campaigns.result_kinds import cost_title, kinds_of, one_result
from collaboration.plots import Level, Plot, Series
from mediabuyer.agent.context import with_article
from mediabuyer.agent.models import Decision
from mediabuyer.lib.clock import day_in_zone
from mediabuyer.lib.money import format_money
from portfolio.metrics import Totals
from portfolio.models import AdState, Conversion
from portfolio.performance import cross_totals
from portfolio.smoothing import WEEK, moving_sum

CHART_DAYS = 28
LIFE_DAYS = 90
"""Most of an ad's life that is drawn: wear shows against the first days, not against last month."""
NO_TOTALS = Totals()


def evidence_plot(decision: Decision) -> Plot | None:
    """None where there are no figures to show."""
    ads = _ads_behind(decision)
    if not ads:
        return None
    last = day_in_zone(decision.proposed_at, decision.account.time_zone) - timedelta(days=1)
    if decision.action == "refresh_creative":
        return _click_plot(_by_day(decision.account, ads, _days_to(last, LIFE_DAYS)), decision)
    kinds = kinds_of(decision.account)
    if len(kinds) > 1:  # what one costs says nothing of the other
        return None
    by_day = _by_day(decision.account, ads, _days_to(last, CHART_DAYS + WEEK - 1))
    orders = _own_orders(decision.account, ads, list(by_day))
    levels = _worth(ads, last, decision.account.currency, kinds)
    return _cost_plot(by_day, orders, decision.account.currency, levels, kinds)


def _days_to(last: date, count: int) -> list[date]:
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def _by_day(account: AdAccount, ads: list[int], days: list[date]) -> dict[date, Totals]:
    cells = cross_totals(account, days[0], days[-1], "ad", "day", where=Q(ad_id__in=ads))
    return {day: sum((cells.get((ad, day), NO_TOTALS) for ad in ads), NO_TOTALS) for day in days}


def _own_orders(account: AdAccount, ads: list[int], days: list[date]) -> dict[date, int]:
    """Orders of the advertiser's own ledger by the day of the click, as far as they have come; empty without any."""
    bought = Conversion.objects.filter(
        account=account, ad__in=ads, kind=Conversion.Kind.PURCHASE, clicked_on__range=(days[0], days[-1])
    )
    return dict(bought.order_by().values_list("clicked_on").annotate(Count("pk")))


def _labels(days: list[date]) -> list[str]:
    return [f"{day.day} {day:%b}" for day in days]


def _cost_plot(
    by_day: dict[date, Totals], orders: dict[date, int], currency: str, levels: list[Level], kinds: tuple[str, ...]
) -> Plot | None:
    """Cost of a result as a seven-day mean, by Meta and by own orders, against what one is worth."""
    spend = [float(one.spend) for one in by_day.values()]
    cpa = _week_rate(spend, [float(one.results) for one in by_day.values()])[-CHART_DAYS:]
    own = _week_rate(spend, [float(orders.get(day, 0)) for day in by_day])[-CHART_DAYS:]
    if all(value is None for value in cpa):
        return None
    single = with_article(one_result(kinds))
    said = ", ".join(level.label for level in levels) or "what one is worth is not known yet"
    low, high = (format_money(Decimal(str(value)), currency) for value in _ends(cpa))
    return Plot(
        title=f"What {single} cost, mean of seven days, against what one is worth",
        summary=f"Cost of {single} in the last {CHART_DAYS} days: between {low} and {high}; {said}.",
        labels=_labels(list(by_day)[-CHART_DAYS:]),
        series=[
            Series(f"{cost_title(kinds)}, 7-day mean", cpa, "kink"),
            *([Series("By own orders; the last days still fill", own, "k2", dashed=True)] if orders else []),
        ],
        levels=levels,
        format=lambda value: format_money(Decimal(str(value)), currency, places=0),
        from_zero=False,
        height=196,
    )


def _click_plot(by_day: dict[date, Totals], decision: Decision) -> Plot | None:
    """Clicks per impression as a seven-day mean since the ad began, with the fall that made it tired."""
    begun = next((day for day, one in by_day.items() if one.impressions), None)
    days = [day for day in by_day if begun and day >= begun]
    totals = [by_day[day] for day in days]
    rate = _week_rate([float(one.clicks) for one in totals], [float(one.impressions) for one in totals])
    known = [value for value in rate if value is not None]
    if not known:
        return None
    fall = decision.evidence.get("fatigue")
    fresh = known[-1] / (1 - fall) if fall and fall < 1 else None
    levels = [Level(fresh, f"when it was new, {fresh:.2%} by the fitted fall")] if fresh else []
    said = f"{fall:.0%} below where it began" if fresh else "how far it fell is not known"
    often = decision.evidence.get("frequency_7d")
    seen = f" Each person has seen it {often:.1f} times in the last week." if often else ""
    return Plot(
        title="Clicks per impression (CTR), mean of seven days, against when the ad was new",
        summary=f"Click rate over {len(days)} days: from {known[0]:.2%} to {known[-1]:.2%}, {said}.{seen}",
        labels=_labels(days),
        series=[Series("Clicks per impression (CTR), 7-day mean", rate, "kink")],
        levels=levels,
        format=lambda value: f"{value:.2%}",
        height=196,
    )


def _week_rate(over: list[float], under: list[float]) -> list[float | None]:
    """The ratio of seven-day sums on each day; None where there was nothing to divide by."""
    tops, bottoms = moving_sum(np.array([over]))[0], moving_sum(np.array([under]))[0]
    return [float(top / bottom) if bottom > 0 else None for top, bottom in zip(tops, bottoms, strict=True)]


def _ends(values: list[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    return min(known), max(known)


def _worth(ads: list[int], day: date, currency: str, kinds: tuple[str, ...]) -> list[Level]:
    """What a result of these ads brings within 30 days, margin in, weighed by their results."""
    states = [state for state in AdState.objects.filter(ad__in=ads, day=day) if state.results and state.payout_30]
    buyers = sum(state.results for state in states)
    if not buyers:
        return []
    worth = sum(((state.payout_30 or Decimal(0)) * state.results for state in states), Decimal(0)) / buyers
    return [Level(float(worth), f"{with_article(one_result(kinds))} brings {format_money(worth, currency)} in 30 days")]


def _ads_behind(decision: Decision) -> list[int]:
    """Primary keys of the ads whose figures the decision rests on."""
    evidence = decision.evidence
    external = {evidence["ad"]} if evidence.get("ad") else set()
    external |= {ad for budget in evidence.get("budgets", [])[-1:] for ad in budget.get("ad_ids", [])}
    return list(decision.account.ad_set.filter(external_id__in=external).values_list("pk", flat=True))
