"""When the watchdog takes a cluster for dead, told by files whose times it does not believe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediabuyer.lib.servers.beats import FREE, GUARD, LIMIT, START, THROUGH, Beats, Watch

ME = f"{FREE}{os.getpid()}"
GONE = f"{FREE}{2**22 + 1}"  # Linux gives no process such a number


class Cluster:
    """Shows its signs once a second of its own clock, to a watch that looks as often."""

    def __init__(self, folder: Path) -> None:
        self.now, self.age = 1000.0, 0.0
        self.excuses: list[bool] = []
        """What it is told each time it asks whether something else is to blame; nothing is, once they are used up."""
        self.watch = Watch(folder, clock=lambda: self.now, is_excused=lambda: bool(self.excuses and self.excuses.pop()))
        self.signs = Beats(folder, 5)
        self.written = 1

    def go(self, seconds: float, *names: str) -> bool:
        """Is it found stuck within these seconds?"""
        for _ in range(int(seconds)):
            self.now, self.age = self.now + 1, self.age + 1
            found = self.watch.is_stuck(self.age)
            for name in names:
                self.signs.touch(name)
                self.written += 1
                os.utime(self.signs.folder / name, ns=(self.written, self.written))
            if found:
                return True
        return False


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path / "beats")


def test_cluster_that_shows_every_sign_goes_on(cluster: Cluster) -> None:
    assert not cluster.go(1000, GUARD, THROUGH, ME)


def test_cluster_that_never_came_up_is_stuck_after_its_time_to_start(cluster: Cluster) -> None:
    assert not cluster.go(START)
    assert cluster.go(1)


def test_cluster_that_came_up_and_let_nothing_through_is_stuck(cluster: Cluster) -> None:
    assert not cluster.go(START, GUARD, ME)
    assert cluster.go(1, GUARD, ME)


@pytest.mark.parametrize("kept", [(THROUGH, ME), (GUARD,), (GUARD, "free-1"), ()])
def test_cluster_without_one_of_its_signs_is_stuck_at_the_limit(cluster: Cluster, kept: tuple[str, ...]) -> None:
    """Its main loop stands, nothing comes through, others of its workers come and go, or all of that."""
    cluster.go(10, GUARD, THROUGH, ME)
    assert not cluster.go(LIMIT, *kept)
    assert cluster.go(2, *kept)


def test_workers_that_are_all_busy_are_no_sign_of_death(cluster: Cluster) -> None:
    cluster.go(10, GUARD, THROUGH, ME)
    cluster.signs.clear(ME)
    assert not cluster.go(3000, GUARD)


def test_worker_that_has_just_become_free_is_given_its_time(cluster: Cluster) -> None:
    """Its long task is over; the sign that it came through follows, for it takes another process."""
    cluster.go(10, GUARD, THROUGH, ME)
    cluster.signs.clear(ME)
    cluster.go(300, GUARD)
    cluster.signs.touch(ME)
    assert not cluster.go(5, GUARD)


def test_worker_that_is_gone_waits_for_nothing(cluster: Cluster) -> None:
    cluster.go(10, GUARD, THROUGH)
    cluster.signs.touch(GONE)
    assert not cluster.go(300, GUARD)
    assert not (cluster.signs.folder / GONE).exists()


def test_what_the_predecessor_left_says_nothing(cluster: Cluster) -> None:
    cluster.go(10, GUARD, THROUGH, ME)
    assert cluster.go(LIMIT + 2)
    cluster.age = 0
    assert not cluster.go(START)
    assert list(cluster.signs.folder.iterdir()) == []


@pytest.mark.parametrize("step", [-86_400, 86_400])
def test_time_of_day_means_nothing(cluster: Cluster, step: int) -> None:
    cluster.written = 10**18
    cluster.go(200, GUARD, THROUGH, ME)
    cluster.written += step * 10**9
    assert not cluster.go(200, GUARD, THROUGH, ME)
    assert cluster.go(LIMIT + 2)


def test_machine_that_was_paused_is_given_its_time_again(cluster: Cluster) -> None:
    cluster.go(200, GUARD, THROUGH, ME)
    cluster.now += 3600
    assert not cluster.go(2, GUARD, THROUGH, ME)


@pytest.mark.parametrize("signs", [(GUARD, THROUGH, ME), ()])
def test_excused_cluster_is_given_its_time_again(cluster: Cluster, signs: tuple[str, ...]) -> None:
    """Whether it was silent all the while or never came up; nobody is asked more than once in that time."""
    cluster.go(START, *signs)
    cluster.excuses = [True, True]
    assert not cluster.go(2 * LIMIT)
    assert cluster.excuses == ([] if not signs else [True])
    assert not cluster.go(LIMIT if signs else 0)
    assert cluster.go(LIMIT + 2)


def test_cluster_that_shows_its_signs_again_needs_no_other_excuse(cluster: Cluster) -> None:
    cluster.go(10, GUARD, THROUGH, ME)
    cluster.excuses = [True]
    assert not cluster.go(LIMIT + 2)
    assert cluster.excuses == []
    assert not cluster.go(300, GUARD, THROUGH, ME)


def test_signs_that_cannot_be_left_stop_no_work(tmp_path: Path) -> None:
    nowhere = Beats(tmp_path / "missing", 5)
    nowhere.touch(GUARD)
    nowhere.clear(ME)
    assert not nowhere.folder.exists()
