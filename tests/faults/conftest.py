"""The database of this test for processes of their own, and an account with a sandbox to itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from mediabuyer.agent.faults.world import FaultWorld, fault_world

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(transactional_db: None) -> dict[str, str]:
    """Commands run as people run them, on the database of this test."""
    used = connection.settings_dict
    user, password, host = (quote(str(used[name]), safe="") for name in ("USER", "PASSWORD", "HOST"))
    url = f"postgresql://{user}:{password}@/{used['NAME']}?host={host}" + (f"&port={used['PORT']}" * bool(used["PORT"]))
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "mediabuyer.settings",
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
    }


@pytest.fixture
def fault_account(transactional_db: None) -> Iterator[FaultWorld]:
    with fault_world(8, seed=1, keep=True) as world:  # the test's database is emptied anyway
        yield world


@pytest.fixture
def run_python(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process that has set Django up and then runs these lines; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(lines: str, **variables: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import django\ndjango.setup()\n{lines}"],
            cwd=ROOT,
            env={**environment, **{name: str(value) for name, value in variables.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


FORKING = """
import os, sys
import django
os.environ.update({variables})
django.setup()
{imports}
for place in sys.stdin:
    if (child := os.fork()) == 0:
        os.dup2(os.open(place.strip(), os.O_WRONLY), 1)
        break
    print(child, flush=True)
else:
    sys.exit()
{lines}
"""


@dataclass(frozen=True, slots=True)
class Fork:
    pid: int
    stdout: TextIO


@pytest.fixture(scope="module")
def forking() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """For the tests of a file, a process that has loaded what they need and runs their lines in forks of itself."""
    running: dict[str, subprocess.Popen[str]] = {}

    def start(code: str, environment: dict[str, str]) -> subprocess.Popen[str]:
        if code not in running:
            pipe = subprocess.PIPE
            command = [sys.executable, "-c", code]
            running[code] = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        return running[code]

    yield start
    for process in running.values():
        process.communicate(timeout=20)  # it ends with its input


@pytest.fixture
def fork_python(
    environment: dict[str, str], forking: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> Iterator[Callable[..., Fork]]:
    """As `run_python`, without the seconds that each process takes to load Django."""
    forks: list[Fork] = []

    def start(imports: str, lines: str, **variables: Any) -> Fork:
        own = {name: str(value) for name, value in variables.items()}
        parent = forking(FORKING.format(variables=own, imports=imports, lines=lines), environment)
        assert parent.stdin is not None
        assert parent.stdout is not None
        place = tmp_path / f"told-{len(forks)}"
        os.mkfifo(place)
        parent.stdin.write(f"{place}\n")
        parent.stdin.flush()
        pid = int(parent.stdout.readline())
        forks.append(Fork(pid, place.open()))  # waits for the other end
        return forks[-1]

    yield start
    for fork in forks:
        os.kill(fork.pid, signal.SIGKILL)  # its number is its own for as long as its parent lives
        with fork.stdout:
            fork.stdout.read()  # until it is gone
