"""What changed between two periods, and why: drivers and places, in figures that add up as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.text import capfirst

from collaboration.columns import Scale
from collaboration.reasons import driver_words, drivers_of
from collaboration.where import Part
from mediabuyer.lib.money import format_money, meta_offset
from portfolio.diagnosis import Contribution, Diagnosis, contributions, diagnose, round_to_sum
from portfolio.metrics import Totals

TITLES = {"roas": "ROAS", "revenue": "Revenue"}
GOOD = {"roas": "up", "cpa": "down", "revenue": "up", "results": "up"}
MOST_PLACES = 6
MIXED = ("results",)
"""Stages that say nothing where results are of several kinds or not known."""


@dataclass(frozen=True)
class Why:
    """One figure before and after. Texts but for `change` and `effect`, which are drawn as well."""

    measure: str
    title: str
    said: str
    before: str
    after: str
    total: str
    change: float | None
    drivers: list[dict[str, Any]]
    places: list[dict[str, Any]]
    largest: Decimal
    good: str


def measures_of(scale: Scale) -> tuple[str, ...]:
    """What can be explained on an account, first what matters most. Results of several kinds are no one figure."""
    money = ("roas", "revenue") if scale.has_revenue else ()
    if scale.is_mixed or not scale.has_results:
        return money
    return (*money, "results", "cpa") if money else ("cpa", "results")


def title_of(measure: str, scale: Scale) -> str:
    return TITLES.get(measure) or (scale.results if measure == "results" else scale.cost)


def explain_change(measure: str, before: Totals, after: Totals, scale: Scale, places: Sequence[Part] = ()) -> Why:
    """`places` are parts of the same whole; their effects are summed to the same change."""
    found = diagnose(measure, before, after, MIXED if scale.is_mixed or not scale.has_results else ())
    step = _step(measure, scale.currency)
    total = None if found.change is None else _rounded(found.after, step) - _rounded(found.before, step)
    drivers = drivers_of(found, scale.currency, scale.kinds)
    _write_effects(drivers, total, measure, scale)
    return Why(
        measure=measure,
        title=title_of(measure, scale),
        said=_said(found, drivers, scale),
        before=_write(found.before, measure, scale),
        after=_write(found.after, measure, scale),
        total=_signed(total, measure, scale),
        change=float(found.after / found.before - 1) if found.before and found.after is not None else None,
        drivers=drivers,
        places=_places(measure, places, total, scale),
        largest=max((abs(driver.effect) for driver in found.drivers), default=Decimal(1)) or Decimal(1),
        good=GOOD[measure],
    )


def _places(measure: str, parts: Sequence[Part], total: Decimal | None, scale: Scale) -> list[dict[str, Any]]:
    """The parts that moved it most, the rest as one row, so that the column still adds up."""
    named = {str(index): part for index, part in enumerate(parts)}
    found = contributions(
        measure,
        {key: part.before or Totals() for key, part in named.items()},
        {key: part.totals for key, part in named.items()},
    )
    rows: list[dict[str, Any]] = [
        {
            "label": named[one.key].name,
            "href": named[one.key].href,
            "effect": one.effect,
            "why": _place_words(one, measure, scale),
        }
        for one in found[:MOST_PLACES]
    ]
    if len(found) > MOST_PLACES:
        rest = sum((one.effect for one in found[MOST_PLACES:]), Decimal(0))
        rows.append({"label": f"{len(found) - MOST_PLACES} others", "href": "", "effect": rest, "why": ""})
    _write_effects(rows, total, measure, scale)
    return rows


def _place_words(one: Contribution[str], measure: str, scale: Scale) -> str:
    """Which of volume, mix and rate did most, with what it rests on."""
    own = "roas" if measure in ("roas", "revenue") else "cpa"
    old, new = (_write(_decimal(getattr(part, own)), own, scale) for part in (one.before, one.after))
    sizes = {"volume": abs(one.volume), "mix": abs(one.mix), "rate": abs(one.rate)}
    name = max(sizes, key=lambda key: sizes[key])
    if not sizes[name]:
        return ""
    if name == "rate":
        return f"its {title_of(own, scale).replace('Cost', 'cost')} went from {old} to {new}"
    return "its share of the spend changed" if name == "mix" else "more or less was spent on everything"


def _decimal(value: float | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _write_effects(rows: list[dict[str, Any]], total: Decimal | None, measure: str, scale: Scale) -> None:
    """Writes each effect with as many digits as people read, so that the column adds up to its foot."""
    if total is None:
        return
    effects = [row["effect"] for row in rows]
    for row, effect in zip(rows, round_to_sum(effects, total, _step(measure, scale.currency)), strict=True):
        row["shown"] = _signed(effect, measure, scale)


def _said(found: Diagnosis, rows: Sequence[dict[str, Any]], scale: Scale) -> str:
    measure, before, after = found.measure, found.before, found.after
    title = title_of(measure, scale)
    if before is None or after is None:
        return "There is nothing to compare yet: one of the two periods has no spend or no results."
    old, new = _write(before, measure, scale), _write(after, measure, scale)
    if old == new:
        return f"{title} stayed at {new}."
    text = f"{title} {'rose' if after > before else 'fell'} from {old} to {new}."
    ordered = sorted(zip(found.drivers, rows, strict=True), key=lambda pair: -abs(pair[0].effect))
    first, row = ordered[0]
    words = driver_words(first.name, scale.kinds)
    text += (
        f" Most of it comes from {words}: {row['before']} before, {row['after']} now."
        if (first.effect > 0) == (after > before)
        else f" It would have been the other way round for {words} alone."
    )
    second = ordered[1][0] if len(ordered) > 1 else None
    if second and abs(second.effect) >= abs(after - before) / 4:
        helps = "adds to it" if (second.effect > 0) == (after > before) else "works against it"
        text += f" {capfirst(driver_words(second.name, scale.kinds))} {helps}."
    return text


def _step(measure: str, currency: str) -> Decimal:
    if measure in ("roas", "cpa"):
        return Decimal("0.01") if measure == "roas" or meta_offset(currency) > 1 else Decimal(1)
    return Decimal(1)


def _rounded(value: Decimal | None, step: Decimal) -> Decimal:
    return (value or Decimal(0)).quantize(step)


def _write(value: Decimal | None, measure: str, scale: Scale) -> str:
    if value is None:
        return "–"
    if measure in ("revenue", "cpa"):
        return format_money(value, scale.currency, places=0 if measure == "revenue" else None)
    return f"{value:,.2f}" if measure == "roas" else f"{value:,.0f}"


def _signed(value: Decimal | None, measure: str, scale: Scale) -> str:
    if value is None:
        return "–"
    sign = "−" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{_write(abs(value), measure, scale)}"
