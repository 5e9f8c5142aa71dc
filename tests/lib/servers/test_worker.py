"""The programs of a worker: each queue has a watchdog, and signs of life of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mediabuyer.lib.servers.beats import START
from mediabuyer.lib.servers.ports import free_port
from mediabuyer.lib.servers.supervisor import Program
from mediabuyer.lib.servers.worker import queue_program, urgent_program


def test_each_queue_shows_its_own_signs_in_the_workers_own_folder(tmp_path: Path) -> None:
    """Not in `media`, which all workers share."""
    programs = queue_program(tmp_path, {}, grace=1), urgent_program(tmp_path, {}, grace=1)
    folders = [one.environment["QUEUE_BEATS"] for one in programs]
    assert folders == [str(tmp_path / "beats" / "queue"), str(tmp_path / "beats" / "urgent-queue")]
    assert [one.environment.get("Q_CLUSTER_NAME") for one in programs] == [None, "urgent"]


def test_names_of_programs_are_names_of_files(tmp_path: Path) -> None:
    assert urgent_program(tmp_path, {}, grace=1).name == "urgent-queue"


@pytest.mark.parametrize("of", [queue_program, urgent_program])
def test_silence_is_excused_while_postgres_is_away(tmp_path: Path, of: Callable[..., Program]) -> None:
    nowhere = {"DATABASE_URL": f"postgresql://127.0.0.1:{free_port()}/x", "MEDIABUYER_VAR": str(tmp_path)}
    assert not of(tmp_path, nowhere, grace=1).is_stuck(START + 1)
    assert of(tmp_path, {"DJANGO_SETTINGS_MODULE": "not.there"}, grace=1).is_stuck(START + 1)
