"""The bell: wakes a worker. Correctness never depends on it, since every sweep finds its work in our own tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django_q.tasks import async_task

logger = logging.getLogger(__name__)


def enqueue(path: str, *ids: int | str, cluster: str | None = None, seconds: int | None = None) -> None:
    """Ask a worker to call `path(*ids)` once the current transaction has committed. Ids only, never payloads.

    `seconds` replaces the cluster's time limit; such a call may be delivered again while it runs, and must notice.
    """
    for value in ids:
        if not isinstance(value, int | str):
            raise TypeError(f"a task takes ids only, not {type(value).__name__}")
    options: dict[str, object] = {"cluster": cluster} if cluster else {}
    if seconds:
        options["timeout"] = seconds
    transaction.on_commit(lambda: async_task(path, *ids, q_options=options))


@contextmanager
def each_alone(what: str, row: object) -> Iterator[None]:
    """Around one row of a sweep: what is wrong with it is logged, and those after it have their turn."""
    try:
        yield
    except Exception:
        logger.exception("%s: %s could not be worked on", what, row)
