"""The agent's words as frozen values: what it saw, what it wants, what a rule said. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a guardrail says. The gravest one of a decision decides where it goes."""

    PASS = "pass"  # noqa: S105 - no password, a verdict
    NOTE = "note"
    CHANGE = "change"
    APPROVE = "approve"
    BLOCK = "block"


GRAVITY = {severity: position for position, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Finding:
    """One guardrail's answer, in words for people. `replace` maps an object's id to the budget it may have."""

    guardrail: str
    severity: Severity
    message: str
    replace: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Effect:
    """Expected change of profit a day in account currency, with its 80 % interval."""

    per_day: Decimal
    low: Decimal
    high: Decimal
    p_loss: float


@dataclass(frozen=True)
class PlannedChange:
    """One alteration as the agent plans it; `before` is the state that it was planned on."""

    kind: str
    level: str
    external_id: str
    name: str
    params: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def budget_before(self) -> Decimal | None:
        value = self.before.get("daily_budget")
        return None if value is None else Decimal(value)

    @property
    def budget_after(self) -> Decimal | None:
        value = self.params.get("daily_budget")
        return None if value is None else Decimal(value)

    @property
    def budget_rise(self) -> Decimal:
        """By how much the daily budget grows; negative when it falls, 0 when the change is not about budgets."""
        if self.budget_after is None:
            return Decimal(0)
        return self.budget_after - (self.budget_before or Decimal(0))

    @property
    def pauses(self) -> bool:
        return self.kind == "set_status" and self.params.get("status") == "PAUSED"

    @property
    def activates(self) -> bool:
        return self.kind == "set_status" and self.params.get("status") == "ACTIVE"

    @property
    def raises_exposure(self) -> bool:
        """Whether more could be spent than before; what is created counts as that."""
        return self.budget_rise > 0 or self.activates or self.kind.startswith("create_")

    def as_json(self) -> dict[str, Any]:
        """As a decision keeps it; `planned_from` is the way back."""
        return asdict(self)


def planned_from(kept: Iterable[Mapping[str, Any]]) -> list[PlannedChange]:
    """The changes of a decision, from its `changes`."""
    return [PlannedChange(**one) for one in kept]


@dataclass(frozen=True)
class AdFigures:
    """One ad as the cycle saw it. Money in account currency; None for what is not known."""

    key: str
    external_id: str
    name: str
    ad_set_id: str
    campaign_id: str
    angle: str
    status: str
    effective_status: str
    launched_on: date | None
    spend: Decimal
    results: float
    spend_7d: Decimal
    results_7d: float
    impressions_7d: int
    roas_7d: float | None
    cpa: Decimal | None
    worth: Decimal | None = None  # what a result brings within 30 days, margin in
    spend_a_day: Decimal = Decimal(0)
    payout_per_spend: float | None = None
    low: float | None = None
    high: float | None = None
    p_profit: float | None = None
    p_bar: float | None = None
    maturity: float | None = None
    is_tired: bool = False
    fatigue: float | None = None
    frequency_7d: float | None = None
    result: str = ""
    """What one of its results is, where those of the account are of several kinds; else empty."""
    may_cost: Decimal | None = None
    """What one of its kind has cost, where the account has several; else `reference_cpa` holds."""

    @property
    def is_running(self) -> bool:
        return self.effective_status in ("ACTIVE", "DELIVERED")


@dataclass(frozen=True)
class Budget:
    """A daily budget where it really lies: on a campaign or on an ad set."""

    level: str
    external_id: str
    name: str
    campaign_id: str
    daily_budget: Decimal
    is_active: bool
    spend_7d: Decimal
    learning_status: str
    learning_conversions: int
    last_edit_at: datetime | None
    ad_ids: tuple[str, ...]
    payout_per_spend: float | None = None
    low: float | None = None
    high: float | None = None
    draws: tuple[float, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What a person has allowed. None means not configured, which means no spending."""

    daily_cap: Decimal | None
    ad_set_cap: Decimal | None
    approval_over: Decimal | None
    budget_step: Decimal
    cooldown: timedelta
    exposure_factor: Decimal = Decimal("1.75")


@dataclass(frozen=True)
class Observation:
    """Everything one cycle knew. Stored as JSON on the cycle, so that the cycle can be replayed."""

    account_key: str
    mode: str
    currency: str
    now: datetime
    today: date
    synced_at: datetime | None
    limits: Limits
    margin: Decimal
    target_cpa: Decimal | None
    reference_cpa: Decimal | None
    ads: tuple[AdFigures, ...]
    budgets: tuple[Budget, ...]
    bar: float = 1.0
    valued_by: str = "revenue"
    """What a result is worth: its revenue, or where a file has none the target or average cost of a result.

    Empty where nothing says it: there are no results, or nobody knows which of several kinds are whose.
    """
    result: str = "purchase"
    """What one result is, in a word; `result` where it is not known."""
    reference_from: str = ""
    """Where `reference_cpa` comes from (`portfolio.reference`); empty in what was stored before it was told."""
    has_own_orders: bool = False
    """Costs and returns of ads count the orders of the own ledger by their click; else what the platform credits."""
    results_are_mixed: bool = False
    """Results mean several things: what one kind costs says nothing about another, so each has a cost of its own."""
    tells_results: bool = True
    """Its files say what came of the ads; else that is not known, and not nothing."""
    unit: str = "ad"
    """What its `ads` are: of an imported account those of a file that names none stand for whole campaigns."""
    has_tracking_alarm: bool = False
    anomalies: tuple[str, ...] = ()

    def ad(self, external_id: str) -> AdFigures | None:
        return next((ad for ad in self.ads if ad.external_id == external_id), None)


def with_article(result: str, article: str = "a") -> str:
    """`a purchase`, `an add to cart`; `article` is `A` where a sentence begins."""
    return f"{article}{'n' if result[0] in 'aeiou' else ''} {result}"


@dataclass(frozen=True)
class Proposal:
    """What an action suggests: changes, reasons in figures, and what to expect."""

    action: str
    title: str
    why: str
    params: dict[str, Any]
    changes: tuple[PlannedChange, ...]
    evidence: dict[str, Any]
    effect: Effect | None
    risk: str
    way_back: str
    subject_level: str
    subject_id: str
    score: float


BY_RULE_WINDOW = timedelta(hours=24)
"""Over which moves without a person add up."""


@dataclass(frozen=True)
class RecentChange:
    """A change that was already made or is on its way, for cooldowns and for the sum of steps in 24 hours."""

    level: str
    external_id: str
    kind: str
    at: datetime
    budget_before: Decimal | None
    budget_after: Decimal | None


@dataclass(frozen=True)
class Context:
    """All that guardrails may know about one proposal, on fresh numbers.

    `committed` is the sum of daily budgets in force at the platform, what lifetime budgets still hold, and all rises
    of other decisions and undos that are open; `active_ads` counts the ads that run now, `active_ads_after` those
    that would run afterwards.
    """

    now: datetime
    currency: str
    mode: str
    is_stopped: bool
    is_live_confirmed: bool
    connection: str
    synced_at: datetime | None
    limits: Limits
    changes: tuple[PlannedChange, ...]
    committed: Decimal
    active_ads: int
    active_ads_after: int
    budgets: dict[str, Budget]
    ads: dict[str, AdFigures]
    recent: tuple[RecentChange, ...]
    reference_cpa: Decimal | None
    has_tracking_alarm: bool
    is_undo: bool = False
    moved_by_rule: Decimal = Decimal(0)
    """What was moved without a person on this account within `BY_RULE_WINDOW`, this one not counted."""
    live_missing: tuple[str, ...] = ()
    """What a live account still needs before it may be changed, in words."""
    lifetime_switched_on: Decimal = Decimal(0)
    """What is left of lifetime budgets that these changes would set running, as a daily budget of the same worst."""
    result: str = "purchase"
    results: str = "purchases"
    """What one result is on this account, and several."""
    unit: str = "ad"
    """What its ads are, as in `Observation`."""
    zone: str = "UTC"
    """The account's, in which people read every time."""

    @property
    def budget_changes(self) -> list[PlannedChange]:
        return [change for change in self.changes if change.budget_after is not None]

    @property
    def pauses(self) -> list[PlannedChange]:
        return [change for change in self.changes if change.pauses]

    @property
    def rise(self) -> Decimal:
        """By how much all budgets together grow: a shift is 0, switching on counts all that begins to run again."""
        moved = sum((change.budget_rise for change in self.changes), Decimal(0))
        return moved + self._switched_on + self.lifetime_switched_on

    @property
    def _switched_on(self) -> Decimal:
        """Budgets that rest now and would run: of what is switched on, and of all that lies below it."""
        on = {change.external_id for change in self.changes if change.activates}
        resting = (one for one in self.budgets.values() if not one.is_active)
        return sum((one.daily_budget for one in resting if {one.external_id, one.campaign_id} & on), Decimal(0))

    @property
    def raises_exposure(self) -> bool:
        return any(change.raises_exposure for change in self.changes)


def largest_move(changes: Iterable[PlannedChange]) -> Decimal:
    """How much money one decision moves a day: in a shift the same money leaves one budget and reaches another."""
    return max((abs(change.budget_rise) for change in changes), default=Decimal(0))


def gravest(findings: list[Finding]) -> Severity:
    return max((finding.severity for finding in findings), key=GRAVITY.__getitem__, default=Severity.PASS)
