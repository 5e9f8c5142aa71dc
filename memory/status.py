"""How the graph is doing, in words for pages and figures for operators: from a file and our tables, never the graph."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q

from mediabuyer.lib.servers.state import read_state
from memory.models import GraphChange, GraphMirror

SILENCE = timedelta(seconds=60)
LATE_ROWS = 10_000
LATE = timedelta(minutes=15)

_WORDS = {
    "off": "off",
    "fetching": "fetching",
    "starting": "starting",
    "rebuilding": "being filled",
    "ready": "ready",
    "down": "down",
    "failed": "could not be started",
}


@dataclass(frozen=True)
class GraphStatus:
    """`state` is one of off, fetching, starting, rebuilding, ready, down, failed; `words` says the same to people."""

    state: str
    words: str
    detail: str
    waiting: int
    lag_seconds: float
    set_aside: int
    checked_at: datetime | None
    rebuilt_at: datetime | None
    verified_at: datetime | None
    is_equal: bool | None
    """Whether the last parity found tables and graph equal; None before the first."""

    @property
    def is_late(self) -> bool:
        return self.state != "off" and (self.waiting > LATE_ROWS or self.lag_seconds > LATE.total_seconds())


def graph_status(now: datetime) -> GraphStatus:
    """`now` is the machine's time. One small file and two quick queries."""
    mirror = GraphMirror.objects.filter(name="mirror").first() or GraphMirror()
    state, words, detail = _state(mirror, now)
    waiting = Q(applied_at=None, set_aside_at=None)
    figures = GraphChange.objects.filter(applied_at=None).aggregate(
        waiting=Count("seq", filter=waiting),
        oldest=Min("created_at", filter=waiting),
        set_aside=Count("seq", filter=~Q(set_aside_at=None)),
    )
    lag = (now - figures["oldest"]).total_seconds() if figures["oldest"] else 0.0
    return GraphStatus(
        state,
        words,
        detail,
        figures["waiting"],
        max(lag, 0.0),
        figures["set_aside"],
        mirror.checked_at,
        mirror.rebuilt_at,
        mirror.verified_at,
        all(one["is_equal"] for one in mirror.parity) if mirror.verified_at else None,
    )


def _state(mirror: GraphMirror, now: datetime) -> tuple[str, str, str]:
    if not settings.GRAPH:
        return "off", _WORDS["off"], ""
    server: dict[str, Any] = {"state": "ready"} if settings.NEO4J_URL else read_state(settings.NEO4J_FILE)
    told, detail = server.get("state") or "down", server.get("detail") or ""
    if told == "fetching":
        return told, f"fetching {round(100 * (server.get('progress') or 0))} %", detail
    if told != "ready":
        state = "down" if told == "off" else told
        return state, _WORDS[state], detail
    if mirror.state == GraphMirror.State.READY and (mirror.checked_at is None or now - mirror.checked_at > SILENCE):
        return "down", "not being filled", "The projector has not been heard of; `manage.py graph run` starts it."
    return mirror.state, _WORDS[mirror.state], mirror.detail
