"""The graph server: its archives, its state file, and the real thing."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError

from mediabuyer.lib.servers import neo4j_jars
from mediabuyer.lib.servers.neo4j import ensure_neo4j
from mediabuyer.lib.servers.processes import identify, wait_until_gone
from mediabuyer.lib.servers.state import ServerError, read_state

needs_archives = pytest.mark.skipif(
    not neo4j_jars.is_complete(neo4j_jars.cache_folder()), reason="Neo4j's archives could not be fetched"
)


def test_lock_names_archives_without_addresses() -> None:
    jars = neo4j_jars.read_lock()
    assert len(jars) == 216
    assert len({jar.name for jar in jars}) == 216
    assert "://" not in neo4j_jars.LOCK.read_text()


def test_archive_that_differs_from_its_hash_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands at the edge of the network: the answer is replaced, not our code."""

    class Answer:
        content = b"something else"

        def raise_for_status(self) -> None: ...

    monkeypatch.setattr(neo4j_jars.http, "get", lambda *_args, **_more: Answer())
    with pytest.raises(ServerError, match="differs from its hash"):
        neo4j_jars.fetch(tmp_path)
    assert not neo4j_jars.is_complete(tmp_path)
    assert list(neo4j_jars.jars_folder(tmp_path).glob("*.jar")) == []


def test_interrupted_fetch_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    lock.write_text("".join(f"org/{n}.jar {hashlib.sha256(n.encode()).hexdigest()} 1\n" for n in "abc"))
    asked: list[str] = []

    class Answer:
        def __init__(self, url: str) -> None:
            asked.append(url[-5:])
            self.content = url[-5].encode()

        def raise_for_status(self) -> None: ...

    monkeypatch.setattr(neo4j_jars.http, "get", lambda url, **_more: Answer(url))
    folder = neo4j_jars.jars_folder(tmp_path, lock)
    folder.mkdir()
    (folder / "a.jar").write_bytes(b"a")
    progress: list[tuple[int, int]] = []
    neo4j_jars.fetch(tmp_path, lambda done, total: progress.append((done, total)), lock)
    assert sorted(asked) == ["b.jar", "c.jar"]
    assert progress == [(1, 3), (2, 3), (3, 3)]
    assert neo4j_jars.is_complete(tmp_path, lock)


def test_progress_is_a_few_plain_lines_without_a_terminal() -> None:
    out = io.StringIO()
    show = neo4j_jars.Shown(out)
    for megabyte in range(124):
        show(megabyte << 20, 123 << 20)
    show.end()
    assert out.getvalue().splitlines() == [f"{n} of 123 MB of Neo4j" for n in (0, 31, 62, 93, 123)]


def test_progress_is_written_over_at_a_terminal() -> None:
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    show = neo4j_jars.Shown(out)
    show(0, 2 << 20)
    show(2 << 20, 2 << 20)
    show.end()
    assert out.getvalue() == "\r  0 of 2 MB of Neo4j\r  2 of 2 MB of Neo4j\n"


def test_home_that_cannot_be_written_has_a_spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")  # not even root makes a folder in there
    assert neo4j_jars.usable_cache(tmp_path / "spare") == tmp_path / "spare"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert neo4j_jars.usable_cache(tmp_path / "spare") == tmp_path / "mediabuyer" / "neo4j"
    assert neo4j_jars.cache_folder().is_dir()


def test_failed_fetch_is_told_in_the_state_file(var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    absent = requests.Response()
    absent.status_code = 404
    monkeypatch.setattr(neo4j_jars.http, "get", lambda *_args, **_more: absent)
    with pytest.raises(ServerError, match="cannot be fetched: HTTPError"):
        ensure_neo4j(var)
    state = read_state(var / "neo4j.json")
    assert state["state"] == "failed"
    assert "cannot be fetched" in state["detail"]
    assert oct((var / "neo4j.json").stat().st_mode)[-3:] == "600"


@pytest.fixture
def keeper(var: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m mediabuyer.lib.servers.neo4j`, as `make run` has it."""
    monkeypatch.setenv("MEDIABUYER_VAR", str(var))
    keeper = subprocess.Popen([sys.executable, "-m", "mediabuyer.lib.servers.neo4j"])
    yield keeper
    keeper.kill()
    keeper.wait()


@pytest.mark.neo4j
@needs_archives
def test_real_server_starts_answers_and_stops(var: Path, keeper: subprocess.Popen[bytes]) -> None:
    """One life of a store, because each start takes seconds: started by the keeper, after a crash by us."""
    deadline = time.monotonic() + 90
    while (state := read_state(var / "neo4j.json")).get("state") != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ensure_neo4j(var)["process"] == state["process"]
    with GraphDatabase.driver(state["url"], auth=(state["user"], state["password"])) as driver:
        assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1
        driver.execute_query("CREATE (:Kept {name: 'a'})")
    with GraphDatabase.driver(state["url"], auth=("neo4j", "neo4j")) as driver, pytest.raises(AuthError):
        driver.execute_query("RETURN 1")
    assert oct((var / "neo4j").stat().st_mode)[-3:] == "700"

    assert identify(state["process"]["pid"]) is not None
    os.kill(state["process"]["pid"], signal.SIGKILL)
    assert wait_until_gone([state["process"]["pid"]], 10) == []
    again = ensure_neo4j(var)
    assert again["process"] != state["process"]
    with GraphDatabase.driver(again["url"], auth=(again["user"], again["password"])) as driver:
        assert driver.execute_query("MATCH (k:Kept) RETURN k.name AS name").records[0]["name"] == "a"

    keeper.terminate()
    assert keeper.wait(timeout=30) == 0
    assert identify(again["process"]["pid"]) is None
    assert read_state(var / "neo4j.json")["state"] == "off"
