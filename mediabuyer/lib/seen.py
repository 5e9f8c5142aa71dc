"""What somebody saw when they wrote: nobody overwrites what another changed meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediabuyer.lib.errors import Conflict


def overtaken(current: Mapping[str, Any], seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Names of what is wanted where the value in force is neither what was seen nor what is wanted already."""
    return [
        name
        for name, value in wanted.items()
        if current[name] != value and (name not in seen or current[name] != seen[name])
    ]


def require_seen(current: Mapping[str, Any], seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Belongs behind the lock of what is written."""
    if overtaken(current, seen, wanted):
        raise Conflict(
            "This was changed after you opened it. Nothing of yours was written.",
            remedy="Look at what is in force now, and save again if you still want yours.",
        )
