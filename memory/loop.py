"""The projector's day: drain, sleep a little; with the graph away sleep longer, and go on in order when it is back."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from threading import Event

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from memory import graph, schema
from memory.graph import GraphDown
from memory.models import GraphChange, GraphMirror
from memory.projector import Drained, drain, projector_lock
from memory.rebuild import is_ours, rebuild

log = logging.getLogger(__name__)
IDLE = 0.5
LONGEST = 30.0
HEARTBEAT = 10.0
KEEP = timedelta(days=7)
"""How long an applied change stays after a newer one of the same key; the newest of each key stays for good."""


def run(stop: Event) -> None:
    """Until `stop` is set. Neither store being away ends it; pauses grow from half a second to half a minute."""
    projector = Projector()
    pause = IDLE
    while not stop.is_set():
        try:
            projector.step()
            pause = IDLE
        except GraphDown as error:
            projector.is_checked = False
            _tell_down(error)
            pause = min(pause * 2, LONGEST)
        except (OperationalError, InterfaceError) as error:
            log.warning("graph projector: the database is away: %s", type(error).__name__)
            connection.close()
            pause = min(pause * 2, LONGEST)
        stop.wait(pause)
    graph.close()


class Projector:
    """What one process remembers between two steps."""

    def __init__(self) -> None:
        self.is_checked = False
        self.told_at = self.tidied_at = 0.0

    def step(self) -> Drained:
        """Drains the outbox once, if nobody else does. Raises GraphDown."""
        with projector_lock() as mine:
            if not mine:
                return Drained(0, 0)
            if not self.is_checked:
                self.check()
            drained = drain()
            if time.monotonic() - self.told_at > HEARTBEAT:
                self.tell_ready()
            return drained

    def check(self) -> None:
        """After every start and outage: the graph that answers may be new, or another one."""
        if is_ours():
            schema.ensure_constraints()
        else:
            log.info("graph projector: the graph is empty or not ours, filling it from the tables: %s", rebuild())
        self.is_checked = True
        self.tell_ready()

    def tell_ready(self) -> None:
        """A question to the graph too: without work nobody would notice that it is gone."""
        graph.read("RETURN 1")
        _tell(GraphMirror.State.READY, "")
        self.told_at = time.monotonic()
        if time.monotonic() - self.tidied_at > 3600:
            tidy(timezone.now())
            self.tidied_at = time.monotonic()


def tidy(now: datetime) -> int:
    """Removes changes that were applied and overtaken long ago."""
    newer = GraphChange.objects.filter(label=OuterRef("label"), key=OuterRef("key"), seq__gt=OuterRef("seq"))
    return GraphChange.objects.filter(Exists(newer), applied_at__lt=now - KEEP).delete()[0]


def _tell_down(error: GraphDown) -> None:
    try:
        _tell(GraphMirror.State.DOWN, error.message)
    except (OperationalError, InterfaceError):
        connection.close()


def _tell(state: str, detail: str) -> None:
    told = {"state": state, "detail": detail[:400], "checked_at": timezone.now()}
    GraphMirror.objects.update_or_create(name="mirror", defaults=told)
