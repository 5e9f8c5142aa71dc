"""One ad: how it will look, what it brought by days since the click, whether it tires, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from urllib.parse import urlsplit

import numpy as np
from django.db.models import Q

from campaigns.models import Ad
from collaboration.beliefs import Belief
from collaboration.marks import Marks
from collaboration.plots import Level, Pin, Plot, Series
from collaboration.templatetags.ui import percent
from mediabuyer.lib.money import format_money
from memory.models import Episode
from portfolio.charts import Values, daily_rows, days_between
from portfolio.delay import WINDOW, Floats, estimate_payout_curve
from portfolio.models import Conversion
from portfolio.performance import Row, totals
from portfolio.smoothing import moving_rate

CUT = 125
"""Characters of the text that a feed shows before “See more”."""
HISTORY = 90
CLICK_DAYS = 42
FEWEST_ORDERS = 10
"""Fewer say nothing of the shape of the curve."""
MOST_EPISODES = 8


@dataclass(frozen=True)
class Preview:
    """What a reader of the feed sees; `rest` is hidden behind “See more”. `missing` names parts that are not there."""

    text: str
    rest: str
    headline: str
    description: str
    button: str
    site: str
    picture: str
    missing: tuple[str, ...]


def preview_of(ad: Ad) -> Preview:
    creative = ad.creative
    if creative is None:
        return Preview("", "", "", "", "", "", "", ("creative",))
    text, rest = cut(creative.body)
    parts = {"text": creative.body, "headline": creative.headline, "picture": creative.image_hash}
    return Preview(
        text=text,
        rest=rest,
        headline=creative.headline,
        description=creative.description,
        button=creative.call_to_action.replace("_", " ").capitalize(),
        site=urlsplit(creative.landing_page.url).netloc if creative.landing_page else "",
        picture=creative.image_hash[:12],
        missing=tuple(name for name, value in parts.items() if not value),
    )


def cut(text: str) -> tuple[str, str]:
    """The text as far as a feed shows it, at a word's end, and what is hidden."""
    if len(text) <= CUT:
        return text, ""
    shown = text[:CUT]
    if not text[CUT].isspace():
        shown = shown.rpartition(" ")[0] or shown
    return shown.rstrip(), text[len(shown) :].lstrip()


def _next_money(belief: Belief, unit: str) -> str:
    """Why what is expected of the next money differs from what the past brought."""
    if belief.per_spend is None or not belief.cpa or belief.payout_30 is None:
        return ""
    return (
        f" That is {belief.payout_30 / belief.cpa:.2f} for each {unit} of 90 days; of the next I expect "
        f"{belief.per_spend:.2f}, since the last days count most and ads of the same angle count too."
    )


def payout_plot(ad: Ad, today: date, margin: Decimal, belief: Belief | None) -> Plot | None:
    """Margin that an order has brought by each day after the click, against what an order costs in the end.

    The shape is the ad's own delay curve, its end what 30 days are expected to bring. None with too few orders.
    """
    payout, orders = _by_lag(ad, today, float(margin))
    if belief is None or belief.cpa is None or belief.payout_30 is None or orders < FEWEST_ORDERS:
        return None
    curve: Values = [float(share) * belief.payout_30 for share in estimate_payout_curve(payout, orders)]
    money = partial(format_money, currency=ad.account.currency)
    paid_back = next((lag for lag, value in enumerate(curve) if value is not None and value >= belief.cpa), None)
    said = f"paid back on day {paid_back}" if paid_back is not None else "did not pay back within 30 days"
    cost = money(Decimal(str(belief.cpa)))
    brings = money(Decimal(str(belief.payout_30)))
    return Plot(
        title="What an own order brings by days since the click, against what it costs",
        summary=f"An own order of the last 90 days {said}: it cost {cost} and brings {brings} in 30 days."
        f"{_next_money(belief, money(Decimal(1), places=0))}",
        labels=[f"day {lag}" for lag in range(WINDOW + 1)],
        series=[Series("Margin brought so far", curve, "k1", filled=True)],
        levels=[Level(belief.cpa, f"An own order costs {cost}")],
        format=lambda value: money(Decimal(str(value)), places=0),
        height=210,
        label_head="Since the click",
    )


def click_plot(end: date, marks: Marks, rows: Sequence[Row]) -> Plot | None:
    """Click rate as a mean of seven days, with the changes to the ad."""
    start = end - timedelta(days=CLICK_DAYS - 1)
    parts = {name: np.array(daily_rows(rows, name, start, end), dtype=float) for name in ("clicks", "impressions")}
    if (parts["impressions"] > 0).sum() < 2:
        return None
    rate = [None if np.isnan(value) else float(value) for value in moving_rate(parts["clicks"], parts["impressions"])]
    known = [value for value in rate if value is not None]
    days = days_between(start, end)
    pins = [Pin((mark.day - start).days, mark.text) for mark in marks.shown if start <= mark.day <= end]
    return Plot(
        title="Click rate, mean of seven days",
        summary=f"The click rate went from {percent(known[0], 2)} to {percent(known[-1], 2)} in {CLICK_DAYS} days.",
        labels=[f"{day.day} {day:%b}" for day in days],
        series=[Series("Click rate, 7-day mean", rate, "k1")],
        pins=pins,
        format=lambda value: percent(value, 1),
        height=210,
    )


def click_rows(ad: Ad, end: date) -> list[Row]:
    return totals(ad.account, end - timedelta(days=CLICK_DAYS - 1), end, "day", where=Q(ad=ad))


def fatigue_words(belief: Belief | None) -> str:
    if belief is None or belief.fatigue is None:
        return "Too few days to say whether it tires."
    lost = percent(max(belief.fatigue, 0), 0)
    if belief.is_tired:
        return f"It is tired: people have seen it often enough that its click rate fell by {lost} since its first day."
    if lost == percent(0, 0):
        return "Not tired: its click rate does not fall."
    return f"Not tired: its click rate fell by {lost} since its first day, which may be chance."


def episodes_about(ad: Ad, now: datetime) -> list[Episode]:
    """What memory knows of this ad and of its angle, in the last version of each, newest first."""
    about = Q(entities__contains=[f"ad:{ad.external_id}"])
    if ad.creative and ad.creative.angle:
        about |= Q(entities__contains=[f"angle:{ad.creative.angle.name}"])
    known = Episode.objects.filter(about, brand=ad.account.brand, account_key=ad.account.key, recorded_at__lte=now)
    last = known.order_by("source", "-recorded_at").distinct("source")
    return sorted(last, key=lambda one: one.occurred_at, reverse=True)[:MOST_EPISODES]


def _by_lag(ad: Ad, today: date, margin: float) -> tuple[Floats, int]:
    """Margin by click day and whole days since (90 x 31), of events before today; and the number of orders."""
    first = today - timedelta(days=HISTORY)
    rows = Conversion.objects.filter(ad=ad, clicked_on__range=(first, today - timedelta(days=1)), lag_days__lte=WINDOW)
    payout, orders = np.zeros((HISTORY, WINDOW + 1)), 0
    for day, lag, kind, value in rows.values_list("clicked_on", "lag_days", "kind", "value"):
        if day + timedelta(days=lag) < today:
            payout[(day - first).days, lag] += float(value) * margin
            orders += kind == Conversion.Kind.PURCHASE
    return payout, orders


def site_link(url: str) -> str:
    """An address that may be a link; empty for anything but the web."""
    return url if urlsplit(url).scheme in ("http", "https") else ""
