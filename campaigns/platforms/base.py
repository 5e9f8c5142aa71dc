"""What an ad platform must be able to do, in our words and units. Adapters implement it; nothing else imports SDKs.

Money is `Decimal` in major units of the account's currency, times are aware, days are the account's days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

LONGEST_NAME = 360
"""Meta takes 400 characters; the marker needs its room."""


class Level(StrEnum):
    CAMPAIGN = "campaign"
    AD_SET = "ad_set"
    AD = "ad"
    CREATIVE = "creative"


class ChangeKind(StrEnum):
    """Everything we can alter at a platform. A new kind goes here and into every adapter."""

    SET_STATUS = "set_status"  # params: {"status": "ACTIVE" | "PAUSED" | "ARCHIVED"}
    SET_BUDGET = "set_budget"  # params: {"daily_budget": "12.34"}
    CREATE_CAMPAIGN = "create_campaign"  # params: name, objective, daily_budget | None
    CREATE_AD_SET = "create_ad_set"  # params: name, campaign_id, targeting, optimization_goal, daily_budget | None …
    CREATE_CREATIVE = "create_creative"  # params: name, headline, body, link, image_hash …
    CREATE_AD = "create_ad"  # params: name, ad_set_id, creative_id

    @property
    def creates(self) -> bool:
        return self.value.startswith("create_")


BREAKDOWNS: tuple[str, ...] = ("age", "gender", "age,gender", "country", "publisher_platform,platform_position")
"""The breakdowns that sync asks for; the dimension's name in our rows is the same string."""


@dataclass(frozen=True)
class AccountRow:
    external_id: str
    name: str
    currency: str
    time_zone: str
    status: str
    amount_spent: Decimal
    spend_cap: Decimal | None


@dataclass(frozen=True)
class CampaignRow:
    external_id: str
    name: str
    objective: str
    status: str
    effective_status: str
    daily_budget: Decimal | None
    lifetime_budget: Decimal | None
    bid_strategy: str
    created_at: datetime | None


@dataclass(frozen=True)
class AdSetRow:
    external_id: str
    campaign_id: str
    name: str
    status: str
    effective_status: str
    daily_budget: Decimal | None
    lifetime_budget: Decimal | None
    optimization_goal: str
    learning_status: str
    learning_conversions: int
    last_significant_edit_at: datetime | None
    targeting: dict[str, Any]
    created_at: datetime | None


@dataclass(frozen=True)
class CreativeRow:
    external_id: str
    name: str
    headline: str
    body: str
    description: str
    link: str
    call_to_action: str
    image_hash: str
    story_id: str


@dataclass(frozen=True)
class AdRow:
    external_id: str
    ad_set_id: str
    campaign_id: str
    name: str
    status: str
    effective_status: str
    creative: CreativeRow | None
    labels: tuple[str, ...]
    review_feedback: str
    created_at: datetime | None


@dataclass(frozen=True)
class Structure:
    account: AccountRow
    campaigns: tuple[CampaignRow, ...]
    ad_sets: tuple[AdSetRow, ...]
    ads: tuple[AdRow, ...]


@dataclass(frozen=True)
class InsightRow:
    """One ad, one day, and with a breakdown one value of it. Windows: results by click within 1, 7 and 28 days."""

    ad_id: str
    day: date
    dimension: str = ""
    value: str = ""
    spend: Decimal = Decimal(0)
    impressions: int = 0
    reach: int | None = None
    clicks: int = 0
    link_clicks: int = 0
    landing_page_views: int = 0
    results: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)
    results_1d: int = 0
    results_7d: int = 0
    results_28d: int = 0


@dataclass(frozen=True)
class CommentRow:
    external_id: str
    ad_id: str
    text: str
    author: str
    created_at: datetime
    is_hidden: bool
    likes: int


@dataclass(frozen=True)
class PlatformChange:
    """One call that alters something. `external_id` is the object to alter, or empty for a creation."""

    kind: ChangeKind
    level: Level
    external_id: str = ""
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """The platform's answer to a change: the object's id, and what it said, without secrets."""

    external_id: str
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """An object found by our marker."""

    external_id: str
    level: Level
    name: str
    status: str


class Platform(Protocol):
    """One connected account at one platform. Every call has a time limit and raises only `PlatformError`."""

    def read_now(self) -> datetime:
        """The platform's clock: the sandbox has its own."""

    def read_account(self) -> AccountRow: ...

    def read_structure(self) -> Structure: ...

    def read_insights(self, since: date, until: date, breakdown: str = "") -> Iterator[InsightRow]:
        """Rows per ad and day, both ends included; unordered."""

    def read_comments(self, since: datetime) -> Iterator[CommentRow]: ...

    def read_state(self, level: Level, external_id: str) -> dict[str, Any]:
        """The object as it is now, in our words: status, effective_status, daily_budget (text), name."""

    def apply(self, change: PlatformChange, marker: str, before_send: Callable[[], None]) -> Receipt:
        """Sends the change; a creation carries the marker in its name and starts PAUSED.

        `before_send` is called right before the socket is written and may raise to prevent it.
        """

    def find_by_marker(self, level: Level, marker: str) -> list[Found]: ...


def mark(name: str, marker: str) -> str:
    """The object's name with our marker, by which we can find it again; long names are cut, never the marker."""
    return f"{name[:LONGEST_NAME]} {marker_text(marker)}"


def marker_text(marker: str) -> str:
    return f"[mb:{marker}]"
