"""The supervisor with tiny programs: what it starts it ends, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediabuyer.lib.servers.interrupts import Interrupts
from mediabuyer.lib.servers.processes import identify, wait_until_gone
from mediabuyer.lib.servers.state import ServerError, read_state
from mediabuyer.lib.servers.supervisor import Program, Supervisor

SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {SLEEP}"
PARENT = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    f"print(child.pid, flush=True); {SLEEP}"
)


def program(code: str, name: str = "tiny", **more: object) -> Program:
    return Program(name, (sys.executable, "-c", code), **more)  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path, said.append, Interrupts())
    yield supervisor
    supervisor.stop()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_stop_ends_its_programs_and_no_other(supervisor: Supervisor) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP])
    first, second = supervisor.start(program(SLEEP, "one")), supervisor.start(program(SLEEP, "two"))
    supervisor.stop()
    assert identify(first.process.pid) is None
    assert identify(second.process.pid) is None
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_stop_takes_the_children_of_a_program_along(supervisor: Supervisor) -> None:
    child = supervisor.start(program(PARENT))
    until(lambda: supervisor.words(child).strip())
    grandchild = int(supervisor.words(child))
    supervisor.stop()
    assert wait_until_gone([grandchild], 1) == []


def test_program_that_ignores_the_signal_is_killed(supervisor: Supervisor) -> None:
    child = supervisor.start(program(STUBBORN, grace=0.5))
    until(lambda: "up" in supervisor.words(child))
    began = time.monotonic()
    supervisor.stop()
    assert child.process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 5


def test_died_program_is_started_again_after_a_pause(supervisor: Supervisor, said: list[str]) -> None:
    first = supervisor.start(program(SLEEP))
    first.process.kill()
    until(lambda: first.process.poll() is not None)
    supervisor.tick()
    assert supervisor.children["tiny"].due is not None
    assert said[0].startswith("tiny ended (-9), starts again in 1 s")
    until(lambda: supervisor.tick() or supervisor.children["tiny"].process.pid != first.process.pid)
    assert supervisor.children["tiny"].failures == 1


def test_pauses_grow_with_each_failure(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(program("raise SystemExit(3)"))
    until(lambda: supervisor.tick() or len(said) == 2)
    assert "in 1 s" in said[0]
    assert "in 2 s" in said[1]


def test_orphans_of_a_died_program_end_before_the_next(supervisor: Supervisor) -> None:
    first = supervisor.start(program(PARENT))
    until(lambda: supervisor.words(first).strip())
    orphan = int(supervisor.words(first))
    first.process.kill()
    until(lambda: first.process.poll() is not None)
    supervisor.tick()
    assert wait_until_gone([orphan], 1) == []


def test_stuck_program_is_replaced(supervisor: Supervisor, said: list[str]) -> None:
    first = supervisor.start(program(SLEEP, is_stuck=lambda seconds: seconds > 0.3))
    supervisor.tick()
    assert supervisor.children["tiny"] is first
    time.sleep(0.4)
    supervisor.tick()
    assert said == ["tiny does not answer and is started again"]
    assert identify(first.process.pid) is None
    assert supervisor.children["tiny"].process.poll() is None


def test_stuck_program_is_not_given_the_time_of_one_that_works(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediabuyer.lib.servers.supervisor.STUCK_GRACE", 0.5)
    first = supervisor.start(program(STUBBORN, grace=60, is_stuck=lambda seconds: seconds > 1))
    until(lambda: "up" in supervisor.words(first))
    until(lambda: supervisor.tick() or supervisor.children["tiny"] is not first)
    assert first.process.returncode == -signal.SIGKILL
    supervisor.children["tiny"].process.kill()


def test_failed_step_shows_its_last_words(supervisor: Supervisor) -> None:
    with pytest.raises(ServerError, match=r"“tiny” failed:\nno such table") as caught:
        supervisor.run(program("import sys; sys.exit('no such table')", lasting=False))
    assert str(supervisor.log("tiny")) in caught.value.remedy


def test_logs_and_notes_are_private(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.run(program("print('secret')", lasting=False))
    assert oct(supervisor.log("tiny").stat().st_mode)[-3:] == "600"
    assert oct((tmp_path / "run.json").stat().st_mode)[-3:] == "600"
    assert oct((tmp_path / "log").stat().st_mode)[-3:] == "700"


def test_second_supervisor_of_a_folder_is_refused(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=f"Another run \\(process {os.getpid()}\\) already uses"):
        Supervisor(tmp_path, print, Interrupts())


def test_killed_supervisor_blocks_nothing(tmp_path: Path, said: list[str]) -> None:
    """Its programs go on as orphans; the next one in the folder ends them before it starts its own."""
    code = (
        "import sys, time, pathlib\n"
        "from mediabuyer.lib.servers.interrupts import Interrupts\n"
        "from mediabuyer.lib.servers.supervisor import Program, Supervisor\n"
        "supervisor = Supervisor(pathlib.Path(sys.argv[1]), print, Interrupts())\n"
        "child = supervisor.start(Program('tiny', (sys.executable, '-c', 'import time; time.sleep(60)')))\n"
        "print(child.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    orphan = int(killed.stdout.readline())
    killed.kill()
    killed.communicate()
    assert identify(orphan) is not None
    again = Supervisor(tmp_path, said.append, Interrupts())
    assert said == ["ending tiny, left by an earlier run"]
    assert identify(orphan) is None
    again.stop()


def test_number_used_again_by_a_stranger_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    note = {"supervisor": None, "children": {"web": {"pid": stranger.pid, "started": time.time() - 5000}}}
    (tmp_path / "run.json").write_text(json.dumps(note))
    Supervisor(tmp_path, said.append, Interrupts()).stop()
    assert said == []
    assert stranger.poll() is None
    assert read_state(tmp_path / "run.json")["children"] == {}
    stranger.kill()
    stranger.wait()
