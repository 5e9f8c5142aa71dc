"""The embedded PostgreSQL: one per run-time folder, shared by every process that asks, reachable by its owner only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from mediabuyer.lib.servers import pgdata
from mediabuyer.lib.servers.pgdata import Cluster
from mediabuyer.lib.servers.processes import command_of, identify, is_alive, myself, wait_until_gone
from mediabuyer.lib.servers.state import ServerError, locked, read_state, write_state

START_LIMIT = 600.0
"""Seconds a start may take: after a crash the server first replays its log, and that can be long."""


def ensure_postgres(var: Path, *, durable: bool = True) -> str:
    """Address of the database `mediabuyer` of the server under `var`, which is started if it does not run.

    Safe to call from many processes at once. `durable=False` is for tests: faster, and lost when the machine fails.
    The address is also left in `var`/postgres.json (mode 0600) with the process that started the server.
    """
    var.mkdir(parents=True, exist_ok=True)
    var = var.resolve()
    state = var / "postgres.json"
    if not _answers(var / "postgres"):
        with locked(var / "postgres.lock"):
            if not _answers(var / "postgres"):
                cluster = pgdata.open_cluster(var, durable=durable)
                _start(cluster)
                write_state(state, {"url": _url(cluster), "starter": myself()})
    if not (url := read_state(state).get("url")):
        with locked(var / "postgres.lock"):
            url = _url(pgdata.open_cluster(var, durable=durable))
            write_state(state, {"url": url, "starter": None})
    return str(url)


def is_running(var: Path) -> bool:
    return _answers(var.resolve() / "postgres")


def started_by_another(var: Path) -> bool:
    """Whether the running server was started by a process that still lives and is not this one."""
    starter = read_state(var.resolve() / "postgres.json").get("starter")
    return is_running(var) and starter != myself() and is_alive(starter)


def stop_postgres(var: Path, *, seconds: float = 30) -> None:
    """Stop the server under `var`, if it runs: first so that clients are sent away, after `seconds` at once."""
    var = var.resolve()
    data = (var / "postgres").resolve()
    if not data.exists():
        return
    with locked(var / "postgres.lock"):
        pid = _postmaster(data)
        if pid is None:
            return
        lines = _pid_file(data)
        folder = Path(lines[4]) if len(lines) > 4 else data
        for number, limit in ((signal.SIGINT, seconds), (signal.SIGQUIT, 10.0)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            if not wait_until_gone([pid], limit):
                _remove_socket_folder(data, folder)
                return
        raise ServerError(f"PostgreSQL (process {pid}) does not stop.", remedy=f"See {data / 'server.log'}.")


def _remove_socket_folder(data: Path, folder: Path) -> None:
    if folder != data:
        with suppress(OSError):
            folder.rmdir()


def _url(cluster: Cluster) -> str:
    folder = quote(str(cluster.socket_folder), safe="")
    return f"postgresql://mediabuyer:{pgdata.password(cluster.data)}@/mediabuyer?host={folder}&port={pgdata.PORT}"


def _pid_file(data: Path) -> list[str]:
    """Lines of the server's own note: pid, data folder, start, port, socket folder, address, memory, status."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def _answers(data: Path) -> bool:
    """Whether a server that says "ready" accepts connections on its socket; cheap, for every start of a command."""
    lines = _pid_file(data)
    if len(lines) < 8 or lines[7] != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
        except OSError:
            return False
    return True


def _postmaster(data: Path) -> int | None:
    """The pid of the server of `data`. The file alone proves nothing: after a crash or in a new container its number
    may by now belong to anybody."""
    lines = _pid_file(data)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    return pid if identify(pid) and str(data) in command_of(pid) else None


def _start(cluster: Cluster) -> None:
    if pid := _postmaster(cluster.data):
        _wait_until_ready(cluster, pid)
        return
    _await_orphans(cluster.data)
    _remove_stale_locks(cluster)
    deadline = time.monotonic() + 20
    while not (pid := _launch(cluster)):
        # Right after a crash the kernel may still hold the dead server's shared memory.
        if time.monotonic() > deadline or "shared memory" not in _log_tail(cluster):
            raise ServerError(f"PostgreSQL did not start: {_log_tail(cluster)}", remedy=f"See {cluster.log}.")
        time.sleep(0.5)
    _wait_until_ready(cluster, pid)


def _launch(cluster: Cluster) -> int | None:
    """Start the server in a session of its own; its pid, or None when it ended at once."""
    command = [str(cluster.programs / "pg_ctl"), "start", "-W", "-s", "-D", str(cluster.data), "-l", str(cluster.log)]
    # Its output goes to files only: the server would inherit a pipe and hold it open.
    null = subprocess.DEVNULL
    subprocess.run(
        command, check=False, cwd="/", timeout=60, stdin=null, stdout=null, stderr=null, **cluster.credentials()
    )
    for _ in range(100):
        if pid := _postmaster(cluster.data):
            return pid
        time.sleep(0.05)
    return None


def _wait_until_ready(cluster: Cluster, pid: int) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not _answers(cluster.data):
        if not identify(pid):
            raise ServerError(f"PostgreSQL ended while starting: {_log_tail(cluster)}", remedy=f"See {cluster.log}.")
        if time.monotonic() > deadline:
            raise ServerError(f"PostgreSQL is not ready after {START_LIMIT:.0f} s.", remedy=f"See {cluster.log}.")
        time.sleep(0.05)


def _await_orphans(data: Path) -> None:
    """Workers of a killed server end by themselves within a second or two; starting beside them would risk the data."""
    orphans = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if process.info["name"] == "postgres" and process.cwd() == str(data):
                orphans.append(process.pid)
    if left := wait_until_gone(orphans, 20):
        raise ServerError(f"Processes of an earlier PostgreSQL still use {data}: {left}", remedy="End them.")


def _remove_stale_locks(cluster: Cluster) -> None:
    """Remove what a dead server left, where the number in it is somebody else's: the new one would believe it."""
    for lock in (cluster.data / "postmaster.pid", cluster.socket_folder / f".s.PGSQL.{pgdata.PORT}.lock"):
        with suppress(OSError, ValueError, IndexError):
            if psutil.pid_exists(int(lock.read_text().split()[0])):
                lock.unlink()


def _log_tail(cluster: Cluster) -> str:
    try:
        return " ".join(cluster.log.read_text(errors="replace").splitlines()[-4:])[-600:]
    except OSError:
        return "nothing was logged"
