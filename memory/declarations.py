"""What an app's `graph.py` says: which model is which label, which foreign key is which relationship.

    NODES = (NodeOf(Creative, "Creative", ("headline", "brand__key")),)
    EDGES = (EdgeOf(Creative, "HAS_ANGLE", to="Angle", end="angle__key"),)

Names of labels and types reach Cypher from here only, never from data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Expression, Model

_NAME = re.compile(r"[A-Z][A-Za-z_]{0,38}")


@dataclass(frozen=True)
class NodeOf:
    """Each row of `model` is one node. `properties` are paths of plain values; `account__key` becomes `account`.

    `key` names the field that is the same for good and unique among all rows of the model.
    """

    model: type[Model]
    label: str
    properties: tuple[str, ...] = ()
    key: str = "key"

    def __post_init__(self) -> None:
        _require_name(self.label)

    @property
    def slug(self) -> str:
        """What a `GraphChange` calls it."""
        return self.label


@dataclass(frozen=True)
class EdgeOf:
    """Each row of `model` starts at most one relationship of `type`, from its own node to a node labelled `to`.

    `end` is the path to the other node's key, or an expression that finds it. Where that is empty there is no edge.
    """

    model: type[Model]
    type: str
    to: str
    end: str | Expression
    properties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_name(self.type)
        _require_name(self.to)

    @property
    def slug(self) -> str:
        """What a `GraphChange` calls it: one type may lead to nodes of several labels."""
        return f"{self.type}>{self.to}"


def property_name(path: str) -> str:
    """`headline` → headline, `ad_set__campaign__key` → campaign."""
    parts = path.split("__")
    return parts[-2] if len(parts) > 1 and parts[-1] == "key" else parts[-1]


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a label or a relationship")
