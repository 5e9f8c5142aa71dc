"""The sandbox's clock: stands still, follows real time at some speed, and is stepped by hand. Never goes back."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


class Clock:
    """Sandbox time in epoch seconds: an anchor pair (sandbox, real) and a speed; `frozen` means speed nought."""

    def __init__(self, at: float, speed: float = 1.0, frozen: bool = False) -> None:
        self._at, self._real = at, time.time()
        self.speed, self.frozen = speed, frozen

    def now(self) -> float:
        """Sandbox time now."""
        if self.frozen:
            return self._at
        return self._at + max(time.time() - self._real, 0.0) * self.speed

    def set(self, at: float) -> None:
        """Move to a time; the caller has made sure that it is not in the past."""
        self._at, self._real = at, time.time()

    def configure(self, speed: float | None, frozen: bool | None) -> None:
        """Change how fast it runs from here on."""
        self.set(self.now())
        self.speed = self.speed if speed is None else speed
        self.frozen = self.frozen if frozen is None else frozen

    def saved(self) -> dict[str, Any]:
        """What a restart needs."""
        return {"at": self.now(), "real": time.time(), "speed": self.speed, "frozen": self.frozen}

    @classmethod
    def restored(cls, saved: dict[str, Any], speed: float, frozen: bool) -> Clock:
        """After a restart a running clock has also passed the time that the process was away, at real pace."""
        away = 0.0 if frozen else max(time.time() - saved["real"], 0.0)
        return cls(saved["at"] + away, speed, frozen)


def iso(at: float, zone: ZoneInfo) -> str:
    """As the Graph API writes times: 2026-05-12T10:45:09-0700."""
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def epoch(value: str, zone: ZoneInfo) -> float:
    """Read ISO 8601 (with or without offset, +0100 too) or a number of seconds. Raises ValueError."""
    text = value.strip()
    if text.lstrip("-").isdigit():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
