"""Small parts that a table has in each of its hundreds of rows, drawn in Python or once for all that look the same.

A template each would cost more than the queries. `typed` caches tell markup from text that only looks the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from collaboration import plots


@lru_cache(maxsize=1024, typed=True)
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """An icon of the sprite. `css`: `l` for 20 px, `good`, `end` …; `label` only where no word stands beside it."""
    href = f"{static('img/icons.svg')}#i-{name}"
    if label:
        return format_html('<svg class="ico {}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href)
    return format_html('<svg class="ico {}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@lru_cache(maxsize=1024, typed=True)
def badge(label: str, tone: str = "", icon: str = "") -> SafeString:
    """A word with a tone and an icon, of which there are few."""
    return render_to_string("components/badge.html", {"label": label, "tone": tone, "icon": icon})


SYMBOL = re.compile(r"[+−]?[^\d\s+−–]{3,}(?=\d)")


def breakable(text: str) -> SafeString | str:
    """An amount that may break behind a symbol of three letters or more, such as `COL$1,234,567`, if space is short."""
    found = SYMBOL.match(text)
    return format_html("{}<wbr>{}", found[0], text[found.end() :]) if found else text


def spark(values: plots.Values, label: str, tone: str = "k1") -> SafeString:
    """A small line of 96 by 24 with a dot at its end; `label` is read aloud."""
    drawn = plots.spark_path(values)
    if drawn is None:
        return format_html('<span class="muted xs">{}</span>', "too few days")
    path, x, y = drawn
    return format_html(
        '<svg class="spark" viewBox="0 0 96 24" role="img" aria-label="{}"><path class="ln thin {}" d="{}"/>'
        '<circle class="f{}" cx="{}" cy="{}" r="2.2"/></svg>',
        label, tone, path, tone[1:], x, y,
    )  # fmt: skip
