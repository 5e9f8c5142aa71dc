"""The operators of `filtering`, on lists of objects and on insights rows alike."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from campaigns.sandbox.errors import bad_parameter
from campaigns.sandbox.params import Params


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == str(wanted).lower()
    return str(value) == str(wanted) or (_number(value) is not None and _number(value) == _number(wanted))


def _number(value: Any) -> Decimal | None:
    """Exact: as floats, ids of eighteen digits would equal their neighbours."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _compare(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Any, Any], bool]:
    def check(value: Any, wanted: Any) -> bool:
        left, right = _number(value), _number(wanted[0] if isinstance(wanted, list) else wanted)
        return left is not None and right is not None and test(left, right)

    return check


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _within(value: Any, wanted: Any) -> bool:
    low, high = (_number(item) for item in wanted)
    number = _number(value)
    return number is not None and low is not None and high is not None and low <= number <= high


def _contains(value: Any, wanted: Any) -> bool:
    return any(str(part).lower() in str(value or "").lower() for part in _listed(wanted))


def _any(value: Any, wanted: Any) -> bool:
    return any(_same(item, one) for item in _listed(value) for one in _listed(wanted))


def _all(value: Any, wanted: Any) -> bool:
    return all(any(_same(item, one) for item in _listed(value)) for one in _listed(wanted))


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda value, wanted: _any(value, wanted),
    "NOT_EQUAL": lambda value, wanted: not _any(value, wanted),
    "GREATER_THAN": _compare(lambda left, right: left > right),
    "LESS_THAN": _compare(lambda left, right: left < right),
    "GREATER_THAN_OR_EQUAL": _compare(lambda left, right: left >= right),
    "LESS_THAN_OR_EQUAL": _compare(lambda left, right: left <= right),
    "IN": _any,
    "NOT_IN": lambda value, wanted: not _any(value, wanted),
    "ANY": _any,
    "ALL": _all,
    "NONE": lambda value, wanted: not _any(value, wanted),
    "IN_RANGE": _within,
    "NOT_IN_RANGE": lambda value, wanted: not _within(value, wanted),
    "CONTAIN": _contains,
    "NOT_CONTAIN": lambda value, wanted: not _contains(value, wanted),
    "CONTAINS": _contains,
    "STARTS_WITH": lambda value, wanted: str(value or "").lower().startswith(str(wanted).lower()),
}


def read_conditions(params: Params) -> list[dict[str, Any]]:
    """The conditions of `filtering`: a list of {"field", "operator", "value"}; anything else is refused."""
    conditions = params.items("filtering")
    for index, condition in enumerate(conditions):
        if not isinstance(condition, dict) or not condition.get("field") or "operator" not in condition:
            raise bad_parameter(
                f"Param filtering[{index}] must be an object with field, operator and value", "filtering"
            )
        if condition["operator"] not in OPERATORS:
            raise bad_parameter(f"filtering[{index}] operator must be one of {', '.join(OPERATORS)}", "filtering")
    return conditions


def matches(value: Any, operator: str, wanted: Any) -> bool:
    """Whether a value passes one condition."""
    if operator not in OPERATORS:
        raise bad_parameter(f"filtering operator must be one of {', '.join(OPERATORS)}", "filtering")
    try:
        return OPERATORS[operator](value, wanted)
    except (TypeError, ValueError):
        raise bad_parameter(f"filtering value does not fit operator {operator}", "filtering") from None
