"""The database of this test for processes of their own, and an account with a sandbox to itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
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
