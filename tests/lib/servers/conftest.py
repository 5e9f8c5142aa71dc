"""A run-time folder of its own for each test that starts something, and nothing left running behind it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediabuyer.lib.servers.neo4j import stop_neo4j
from mediabuyer.lib.servers.postgres import stop_postgres


@pytest.fixture
def var() -> Iterator[Path]:
    yield from fresh_folder()


@pytest.fixture(scope="module")
def shared_var() -> Iterator[Path]:
    """For tests that leave the database as they found it: to make one takes a second, to start it a tenth."""
    yield from fresh_folder()


@pytest.fixture
def stopped_var(shared_var: Path) -> Path:
    """The same, its server stopped, for tests that start it and end it."""
    stop_postgres(shared_var)
    return shared_var


def fresh_folder() -> Iterator[Path]:
    """Short, because a socket lies in it; open to pass through, because root's server runs under another account."""
    folder = Path(tempfile.mkdtemp(prefix="mb-")).resolve()
    folder.chmod(0o711)
    yield folder
    stop_postgres(folder, seconds=5)
    stop_neo4j(folder)
    shutil.rmtree((folder / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(folder)
