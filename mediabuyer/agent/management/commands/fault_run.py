"""`manage.py fault_run`: kills workers and loses answers at random; afterwards nothing may be doubled or missing."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.clock import now_for
from campaigns.models import Change
from campaigns.operations.words import is_creation
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.faults.check import Verdict, is_over_cap, judge
from mediabuyer.agent.faults.workers import LATE, Workers
from mediabuyer.agent.faults.workload import Workload, approve
from mediabuyer.agent.faults.world import FaultWorld, fault_world
from mediabuyer.agent.models import Decision

PAUSE = (0.1, 0.5)
"""Seconds between two kills, drawn evenly."""


class Command(BaseCommand):
    help = "Sends changes to a sandbox of its own, kills workers, loses answers, and checks what came of it."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, default, what in (
            ("changes", 100, "changes to send"),
            ("workers", 4, "worker processes"),
            ("kills", 12, "workers killed"),
            ("seed", 1, "of all that is random"),
            ("seconds", 300, "until it is given up"),
        ):
            parser.add_argument(f"--{name}", type=int, default=default, help=what)
        for name, share in (("lost", 0.1), ("late", 0.2), ("errors", 0.1)):
            parser.add_argument(f"--{name}", type=float, default=share, help=f"share of calls: {name}")
        parser.add_argument("--keep", action="store_true", help="leave the rows of the run in the database")
        parser.add_argument("--json", action="store_true", help="print JSON only")

    def handle(self, *_: Any, **options: Any) -> None:
        began = time.monotonic()
        workers = Workers(options["workers"])
        with fault_world(options["changes"], options["seed"], keep=options["keep"]) as world:
            run = Run(world, workers, options)
            verdict = run.go(began + options["seconds"])
            struck = world.control("faults")["struck"]
        seconds = round(time.monotonic() - began, 1)
        self.stdout.write(json.dumps(asdict(verdict) | run.circumstances() | {"seconds": seconds}))
        if not options["json"]:
            self.stdout.write(f"{seconds:.0f} s, {run.workers.killed} kills, faults {struck}, states {run.states}")
        if not verdict.is_clean:
            raise CommandError("The run broke a rule; see above.", returncode=1)


class Run:
    def __init__(self, world: FaultWorld, workers: Workers, options: dict[str, Any]) -> None:
        self.world, self.workers, self.options = world, workers, options
        self.rng = random.Random(options["seed"])  # noqa: S311 - reproducible on purpose
        self.plans = Workload(world, options["changes"], options["seed"]).plans
        self.now = now_for(world.account)
        self.samples_over = 0
        self.states: dict[str, int] = {}
        self.creations = 0
        world.control("faults", self._faults())
        workers.start(world.account)

    def _faults(self) -> dict[str, Any]:
        """A lost answer of a creation never comes; that of another write is an error that follows the deed."""
        lost = self.options["lost"]
        return {
            "seed": self.options["seed"],
            "answer_lost_after_create": lost,
            "http_500_after": lost,
            "late_create": {"p": self.options["late"], "seconds": LATE},
            "http_500": self.options["errors"],
        }

    def go(self, until: float) -> Verdict:
        """Approves in portions and kills in between, so that every stage is hit; then waits until all has ended."""
        try:
            kills = self.options["kills"]
            for round_ in range(kills):
                self._approve(self.plans[round_ * len(self.plans) // kills : (round_ + 1) * len(self.plans) // kills])
                self._pause(self.rng.uniform(*PAUSE))
                self.workers.kill_one(self.rng)
            self._approve(self.plans if not kills else [])
            while self._is_running() and time.monotonic() < until:
                self._pause(0.5)
        finally:
            self.workers.stop()
        time.sleep(LATE + 0.5)  # whatever is still on its way lands before anybody counts
        changes = list(Change.objects.filter(account=self.world.account))
        self.states = dict(Counter(change.state for change in changes))
        self.creations = sum(map(is_creation, changes))
        return judge(self.world, self._truth(), self.samples_over)

    def circumstances(self) -> dict[str, Any]:
        """Why there are fewer objects than changes: not every change creates one, and some were held back or failed."""
        return {
            "creations": self.creations,
            "held_back": self.states.get(Change.State.BLOCKED, 0) + self.states.get(Change.State.CANCELLED, 0),
            "failed": self.states.get(Change.State.FAILED, 0),
            "kills": self.workers.killed,
            "seed": self.options["seed"],
        }

    def _approve(self, plans: list[list[PlannedChange]]) -> None:
        for plan in plans:
            approve(self.world, plan, self.now)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        self._truth()

    def _truth(self) -> dict[str, Any]:
        """The sandbox's objects at this moment; caps must hold at every one of them."""
        truth: dict[str, Any] = self.world.control("truth")
        self.samples_over += is_over_cap(self.world, truth)
        return truth

    def _is_running(self) -> bool:
        decisions = Decision.objects.filter(account=self.world.account, state__in=["approved", "executing"])
        return decisions.exists() or Change.objects.filter(account=self.world.account).open().exists()
