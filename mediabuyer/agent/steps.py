"""The trace of a cycle: each step is a row that people can watch while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mediabuyer.agent.models import Cycle, Step
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict
from mediabuyer.lib.logs import redact

NAMES = ("observe", "evaluate", "recall", "plan", "guard", "decide", "act", "learn")


class Note:
    """What a step leaves: a sentence for people, figures for the page, and what it waits for meanwhile."""

    def __init__(self, row: Step) -> None:
        self.row = row

    def say(self, summary: str, **figures: Any) -> None:
        self.row.summary, self.row.figures = summary, figures

    def wait_for(self, what: str) -> None:
        """Shown live; survives when the step is killed."""
        self.row.waits_for = what
        self.row.save(update_fields=["waits_for"])
        Cycle.objects.filter(pk=self.row.cycle_id).update(alive_at=wall_now())


@contextmanager
def step(cycle: Cycle, name: str) -> Iterator[Note]:
    """Opens the row, closes it with the time taken; an error is kept on it and goes on upwards.

    Raises `Conflict` where the cycle was given up meanwhile: another one may be running, so this one must not go on.
    """
    if not Cycle.objects.filter(pk=cycle.pk, state=Cycle.State.RUNNING).update(alive_at=wall_now()):
        raise Conflict("This cycle was silent for too long and was given up.", remedy="Start a new one.")
    row, _ = Step.objects.update_or_create(
        cycle=cycle,
        order=NAMES.index(name),
        defaults={"name": name, "state": Step.State.RUNNING, "started_at": wall_now(), "finished_at": None},
    )
    note = Note(row)
    try:
        yield note
    except Exception as error:
        row.state, row.summary = Step.State.FAILED, words_of(error)
        raise
    else:
        row.state = Step.State.DONE
    finally:
        row.waits_for, row.finished_at = "", wall_now()
        row.save()


def words_of(error: Exception) -> str:
    """What people read of an error: never empty, never a secret that an address or an answer carried."""
    return redact(str(error) or f"{type(error).__name__}, without words.")[:2000]
