"""The embedded server under everything that happens to it: crowds, crashes, leftovers, strangers."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from mediabuyer.lib.servers.pgdata import Cluster
from mediabuyer.lib.servers.postgres import ensure_postgres, is_running, started_by_another, stop_postgres
from mediabuyer.lib.servers.processes import wait_until_gone
from mediabuyer.lib.servers.state import ServerError, read_state

ENSURE = (
    "import sys, pathlib; from mediabuyer.lib.servers.postgres import ensure_postgres; "
    "print(ensure_postgres(pathlib.Path(sys.argv[1])))"
)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def postmaster(var: Path) -> int:
    return int((var / "postgres" / "postmaster.pid").read_text().split()[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_database_is_ready_with_vectors_and_no_superuser(shared_var: Path) -> None:
    url = ensure_postgres(shared_var, durable=False)
    assert ask(url, "SELECT current_database() || ' ' || current_user") == "mediabuyer mediabuyer"
    assert ask(url, "SELECT '[1,2]'::vector <-> '[1,4]'") == 2.0
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
        connection.execute("DROP DATABASE another")


def test_second_call_answers_the_same_at_once(shared_var: Path) -> None:
    first = ensure_postgres(shared_var, durable=False)
    pid = postmaster(shared_var)
    began = time.monotonic()
    assert ensure_postgres(shared_var, durable=False) == first
    assert postmaster(shared_var) == pid
    assert time.monotonic() - began < 0.1


def test_five_processes_at_once_share_one_server(var: Path) -> None:
    crowd = [subprocess.Popen([sys.executable, "-c", ENSURE, var], stdout=subprocess.PIPE, text=True) for _ in range(5)]
    answers = {process.communicate(timeout=60)[0].strip() for process in crowd}
    assert [process.returncode for process in crowd] == [0] * 5
    assert len(answers) == 1
    assert ask(answers.pop(), "SELECT 1") == 1
    log = (var / "postgres" / "server.log").read_text()
    assert log.count("database system is ready to accept connections") == 1


def test_nothing_is_open_to_other_users(shared_var: Path) -> None:
    ensure_postgres(shared_var, durable=False)
    assert mode(shared_var / "postgres") == 0o700
    assert mode(shared_var / "postgres.json") == 0o600
    assert mode(shared_var / "postgres" / ".s.PGSQL.5432") == 0o700
    assert mode(shared_var / "postgres" / "mediabuyer.password") == 0o600
    assert mode(shared_var / "postgres" / "server.log") == 0o600


@pytest.mark.parametrize("user", ["mediabuyer", "postgres"])
def test_wrong_password_is_refused(shared_var: Path, user: str) -> None:
    parts = urlsplit(ensure_postgres(shared_var, durable=False))
    wrong = urlunsplit(parts._replace(netloc=f"{user}:guess@"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_address_file_is_made_again(shared_var: Path) -> None:
    url = ensure_postgres(shared_var, durable=False)
    (shared_var / "postgres.json").unlink()
    assert ensure_postgres(shared_var, durable=False) == url
    assert read_state(shared_var / "postgres.json")["url"] == url


def test_killed_server_recovers_with_its_data(stopped_var: Path) -> None:
    url = ensure_postgres(stopped_var)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    pid = postmaster(stopped_var)
    os.kill(pid, signal.SIGKILL)
    wait_until_gone([pid], 5)
    assert ask(ensure_postgres(stopped_var), "SELECT answer FROM kept") == 42
    assert postmaster(stopped_var) != pid
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE kept")


def test_stale_pid_of_a_living_stranger_is_seen_through(stopped_var: Path) -> None:
    url = ensure_postgres(stopped_var, durable=False)
    left = (stopped_var / "postgres" / "postmaster.pid").read_text().splitlines()
    stop_postgres(stopped_var)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        note = "\n".join([str(stranger.pid), *left[1:]])
        (stopped_var / "postgres" / "postmaster.pid").write_text(note)
        (stopped_var / "postgres" / ".s.PGSQL.5432.lock").write_text(note)
        assert ask(ensure_postgres(stopped_var, durable=False), "SELECT 1") == 1
        assert ensure_postgres(stopped_var, durable=False) == url
        stop_postgres(stopped_var)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_stop_leaves_nothing_and_may_be_repeated(stopped_var: Path) -> None:
    ensure_postgres(stopped_var, durable=False)
    pid = postmaster(stopped_var)
    stop_postgres(stopped_var)
    assert wait_until_gone([pid], 0) == []
    assert not is_running(stopped_var)
    stop_postgres(stopped_var)


def test_stop_does_not_wait_for_idle_clients(stopped_var: Path) -> None:
    with psycopg.connect(ensure_postgres(stopped_var, durable=False)):
        began = time.monotonic()
        stop_postgres(stopped_var)
        assert time.monotonic() - began < 5


def test_server_of_a_living_process_is_not_ours(stopped_var: Path) -> None:
    waiting = f"{ENSURE}; sys.stdout.flush(); import time; time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", waiting, stopped_var], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline().startswith("postgresql://")
    assert started_by_another(stopped_var)
    other.kill()
    other.communicate()
    assert not started_by_another(stopped_var)
    assert is_running(stopped_var)


def test_long_path_moves_the_socket_to_a_private_folder(var: Path) -> None:
    deep = var / ("d" * 100)
    url = ensure_postgres(deep, durable=False)
    try:
        assert ask(url, "SELECT 1") == 1
        folder = Cluster((deep / "postgres").resolve(), deep, None).socket_folder
        assert mode(folder) == 0o700
        assert len(str(folder)) < 80
    finally:
        stop_postgres(deep)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its server under another account")
def test_root_finds_a_place_its_server_can_reach(var: Path) -> None:
    closed = var / "closed"
    closed.mkdir(mode=0o700)
    try:
        assert ask(ensure_postgres(closed, durable=False), "SELECT 1") == 1
        assert (closed / "postgres").is_symlink()
        assert mode((closed / "postgres").resolve()) == 0o700
        assert mode(closed) == 0o700
    finally:
        stop_postgres(closed)
        subprocess.run(["rm", "-rf", (closed / "postgres").resolve()], check=True)


def test_data_of_another_version_is_named(stopped_var: Path) -> None:
    ensure_postgres(stopped_var, durable=False)
    stop_postgres(stopped_var)
    version = stopped_var / "postgres" / "PG_VERSION"
    own = version.read_text()
    version.write_text("15\n")
    try:
        with pytest.raises(ServerError, match="was written by PostgreSQL 15, the installed one is 18"):
            ensure_postgres(stopped_var, durable=False)
    finally:
        version.write_text(own)
