"""What a fault run asks for: a seeded mixture of decisions whose every change can be checked afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from campaigns.models import META_EXPOSURE, Ad, AdAccount, AdSet, Campaign
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.faults.world import FaultWorld
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import budgets_of, committed
from mediabuyer.lib.clock import wall_now

STEP = Decimal("0.20")
ROOM = Decimal("0.2")
"""Share of all raises that fits under the cap: the guardrails have to hold the rest back."""
PAGE = "https://shop.example/autumn"
MIXTURE = {"campaign": 35, "ad_set": 20, "ad": 10, "raise": 15, "cut": 8, "pause": 12}
"""Relative frequency of each kind; an ad is two changes, since its creative comes first."""


class Workload:
    """Draws decisions until there are enough changes; budgets and ads are touched once each."""

    def __init__(self, world: FaultWorld, changes: int, seed: int) -> None:
        account, self.rng = world.account, random.Random(seed)  # noqa: S311 - reproducible on purpose
        self.account, self.number = account, 0
        budgets = [one for one in budgets_of(account) if one.is_active and one.level == "ad_set"]
        self.budgets = self.rng.sample(budgets, len(budgets))
        ads = list(Ad.objects.filter(account=account).active().order_by("external_id"))
        self.ads = self.rng.sample(ads, len(ads))[len(ads) // 3 :]  # a third always goes on running
        self.shared = Campaign.objects.filter(account=account, daily_budget__gt=0).order_by("external_id").first()
        self.home = AdSet.objects.filter(account=account).order_by("external_id").first()
        self.plans = list(self._draw(changes))
        raises = sum((max(change.budget_rise, Decimal(0)) for plan in self.plans for change in plan), Decimal(0))
        cap = (committed(budgets_of(account)) + raises * ROOM) * META_EXPOSURE
        AdAccount.objects.filter(pk=account.pk).update(daily_cap=cap)
        account.refresh_from_db()

    def _draw(self, changes: int) -> Iterator[list[PlannedChange]]:
        count = 0
        while count < changes:
            kind = self.rng.choices([*MIXTURE], [*MIXTURE.values()])[0]
            plan = getattr(self, f"_{kind}")() or self._campaign()
            if count + len(plan) > changes:
                plan = self._campaign()
            count += len(plan)
            yield plan

    def _campaign(self) -> list[PlannedChange]:
        return [_create("create_campaign", "campaign", {"name": self._name("Campaign"), "objective": "OUTCOME_SALES"})]

    def _ad_set(self) -> list[PlannedChange]:
        if self.shared is None:
            return []
        return [
            _create(
                "create_ad_set",
                "ad_set",
                {
                    "name": self._name("Ad set"),
                    "campaign_id": self.shared.external_id,
                    "targeting": {"geo_locations": {"countries": ["DE"]}, "age_min": 25, "age_max": 55},
                    "optimization_goal": "LINK_CLICKS",
                },
            )
        ]

    def _ad(self) -> list[PlannedChange]:
        if self.home is None:
            return []
        creative = _create(
            "create_creative",
            "creative",
            {"name": self._name("Creative"), "headline": "Roasted on Monday", "body": "Two days old.", "link": PAGE},
        )
        ad = _create(
            "create_ad",
            "ad",
            {"name": self._name("Ad"), "ad_set_id": self.home.external_id, "creative_id": {"from_step": 0}},
        )
        return [creative, ad]

    def _raise(self) -> list[PlannedChange]:
        return self._move(1 + STEP)

    def _cut(self) -> list[PlannedChange]:
        return self._move(1 - STEP)

    def _move(self, factor: Decimal) -> list[PlannedChange]:
        if not self.budgets:
            return []
        budget = self.budgets.pop()
        after = (budget.daily_budget * factor).quantize(Decimal("0.01"))
        return [
            PlannedChange(
                "set_budget",
                "ad_set",
                budget.external_id,
                budget.name,
                {"daily_budget": str(after)},
                {"daily_budget": str(budget.daily_budget)},
            )
        ]

    def _pause(self) -> list[PlannedChange]:
        if not self.ads:
            return []
        ad = self.ads.pop()
        return [PlannedChange("set_status", "ad", ad.external_id, ad.name, {"status": "PAUSED"}, {"status": ad.status})]

    def _name(self, what: str) -> str:
        self.number += 1
        return f"{what} {self.number}"


def approve(world: FaultWorld, plan: list[PlannedChange], now: datetime) -> None:
    """A decision as the product makes it, with a person's yes and no more time to take it back."""
    decision = decide(world, plan, now)
    decision.approve(world.manager, decision.content_hash, now, wall_now())
    Decision.objects.filter(pk=decision.pk).update(execute_after=wall_now())


def decide(world: FaultWorld, plan: list[PlannedChange], now: datetime) -> Decision:
    """One that awaits its answer."""
    first = plan[0]
    decision = Decision(
        account=world.account,
        action="fault_run",
        title=f"{first.kind} {first.name}"[:300],
        subject_level=first.level,
        subject_id=first.external_id or first.name,
        changes=[change.as_json() for change in plan],
        proposed_at=now,
        expires_at=now + timedelta(days=2),
        state=Decision.State.AWAITING,
    )
    decision.content_hash = decision.compute_hash()
    decision.save()
    return decision


def _create(kind: str, level: str, params: dict[str, Any]) -> PlannedChange:
    return PlannedChange(kind, level, "", params["name"], params)
