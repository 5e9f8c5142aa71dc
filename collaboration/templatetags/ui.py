"""How figures, times and states are written, and the tags behind `templates/components/`. Loaded in every template.

Unknown is always “–”, minus is a true minus, and only a result is coloured, with an arrow and a sign beside the colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput
from django.template import RequestContext
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.timezone import localtime

from collaboration import drawn, plots
from mediabuyer.lib.money import format_effect, format_money

register = template.Library()

Number = Decimal | float | int
UNKNOWN = "–"

DECISION_BADGES = {
    "proposed": ("", "draft", "Proposed"),
    "awaiting": ("warn", "clock", "Awaiting approval"),
    "approved": ("info", "check", "Approved"),
    "executing": ("info", "spin", "Executing"),
    "done": ("good", "check", "Done"),
    "agreed": ("good", "check", "Agreed"),
    "failed": ("bad", "x", "Failed"),
    "unknown": ("warn", "help", "Unknown, checking"),
    "undone": ("", "undo", "Taken back"),
    "rejected": ("", "x", "Rejected"),
    "retracted": ("", "undo", "Retracted"),
    "expired": ("", "hourglass", "Lapsed"),
    "outdated": ("", "refresh", "Set aside"),
    "blocked": ("bad", "ban", "Held back"),
    "deferred": ("", "clock", "Deferred"),
}
"""Tone, icon and words of each state of a decision."""

NUMBER_STEPS = ((60, "s"), (60, "min"), (24, "h"), (7, "days"))


# --- Filters: one value to text --------------------------------------------------------------------------


def _known(value: object) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and not math.isfinite(value))


def _decimal(value: Number | str) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


@register.filter
def dash(value: object) -> object:
    """The value, or “–” where it is not known."""
    return value if _known(value) else UNKNOWN


@register.filter
def money(value: Number | None, currency: str = "EUR") -> str:
    """`€1,234.56`"""
    return format_money(_decimal(value), currency) if value is not None and _known(value) else UNKNOWN


@register.filter
def money_whole(value: Number | None, currency: str = "EUR") -> str:
    """`€1,235`, for headlines and axes."""
    return format_money(_decimal(value), currency, places=0) if value is not None and _known(value) else UNKNOWN


@register.filter
def money_signed(value: Number | None, currency: str = "EUR") -> str:
    """`+€5.84`, `−€0.60` or `+€1,306`, for effects."""
    return format_effect(_decimal(value), currency) if value is not None and _known(value) else UNKNOWN


@register.filter
def number(value: Number | None, digits: int = 0) -> str:
    """`1,234`, or `2.09` with `:2`."""
    if value is None or not _known(value):
        return UNKNOWN
    rounded = round(_decimal(value), digits)
    return f"{'−' if rounded < 0 else ''}{abs(rounded):,.{digits}f}"


@register.filter
def signed(value: Number | None, digits: int = 0) -> str:
    """`+0.17` or `−0.06`."""
    text = number(value, digits)
    return f"+{text}" if value is not None and text not in (UNKNOWN, number(0, digits)) and value > 0 else text


@register.filter
def percent(value: Number | None, digits: int = 1) -> str:
    """A ratio as percent: 0.0134 with `:2` is `1.34%`."""
    return f"{number(_decimal(value) * 100, digits)}%" if value is not None and _known(value) else UNKNOWN


@register.filter
def percent_signed(value: Number | None, digits: int = 1) -> str:
    return f"{signed(_decimal(value) * 100, digits)}%" if value is not None and _known(value) else UNKNOWN


@register.filter
def duration(value: timedelta | float | None) -> str:
    """`2 min 38 s` from seconds or a timedelta."""
    if value is None:
        return UNKNOWN
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"


@register.filter
def since(when: datetime | None, now: datetime) -> str:
    """`just now`, `6 min ago`, `in 3 h`, `2 days ago`: the words of `{% ago %}` without its element."""
    if when is None:
        return UNKNOWN
    gap = (now - when).total_seconds()
    if abs(gap) < 45:
        return "just now"
    size, unit = abs(gap), "s"
    for limit, unit in NUMBER_STEPS:  # noqa: B007 - the unit that fits is used below
        if size < limit:
            break
        size /= limit
    else:
        unit = "weeks"
    count = max(math.floor(size + 0.5), 1)
    words = f"{count} {unit.removesuffix('s') if count == 1 and len(unit) > 2 else unit}"
    return f"{words} ago" if gap > 0 else f"in {words}"


@register.filter
def waited(when: datetime | None, now: datetime) -> str:
    """How long ago, as a span: `12 min`, `2 days`."""
    return since(when, now).removesuffix(" ago").replace("just now", "less than a minute")


@register.filter
def named(actor: str, names: Mapping[str, str]) -> str:
    """Who did it, by the name people know: `agent`, `Ana Kern`; an address where the person is not known any more."""
    return names.get(actor, actor.removeprefix("person:"))


@register.filter
def as_number(text: str | None) -> Decimal | None:
    """An amount that is kept as text in JSON."""
    return Decimal(text) if text else None


@register.filter
def in_zone(when: datetime | None, zone: str) -> str:
    """A moment in the account's time zone, which is named: `Fri 20 Nov 18:00 Berlin`."""
    if when is None:
        return UNKNOWN
    local = when.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M} {_place(zone)}"


def _place(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


@register.filter
def undo_url(message: Any) -> str:
    """The address in `extra_tags="undo:/a/…"` of a Django message, else empty."""
    return next((tag[5:] for tag in (message.extra_tags or "").split() if tag.startswith("undo:")), "")


@register.filter
def toast_seconds(message: Any) -> int | str:
    """How long a message stays: ten seconds where it can be undone, six for good news, else until it is closed."""
    return 10 if undo_url(message) else 6 if message.level_tag in ("success", "info") else ""


@register.filter
def allauth_tone(tags: str | list[str] | None) -> str:
    """Look of a button of allauth's pages by the tags it carries."""
    names = tags.split(",") if isinstance(tags, str) else tags or []
    if {"danger", "delete"} & {*names}:
        return "danger"
    return "" if {"secondary", "outline", "link", "panel", "cancel"} & {*names} else "primary"


@register.filter
def level_tone(message: Any) -> str:
    """Tone of a Django message by its level."""
    return {"success": "good", "error": "bad", "warning": "warn"}.get(message.level_tag, "info")


# --- Tags: marks and numbers -----------------------------------------------------------------------------


icon = register.simple_tag(drawn.icon)
badge = register.simple_tag(drawn.badge)


@register.simple_tag
def state(name: str) -> SafeString:
    """Badge of a decision's state; an unknown name is shown as it is rather than hidden."""
    tone, mark, label = DECISION_BADGES.get(str(name), ("", "help", str(name)))
    return badge(label, tone, mark)


def _change_text(change: Number, kind: str, currency: str, digits: int) -> str:
    if kind == "money":
        return format_effect(_decimal(change), currency, places=digits)
    return signed(change, digits) if kind == "number" else percent_signed(change, digits)


@register.inclusion_tag("components/delta.html")
def delta(
    change: Number | None, kind: str = "percent", good: str = "", currency: str = "EUR", digits: int = 1, note: str = ""
) -> dict[str, str]:
    """A change with arrow and sign. `kind`: percent (a ratio), number, money. `good`: up, down, or empty for cost."""
    if change is None or not _known(change):
        return {"tone": "", "icon": "", "text": UNKNOWN, "note": note}
    text = _change_text(change, kind, currency, digits)
    if not any(sign in text for sign in "+−"):
        return {"tone": "", "icon": "flat", "text": "no change", "note": note}
    direction = "up" if change > 0 else "down"
    tone = "" if not good else "good" if good == direction else "bad"
    return {"tone": tone, "icon": direction, "text": text, "note": note}


@register.inclusion_tag("components/ask.html")
def ask(
    value: str,
    title: str,
    definition: str,
    source: str = "",
    href: str = "",
    align: str = "",
    id: str = "",  # noqa: A002
) -> dict[str, str]:
    """A number that explains itself on hover and focus. Without `href` it is a button. `align="right"` near an edge."""
    return {
        "value": value,
        "title": title,
        "definition": definition,
        "source": source,
        "href": href,
        "align": align,
        "id": f"ask-{id or slugify(title)}",
    }


SMALLER = {14: "longer", 11: "long"}
"""How a headline number is set that has so many characters, as sums of some currencies have."""


@register.inclusion_tag("components/kpi.html")
def kpi(title: str, value: str, definition: str = "", source: str = "", **extra: Any) -> dict[str, Any]:
    """A headline number. Further: `href id align big note hint`; `change kind good currency digits` as in `delta`."""
    change = {key: extra[key] for key in ("kind", "good", "currency", "digits") if key in extra}
    shown = delta(extra["change"], **change, note=extra.get("note", "")) if "change" in extra else None
    known = {"title": title, "value": value, "definition": definition, "source": source, "delta": shown}
    return {**extra, **known, "size": next((css for least, css in SMALLER.items() if len(str(value)) >= least), "")}


@register.simple_tag(takes_context=True)
def ago(context: RequestContext, when: datetime | str | None, css: str = "") -> SafeString | str:
    """A relative time, exact on hover in the account's zone. Measured against its clock, `now` of the page."""
    moment = parse_datetime(when) if isinstance(when, str) else when
    if moment is None:
        return UNKNOWN
    account = context.get("account")
    zone = account.time_zone if account else "UTC"
    local = moment.astimezone(ZoneInfo(zone))
    return format_html(
        '<time class="{}" datetime="{}" title="{}" data-ago>{}</time>',
        css,
        local.isoformat(timespec="seconds"),
        f"{local:%a} {local.day} {local:%b %Y, %H:%M} {_place(zone)}",
        since(moment, context.get("now") or localtime()),
    )


@register.filter
def breakable(text: str) -> SafeString | str:
    return drawn.breakable(text)


# --- Tags: figures ---------------------------------------------------------------------------------------


@register.inclusion_tag("components/plot.html")
def plot(figure: plots.Plot) -> dict[str, Any]:
    return {"drawing": plots.draw(figure), "plot": figure}


spark = register.simple_tag(drawn.spark)


@register.inclusion_tag("components/meter.html")
def meter(value: Number, limit: Number, label: str, mark: Number | None = None, tone: str = "") -> dict[str, Any]:
    """A bar of value in limit; `mark` is a second point on the same scale, such as the part of the month gone."""
    return {
        "width": plots.position(float(value), 0, float(limit)),
        "mark": None if mark is None else plots.position(float(mark), 0, float(limit)),
        "label": label,
        "tone": tone,
    }


@register.inclusion_tag("components/range.html")
def interval(
    low: Number, middle: Number, high: Number, start: Number, end: Number, label: str, mark: Number | None = None
) -> dict[str, Any]:
    """An interval with its middle on a scale from `start` to `end`; `mark` is one more point: zero, or today."""
    left, dot, right = (plots.position(float(value), float(start), float(end)) for value in (low, middle, high))
    at = None if mark is None else plots.position(float(mark), float(start), float(end))
    return {"left": left, "width": round(right - left, 1), "dot": dot, "mark": at, "label": label}


@register.inclusion_tag("components/range.html")
def interval_of(effect: dict[str, Decimal], currency: str = "EUR") -> dict[str, Any]:
    """The 80% interval of an expected effect (per_day, low, high), with a mark at zero and a margin on both sides."""
    low, middle, high = effect["low"], effect["per_day"], effect["high"]
    margin = (max(high, Decimal(0)) - min(low, Decimal(0))) / 5 or Decimal(1)
    words = [format_money(one, currency, sign=True) for one in (low, high, middle)]
    label = f"80% interval from {words[0]} to {words[1]}, middle {words[2]}"
    ends = (float(min(low, Decimal(0)) - margin), float(max(high, Decimal(0)) + margin))
    drawn = interval(float(low), float(middle), float(high), *ends, label, mark=0)
    return drawn | {"mark_text": format_money(Decimal(0), currency, places=0)}


@register.inclusion_tag("components/effect.html")
def effect(value: Number | None, largest: Number) -> dict[str, Any]:
    """A bar left or right of zero; `largest` is the greatest size in the column, so that rows compare."""
    size = 0.0 if not value or not largest else min(abs(float(value)) / float(largest), 1.0) * 48
    is_loss = bool(value and value < 0)
    return {"x": round(50 - size if is_loss else 50, 1), "width": round(size, 1), "up": not is_loss}


@register.inclusion_tag("components/shares.html")
def shares(parts: Sequence[tuple[str, float, str]], label: str) -> dict[str, Any]:
    """One bar cut into parts of (name, size, text), with its legend."""
    drawn = plots.shares([size for _, size, _ in parts])
    rows = [
        {"name": name, "text": text, "x": x, "width": max(width - 0.3, 0), "fill": f"f{index % 5 + 1}"}
        for index, ((name, _, text), (x, width)) in enumerate(zip(parts, drawn, strict=True))
    ]
    return {"parts": rows, "label": label}


# --- Tags: forms and lists -------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, unit: str = "", hint: str = "", switch: bool = False) -> dict[str, Any]:
    """A form field: label above, help below, the error says how to mend it. Works with any Django widget."""
    widget = bound.field.widget
    kind = "check" if isinstance(widget, CheckboxInput) else "group" if widget.use_fieldset else "input"
    attrs: dict[str, str | bool] = {"class": "input"} if kind == "input" else {}
    if switch:
        attrs["role"] = "switch"
    if hint and not bound.help_text:
        bound.help_text = hint  # so that Django names it in aria-describedby
    return {"field": bound, "control": bound.as_widget(attrs=attrs), "kind": kind, "unit": unit, "switch": switch}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: RequestContext, page: Page[Any], label: str = "Pages") -> dict[str, Any]:
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {"page": page, "numbers": list(numbers), "label": label, "request": context.get("request")}


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort(context: RequestContext, key: str, label: str, css: str = "n", default: str = "") -> dict[str, Any]:
    """A column head that sorts by `?sort=key` or `-key`; figures start with the largest. `default` as in the view."""
    request = context["request"]
    current = request.GET.get("sort", default)
    descending, ascending = current == f"-{key}", current == key
    following = key if descending or (css != "n" and not ascending) else f"-{key}"
    direction = "descending" if descending else "ascending" if ascending else "none"
    return {"request": request, "label": label, "css": css, "following": following, "direction": direction}
