"""Signals → outbox. Filled by the declarations in each app's `graph.py`."""

from __future__ import annotations


def connect() -> None:
    """Connects the declared models; runs once, when the apps are ready."""
