"""Small files under the run-time folder: private JSON states and locks that end with their process."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mediabuyer.lib.errors import MediaBuyerError


class ServerError(MediaBuyerError):
    """A server could not be started or stopped. The message names it; the remedy says what to look at."""


def private_dir(path: Path) -> Path:
    """Make `path` (and its parents) if missing; nobody but its owner may enter it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` at once, readable by its owner only; a reader never sees half a file."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def write_state(path: Path, state: dict[str, Any]) -> None:
    write_private(path, json.dumps(state) + "\n")


def read_state(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; empty when it is missing or damaged, which means the same to every reader."""
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`. The kernel frees it when the holder dies, so it never goes stale."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
