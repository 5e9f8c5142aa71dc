"""`make run`: from an empty folder to a page one can log in to, and back to nothing running on Ctrl-C."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mediabuyer.lib.servers.interrupts import Interrupted, Interrupts
from mediabuyer.lib.servers.neo4j import state_file, stop_neo4j
from mediabuyer.lib.servers.ports import choose_port, free_port
from mediabuyer.lib.servers.postgres import ensure_postgres, is_running, started_by_another, stop_postgres
from mediabuyer.lib.servers.processes import Identity, is_alive
from mediabuyer.lib.servers.state import ServerError, read_state, write_private, write_state
from mediabuyer.lib.servers.supervisor import Program, Supervisor
from mediabuyer.lib.servers.worker import ROOT, queue_program, say, urgent_program

READY_LIMIT = 120.0


class Run:
    """One `make run`: the folder, the addresses and the steps in their order."""

    def __init__(self, environment: dict[str, str], say: Callable[[str], None], interrupts: Interrupts) -> None:
        self.var = Path(environment.get("MEDIABUYER_VAR") or ROOT / "var").resolve()
        self.var.mkdir(parents=True, exist_ok=True)
        self.say = say
        self.embedded = not (environment.get("DATABASE_URL") or environment.get("DATABASE_URL_FILE"))
        self.graph = environment.get("MEDIABUYER_GRAPH", "on").lower() != "off"
        self.own_graph = self.graph and not (environment.get("NEO4J_URL") or environment.get("NEO4J_URL_FILE"))
        self.supervisor = Supervisor(self.var, say, interrupts)
        self.port = choose_port(environment.get("PORT", ""), say)
        self.sandbox_port = self._sandbox_port(environment.get("SANDBOX_PORT", ""))
        self.stops_postgres = False
        self.step = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def go(self) -> None:
        began = time.monotonic()
        with self._told("PostgreSQL"):
            self._start_database()
        self._start_graph()
        with self._told("database tables and static files"):
            self.supervisor.start(self._sandbox())
            self._prepare()
        with self._told("sandbox with 60 days of history"):
            self._await_sandbox()
        with self._told("demo brand, people and ad account"):
            self.supervisor.run(self._manage("demo", "--sandbox-file", str(self._sandbox_file), "--url", self.url))
        with self._told("queue and web server"):
            queues = [of(self.var, self._environment, grace=20) for of in (queue_program, urgent_program)]
            for program in (self._web(), *queues):
                self.supervisor.start(program)
            if self.graph:
                self.supervisor.start(self._manage("graph", "run", name="projector", lasting=True))
            self._await_web()
        self._start_first_cycle()
        self.say(f"\nReady after {time.monotonic() - began:.0f} s.\n")
        for line in welcome(self.url, read_state(self.var / "demo.json")):
            self.say(line)
        self._look_after()

    def stop(self) -> None:
        self.supervisor.stop()
        if self.own_graph:
            stop_neo4j(self.var)
        if self.stops_postgres:
            stop_postgres(self.var)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        self.step += 1
        began = time.monotonic()
        self.say(f"[{self.step}/5] {what} …")
        yield
        self.say(f"      done in {time.monotonic() - began:.1f} s")

    def _start_database(self) -> None:
        if self.embedded:
            # One that a living process of somebody else started here is shared and left running.
            self.stops_postgres = not started_by_another(self.var)
            ensure_postgres(self.var)

    def _start_graph(self) -> None:
        if not self.own_graph:
            stop_neo4j(self.var)
            state_file(self.var).unlink(missing_ok=True)
        if not self.graph:
            write_state(state_file(self.var), {"state": "off", "detail": "switched off by MEDIABUYER_GRAPH"})
        if self.own_graph:
            self.supervisor.start(
                Program("neo4j", (sys.executable, "-m", "mediabuyer.lib.servers.neo4j"), self._environment, grace=30)
            )

    def _prepare(self) -> None:
        """Migrations, schedules and static files: each only when what it depends on has changed."""
        code = [ROOT / "mediabuyer" / "settings.py", ROOT / "requirements" / "base.txt"]
        database = read_state(self.var / "postgres.json").get("url", "") if self.embedded else str(time.time())
        with self._unless_done("migrated", [*code, *ROOT.glob("**/migrations/*.py")], database) as is_due:
            if is_due:
                self.supervisor.run(self._manage("migrate", "--no-input"))
                self.supervisor.run(self._manage("sync_schedules"))
        with self._unless_done("static-files", [*code, *(ROOT / "static").rglob("*")]) as is_due:
            if is_due or not (self.var / "static").exists():
                self.supervisor.run(self._manage("collectstatic", "--no-input"))

    @contextmanager
    def _unless_done(self, name: str, files: Iterable[Path], extra: str = "") -> Iterator[bool]:
        stamp = self.var / f".{name}"
        mark = fingerprint(files, extra)
        is_due = not stamp.exists() or stamp.read_text() != mark
        yield is_due
        if is_due:
            write_private(stamp, mark)

    def _start_first_cycle(self) -> None:
        """Beside the page, not before it. Only once for each database: later ones come by the timetable."""
        stamp = self.var / ".first-cycle"
        database = hashlib.sha256(read_state(self.var / "postgres.json").get("url", "").encode()).hexdigest()
        if not stamp.exists() or stamp.read_text() != database:
            self.supervisor.start(self._manage("run_cycle", "--json"))
            write_private(stamp, database)

    def _look_after(self) -> None:
        graph = GraphWatch(self.var, self.say)
        while True:
            time.sleep(1)
            self.supervisor.tick()
            if self.own_graph:
                graph.look()
            if self.embedded and not is_running(self.var):
                self.say("PostgreSQL ended and is started again")
                with suppress(ServerError):
                    ensure_postgres(self.var)

    # --- The programs -------------------------------------------------------------------------------------------------

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PORT": str(self.port),
            "MEDIABUYER_VAR": str(self.var),
            "SANDBOX_PORT": str(self.sandbox_port),
            "SANDBOX_URL": f"http://127.0.0.1:{self.sandbox_port}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(ROOT),
        }

    def _manage(self, *words: str, name: str = "", lasting: bool = False) -> Program:
        command = (sys.executable, str(ROOT / "manage.py"), *words)
        return Program(name or words[0], command, self._environment, lasting=lasting)

    def _sandbox(self) -> Program:
        size = ("--seed", "7", "--history-days", "60", "--campaigns", "4", "--ads", "24")
        where = ("--port", str(self.sandbox_port), "--store", str(self.var / "sandbox"))
        return Program("sandbox", (sys.executable, "-m", "campaigns.sandbox", *where, *size), self._environment)

    def _web(self) -> Program:
        options = (
            "--worker-class",
            "gthread",
            "--workers",
            "2",
            "--threads",
            "4",
            "--timeout",
            "60",
            "--limit-request-line",
            "8190",
        )
        quiet = ("--graceful-timeout", "8", "--no-control-socket", "--log-level", "warning")
        where = ("--bind", f"127.0.0.1:{self.port}", "--chdir", str(ROOT))
        command = (sys.executable, "-m", "gunicorn", "mediabuyer.wsgi:application", *where, *options, *quiet)
        return Program("web", command, self._environment)

    # --- Waiting ------------------------------------------------------------------------------------------------------

    @property
    def _sandbox_file(self) -> Path:
        return self.var / "sandbox.json"

    def _sandbox_port(self, wanted: str) -> int:
        """The port of the last run if it is free: links and accounts that name it stay right."""
        return int(wanted) if wanted else free_port(int(read_state(self._sandbox_file).get("port", 0)))

    def _await_sandbox(self) -> None:
        """The sandbox prints one JSON line when it is ready."""
        child = self.supervisor.children["sandbox"]
        for _ in self._until_ready("sandbox"):
            if child.process.poll() is not None:
                raise ServerError(f"The sandbox ended:\n{self.supervisor.last_words(child)}")
            if ready := ready_line(self.supervisor.words(child)):
                write_state(self._sandbox_file, {**ready, "port": self.sandbox_port})
                return

    def _await_web(self) -> None:
        for _ in self._until_ready("web server"):
            self.supervisor.tick()
            if answers("127.0.0.1", self.port, "/healthz"):
                return

    def _until_ready(self, what: str) -> Iterator[None]:
        deadline = time.monotonic() + READY_LIMIT
        while time.monotonic() < deadline:
            yield
            time.sleep(0.1)
        raise ServerError(f"The {what} was not ready after {READY_LIMIT:.0f} s.", remedy=f"See {self.var / 'log'}.")


class GraphWatch:
    """Says once that Neo4j ended. Its keeper, a program of its own, starts it again; what that prints goes to a log."""

    def __init__(self, var: Path, say: Callable[[str], None]) -> None:
        self.var, self.say = var, say
        self.last: Identity | None = None

    def look(self) -> None:
        process = read_state(state_file(self.var)).get("process")
        if self.last and (process != self.last or not is_alive(process)):
            self.say(f"Neo4j ended and is started again in a few seconds, see {self.var / 'neo4j' / 'logs'}")
        self.last = process if is_alive(process) else None


def ready_line(printed: str) -> dict[str, Any] | None:
    """The line that is a JSON object with an address."""
    for line in printed.splitlines():
        with suppress(ValueError):
            if isinstance(told := json.loads(line), dict) and "url" in told:
                return told
    return None


def answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def fingerprint(files: Iterable[Path], extra: str = "") -> str:
    digest = hashlib.sha256(extra.encode())
    for path in sorted(files):
        if path.is_file() and ".venv" not in path.parts:
            digest.update(f"{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()


def welcome(url: str, demo: dict[str, Any]) -> Iterator[str]:
    yield f"  Open {url}/ and log in as one of:"
    yield ""
    people = demo.get("people", [])
    width = max((len(person["email"]) for person in people), default=0)
    for person in people:
        yield f"  {person['role']:<10} {person['email']:<{width}}  {person['password']}"
    yield ""
    yield "  Ctrl-C stops everything that was started here."


def main() -> int:
    interrupts = Interrupts()
    interrupts.listen()
    run = None
    try:
        run = Run(dict(os.environ), say, interrupts)
        run.go()
    except Interrupted:
        say("\nStopping …")
    except ServerError as error:
        say(f"\n{error.message}\n{error.remedy}".rstrip())
        return 1
    finally:
        if run:
            run.stop()
            say("Everything that was started here has ended.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
