"""What an insights call asks for, read and checked: level, days, breakdowns, windows, filters."""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from campaigns.sandbox.action_splits import check_action_breakdowns
from campaigns.sandbox.errors import GraphError, bad_parameter, not_one_of
from campaigns.sandbox.fields import KNOWN
from campaigns.sandbox.filters import read_conditions
from campaigns.sandbox.params import Params, wanted_fields
from campaigns.sandbox.splits import check_breakdowns
from campaigns.sandbox.world import Record, World

LEVELS = ("account", "campaign", "adset", "ad")
WINDOWS = (
    "1d_click",
    "7d_click",
    "28d_click",
    "1d_view",
    "7d_view",
    "28d_view",
    "1d_ev",
    "default",
    "dda",
    "skan_click",
    "skan_view",
    "skan_click_second_postback",
    "skan_view_second_postback",
    "skan_click_third_postback",
    "skan_view_third_postback",
    "incrementality",
    "incrementality_1d_click",
    "incrementality_7d_click",
    "7d_view_first_conversion",
)
HISTORY_MONTHS = 37
PRESETS = (
    "today",
    "yesterday",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
    "maximum",
    "data_maximum",
    "last_3d",
    "last_7d",
    "last_14d",
    "last_28d",
    "last_30d",
    "last_90d",
    "last_week_mon_sun",
    "last_week_sun_sat",
    "this_week_mon_today",
    "this_week_sun_today",
)


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question. Days are ordinals; `buckets` are (first, last) pairs, one a row and object."""

    node: str
    level: str
    fields: tuple[str, ...]
    buckets: tuple[tuple[int, int], ...]
    breakdowns: tuple[str, ...]
    windows: tuple[str, ...]
    filtering: str
    sort: str
    action_breakdowns: tuple[str, ...]


def read_query(world: World, record: Record, params: Params) -> Query:
    """Read the parameters of an insights call on an account, campaign, ad set or ad."""
    level = params.text("level", record.kind)
    if level not in LEVELS:
        raise not_one_of("level", list(LEVELS))
    breakdowns = [str(name) for name in params.items("breakdowns")]
    actions = [str(name) for name in params.items("action_breakdowns")]
    check_breakdowns(breakdowns, by_device="action_device" in actions)
    check_action_breakdowns(actions, breakdowns)
    sort = params.items("sort")
    return Query(
        record.id,
        level,
        _fields(params),
        _buckets(world, params),
        tuple(breakdowns),
        _windows(params),
        json.dumps(read_conditions(params), sort_keys=True),
        str(sort[0]) if sort else "",
        tuple(actions),
    )


def _fields(params: Params) -> tuple[str, ...]:
    names = [wanted.name for wanted in wanted_fields(params)]
    for name in names:
        if name not in KNOWN["insights"]:
            raise bad_parameter(
                f"{name} is not valid for fields param. please check https://developers.facebook.com/docs/"
                "marketing-api/reference/ads-insights/ for all valid values",
                "fields",
            )
    return tuple(names)


def _windows(params: Params) -> tuple[str, ...]:
    windows = [str(name) for name in params.items("action_attribution_windows")]
    for index, window in enumerate(windows):
        if window not in WINDOWS:
            raise GraphError(
                100,
                f"(#100) action_attribution_windows[{index}] must be one of the following values: {', '.join(WINDOWS)}",
            )
    return tuple(windows)


def _buckets(world: World, params: Params) -> tuple[tuple[int, int], ...]:
    """The (first, last) days of each row, from the range and the increment."""
    today = world.today()
    ranges = (
        [_range(item) for item in params.items("time_ranges")]
        if "time_ranges" in params
        else [_one_range(params, today)]
    )
    increment = params.text("time_increment", "all_days")
    buckets: list[tuple[int, int]] = []
    for first, last in ranges:
        _check_age(first, today)
        buckets += _cut(first, last, increment)
    return tuple(buckets)


def _one_range(params: Params, today: int) -> tuple[int, int]:
    if "time_range" in params:
        return _range(params.json("time_range"))
    preset = params.text("date_preset", "last_30d").lower()
    if preset not in PRESETS:
        raise not_one_of("date_preset", list(PRESETS))
    return preset_days(preset, date.fromordinal(today))


def _range(value: Any) -> tuple[int, int]:
    try:
        first, last = date.fromisoformat(value["since"]).toordinal(), date.fromisoformat(value["until"]).toordinal()
    except (KeyError, TypeError, ValueError):
        raise bad_parameter(
            "Must be a valid time range with since and until in the format YYYY-MM-DD", "time_range"
        ) from None
    if first > last:
        raise bad_parameter(
            "since cannot be later than until: the start date must be before the end date", "time_range"
        )
    return first, last


def _check_age(first: int, today: int) -> None:
    if first < today - HISTORY_MONTHS * 31:
        raise GraphError(
            3018, "(#3018) The start date of the time range cannot be beyond 37 months from the current date"
        )


def preset_days(preset: str, today: date) -> tuple[int, int]:
    """First and last day (ordinals) of a named range; `last_Nd` leaves today out."""
    day = today.toordinal()
    if preset.startswith("last_") and preset.endswith("d"):
        return day - int(preset[5:-1]), day - 1
    month, quarter = today.replace(day=1), today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    monday, sunday = day - today.weekday(), day - day % 7
    last_quarter = (quarter - timedelta(days=1)).replace(day=1)
    last_quarter = last_quarter.replace(month=last_quarter.month - 2)
    return {
        "today": (day, day),
        "yesterday": (day - 1, day - 1),
        "this_month": (month.toordinal(), day),
        "last_month": ((month - timedelta(days=1)).replace(day=1).toordinal(), month.toordinal() - 1),
        "this_quarter": (quarter.toordinal(), day),
        "last_quarter": (last_quarter.toordinal(), quarter.toordinal() - 1),
        "this_year": (today.replace(month=1, day=1).toordinal(), day),
        "last_year": (date(today.year - 1, 1, 1).toordinal(), date(today.year - 1, 12, 31).toordinal()),
        "last_week_mon_sun": (monday - 7, monday - 1),
        "last_week_sun_sat": (sunday - 7, sunday - 1),
        "this_week_mon_today": (monday, day),
        "this_week_sun_today": (sunday, day),
    }.get(preset, (day - HISTORY_MONTHS * 30, day))


def _cut(first: int, last: int, increment: str) -> list[tuple[int, int]]:
    if increment == "all_days":
        return [(first, last)]
    if increment == "monthly":
        return _months(first, last)
    if not increment.isdigit() or not 1 <= int(increment) <= 90:
        raise bad_parameter(
            "time_increment must be an integer between 1 and 90, or monthly or all_days", "time_increment"
        )
    step = int(increment)
    return [(day, min(day + step - 1, last)) for day in range(first, last + 1, step)]


def _months(first: int, last: int) -> list[tuple[int, int]]:
    buckets = []
    while first <= last:
        day = date.fromordinal(first)
        end = day.replace(day=calendar.monthrange(day.year, day.month)[1]).toordinal()
        buckets.append((first, min(end, last)))
        first = end + 1
    return buckets
