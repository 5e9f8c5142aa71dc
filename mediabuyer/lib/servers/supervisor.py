"""Starts programs, keeps them running and ends exactly them. Knows nothing of what they do; `run.py` does.

Every program leads a session of its own, so that Ctrl-C reaches the supervisor alone, and is noted in `run.json`: a
supervisor that was killed leaves a list of what to end, by pid and start time, to the next one in the same folder.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from mediabuyer.lib.servers.interrupts import Interrupts
from mediabuyer.lib.servers.processes import Identity, end_group, group_members, identify, is_alive, kill_group, myself
from mediabuyer.lib.servers.state import ServerError, private_dir, read_state, write_state

LARGEST_LOG = 10_000_000
LONGEST_PAUSE = 60.0
STUCK_GRACE = 5.0
"""What a program that is stuck has to end in: whatever it could finish in its own time, it does not."""


@dataclass(frozen=True)
class Program:
    """What to run. `grace` is how long it may take to end before its whole process group is killed."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    grace: float = 15.0
    lasting: bool = True
    to_log: bool = True  # else its output goes where ours goes
    is_stuck: Callable[[float], bool] = lambda _seconds_running: False


@dataclass
class Child:
    program: Program
    process: subprocess.Popen[bytes]
    identity: Identity | None
    started: float
    log_start: int = 0  # bytes of its log that are older than it
    failures: int = 0
    due: float | None = None  # when to start it again

    @property
    def seconds_running(self) -> float:
        return time.monotonic() - self.started


class Supervisor:
    """Owner of the programs of one run-time folder. Only one exists per folder at a time."""

    def __init__(self, var: Path, say: Callable[[str], None], interrupts: Interrupts) -> None:
        self.var = var
        self.say = say
        self.interrupts = interrupts
        self.children: dict[str, Child] = {}
        self.logs = private_dir(var / "log")
        self.lock = self._take_folder()
        self._end_leftovers()

    def start(self, program: Program) -> Child:
        return self._spawn(program)

    def run(self, program: Program) -> None:
        """Run a program to its end; an error names its last words."""
        child = self.start(program)
        try:
            code = child.process.wait()
        finally:
            self._end(child)
        del self.children[program.name]
        self._note()
        if code:
            raise ServerError(
                f"“{program.name}” failed:\n{self.last_words(child)}", remedy=f"See {self.log(program.name)}."
            )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def words(self, child: Child) -> str:
        """What the program has printed since it was started."""
        with self.log(child.program.name).open("rb") as log:
            log.seek(child.log_start)
            return log.read().decode(errors="replace")

    def last_words(self, child: Child, lines: int = 12) -> str:
        return "\n".join(self.words(child).splitlines()[-lines:])

    def tick(self) -> None:
        """Look after every program once: one that ended or is stuck is started again, with growing pauses."""
        for child in list(self.children.values()):
            if child.due is not None:
                if time.monotonic() >= child.due:
                    self._spawn(child.program, child.failures)
            elif child.process.poll() is not None:
                self._bury(child)
            elif child.program.is_stuck(child.seconds_running):
                self.say(f"{child.program.name} does not answer and is started again")
                self._end(child, grace=min(STUCK_GRACE, child.program.grace))
                self._spawn(child.program)

    def stop(self) -> None:
        """End every program that was started here, all at once, and nothing else."""
        for child in self.children.values():
            if child.process.poll() is None:
                child.process.terminate()
        asked = time.monotonic()
        for child in self.children.values():
            self._end(child, asked=asked)
        self.children.clear()
        self._note()
        self.lock.close()

    def _take_folder(self) -> IO[str]:
        lock = (self.var / "run.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            other = read_state(self.var / "run.json").get("supervisor", {}).get("pid", "unknown")
            raise ServerError(
                f"Another run (process {other}) already uses {self.var}.",
                remedy="Stop it, or start a second one with its own PORT and MEDIABUYER_VAR.",
            ) from None
        return lock

    def _end_leftovers(self) -> None:
        for name, identity in read_state(self.var / "run.json").get("children", {}).items():
            pid = identity["pid"]
            # A group whose leader is gone keeps its number from being used again, so its members are still ours,
            # unless the machine was started anew since.
            has_members = identify(pid) is None and identity["started"] > psutil.boot_time() and group_members(pid)
            if is_alive(identity) or has_members:
                self.say(f"ending {name}, left by an earlier run")
                end_group(pid, 10)
        self._note()

    def _note(self) -> None:
        alive = {name: child.identity for name, child in self.children.items() if child.identity}
        write_state(self.var / "run.json", {"supervisor": myself(), "children": alive})

    def _spawn(self, program: Program, failures: int = 0) -> Child:
        path = self.log(program.name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            flags |= os.O_TRUNC
        with self.interrupts.held(), os.fdopen(os.open(path, flags, 0o600), "ab") as log:
            size = os.fstat(log.fileno()).st_size
            output = log if program.to_log else None
            process = subprocess.Popen(
                list(program.command),
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            child = Child(program, process, identify(process.pid), time.monotonic(), size, failures)
            self.children[program.name] = child
            self._note()
        return child

    def _bury(self, child: Child) -> None:
        name = child.program.name
        self._end(child)  # workers may outlive their leader
        if not child.program.lasting:
            del self.children[name]
            if child.process.returncode:
                self.say(f"{name} failed, see {self.log(name)}")
        else:
            child.failures = 0 if child.seconds_running > LONGEST_PAUSE else child.failures + 1
            pause = min(2.0 ** max(child.failures - 1, 0), LONGEST_PAUSE)
            child.due = time.monotonic() + pause
            self.say(f"{name} ended ({child.process.returncode}), starts again in {pause:.0f} s, see {self.log(name)}")
        self._note()

    def _end(self, child: Child, *, asked: float | None = None, grace: float | None = None) -> None:
        """`asked`: when the program got its signal, if it did; its time (its own, or `grace`) runs from then."""
        pid = child.process.pid
        if child.process.poll() is None:
            waited = 0.0 if asked is None else time.monotonic() - asked
            allowed = child.program.grace if grace is None else grace
            end_group(pid, max(allowed - waited, 0.5), asked=asked is not None)
        elif group_members(pid):
            kill_group(pid)
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=5)
