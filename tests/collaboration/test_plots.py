"""Geometry of the figures drawn on the server."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string

from collaboration.plots import Band, Level, Pin, Plot, Series, draw, line_path, position, shares, spark_path


def test_axis_has_round_ticks_from_zero() -> None:
    drawing = draw(Plot("t", "s", ["a", "b"], [Series("x", [883, 1360])]))
    assert [tick.text for tick in drawing.ticks] == ["0", "500", "1,000", "1,500"]


def test_axis_without_zero_starts_near_the_data() -> None:
    drawing = draw(Plot("t", "s", ["a", "b"], [Series("x", [16.7, 18.9])], from_zero=False))
    assert drawing.ticks[0].text == "16"
    assert drawing.ticks[-1].text == "19"


def test_losses_go_below_zero() -> None:
    drawing = draw(Plot("t", "s", ["a", "b"], [Series("x", [-120.0, 80.0])]))
    assert [tick.text for tick in drawing.ticks] == ["−150", "−100", "−50", "0", "50", "100"]


def test_line_breaks_where_a_value_is_unknown() -> None:
    assert line_path([1, None, 3, 4], lambda value: value * 10) == "M0 10 M666.667 30 L1000 40"


def test_figure_holds_its_table() -> None:
    drawing = draw(Plot("t", "s", ["Mon", "Tue"], [Series("x", [1, None]), Series("y", [3, 4])]))
    assert drawing.rows == [("Mon", ["1", "3"]), ("Tue", ["–", "4"])]


def test_pins_are_numbered_where_they_happened() -> None:
    plot = Plot("t", "s", ["a", "b", "c"], [Series("x", [1, 2, 3])], pins=[Pin(1, "half way"), Pin(2, "end")])
    assert [(pin.x, pin.text) for pin in draw(plot).pins] == [("50%", "1"), ("100%", "2")]


def test_dashed_lines_have_no_last_dot() -> None:
    drawing = draw(Plot("t", "s", ["a", "b"], [Series("now", [1, 2]), Series("plan", [1, 3], "k2", dashed=True)]))
    assert [dot.css for dot in drawing.dots] == ["f1"]


def test_levels_and_bands_fit_into_the_scale() -> None:
    plot = Plot(
        "t", "s", ["a", "b"], [Series("x", [1, 2])], bands=[Band("80%", [1, 2], [2, 9])], levels=[Level(7, "cap")]
    )
    drawing = draw(plot)
    assert drawing.ticks[-1].text == "10"
    assert drawing.levels == [68.6]
    assert drawing.shapes[0].css == "band"


def test_empty_and_single_values_are_drawn() -> None:
    assert draw(Plot("t", "s", [], [])).rows == []
    assert draw(Plot("t", "s", ["a"], [Series("x", [5])])).dots[0].x == "50%"
    assert draw(Plot("t", "s", ["a", "b"], [Series("x", [0, 0])])).ticks[0].text == "0"


def test_labels_name_both_ends_and_at_most_five() -> None:
    labels = [str(day) for day in range(28)]
    texts = [label.text for label in draw(Plot("t", "s", labels, [Series("x", [1.0] * 28)])).labels]
    assert texts[0] == "0"
    assert texts[-1] == "27"
    assert len(texts) == 5


def test_spark_needs_two_known_values() -> None:
    assert spark_path([None, 1.0]) is None
    assert spark_path([1, 3]) == ("M1 21 L93 3", 93.0, 3.0)
    assert spark_path([2, 2]) == ("M1 12 L93 12", 93.0, 12.0)


@pytest.mark.parametrize(("value", "percent"), [(-5, 0.0), (0, 0.0), (5, 50.0), (12, 100.0)])
def test_position_stays_inside(value: float, percent: float) -> None:
    assert position(value, 0, 10) == percent


def test_shares_add_up() -> None:
    assert shares([1, 1, 2]) == [(0.0, 25.0), (25.0, 25.0), (50.0, 50.0)]
    assert shares([0, 0]) == [(0.0, 0.0), (0.0, 0.0)]


def test_legend_names_each_line_level_and_band() -> None:
    plot = Plot(
        "t", "s", ["a", "b"], [Series("Spend", [1, 2])], bands=[Band("80%", [1, 2], [2, 9])], levels=[Level(7, "cap")]
    )
    page = render_to_string("components/plot.html", {"plot": plot, "drawing": draw(plot)})
    assert re.findall(r"</svg>([^<]+)</li>", page) == ["Spend", "Cap", "80%"]


@pytest.mark.parametrize(
    ("symbol", "most", "axis", "x"),
    [("€", 1500, "", "32"), ("€", 15_000, "y-m", "52"), ("COL$", 400_000, "y-l", "72"),
     ("+COL$", 40_000_000, "y-xl", "92")],
)  # fmt: skip
def test_axis_is_as_wide_as_its_longest_label(symbol: str, most: int, axis: str, x: str) -> None:
    drawing = draw(Plot("t", "s", ["a", "b"], [Series("x", [0, most])], format=lambda value: f"{symbol}{value:,.0f}"))
    assert (drawing.axis, {tick.x for tick in drawing.ticks}) == (axis, {x})
