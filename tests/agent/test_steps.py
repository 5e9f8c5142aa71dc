"""The trace of a cycle: what a step leaves when it works, when it fails, and when its cycle is no longer its own."""

from __future__ import annotations

import pytest

from mediabuyer.agent.models import Cycle, Step
from mediabuyer.agent.steps import step
from mediabuyer.lib.errors import Conflict
from tests.factories import CycleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(account):
    return CycleFactory.create(account=account, state="running")


def test_step_keeps_words_figures_and_time(cycle):
    with step(cycle, "observe") as note:
        note.say("Read 3 rows.", rows=3)
    row = Step.objects.get()
    assert (row.order, row.name, row.state) == (0, "observe", "done")
    assert (row.summary, row.figures) == ("Read 3 rows.", {"rows": 3})
    assert row.seconds is not None


def test_what_it_waits_for_shows_while_it_runs(cycle):
    with step(cycle, "observe") as note:
        note.wait_for("Meta: comments")
        assert Step.objects.get().waits_for == "Meta: comments"
        assert Cycle.objects.get().alive_at is not None
    assert Step.objects.get().waits_for == ""


def test_failed_step_keeps_the_error_and_raises(cycle):
    with pytest.raises(RuntimeError), step(cycle, "plan"):
        raise RuntimeError("no figures")
    row = Step.objects.get()
    assert (row.order, row.state, row.summary) == (3, "failed", "no figures")
    assert row.finished_at is not None


def test_error_without_words_is_named(cycle):
    with pytest.raises(AssertionError), step(cycle, "plan"):
        raise AssertionError
    assert Step.objects.get().summary == "AssertionError, without words."


def test_secret_in_an_error_is_blanked(cycle):
    with pytest.raises(ValueError), step(cycle, "observe"):
        raise ValueError("GET /me?access_token=EAAcanary123 failed")
    assert Step.objects.get().summary == "GET /me?access_token=*** failed"


def test_step_of_an_ended_cycle_is_refused(cycle):
    Cycle.objects.update(state="failed")
    with pytest.raises(Conflict, match="given up"), step(cycle, "decide"):
        raise AssertionError("never reached")
    assert not Step.objects.exists()


def test_step_again_starts_its_row_afresh(cycle):
    for words in ("first", "second"):
        with step(cycle, "guard") as note:
            note.say(words)
    assert Step.objects.get().summary == "second"
