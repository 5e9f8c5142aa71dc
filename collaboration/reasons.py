"""Why a figure moved, as people read it: a sentence, and a row for each driver."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils.text import capfirst

from mediabuyer.lib.money import format_money
from portfolio.diagnosis import Diagnosis

RESULTS = ("ctr", "cvr", "aov", "results_per_impressions")
"""Drivers whose rise is good; prices and spend are neither."""


def explain(diagnosis: Diagnosis, currency: str) -> str:
    """What moved the return, in a sentence or two. Says so when nothing can be said."""
    if diagnosis.change is None or diagnosis.before is None or diagnosis.after is None:
        return "There is nothing to compare yet: one of the two periods has no spend."
    if abs(diagnosis.change) < Decimal("0.005"):
        return f"ROAS stayed at {diagnosis.after:.2f}."
    verb = "rose" if diagnosis.change > 0 else "fell"
    rows = {row["name"]: row for row in drivers_of(diagnosis, currency)}
    drivers = sorted(diagnosis.drivers, key=lambda one: -abs(one.effect))
    first, row = drivers[0], rows[drivers[0].name]
    along = (first.effect > 0) == (diagnosis.change > 0)
    text = f"ROAS {verb} from {diagnosis.before:.2f} to {diagnosis.after:.2f}. "
    text += (
        f"Most of it comes from {driver_words(first.name)}: {row['before']} before, {row['after']} now."
        if along
        else (f"It would have been the other way round for {driver_words(first.name)} alone.")
    )
    if len(drivers) > 1 and abs(drivers[1].effect) >= abs(diagnosis.change) / 4:
        helps = "adds to it" if (drivers[1].effect > 0) == (diagnosis.change > 0) else "works against it"
        text += f" {capfirst(driver_words(drivers[1].name))} {helps}."
    return text


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
