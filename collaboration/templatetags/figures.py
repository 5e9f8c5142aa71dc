"""Cells of large tables of figures, built in Python: a template each would cost more than the queries."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from collaboration.columns import Cell
from collaboration.templatetags.ui import icon

register = template.Library()


@register.simple_tag
def figure(cell: Cell) -> SafeString:
    """One `<td>`: the figure, below it its change, marked as in components/delta.html, or a note."""
    if cell.change is not None:
        below = format_html('<span class="sub">{}</span>', _delta(**cell.change))
    elif cell.note:
        below = format_html('<span class="sub">{}</span>', cell.note)
    else:
        below = SafeString("")
    return format_html('<td class="{}">{}{}</td>', cell.css, cell.text, below)


@lru_cache(maxsize=4096)
def _delta(text: str, tone: str, icon: str, note: str) -> SafeString:  # noqa: ARG001 - a change as ui.delta describes it
    mark = _icon(icon) if icon else ""
    return format_html('<span class="delta {}">{}{}</span>', tone, mark, text)


@lru_cache
def _icon(name: str) -> SafeString:
    return icon(name)
