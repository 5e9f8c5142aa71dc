"""Processes named so that a number used again by somebody else is never taken for ours."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TypedDict

import psutil


class Identity(TypedDict):
    """A process for good: pids are used again, a pid together with its start time is not."""

    pid: int
    started: float


def identify(pid: int) -> Identity | None:
    """None when there is no such process, or only the remains of one that its parent has not collected."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return {"pid": pid, "started": process.create_time()}
    except psutil.Error:
        return None


def myself() -> Identity:
    identity = identify(os.getpid())
    assert identity is not None
    return identity


def is_alive(identity: Identity | None) -> bool:
    if not identity:
        return False
    now = identify(identity["pid"])
    # Some systems give start times in whole seconds or let them drift with the clock by a little.
    return now is not None and abs(now["started"] - identity["started"]) < 1.5


def command_of(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def wait_until_gone(pids: list[int], seconds: float) -> list[int]:
    """Those of `pids` that still run after `seconds`."""
    deadline = time.monotonic() + seconds
    while pids := [pid for pid in pids if identify(pid)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return pids


def group_members(group: int) -> list[int]:
    """Live processes of a process group."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def end_group(leader: int, seconds: float, *, asked: bool = False) -> None:
    """End a process group: its leader is asked first and alone, because django-q2's main process hangs when its
    workers get the signal too; what is left after `seconds` is killed. `asked`: the leader has had its signal."""
    if not asked:
        with suppress(ProcessLookupError):
            os.kill(leader, signal.SIGTERM)
    wait_until_gone([leader], seconds)
    if wait_until_gone(group_members(leader), 0.5):
        kill_group(leader)
        wait_until_gone(group_members(leader), 5)


def kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
