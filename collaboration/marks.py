"""What happened to an account or an ad, from the journal, as numbered marks of a chart and as lines to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from campaigns.models import AdAccount
from collaboration.people import actor_names
from collaboration.period import Period
from collaboration.templatetags.ui import named
from mediabuyer.lib.clock import day_bounds, day_in_zone
from memory.events import sentence
from memory.models import Event
from portfolio.charts import Mark

MARKED = ("decision.done", "decision.undone", "structure.drifted", "account.stopped", "account.released")
MOST = 9
"""Marks of one chart, the newest; more would hide the line."""


@dataclass(frozen=True)
class Marks:
    """`left_out` counts earlier ones that are not drawn."""

    shown: list[Mark]
    left_out: int = 0


def marks_of(account: AdAccount, period: Period, subjects: Iterable[str] | None = None) -> Marks:
    """Changes in the period, oldest first; only about these subject keys where they are given."""
    start, end = day_bounds(period.start, account.time_zone)[0], day_bounds(period.end, account.time_zone)[1]
    events = Event.objects.of_account(account.key).between(start, end).filter(kind__in=MARKED)
    if subjects is not None:
        events = events.filter(subject_key__in=list(subjects))
    newest = list(events.order_by("-happened_at")[:MOST])
    count = events.count() if len(newest) == MOST else len(newest)
    names = actor_names(newest)
    return Marks([_mark(event, account, names) for event in reversed(newest)], count - len(newest))


def by_whom(event: Event, names: Mapping[str, str]) -> str:
    """`by the agent`, or the person by name."""
    if event.kind == "structure.drifted":
        return "in Ads Manager"
    return "by the agent" if event.actor in ("agent", "system") else named(event.actor, names)


def _mark(event: Event, account: AdAccount, names: Mapping[str, str]) -> Mark:
    day = day_in_zone(event.happened_at, account.time_zone)
    said = event.data.get("what") if event.kind in ("decision.done", "structure.drifted") else None
    text = str(said or sentence(event).capitalize())
    return Mark(day, f"{_day(day)}: {text} ({by_whom(event, names)})")


def _day(day: date | datetime) -> str:
    return f"{day.day} {day:%b}"
