"""Every component in every state, for those who build pages. Figures are made up but add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from collaboration.plots import Band, Level, Pin, Plot, Series
from collaboration.templatetags.ui import DECISION_BADGES, money_whole
from mediabuyer.lib.clock import wall_now

COLOURS = """surface bg sunken line ink ink-2 ink-3 accent good warn bad info sand stop
    c1 c2 c3 c4 c5""".split()  # noqa: SIM905 - a list of nineteen quoted words reads worse
REVENUE = [
    883, 996, 1013, 1033, 945, 964, 898, 750, 900, 958, 1135, 1055, 941, 980,
    1037, 969, 1265, 1212, 1208, 1080, 1164, 1187, 1074, 1137, 1360, 1174, 1248, 1156,
]  # fmt: skip
BEFORE = [
    932, 980, 987, 1046, 875, 919, 848, 971, 980, 871, 894, 843, 947, 847,
    916, 875, 948, 943, 867, 881, 872, 965, 944, 1028, 1033, 981, 896, 799,
]  # fmt: skip
SPEND = [
    480, 495, 531, 524, 489, 479, 460, 494, 510, 539, 521, 492, 471, 495,
    513, 498, 560, 571, 518, 503, 481, 497, 530, 532, 550, 513, 490, 504,
]  # fmt: skip


def _heat(value: str, purchases: int, level: int = 0, *, few: bool = False) -> dict[str, Any]:
    return {"value": value, "note": f"{purchases} p.", "level": level, "few": few}


LISTS: dict[str, Any] = {
    "tabs": [
        {"label": "Waiting", "href": "#s-tabs", "count": 3, "current": True},
        {"label": "Deferred", "href": "#s-tabs", "count": 2},
        {"label": "Decided", "href": "#s-tabs", "count": 41},
    ],
    "stages": [
        {"name": "File read", "state": "done"},
        {"name": "Check totals", "state": "now"},
        {"name": "Diagnosis", "state": "todo"},
    ],
    "steps": [
        {
            "name": "Observe",
            "state": "done",
            "duration": "1 min 04 s",
            "text": "23 reports, 41 ads. Data is 6 minutes old.",
        },
        {
            "name": "Decide",
            "state": "wait",
            "duration": "9 min",
            "text": "3 decisions wait for you,",
            "href": "#s-tabs",
            "link": "the first until Fri 18:00",
        },
        {
            "name": "Act",
            "state": "now",
            "duration": "26 s so far",
            "text": "Meta is preparing the video.",
            "progress": 64,
        },
        {"name": "Upload", "state": "fail", "duration": "8 s", "text": "Failed twice: “file too long for Stories”."},
        {"name": "Learn", "state": "todo"},
    ],
    "checks": [
        {"tone": "info", "text": "Changed: I wanted +30%. Steps over 20% need 3 days in between."},
        {"tone": "good", "text": "Account cap", "note": "€535 of €600"},
        {"tone": "warn", "text": "A rise of more than €15 a day always asks a person."},
        {"tone": "bad", "text": "Learning phase until 21 November."},
    ],
    "changes": [
        {"name": "Prospecting – Home barista", "now": "€80", "then": "€96", "change": "+€16", "share": "20%"},
        {"name": "Prospecting – Broad DE/AT", "now": "€190", "then": "€180", "change": "−€10", "share": "5%"},
        {
            "name": "Lookalike 1% buyers",
            "note": "learning until 21 Nov",
            "now": "€120",
            "then": "€114",
            "change": "−€6",
            "share": "5%",
        },
    ],
    "changes_total": {"name": "All campaigns, a day", "now": "€390", "then": "€390", "change": "€0"},
    "keys": [
        ("J K", "next, previous"),
        ("A", "approve"),
        ("E", "change"),
        ("R", "reject, asks why"),
        ("D", "defer"),
        ("U", "undo"),
        ("X", "select"),
        ("Shift A", "approve selected"),
    ],
    "audiences": ["Broad DE/AT", "Lookalike 1%", "Home barista", "Visitors 30 d"],
    "angles": [
        {
            "name": "Freshness",
            "cells": [_heat("2.35", 119, 2), _heat("2.21", 73, 1), _heat("2.46", 55, 2), _heat("3.50", 37, 3)],
        },
        {
            "name": "Price per cup",
            "cells": [_heat("1.45", 58, -3), _heat("1.44", 35, -2), _heat("1.09", 8, few=True), {}],
        },
        {
            "name": "Morning ritual",
            "cells": [_heat("1.59", 45, -1), _heat("1.59", 27, -1), _heat("1.81", 19, 0), _heat("2.59", 12, 2)],
        },
    ],
}
"""Contents of the components that take lists."""


@login_required
def patterns(request: HttpRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise Http404("No such page")
    return render(request, "patterns.html", examples(wall_now()))


class ExampleForm(forms.Form):
    """One field of each kind; `tests` is wrong on purpose."""

    cap = forms.DecimalField(
        label="Daily cap of the account",
        initial="600.00",
        help_text="Meta may spend up to 75% more on one day. We plan with that.",
    )
    tests = forms.DecimalField(
        label="Cap for tests",
        max_value=600,
        error_messages={"max_value": "Must be at most the account cap of €600.00."},
    )
    goal = forms.ChoiceField(
        label="Goal", choices=[("profit", "Profit after 30 days"), ("growth", "Growth at break-even")]
    )
    account = forms.CharField(
        label="Ad account",
        disabled=True,
        initial="act_2048 1199 (sandbox)",
        help_text="Cannot be changed while decisions are open.",
    )
    focus = forms.CharField(label="Focus of the week", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    alone = forms.BooleanField(label="May pause a losing ad alone", required=False)
    mail = forms.BooleanField(label="Mail me when something waits", required=False)


@dataclass(frozen=True)
class ExamplePeriod:
    key: str = "28d"
    label: str = "22 Oct – 18 Nov"
    start: date = date(2026, 10, 22)
    end: date = date(2026, 11, 18)
    compare: str = "previous"
    compare_label: str = "vs previous 28 days"


def examples(now: datetime) -> dict[str, Any]:
    return {
        "colours": COLOURS,
        "states": [name for name in DECISION_BADGES if name not in ("proposed", "deferred")],
        "trend": trend(),
        "spend_today": spend_today(),
        "period": ExamplePeriod(),
        "form": ExampleForm(
            {
                "cap": "600.00",
                "tests": "700",
                "goal": "profit",
                "mail": "on",
                "focus": "Advent box first. No discount talk.",
            }
        ),
        "page": example_page(),
        "recently": now - timedelta(minutes=6),
        "later": now + timedelta(hours=3, minutes=48),
        "euro": {"spend": 412.36, "effect": 5.84, "loss": -0.6},
        "unknown": None,
        "few": [None, 1.2],
        "rising": [1.2, 1.4, 1.3, 1.7, 1.9, 1.8, 2.4, 2.5],
        "falling": [2.5, 2.3, 2.4, 1.9, 1.7, 1.5, 1.3, 1.3],
        "time_parts": [
            ("Observe", 64.0, "1 min 04 s"),
            ("Evaluate", 22.0, "22 s"),
            ("Plan", 41.0, "41 s"),
            ("Guard", 2.0, "2 s"),
            ("Act", 26.0, "26 s"),
        ],
        "chart": plotly_example(),
        **LISTS,
    }


def trend() -> Plot:
    days = [date(2026, 10, 22) + timedelta(days=index) for index in range(28)]
    return Plot(
        title="Revenue and spend, by day",
        summary="Revenue rises from about €880 to about €1,160 a day, spend stays near €500. A dip on 29 October.",
        labels=[f"{day.day} {day:%b}" for day in days],
        series=[
            Series("Revenue", REVENUE, filled=True),
            Series("Revenue before", BEFORE, dashed=True),
            Series("Spend", SPEND, "k2"),
        ],
        pins=[
            Pin(2, "24 Oct: Home barista from €70 to €80 a day. You approved."),
            Pin(10, "1 Nov: new subscription page live. CVR 3.33% before, 3.65% after."),
            Pin(25, "16 Nov: Gift shoppers from €50 to €60. You approved."),
        ],
        format=partial(money_whole, currency="EUR"),
        height=300,
    )


def spend_today() -> Plot:
    spent: list[float | None] = [0, 9, 23, 66, 133, 208, 281, 358, 412, None, None, None, None]
    plan = [0, 8, 24, 54, 118, 193, 262, 332, 409, 452, 489, 516, 535]
    unknown: list[float | None] = [None] * 8
    return Plot(
        title="Spend today by hour",
        summary="€412 at 16:00, expected to end the day at €534, below the cap of €600.",
        labels=[f"{hour:02d}:00" for hour in range(0, 25, 2)],
        label_head="Time",
        series=[Series("Spent", spent, filled=True), Series("Plan €535", plan, "k2", dashed=True)],
        bands=[Band("Forecast €519–549", [*unknown, 412, 446, 480, 505, 519], [*unknown, 412, 462, 505, 534, 549])],
        levels=[Level(600, "Cap €600")],
        format=partial(money_whole, currency="EUR"),
        height=190,
    )


def example_page() -> Page[int]:
    return Paginator(range(41), 10).page(2)


def plotly_example() -> dict[str, Any]:
    days = [f"2026-11-{day:02d}" for day in range(1, 19)]
    return {
        "data": [
            {"x": days, "y": REVENUE[-18:], "name": "Revenue", "line": {"color": "c1"}},
            {"x": days, "y": SPEND[-18:], "name": "Spend", "line": {"color": "c2"}},
        ],
        "layout": {"yaxis": {"tickprefix": "€"}},
    }
