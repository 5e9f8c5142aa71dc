"""The drivers of a figure as people read them: a row for each, and its words in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils.text import capfirst

from campaigns.result_kinds import OF_META, one_result, several_results
from mediabuyer.lib.money import format_money
from portfolio.diagnosis import Diagnosis

RESULTS = ("ctr", "cvr", "aov", "results_per_impressions", "revenue_per_clicks")
"""Drivers whose rise is good; prices and spend are neither."""


def drivers_of(diagnosis: Diagnosis, currency: str, kinds: tuple[str, ...] = OF_META) -> list[dict[str, Any]]:
    """Rows of the table: name, before and after as text, relative change, effect."""
    shown: dict[str, tuple[str, Callable[[Decimal], str]]] = {
        "cpm": ("Price of 1,000 impressions (CPM)", partial(format_money, currency=currency)),
        "ctr": ("Clicks per impression (CTR)", _share),
        "cvr": (f"{capfirst(several_results(kinds))} per click (CVR)", _share),
        "aov": (capfirst(worth_words(kinds)), partial(format_money, currency=currency)),
        "revenue_per_clicks": ("Revenue per click", partial(format_money, currency=currency)),
        "spend": ("Spend", partial(format_money, currency=currency)),
    }
    rows = []
    for driver in diagnosis.drivers:
        label, write = shown.get(driver.name, (driver.name.replace("_", " ").capitalize(), str))
        rows.append(
            {
                "name": driver.name,
                "label": label,
                "before": "–" if driver.before is None else write(driver.before),
                "after": "–" if driver.after is None else write(driver.after),
                "change": driver.change,
                "good": "up" if driver.name in RESULTS else "",
                "effect": driver.effect,
            }
        )
    return rows


def _share(value: Decimal) -> str:
    return f"{value:.2%}"


def worth_words(kinds: tuple[str, ...]) -> str:
    """What one result brings: an order its value."""
    return "order value" if kinds == OF_META else f"revenue per {one_result(kinds)}"


def driver_words(name: str, kinds: tuple[str, ...] = OF_META) -> str:
    several = several_results(kinds)
    return {
        "cpm": "the price of 1,000 impressions",
        "ctr": "clicks per impression",
        "cvr": f"{several} per click",
        "aov": f"the {worth_words(kinds)}",
        "revenue_per_clicks": "revenue per click",
        "spend": "the spend",
        "results_per_impressions": f"{several} per impression",
    }.get(name, name)
