"""The bell: wakes a worker. Correctness never depends on it, since every sweep finds its work in our own tables."""

from __future__ import annotations

from django.db import transaction
from django_q.tasks import async_task


def enqueue(path: str, *ids: int | str, cluster: str | None = None) -> None:
    """Ask a worker to call `path(*ids)` once the current transaction has committed. Ids only, never payloads."""
    for value in ids:
        if not isinstance(value, int | str):
            raise TypeError(f"a task takes ids only, not {type(value).__name__}")
    options = {"cluster": cluster} if cluster else {}
    transaction.on_commit(lambda: async_task(path, *ids, q_options=options))
