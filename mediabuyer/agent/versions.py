"""What a decision was when somebody looked at it, against what it is now."""

from __future__ import annotations

from typing import Any

from mediabuyer.agent.models import Decision


def changed_since(decision: Decision, seen_hash: str) -> list[dict[str, Any]]:
    """Field by field of each planned change; None where a side has no such change. Empty when nothing planned differs.

    An unknown hash is no version of this decision: then everything is listed as new.
    """
    old = decision.events.filter(content_hash=seen_hash).order_by("-pgh_id").first()  # type: ignore[attr-defined]
    seen, now = _fields(old.changes if old else []), _fields(decision.changes)
    return [
        {"external_id": place[0], "field": place[1], "seen": seen.get(place), "now": now.get(place)}
        for place in dict.fromkeys([*seen, *now])
        if seen.get(place) != now.get(place)
    ]


def _fields(changes: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(change["external_id"], field): value for change in changes for field, value in change["params"].items()}
