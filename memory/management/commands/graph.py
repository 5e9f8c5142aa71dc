"""`manage.py graph status|verify|rebuild|run [--json]`: the mirror of our tables in Neo4j."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from memory import loop
from memory.graph import GraphDown
from memory.models import GraphMirror
from memory.parity import Parity, count_all, verify
from memory.projector import projector_lock
from memory.rebuild import rebuild
from memory.status import graph_status

DIFFERENT, AWAY = 1, 3
LOCK_LIMIT = 60.0


class Command(BaseCommand):
    help = "The mirror of our tables in the graph: its state, its parity with the tables, and how to make it anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["status", "verify", "rebuild", "run"])
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.epilog = "Exit codes: 0 well, 1 tables and graph differ, 2 wrong use, 3 the graph is off or away."

    def handle(self, *, what: str, json: bool, **_: Any) -> None:
        self.as_json = json
        if not settings.GRAPH and what not in ("status", "run"):
            raise CommandError("The graph is switched off (MEDIABUYER_GRAPH=off).", returncode=AWAY)
        try:
            getattr(self, what)()
        except GraphDown as error:
            raise CommandError(error.message, returncode=AWAY) from error

    def status(self) -> None:
        status = graph_status(timezone.now())
        counts = count_all() if status.state == "ready" else {}
        self.say(
            asdict(status) | {"is_late": status.is_late, "counts": counts},
            f"graph: {status.words}; {status.waiting} changes wait, the oldest {status.lag_seconds:.0f} s; "
            f"{status.set_aside} set aside",
        )
        if status.state not in ("ready", "rebuilding", "off"):
            raise CommandError(status.detail or status.words, returncode=AWAY)

    def verify(self) -> None:
        with _lock():
            found = [self.tell_parity(one) for one in verify()]
        told = [asdict(one) | {"is_equal": one.is_equal} for one in found]
        GraphMirror.objects.update_or_create(name="mirror", defaults={"verified_at": timezone.now(), "parity": told})
        unequal = [one.slug for one in found if not one.is_equal]
        status = graph_status(timezone.now())
        figures = {"is_equal": not unequal, "differing": unequal, "waiting": status.waiting}
        self.say(
            figures | {"set_aside": status.set_aside},
            f"tables and graph differ in {', '.join(unequal)}" if unequal else "tables and graph are equal",
        )
        if unequal:
            raise CommandError("Run `manage.py graph rebuild`.", returncode=DIFFERENT)

    def tell_parity(self, one: Parity) -> Parity:
        self.say(
            asdict(one) | {"is_equal": one.is_equal},
            f"{one.slug:24} {one.expected:>8} in the tables {one.found:>8} in the graph  "
            f"{'equal' if one.is_equal else 'DIFFERENT'}",
        )
        return one

    def rebuild(self) -> None:
        with _lock():
            made = rebuild()
        self.say(asdict(made), f"{made.nodes} nodes and {made.edges} relationships in {made.seconds} s")

    def run(self) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if settings.GRAPH:
            loop.run(stop)
        else:  # whoever keeps it running would start one that ends again and again
            self.say({"state": "off"}, "The graph is switched off (MEDIABUYER_GRAPH=off); there is nothing to do.")
            self.stdout.flush()
            stop.wait()

    def say(self, figures: dict[str, Any], words: str) -> None:
        self.stdout.write(json.dumps(figures, default=str) if self.as_json else words)


@contextmanager
def _lock() -> Iterator[None]:
    """The projector's lock, waited for: a running projector lets go of it twice a second."""
    deadline = monotonic() + LOCK_LIMIT
    while True:
        with projector_lock() as mine:
            if mine:
                yield
                return
        if monotonic() > deadline:
            raise CommandError("Another process is busy with the graph; try again in a minute.")
        sleep(0.1)
