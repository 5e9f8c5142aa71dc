"""Why a figure moved between two periods, in parts that add up exactly.

Drivers: every figure is a chain spend -> impressions -> clicks -> results -> revenue of ratios (CPM, CTR, CVR,
order value); the change is split by logarithmic means (LMDI), which leaves no rest. Two rules for zeros:
  * a figure that is 0 in one period owes its whole change to the first stage that is 0 there;
  * a stage that is 0 although a later one is not (results without a counted click) drops out, and its two
    ratios become one, `results_per_impressions`.
Contributions: the same change by ad, angle or any other part, as volume, mix and rate.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from math import log
from typing import Generic, TypeVar

from portfolio.metrics import MILLE, ZERO, Totals, add_up

CENT = Decimal("0.01")
STAGES = ("spend", "impressions", "clicks", "results", "revenue")
Link = tuple[str | None, str]
Periods = tuple[Totals, Totals]
NAMES: dict[Link, str] = {
    (None, "spend"): "spend",
    ("spend", "impressions"): "cpm",
    ("impressions", "clicks"): "ctr",
    ("clicks", "results"): "cvr",
    ("results", "revenue"): "aov",
}
Key = TypeVar("Key", bound=Hashable)
STANDSTILL = Decimal("1e-12")


@dataclass(frozen=True)
class Measure:
    """A figure as top / bottom over the chain; `bottom` None for a plain sum. `quantum` is its rounding."""

    top: str
    bottom: str | None
    quantum: Decimal


MEASURES = {
    "revenue": Measure("revenue", None, CENT),
    "results": Measure("results", None, CENT),
    "roas": Measure("revenue", "spend", Decimal("0.0001")),
    "cpa": Measure("spend", "results", CENT),
}


@dataclass(frozen=True)
class Driver:
    """One ratio of the chain; `effect` is what its change did to the figure, in the figure's unit."""

    name: str
    before: Decimal | None
    after: Decimal | None
    effect: Decimal

    @property
    def change(self) -> float | None:
        """Relative, None where it cannot be known."""
        if self.before is None or self.after is None or not self.before:
            return None
        return float(self.after / self.before) - 1.0


@dataclass(frozen=True)
class Diagnosis:
    """`change` is the sum of the drivers' effects, to the last digit; None where a side is x/0."""

    measure: str
    before: Decimal | None
    after: Decimal | None
    change: Decimal | None
    drivers: tuple[Driver, ...]


@dataclass(frozen=True)
class Contribution(Generic[Key]):
    """What one part did to the change of the whole: `effect` = volume + mix + rate, in the figure's unit.

    volume: the whole got more or less of the denominator (spend; results for CPA); mix: this part's share of it
    changed; rate: the part itself did better or worse.
    """

    key: Key
    before: Totals
    after: Totals
    volume: Decimal
    mix: Decimal
    rate: Decimal
    effect: Decimal


def diagnose(measure: str, before: Totals, after: Totals, without: Sequence[str] = ()) -> Diagnosis:
    """Raises KeyError for a measure that is not in MEASURES. `without` are stages that mean nothing on the account."""
    how = MEASURES[measure]
    old, new = _value(how, before), _value(how, after)
    if old is None or new is None:
        return Diagnosis(measure, old, new, None, ())
    change = _round(new, how.quantum) - _round(old, how.quantum)
    links = _links(how, before, after, without)
    if old > 0 and new > 0:
        effects = _effects(how, new - old, old, links, (before, after))
    else:
        effects = _effects_of_zero(new - old, links, before if old <= 0 else after)
    drivers = tuple(
        Driver(_name(link), _ratio(before, link), _ratio(after, link), effect)
        for link, effect in zip(links, round_to_sum(effects, change, how.quantum), strict=True)
    )
    return Diagnosis(measure, old, new, change, drivers)


def contributions(
    measure: str, before: Mapping[Key, Totals], after: Mapping[Key, Totals]
) -> tuple[Contribution[Key], ...]:
    """Parts by size of effect, largest first; their effects sum to the `change` of `diagnose` on the sums."""
    how = MEASURES[measure]
    whole = add_up(before.values()), add_up(after.values())
    old, new = (_value(how, totals) for totals in whole)
    if old is None or new is None:
        return ()
    change = _round(new, how.quantum) - _round(old, how.quantum)
    keys = list(dict.fromkeys([*before, *after]))
    pairs = [(before.get(key, Totals()), after.get(key, Totals())) for key in keys]
    rows = [_split(how, pair, whole) for pair in pairs]
    effects = round_to_sum([sum(row, ZERO) for row in rows], change, how.quantum)
    parts = [
        _contribution(key, pair, row, effect, how.quantum)
        for key, pair, row, effect in zip(keys, pairs, rows, effects, strict=True)
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.effect)))


def _amount(totals: Totals, stage: str | None) -> Decimal:
    return Decimal(getattr(totals, stage)) if stage else Decimal(1)


def _value(how: Measure, totals: Totals) -> Decimal | None:
    bottom = _amount(totals, how.bottom)
    return _amount(totals, how.top) / bottom if bottom else None


def _links(how: Measure, before: Totals, after: Totals, without: Sequence[str]) -> list[Link]:
    """From stage to stage between the two ends of the measure; a plain sum starts at nothing, so spend counts."""
    start, end = sorted((STAGES.index(how.top), STAGES.index(how.bottom) if how.bottom else -1))
    between = [stage for stage in STAGES[start + 1 : end] if stage not in without]
    inner = [stage for stage in between if not _is_gap(stage, STAGES[end], before, after)]
    chain = [STAGES[start] if how.bottom else None, *inner, STAGES[end]]
    return [(earlier, later) for earlier, later in pairwise(chain) if later]


def _is_gap(stage: str, end: str, before: Totals, after: Totals) -> bool:
    return any(_amount(totals, stage) <= 0 < _amount(totals, end) for totals in (before, after))


def _effects(how: Measure, change: Decimal, old: Decimal, links: Sequence[Link], periods: Periods) -> list[Decimal]:
    """LMDI: L(new, old) ln(ratio after / before), with L = change / ln(new / old)."""
    logs = [Decimal(log(_link(periods[1], link) / _link(periods[0], link))) for link in links]
    if how.bottom and STAGES.index(how.bottom) > STAGES.index(how.top):
        logs = [-value for value in logs]  # CPA runs down the chain
    total = sum(logs, ZERO)
    mean = change / total if abs(total) > STANDSTILL else old  # the limit where the figure stands still
    return [mean * value for value in logs]


def _effects_of_zero(change: Decimal, links: Sequence[Link], empty: Totals) -> list[Decimal]:
    """All to the first stage that is 0 in the empty period; CPA is 0 only without spend, which is its first link."""
    culprit = next((link for link in links if _amount(empty, link[1]) <= 0), links[0])
    return [change if link == culprit else ZERO for link in links]


def _link(totals: Totals, link: Link) -> Decimal:
    return _amount(totals, link[1]) / _amount(totals, link[0])


def _name(link: Link) -> str:
    earlier, later = link
    if link in NAMES:
        return NAMES[link]
    return f"{later}_per_{earlier}" if earlier else later


def _ratio(totals: Totals, link: Link) -> Decimal | None:
    """The driver as people know it: CPM stands upside down in the chain."""
    bottom, top = _amount(totals, link[0]), _amount(totals, link[1])
    if NAMES.get(link) == "cpm":
        bottom, top = top, bottom * MILLE
    return top / bottom if bottom else None


def _split(how: Measure, part: Periods, whole: Periods) -> tuple[Decimal, ...]:
    """(volume, mix, rate) of one part, by midpoints; spend is the denominator of a plain sum."""
    base = how.bottom or "spend"
    tops = [_amount(totals, how.top) for totals in part]
    bases = [_amount(totals, base) for totals in part]
    sums = [_amount(totals, base) for totals in whole]
    if not all(sums):
        return tops[1] - tops[0], ZERO, ZERO
    quotas = [top / total for top, total in zip(tops, sums, strict=True)]
    share_change = bases[1] / sums[1] - bases[0] / sums[0]
    rate = _middle([top / own for top, own in zip(tops, bases, strict=True) if own])
    if how.bottom:
        level = _middle([_amount(w, how.top) / total for w, total in zip(whole, sums, strict=True)])
        mix = share_change * (rate - level)
        return ZERO, mix, quotas[1] - quotas[0] - share_change * level - mix
    volume = (sums[1] - sums[0]) * _middle(quotas)
    mix = _middle(sums) * share_change * rate
    return volume, mix, tops[1] - tops[0] - volume - mix


def _middle(values: Sequence[Decimal]) -> Decimal:
    """Of both periods, or of the one that has a value."""
    return sum(values, ZERO) / len(values) if values else ZERO


def _contribution(
    key: Key, pair: Periods, row: Sequence[Decimal], effect: Decimal, quantum: Decimal
) -> Contribution[Key]:
    volume, mix = _round(row[0], quantum), _round(row[1], quantum)
    return Contribution(key, *pair, volume, mix, effect - volume - mix, effect)


def _round(value: Decimal, quantum: Decimal) -> Decimal:
    return value.quantize(quantum, ROUND_HALF_EVEN)


def round_to_sum(values: Sequence[Decimal], total: Decimal, quantum: Decimal) -> list[Decimal]:
    """Rounded so that they sum to `total`, the few last digits handed to those that were rounded most against it."""
    rounded = [_round(value, quantum) for value in values]
    missing = int((total - sum(rounded)) / quantum)
    if not values:
        return rounded
    step = quantum.copy_sign(Decimal(missing or 1))
    order = sorted(range(len(values)), key=lambda i: (values[i] - rounded[i]) * -step)
    for turn in range(abs(missing)):
        rounded[order[turn % len(order)]] += step
    return rounded
