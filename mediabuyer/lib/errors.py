"""Errors that carry what their reader needs: a person the words, a caller whether trying again can help."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class Fault(StrEnum):
    """What kind of trouble a platform had; decides what the ledger and the account do next."""

    TRANSIENT = "transient"  # try again soon
    RATE = "rate"  # try again after `wait`
    AUTH = "auth"  # the account needs to be connected again
    PERMISSION = "permission"  # a right is missing at the platform
    HELD = "held"  # the platform has stopped the account or the action
    INVALID = "invalid"  # the request is wrong; sending it again cannot help
    MISSING = "missing"  # the object does not exist or is not visible
    UNKNOWN = "unknown"  # the request may or may not have been carried out


class MediaBuyerError(Exception):
    """Base of our errors. `message` is fit for people; `remedy` says what they can do."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Invalid(MediaBuyerError):
    """Input that cannot be used. Names the field and the value, so that a form or an API can point at it."""

    def __init__(self, field: str, value: object, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.field = field
        self.value = value


class Conflict(MediaBuyerError):
    """Somebody or something changed the row since it was read. Nothing was written."""


class NotAllowed(MediaBuyerError):
    """The person may see this but not do it."""


class PlatformError(MediaBuyerError):
    """A call to an ad platform failed. `retryable` and `ambiguous` follow from the fault and the call's kind."""

    def __init__(
        self,
        fault: Fault,
        message: str,
        *,
        code: int | None = None,
        subcode: int | None = None,
        field: str = "",
        wait: timedelta | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.fault = fault
        self.code = code
        self.subcode = subcode
        self.field = field
        self.wait = wait

    @property
    def retryable(self) -> bool:
        return self.fault in (Fault.TRANSIENT, Fault.RATE, Fault.UNKNOWN)

    @property
    def ambiguous(self) -> bool:
        """True when a write may have been carried out all the same."""
        return self.fault in (Fault.TRANSIENT, Fault.UNKNOWN)

    def as_dict(self) -> dict[str, object]:
        return {
            "fault": self.fault.value,
            "message": self.message,
            "code": self.code,
            "subcode": self.subcode,
            "field": self.field,
        }
