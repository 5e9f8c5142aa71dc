"""The parts of `make run` that decide: ports, addresses, signals, what is due."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediabuyer.lib.servers.ports import choose_port, free_port
from mediabuyer.lib.servers.processes import identify
from mediabuyer.lib.servers.run import ROOT, GraphWatch, fingerprint, ready_line, welcome
from mediabuyer.lib.servers.state import ServerError, read_state, write_state


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_port_asked_for_is_taken() -> None:
    port = free_port()
    assert choose_port(str(port), print) == port


def test_port_in_use_is_named_with_a_way_out(taken: int) -> None:
    with pytest.raises(ServerError, match=f"Port {taken} is in use by another program") as caught:
        choose_port(str(taken), print)
    assert caught.value.remedy.startswith("Try: PORT=")


def test_default_port_in_use_gives_another(taken: int) -> None:
    said: list[str] = []
    port = choose_port("", said.append, default=taken)
    assert port != taken
    assert said == [f"Port {taken} is in use by another program; taking {port}. Choose your own with PORT."]


@pytest.mark.parametrize("wrong", ["http", "0", "70000", "-1"])
def test_port_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ServerError, match="no port number"):
        choose_port(wrong, print)


def test_ready_line_is_found_among_others() -> None:
    printed = 'warming up\n[1, 2]\n{"days": 60}\n{"url": "http://127.0.0.1:9", "account_id": "act_1"}\n'
    assert ready_line(printed) == {"url": "http://127.0.0.1:9", "account_id": "act_1"}
    assert ready_line("warming up\n") is None


def test_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "0001_initial.py"
    file.write_text("a")
    before = fingerprint([file], "db")
    assert fingerprint([file], "db") == before
    assert fingerprint([file], "other db") != before
    file.write_text("ab")
    assert fingerprint([file], "db") != before


def test_logins_are_shown_in_a_table() -> None:
    people = [{"role": "owner", "email": "olga@example.com", "password": "pw"}]
    lines = list(welcome("http://127.0.0.1:8000", {"people": people}))
    assert lines[0] == "  Open http://127.0.0.1:8000/ and log in as one of:"
    assert lines[2] == "  owner      olga@example.com  pw"


def test_state_is_private_and_damage_is_emptiness(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    write_state(file, {"url": "x"})
    assert read_state(file) == {"url": "x"}
    assert oct(file.stat().st_mode)[-3:] == "600"
    file.write_text('{"url": ')
    assert read_state(file) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_during_start_is_noted_program_included(tmp_path: Path, number: signal.Signals) -> None:
    """A signal that falls between starting a process and writing it down waits until it is written down."""
    code = (
        "import os, signal, sys, pathlib, time\n"
        "from mediabuyer.lib.servers.interrupts import Interrupted, Interrupts\n"
        "interrupts = Interrupts(); interrupts.listen()\n"
        "try:\n"
        "    with interrupts.held():\n"
        f"        os.kill(os.getpid(), {int(number)}); time.sleep(0.1); print('written down', flush=True)\n"
        "    print('never')\n"
        "except Interrupted:\n"
        f"    os.kill(os.getpid(), {int(number)}); time.sleep(0.1); print('stopped once')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert result.stdout == "written down\nstopped once\n"
    assert result.returncode == 0


def test_end_of_the_graph_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    watch = GraphWatch(tmp_path, said.append)
    watch.look()
    for _ in range(2):
        server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        write_state(tmp_path / "neo4j.json", {"state": "ready", "process": identify(server.pid)})
        watch.look()
        watch.look()
        assert said == []
        server.kill()
        server.wait()
        watch.look()
        watch.look()
        assert said == [f"Neo4j ended and is started again in a few seconds, see {tmp_path / 'neo4j' / 'logs'}"]
        said.clear()


def test_interrupted_run_stops_its_database(var: Path) -> None:
    """SIGTERM in the middle of the first steps: nothing of it stays."""
    environment = {**os.environ, "MEDIABUYER_VAR": str(var), "MEDIABUYER_GRAPH": "off", "PORT": str(free_port())}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "mediabuyer.lib.servers.run"]
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (var / "run.json").exists() or not read_state(var / "run.json")["children"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.terminate()
    told, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert "Everything that was started here has ended." in told
    assert read_state(var / "run.json")["children"] == {}
    assert not (var / "postgres" / "postmaster.pid").exists()
