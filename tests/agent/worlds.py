"""Small worlds for pure tests: a context that every guardrail passes, and parts to change in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mediabuyer.agent.context import (
    AdFigures,
    Budget,
    Context,
    Limits,
    Observation,
    PlannedChange,
    Proposal,
    RecentChange,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def make_limits(**values: Any) -> Limits:
    return replace(
        Limits(
            daily_cap=Decimal(600),
            ad_set_cap=Decimal(200),
            approval_over=Decimal(20),
            budget_step=Decimal("0.20"),
            cooldown=timedelta(hours=72),
        ),
        **values,
    )


def make_ad(external_id: str = "ad1", **values: Any) -> AdFigures:
    return replace(
        AdFigures(
            key="k",
            external_id=external_id,
            name=f"Ad {external_id}",
            ad_set_id="set1",
            campaign_id="c1",
            angle="Price",
            status="ACTIVE",
            effective_status="ACTIVE",
            launched_on=date(2026, 10, 1),
            spend=Decimal(400),
            results=20.0,
            spend_7d=Decimal(70),
            results_7d=4.0,
            impressions_7d=7000,
            roas_7d=1.5,
            cpa=Decimal(20),
            spend_a_day=Decimal(10),
            payout_per_spend=1.6,
            low=1.2,
            high=2.0,
            p_profit=0.98,
            p_bar=0.97,
            maturity=0.9,
        ),
        **values,
    )


def make_budget(external_id: str = "set1", **values: Any) -> Budget:
    return replace(
        Budget(
            level="ad_set",
            external_id=external_id,
            name=f"Set {external_id}",
            campaign_id="c1",
            daily_budget=Decimal(50),
            is_active=True,
            spend_7d=Decimal(350),
            learning_status="SUCCESS",
            learning_conversions=60,
            last_edit_at=None,
            ad_ids=("ad1",),
            payout_per_spend=1.6,
            low=1.2,
            high=2.0,
            draws=(1.2, 1.5, 1.6, 1.7, 2.0),
        ),
        **values,
    )


def budget_to(after: str, before: str = "50", external_id: str = "set1") -> PlannedChange:
    return PlannedChange(
        "set_budget", "ad_set", external_id, f"Set {external_id}", {"daily_budget": after}, {"daily_budget": before}
    )


def pause(external_id: str = "ad1") -> PlannedChange:
    return PlannedChange(
        "set_status", "ad", external_id, f"Ad {external_id}", {"status": "PAUSED"}, {"status": "ACTIVE"}
    )


def activate(external_id: str = "ad1") -> PlannedChange:
    return PlannedChange(
        "set_status", "ad", external_id, f"Ad {external_id}", {"status": "ACTIVE"}, {"status": "PAUSED"}
    )


def changed(at: datetime, before: str = "50", after: str = "55", external_id: str = "set1") -> RecentChange:
    return RecentChange("ad_set", external_id, "set_budget", at, Decimal(before), Decimal(after))


def make_context(*changes: PlannedChange, **values: Any) -> Context:
    """Raising one settled ad set from 50 to 60 on fresh figures, unless told otherwise."""
    return replace(
        Context(
            now=NOW,
            currency="EUR",
            mode="sandbox",
            is_stopped=False,
            is_live_confirmed=False,
            connection="ok",
            synced_at=NOW - timedelta(hours=1),
            limits=make_limits(),
            changes=changes or (budget_to("60"),),
            committed=Decimal(200),
            active_ads=6,
            active_ads_after=6,
            budgets={"set1": make_budget()},
            ads={"ad1": make_ad()},
            recent=(),
            reference_cpa=Decimal(20),
            has_tracking_alarm=False,
        ),
        **values,
    )


def make_observation(**values: Any) -> Observation:
    return replace(
        Observation(
            account_key="k",
            mode="sandbox",
            currency="EUR",
            now=NOW,
            today=date(2026, 11, 20),
            synced_at=NOW,
            limits=make_limits(),
            margin=Decimal("0.6"),
            target_cpa=None,
            reference_cpa=Decimal(20),
            ads=(make_ad(),),
            budgets=(make_budget(),),
        ),
        **values,
    )


def make_proposal(*changes: PlannedChange, **values: Any) -> Proposal:
    """Raising one ad set from 50 to 60, unless told otherwise."""
    planned = changes or (budget_to("60"),)
    return replace(
        Proposal(
            action="scale_budget",
            title="Raise “Set set1” from €50 to €60 a day",
            why="The next euro earns more than it costs.",
            params={},
            changes=planned,
            evidence={},
            effect=None,
            risk="low",
            way_back="Set it back.",
            subject_level=planned[0].level,
            subject_id=planned[0].external_id,
            score=1.0,
        ),
        **values,
    )
