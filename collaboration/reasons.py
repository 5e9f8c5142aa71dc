"""The drivers of a figure as people read them: a row for each, and its words in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from mediabuyer.lib.money import format_money
from portfolio.diagnosis import Diagnosis

RESULTS = ("ctr", "cvr", "aov", "results_per_impressions")
"""Drivers whose rise is good; prices and spend are neither."""


def drivers_of(diagnosis: Diagnosis, currency: str) -> list[dict[str, Any]]:
    """Rows of the table: name, before and after as text, relative change, effect."""
    shown: dict[str, tuple[str, Callable[[Decimal], str]]] = {
        "cpm": ("Price of 1,000 impressions (CPM)", partial(format_money, currency=currency)),
        "ctr": ("Clicks per impression (CTR)", _share),
        "cvr": ("Purchases per click (CVR)", _share),
        "aov": ("Order value", partial(format_money, currency=currency)),
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


def driver_words(name: str) -> str:
    return {
        "cpm": "the price of 1,000 impressions",
        "ctr": "clicks per impression",
        "cvr": "purchases per click",
        "aov": "the order value",
        "spend": "the spend",
        "results_per_impressions": "purchases per impression",
    }.get(name, name)
