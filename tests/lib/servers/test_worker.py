"""When the watchdog takes the queue for dead."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mediabuyer.lib.servers.worker import queue_program, urgent_program


@pytest.mark.parametrize(
    ("seconds_running", "heartbeat_age", "expected"),
    [
        (10, None, False),  # still starting
        (119, 500, False),
        (121, None, True),  # never gave a sign
        (121, 30, False),
        (121, 89, False),
        (121, 95, True),
    ],
)
def test_queue_is_stuck_when_its_heartbeat_is_old(
    tmp_path: Path, seconds_running: float, heartbeat_age: float | None, expected: bool
) -> None:
    if heartbeat_age is not None:
        heartbeat = tmp_path / "media" / "queue-heartbeat"
        heartbeat.parent.mkdir()
        heartbeat.touch()
        os.utime(heartbeat, (time.time() - heartbeat_age,) * 2)
    assert queue_program(tmp_path, {}, grace=1).is_stuck(seconds_running) is expected


def test_names_of_programs_are_names_of_files() -> None:
    assert urgent_program({}, grace=1).name == "urgent-queue"
