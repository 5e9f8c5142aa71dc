"""Small figures drawn as SVG on the server: lines, sparklines, intervals, shares. Pure; templates only print them.

Horizontal positions are percentages and vertical ones pixels, so a figure stretches with its card while text and dots
keep their size. Colours are classes of app.css: strokes `k1` result, `k2` cost, `k3` payout 30, `k4` payout 7, `k5`
a further series, `kink` ink; fills `f1` to `f5`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Format = Callable[[float], str]
AXES = {6: ("", 40), 9: ("y-m", 60), 12: ("y-l", 80), 99: ("y-xl", 100)}
"""How wide the vertical axis is, by the characters of its longest label: a class of app.css and pixels."""
Values = Sequence[float | None]

WIDTH = 1000
"""Units of the inner drawing that is stretched to the width of the figure."""
BOTTOM = 24
"""Pixels under the plot for the labels of the horizontal axis."""


def plain(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


@dataclass(frozen=True)
class Series:
    """One line. `filled` shades down to the axis; `dashed` marks a plan, a forecast or the period before."""

    name: str
    values: Values
    stroke: str = "k1"
    dashed: bool = False
    filled: bool = False


@dataclass(frozen=True)
class Band:
    """An interval along the axis, such as the 80% of a forecast. `low` and `high` as long as the labels."""

    name: str
    low: Values
    high: Values
    fill: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal mark: a cap, a goal, break-even. The legend names it: beside its line other lines pass."""

    value: float
    label: str


@dataclass(frozen=True)
class Pin:
    """Something that happened at the label with this index, numbered in order and explained under the figure."""

    index: int
    text: str


@dataclass(frozen=True)
class Plot:
    """A line chart and the table under it. `summary` is what a listener hears instead of the picture."""

    title: str
    summary: str
    labels: Sequence[str]
    series: Sequence[Series]
    bands: Sequence[Band] = ()
    levels: Sequence[Level] = ()
    pins: Sequence[Pin] = ()
    format: Format = plain
    height: int = 220
    from_zero: bool = True
    label_head: str = "Day"


@dataclass(frozen=True)
class Text:
    x: str
    y: float
    text: str
    anchor: str = "middle"
    css: str = ""


@dataclass(frozen=True)
class Shape:
    css: str
    d: str


@dataclass(frozen=True)
class Dot:
    css: str
    x: str
    y: float


@dataclass(frozen=True)
class Drawing:
    """What `components/plot.html` prints."""

    plot: Plot
    base: float
    axis: str = ""
    ticks: list[Text] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    pins: list[Text] = field(default_factory=list)
    labels: list[Text] = field(default_factory=list)
    rows: list[tuple[str, list[str]]] = field(default_factory=list)


def draw(plot: Plot) -> Drawing:
    low, high, step = round_scale(_all_values(plot), from_zero=plot.from_zero)
    top, base = (26.0 if plot.pins else 14.0), float(plot.height - BOTTOM)

    def y(value: float) -> float:
        return round(base - (value - low) / (high - low) * (base - top), 1)

    count = len(plot.labels)
    steps = _steps(low, high, step)
    longest = max(len(plot.format(value)) for value in steps)
    axis, width = next(kind for most, kind in AXES.items() if longest <= most)
    ticks = [Text(str(width - 8), y(value), plot.format(value), "end") for value in steps]
    shapes = [Shape(f"band {band.fill}".strip(), _area(band.low, band.high, y)) for band in plot.bands]
    for series in plot.series:
        if series.filled:
            floor: Values = [None if value is None else low for value in series.values]
            shapes.append(Shape(f"area f{series.stroke[1:]}", _area(floor, series.values, y)))
    shapes += [Shape(_line_css(series), line_path(series.values, y)) for series in plot.series]
    return Drawing(
        plot=plot,
        base=base,
        axis=axis,
        ticks=ticks,
        shapes=shapes,
        dots=_last_dots(plot, y),
        levels=[y(level.value) for level in plot.levels],
        pins=[Text(_percent(pin.index, count), 10, str(number)) for number, pin in enumerate(plot.pins, 1)],
        labels=_axis_labels(plot),
        rows=[(label, [_cell(plot, line, index) for line in plot.series]) for index, label in enumerate(plot.labels)],
    )


def line_path(values: Values, y: Callable[[float], float], *, width: float = WIDTH, left: float = 0) -> str:
    """SVG path through the known values; a gap where one is unknown."""
    parts, pen_down = [], False
    for index, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        x = left + (index / (len(values) - 1) * width if len(values) > 1 else width / 2)
        parts.append(f"{'L' if pen_down else 'M'}{x:.6g} {y(value):.6g}")
        pen_down = True
    return " ".join(parts)


def spark_path(values: Values) -> tuple[str, float, float] | None:
    """Path and last point of a 96 × 24 sparkline, or None when fewer than two values are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)

    def y(value: float) -> float:
        return 12.0 if high == low else round(21 - (value - low) / (high - low) * 18, 1)

    last = max(index for index, value in enumerate(values) if value is not None)
    x = round(1 + last / (len(values) - 1) * 92, 1)
    return line_path([*values], y, width=92, left=1), x, y(known[-1])


def position(value: float, low: float, high: float) -> float:
    """Where a value lies between two ends, in percent, kept inside the figure."""
    if high <= low:
        return 0.0
    return round(min(max((value - low) / (high - low), 0.0), 1.0) * 100, 1)


def shares(values: Sequence[float]) -> list[tuple[float, float]]:
    """Start and width in percent of each part of a whole; all zero when the whole is."""
    total = sum(values)
    if total <= 0:
        return [(0.0, 0.0) for _ in values]
    starts, at = [], 0.0
    for value in values:
        starts.append((round(at / total * 100, 2), round(value / total * 100, 2)))
        at += value
    return starts


def _all_values(plot: Plot) -> list[float]:
    rows = [series.values for series in plot.series]
    rows += [side for band in plot.bands for side in (band.low, band.high)]
    return [value for row in rows for value in row if value is not None] + [level.value for level in plot.levels]


def round_scale(values: Sequence[float], *, from_zero: bool) -> tuple[float, float, float]:
    """Ends and step of an axis with three to five round ticks."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = low + 1
    raw = (high - low) / 4
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + step * index for index in range(round((high - low) / step) + 1)]


def _area(low: Values, high: Values, y: Callable[[float], float]) -> str:
    """A closed shape between two lines over the indexes where both are known."""
    known = [i for i, (a, b) in enumerate(zip(low, high, strict=True)) if a is not None and b is not None]
    if len(known) < 2:
        return ""
    span = len(low) - 1
    upper = [f"{i / span * WIDTH:.6g} {y(high[i] or 0.0):.6g}" for i in known]
    lower = [f"{i / span * WIDTH:.6g} {y(low[i] or 0.0):.6g}" for i in reversed(known)]
    return f"M{' L'.join(upper + lower)}Z"


def _line_css(series: Series) -> str:
    return f"ln {series.stroke}" + (" thin dash" if series.dashed else "")


def _last_dots(plot: Plot, y: Callable[[float], float]) -> list[Dot]:
    """A dot on the last known value of each full line."""
    dots = []
    for series in plot.series:
        known = [(index, value) for index, value in enumerate(series.values) if value is not None]
        if known and not series.dashed:
            index, value = known[-1]
            css = "fink" if series.stroke == "kink" else f"f{series.stroke[1:]}"
            dots.append(Dot(css, _percent(index, len(plot.labels)), y(value)))
    return dots


def _axis_labels(plot: Plot) -> list[Text]:
    """At most five labels, the ends always; those between leave first on a narrow screen."""
    count = len(plot.labels)
    picks = sorted({round(part * (count - 1) / 4) for part in range(5)}) if count else []
    labels = []
    for order, index in enumerate(picks):
        anchor = "start" if index == 0 and count > 1 else "end" if index == count - 1 and count > 1 else "middle"
        css = "wide" if order % 2 and len(picks) > 3 else ""
        labels.append(Text(_percent(index, count), plot.height - 6, plot.labels[index], anchor, css))
    return labels


def _percent(index: int, count: int) -> str:
    return f"{(index / (count - 1) * 100 if count > 1 else 50):.4g}%"


def _cell(plot: Plot, series: Series, index: int) -> str:
    value = series.values[index] if index < len(series.values) else None
    return "–" if value is None else plot.format(value)
