"""What a campaign, ad set or ad is doing, in words, and why it is not delivering where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from campaigns.models import AdSet, Campaign, Status

LEARNING_NEEDS = 50
"""Results after which Meta ends the learning phase of an ad set."""
GONE = (Status.ARCHIVED, Status.DELETED)

STATUS_FILTERS = {
    "running": Q(effective_status="ACTIVE"),
    "learning": Q(effective_status="ACTIVE", ad_set__learning_status="LEARNING"),
    "paused": Q(effective_status__in=["PAUSED", "CAMPAIGN_PAUSED", "ADSET_PAUSED"]),
    "trouble": Q(effective_status__in=["DISAPPROVED", "WITH_ISSUES", "PENDING_BILLING_INFO"]),
    "review": Q(effective_status__in=["PENDING_REVIEW", "IN_PROCESS", "PREAPPROVED"]),
    "gone": Q(effective_status__in=GONE),
}
STATUS_LABELS = {
    "running": "Running",
    "learning": "Learning",
    "paused": "Paused",
    "trouble": "Rejected or with issues",
    "review": "In review",
    "gone": "Archived or deleted",
}


@dataclass(frozen=True)
class StatusWords:
    """What it is doing, and why it is not delivering where it is not."""

    label: str
    tone: str = ""
    icon: str = ""
    reason: str = ""


def status_of(row: Campaign | AdSet, campaign: Campaign | None = None) -> StatusWords:
    """Of a campaign or an ad set; the ad set's learning phase is part of it."""
    if row.effective_status == "ACTIVE" and isinstance(row, AdSet):
        return _learning(row)
    if row.effective_status == "CAMPAIGN_PAUSED" and campaign is not None:
        return StatusWords("Paused by campaign", "", "pause", f"“{campaign.name}” is paused.")
    return PLAIN.get(row.effective_status) or StatusWords(row.effective_status.replace("_", " ").capitalize())


def ad_status(effective: str, feedback: str, campaign: Campaign, ad_set: AdSet) -> StatusWords:
    if effective == "ACTIVE":
        return _learning(ad_set)
    if effective == "CAMPAIGN_PAUSED":
        return StatusWords("Paused by campaign", "", "pause", f"“{campaign.name}” is paused.")
    if effective == "ADSET_PAUSED":
        return StatusWords("Paused by ad set", "", "pause", f"“{ad_set.name}” is paused.")
    known = PLAIN.get(effective) or StatusWords(effective.replace("_", " ").capitalize())
    return StatusWords(known.label, known.tone, known.icon, feedback or known.reason)


PLAIN = {
    "ACTIVE": StatusWords("Running", "good", "check"),
    "PAUSED": StatusWords("Paused", "", "pause"),
    "ARCHIVED": StatusWords("Archived"),
    "DELETED": StatusWords("Deleted"),
    "PENDING_REVIEW": StatusWords("In review", "info", "clock", "Meta is checking it; it has not started."),
    "PREAPPROVED": StatusWords("In review", "info", "clock", "Meta is still checking it."),
    "IN_PROCESS": StatusWords("Being set up", "info", "clock", "Meta is working on the last change."),
    "DISAPPROVED": StatusWords("Rejected", "bad", "ban", "Meta does not show it."),
    "WITH_ISSUES": StatusWords("With issues", "bad", "alert", "Meta reports a problem with it."),
    "PENDING_BILLING_INFO": StatusWords("No payment", "bad", "alert", "Meta waits for a way to be paid."),
}


def _learning(ad_set: AdSet) -> StatusWords:
    since = _since(ad_set.last_significant_edit_at)
    if ad_set.learning_status == "LEARNING":
        reason = f"{ad_set.learning_conversions} of about {LEARNING_NEEDS} results{since}."
        return StatusWords("Learning", "info", "spin", reason)
    if ad_set.learning_status == "FAIL":
        return StatusWords("Learning limited", "warn", "alert", f"Too few results{since}.")
    return PLAIN["ACTIVE"]


def _since(when: datetime | None) -> str:
    return f" since {when.day} {when:%b}" if when else ""
