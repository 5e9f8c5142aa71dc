"""Signs of life of one cluster of the queue: files that its processes touch, and the watch that notices which do not.

The folder belongs to one supervisor on one machine, and the cluster is told of it by its environment. No time of day is
compared, neither the file's nor ours: what counts is for how long the watch itself has seen no file change.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mediabuyer.lib.servers.processes import identify
from mediabuyer.lib.servers.state import private_dir

FOLDER, EVERY = "QUEUE_BEATS", "QUEUE_BEAT_EVERY"
"""Variables of the environment by which a cluster knows where to show its signs, and how many seconds apart."""
GUARD = "guard"
"""Touched by the cluster's main loop at each turn: it sees to time limits, dead workers and the timetable."""
THROUGH = "through"
"""Touched when a task has gone the whole way, through every process of the cluster."""
FREE = "free-"
"""One for each worker that waits for a task, named by its process: where all are busy, nothing can come through."""
LIMIT = 45.0
"""Seconds without a sign. To end what is stuck takes some 6 more, and a start up to 30 on a busy machine: all that is
less than the 90 in which work has to go on. While Postgres is away signs are up to 15 s apart."""
START = 120.0
"""Seconds in which a cluster must have shown its first signs, however busy the machine is."""
SLEPT = 10.0
"""A watch that has not looked for so long stood still itself, as its cluster did: it begins anew."""


@dataclass(frozen=True)
class Beats:
    folder: Path
    every: float

    def touch(self, name: str) -> None:
        with suppress(OSError):  # the work goes on; at worst the cluster is started again
            (self.folder / name).touch()

    def clear(self, name: str) -> None:
        with suppress(OSError):
            (self.folder / name).unlink()


def inherited() -> Beats | None:
    """Of the process's own cluster; None where nobody watches it."""
    folder = os.environ.get(FOLDER)
    return Beats(Path(folder), float(os.environ[EVERY])) if folder else None


@dataclass
class Watch:
    folder: Path
    limit: float = LIMIT
    clock: Callable[[], float] = time.monotonic  # stands still while a computer sleeps, as clusters do
    is_excused: Callable[[], bool] = lambda: False
    """Whether something is to blame that no new cluster cures. Asked where it matters only, for it may take seconds."""
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)  # a file's time, and since when it is that
    _running: float = float("inf")
    _looked: float = 0.0
    _excused: float = float("-inf")

    @property
    def environment(self) -> dict[str, str]:
        return {FOLDER: str(self.folder), EVERY: str(self.limit / 12)}

    def is_stuck(self, seconds_running: float) -> bool:
        """Asked again and again, with the age of the cluster. A worker in a task is held to the task's time limit by
        the main loop; here it only counts as one that cannot take another. One that was excused has its time anew."""
        if seconds_running < self._running:
            self._begin()
        self._running = seconds_running
        if not self._is_silent(seconds_running) or self.clock() - self._excused <= self.limit:
            return False
        if self.is_excused():
            self._excused = self.clock()
            return False
        return True

    def _is_silent(self, seconds_running: float) -> bool:
        silent = self._look()
        never = float("inf") if seconds_running > START else 0.0
        if silent.get(GUARD, never) > self.limit:
            return True
        somebody_waits = any(seconds > self.limit for name, seconds in silent.items() if name.startswith(FREE))
        return silent.get(THROUGH, never) > self.limit and (somebody_waits or THROUGH not in silent)

    def _begin(self) -> None:
        """Another cluster than before; what its predecessor left says nothing about it."""
        private_dir(self.folder)
        for file in self.folder.iterdir():
            file.unlink(missing_ok=True)

    def _look(self) -> dict[str, float]:
        """For how many seconds each file has not changed; those of workers that are gone are removed."""
        now = self.clock()
        before = self._seen if now - self._looked < SLEPT else {}
        self._looked, self._seen = now, {}
        for file in self.folder.iterdir():
            if file.name.startswith(FREE) and not identify(int(file.name.removeprefix(FREE))):
                file.unlink(missing_ok=True)
                continue
            with suppress(FileNotFoundError):
                touched = file.stat().st_mtime_ns
                known, since = before.get(file.name, (None, now))
                self._seen[file.name] = (touched, since if known == touched else now)
        return {name: now - since for name, (_, since) in self._seen.items()}
