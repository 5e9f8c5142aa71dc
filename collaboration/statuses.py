"""What a campaign, ad set or ad is doing, in words, and why it is not delivering where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from campaigns.models import AdAccount, AdSet, Campaign, Status
from campaigns.models.tree import DELIVERED

LEARNING_NEEDS = 50
"""Results after which Meta ends the learning phase of an ad set."""
GONE = (Status.ARCHIVED, Status.DELETED)

STATUS_LABELS = {
    "running": "Running",
    "delivered": "Delivered",
    "learning": "Learning",
    "limited": "Learning limited",
    "tired": "Tired",
    "paused": "Paused",
    "by_campaign": "Paused by campaign",
    "by_ad_set": "Paused by ad set",
    "review": "In review",
    "setup": "Being set up",
    "rejected": "Rejected",
    "issues": "With issues",
    "payment": "No payment",
    "archived": "Archived",
    "deleted": "Deleted",
}
"""What an ad can be chosen by: the words of the badges that rows show, and nothing else."""
_ACTIVE = Q(effective_status=Status.ACTIVE)
STATUS_FILTERS = {
    "running": _ACTIVE & ~Q(ad_set__learning_status__in=["LEARNING", "FAIL"]),
    "delivered": Q(effective_status=DELIVERED),
    "learning": _ACTIVE & Q(ad_set__learning_status="LEARNING"),
    "limited": _ACTIVE & Q(ad_set__learning_status="FAIL"),
    "tired": Q(),  # a belief, not a status: `ad_rows` holds it against the last evaluation
    "paused": Q(effective_status="PAUSED"),
    "by_campaign": Q(effective_status="CAMPAIGN_PAUSED"),
    "by_ad_set": Q(effective_status="ADSET_PAUSED"),
    "review": Q(effective_status__in=["PENDING_REVIEW", "PREAPPROVED"]),
    "setup": Q(effective_status="IN_PROCESS"),
    "rejected": Q(effective_status="DISAPPROVED"),
    "issues": Q(effective_status="WITH_ISSUES"),
    "payment": Q(effective_status="PENDING_BILLING_INFO"),
    "archived": Q(effective_status=Status.ARCHIVED),
    "deleted": Q(effective_status=Status.DELETED),
}


OF_FILES = {"running": "Was running"}
"""What an imported file says of its days may be over for months."""


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
    DELIVERED: StatusWords("Delivered"),
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


def as_of_file(words: StatusWords) -> StatusWords:
    """What an imported file said once: no badge of it looks as if it were so now."""
    return StatusWords(OF_FILES["running"]) if words == PLAIN["ACTIVE"] else words


def running_word(account: AdAccount, effective: str) -> str:
    """What is switched on, as the list of ads calls it: a file says what ran in its days, or not even that."""
    if not account.is_read_only:
        return PLAIN["ACTIVE"].label
    return PLAIN[DELIVERED].label if effective == DELIVERED else OF_FILES["running"]


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
