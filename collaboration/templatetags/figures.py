"""Cells of large tables of figures, built in Python: a template each would cost more than the queries."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from collaboration import drawn
from collaboration.columns import Cell

register = template.Library()


@register.simple_tag
def figures(cells: Iterable[Cell]) -> SafeString:
    """A `<td>` for each: the figure, below it its change, marked as in components/delta.html, or a note."""
    return format_html_join("", "{}", ((_cell(cell),) for cell in cells))


def _cell(cell: Cell) -> SafeString:
    below = cell.note if cell.change is None else _delta(**cell.change)
    text = drawn.breakable(cell.text)
    if not below:
        return format_html('<td class="{}">{}</td>', cell.css, text)
    return format_html('<td class="{}">{}<span class="sub">{}</span></td>', cell.css, text, below)


@lru_cache(maxsize=4096)
def _delta(text: str, tone: str, icon: str, note: str) -> SafeString:  # noqa: ARG001 - a change as ui.delta describes it
    mark = drawn.icon(icon) if icon else ""
    return format_html('<span class="delta {}">{}{}</span>', tone, mark, text)
