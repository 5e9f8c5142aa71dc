"""Ctrl-C, SIGTERM and a closed terminal as one exception, never between starting a process and noting it down."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Raised wherever the main thread is, so that every wait ends; once only."""


class Interrupts:
    def __init__(self) -> None:
        self._held = False
        self._pending = False

    def listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._handle)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A signal that arrives in here is raised at the end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._raise()

    def _handle(self, *_: object) -> None:
        self._pending = True
        if not self._held:
            self._raise()

    def _raise(self) -> None:
        self._pending = False
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not cut the stop short
        raise Interrupted
