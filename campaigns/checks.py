"""System checks of how changes are sent: said before anything starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def lease_ends_before_the_settle_window(**_: Any) -> list[CheckMessage]:
    """A worker may send until its lease ends; whoever believes earlier that nothing arrived would send it twice."""
    if 0 < settings.LEASE_SECONDS < settings.SETTLE_SECONDS:
        return []
    return [
        Error(
            "LEASE_SECONDS must be more than 0 and less than SETTLE_SECONDS.",
            hint="Raise SETTLE_SECONDS or lower LEASE_SECONDS; otherwise a late send can be made twice.",
            id="mediabuyer.E003",
        )
    ]
