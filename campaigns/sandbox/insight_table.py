"""A computed answer to a question about insights, before it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.sandbox.draws import Ints


@dataclass(frozen=True, slots=True)
class Table:
    """A computed answer: one entry per row in each column. `spend` and values in minor units."""

    bucket: Ints
    entity: Ints  # index into `entities`
    cell: Ints  # index into `labels`
    columns: dict[str, Ints]
    entities: list[str]
    labels: list[dict[str, str]]
