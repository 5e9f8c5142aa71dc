"""An imported Ads Manager file as a platform: it can be read as it is and altered by nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from campaigns.models import AdAccount
from campaigns.platforms.base import (
    AccountRow,
    CommentRow,
    Found,
    InsightRow,
    Level,
    PlatformChange,
    Receipt,
    Structure,
)
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Fault, PlatformError


class ExportPlatform:
    """Its rows came by import; there is nothing outside to read and nothing that could be changed."""

    def __init__(self, account: AdAccount) -> None:
        self.account = account

    def read_now(self) -> datetime:
        return wall_now()

    def read_account(self) -> AccountRow:
        raise _read_only()

    def read_structure(self) -> Structure:
        raise _read_only()

    def read_insights(self, since: date, until: date, breakdown: str = "") -> Iterator[InsightRow]:  # noqa: ARG002
        return iter(())

    def read_comments(self, since: datetime) -> Iterator[CommentRow]:  # noqa: ARG002
        return iter(())

    def read_state(self, level: Level, external_id: str) -> dict[str, Any]:  # noqa: ARG002
        raise _read_only()

    def apply(self, change: PlatformChange, marker: str, before_send: Callable[[], None]) -> Receipt:  # noqa: ARG002
        raise _read_only()

    def find_by_marker(self, level: Level, marker: str) -> list[Found]:  # noqa: ARG002
        return []


def _read_only() -> PlatformError:
    return PlatformError(
        Fault.PERMISSION,
        "This account was imported from a file and cannot be reached or changed.",
        remedy="Connect the ad account itself to let the agent act.",
    )


def connect(account: AdAccount) -> ExportPlatform:
    return ExportPlatform(account)
