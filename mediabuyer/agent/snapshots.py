"""What a cycle saw, as JSON and back again: each value is read as the type of its field says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from campaigns.models import AdAccount
from mediabuyer.agent.context import Budget, Observation
from mediabuyer.agent.models import Cycle

Reader = Callable[[Any], Any]
READERS: dict[Any, Reader] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    timedelta: lambda seconds: timedelta(seconds=seconds),
}
UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError)
"""What a form that another version wrote ends in."""


def as_json(observation: Observation) -> dict[str, Any]:
    """Plain JSON: amounts as text, times in ISO 8601, spans in seconds."""
    return json.loads(json.dumps(_plain(observation), default=_plain))


def _plain(value: Any) -> Any:
    if is_dataclass(value):  # not `asdict`, which would copy every figure of thousands of ads
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def observation_of(cycle: Cycle | None) -> Observation | None:
    """What this cycle saw. None where it kept nothing, or wrote it down in a form of an older version."""
    if cycle is None or not cycle.observation:
        return None
    try:
        return _read(Observation, cycle.observation)
    except UNREADABLE:
        return None


def budgets_seen(cycle: Cycle | None) -> dict[str, Budget]:
    """Budgets as the cycle saw them, by id: what a changed amount is judged on. None where one is unreadable."""
    rows = (cycle.observation if cycle else {}).get("budgets", [])
    try:
        return {row["external_id"]: _read(Budget, row) for row in rows}
    except UNREADABLE:
        return {}


def last_seen(account: AdAccount) -> Cycle | None:
    """The last cycle that looked at the account's figures."""
    return Cycle.objects.filter(account=account).exclude(observation={}).first()


def _read(kind: type, row: dict[str, Any]) -> Any:
    readers = _readers(kind)
    return kind(**{name: readers[name](value) for name, value in row.items()})


@cache
def _readers(kind: type) -> dict[str, Reader]:
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Reader:
    if is_dataclass(hint):
        return lambda row: _read(hint, row)  # type: ignore[arg-type]
    if get_origin(hint) is UnionType:
        inner = _reader(next(part for part in get_args(hint) if part is not NoneType))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        each = _reader(get_args(hint)[0])
        return lambda values: tuple(map(each, values))
    return READERS.get(hint, lambda value: value)
