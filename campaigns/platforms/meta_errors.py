"""What Meta's errors mean to us. Decided by code and subcode alone: texts change and `is_transient` is unreliable.

Source: Meta's error reference, and its Marketing API error list of 2026. Whatever is not in the table may have been
carried out if it was a write, and is worth another try if it was a read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mediabuyer.lib.errors import Fault, PlatformError
from mediabuyer.lib.logs import redact

LONGEST = 400

FAULTS: dict[int, Fault] = {
    4: Fault.RATE,
    17: Fault.RATE,
    32: Fault.RATE,
    341: Fault.RATE,
    613: Fault.RATE,
    **dict.fromkeys((*range(80000, 80015),), Fault.RATE),
    102: Fault.AUTH,
    104: Fault.AUTH,
    190: Fault.AUTH,
    2500: Fault.AUTH,
    3: Fault.PERMISSION,
    10: Fault.PERMISSION,
    101: Fault.PERMISSION,
    294: Fault.PERMISSION,
    **dict.fromkeys(range(200, 300), Fault.PERMISSION),
    368: Fault.HELD,
    1404078: Fault.HELD,
    1404163: Fault.HELD,
    2859015: Fault.HELD,
    3910001: Fault.HELD,
    100: Fault.INVALID,
    506: Fault.INVALID,
    801: Fault.INVALID,
    2606: Fault.INVALID,
    2607: Fault.INVALID,
    2615: Fault.INVALID,
    2635: Fault.INVALID,
    2695: Fault.INVALID,
    3018: Fault.INVALID,
    803: Fault.MISSING,
}

SUBCODES: dict[tuple[int, int], Fault] = {
    (100, 33): Fault.MISSING,
    (100, 1487390): Fault.TRANSIENT,  # creative create fails now and then without having made anything
    (100, 1487534): Fault.TRANSIENT,  # too much data: a shorter range goes through
    (100, 1504018): Fault.TRANSIENT,
    (100, 3191001): Fault.PERMISSION,
    (17, 1885172): Fault.INVALID,  # the account's spend cap was changed ten times today
    (190, 459): Fault.HELD,  # checkpoint: the person has to log in at Meta, the token stays good
}

TOO_MUCH = {(100, 1487534), (100, 1504018), (2, 1504038), (1, 99), (-3, 1504045), (-2, 2490547)}
"""Insights errors that a shorter range or an asynchronous job can cure."""

WAITS: dict[tuple[int, int], timedelta] = {
    (613, 1487632): timedelta(hours=1),  # more than four budget changes of an ad set in an hour
    (613, 5044001): timedelta(seconds=5),  # more than 100 changes a second
}
DEFAULT_WAIT = timedelta(minutes=5)

REMEDIES = {
    Fault.AUTH: "Connect the account again in Settings.",
    Fault.PERMISSION: "Give the app and its user the rights to this ad account in Meta's Business settings.",
    Fault.HELD: "Look at the account in Meta's Account Quality.",
    Fault.RATE: "Nothing to do: it goes on by itself after the wait.",
    Fault.MISSING: "Read the account again; the object may have been deleted.",
}


@dataclass(frozen=True)
class Usage:
    """How much of its allowance at Meta the account has used, in percent, and how long until it is given back."""

    percent: float = 0.0
    wait: timedelta = timedelta(0)


def read_error(body: Mapping[str, Any], *, is_write: bool, usage: Usage, secrets: tuple[str, ...]) -> PlatformError:
    """From the error envelope. `secrets` are blanked out wherever they stand in Meta's text."""
    error = body.get("error")
    error = error if isinstance(error, Mapping) else {"message": str(error)}
    code, subcode = _int(error.get("code")), _int(error.get("error_subcode"))
    fault = _fault(code, subcode, is_write=is_write)
    return PlatformError(
        fault,
        _text(error, code, secrets),
        code=code,
        subcode=subcode,
        field=_field(error.get("error_data")),
        wait=_wait(code, subcode, usage) if fault is Fault.RATE else None,
        remedy=REMEDIES.get(fault, ""),
    )


def lost(what: str, *, is_write: bool, secrets: tuple[str, ...] = ()) -> PlatformError:
    """No usable answer: a write may have arrived, a read can be repeated."""
    fault = Fault.UNKNOWN if is_write else Fault.TRANSIENT
    return PlatformError(fault, f"Meta gave no usable answer: {clean(what, secrets)}")


def read_usage(headers: Mapping[str, str]) -> Usage:
    """The highest share in any usage header. Unreadable headers count as none: they are hints."""
    percents, waits = [0.0], [timedelta(0)]
    for name in ("X-App-Usage", "X-Ad-Account-Usage", "X-FB-Ads-Insights-Throttle", "X-Business-Use-Case-Usage"):
        for entry in _entries(headers.get(name, "")):
            percents += [float(value) for key, value in entry.items() if _is_share(key, value)]
            waits.append(
                timedelta(
                    seconds=_number(entry.get("reset_time_duration")),
                    minutes=_number(entry.get("estimated_time_to_regain_access")),
                )
            )
    return Usage(max(percents), max(waits))


def clean(text: str, secrets: tuple[str, ...] = ()) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return redact(text)[:LONGEST]


def _fault(code: int | None, subcode: int | None, *, is_write: bool) -> Fault:
    known = SUBCODES.get((code or 0, subcode or 0)) or FAULTS.get(code or 0)
    return known or (Fault.UNKNOWN if is_write else Fault.TRANSIENT)


def _text(error: Mapping[str, Any], code: int | None, secrets: tuple[str, ...]) -> str:
    """Meta's words for people where there are any, else its technical message."""
    title, message = (str(error.get(key) or "").strip() for key in ("error_user_title", "error_user_msg"))
    said = ": ".join(part for part in (title, message) if part) or str(error.get("message") or f"Error {code}")
    return clean(said, secrets)


def _field(data: Any) -> str:
    """First blamed field, as `targeting.age_max`. `error_data` is an object, or a text that mostly holds JSON."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return ""
    specs = data.get("blame_field_specs") if isinstance(data, Mapping) else None
    first = specs[0] if isinstance(specs, list) and specs else []
    return ".".join(str(part) for part in first) if isinstance(first, list) else str(first)


def _wait(code: int | None, subcode: int | None, usage: Usage) -> timedelta:
    return WAITS.get((code or 0, subcode or 0)) or usage.wait or DEFAULT_WAIT


def _entries(header: str) -> list[Mapping[str, Any]]:
    """The flat objects in a usage header: itself, or the lists below each account's or business's id."""
    try:
        data = json.loads(header) if header else {}
    except ValueError:
        return []
    if not isinstance(data, Mapping):
        return []
    nested = [entry for value in data.values() if isinstance(value, list) for entry in value]
    return [entry for entry in (nested or [data]) if isinstance(entry, Mapping)]


def _is_share(key: str, value: Any) -> bool:
    return isinstance(value, int | float) and (key.endswith("_util_pct") or key in SHARES)


SHARES = {"call_count", "total_time", "total_cputime"}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _int(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
