"""What an object's own switch, its parents, its review and its dates make of it: Meta's `effective_status`."""

from __future__ import annotations

from campaigns.sandbox.world import Record, World

GONE = ("DELETED", "ARCHIVED")
DELIVERY_INFO = {  # what `filtering` on delivery_info calls each effective status
    "ACTIVE": "active",
    "PAUSED": "inactive",
    "CAMPAIGN_PAUSED": "inactive",
    "ADSET_PAUSED": "inactive",
    "ARCHIVED": "archived",
    "DELETED": "deleted",
    "PENDING_REVIEW": "pending_review",
    "DISAPPROVED": "rejected",
    "PREAPPROVED": "pending_review",
    "PENDING_BILLING_INFO": "not_delivering",
    "IN_PROCESS": "pending_review",
    "WITH_ISSUES": "not_delivering",
}
STATUSES = tuple(DELIVERY_INFO)


def effective_status(world: World, record: Record) -> str:
    """The rolled-up status; the first rule that matches wins."""
    own = record.data.get("status", "ACTIVE")
    if own in GONE or record.kind == "creative":
        return str(own)
    if record.kind == "campaign":
        return str(own)
    campaign = world.objects[record.data["campaign_id"]]
    if record.kind == "adset":
        return _under(campaign, own)
    return _ad_status(world, record, campaign, own)


def _ad_status(world: World, ad: Record, campaign: Record, own: str) -> str:
    if ad.data.get("rejected") and ad.data["review_until"] <= world.now():
        return "DISAPPROVED"
    rolled = _under(campaign, "ACTIVE")
    if rolled != "ACTIVE":
        return rolled
    if world.objects[ad.data["adset_id"]].data["status"] != "ACTIVE":
        return "ADSET_PAUSED"
    if own == "ACTIVE" and ad.data.get("review_until", 0) > world.now():
        return "PENDING_REVIEW"
    return own


def _under(campaign: Record, own: str) -> str:
    """A paused, archived or deleted campaign pauses whatever it holds."""
    return own if campaign.data["status"] == "ACTIVE" else "CAMPAIGN_PAUSED"


def delivers(world: World, ad: Record, at: float) -> bool:
    """Whether an ad may enter auctions in the hour that starts at `at`."""
    campaign, adset = world.objects[ad.data["campaign_id"]], world.objects[ad.data["adset_id"]]
    if not all(record.data["status"] == "ACTIVE" for record in (campaign, adset, ad)):
        return False
    if ad.data.get("review_until", 0) > at + 3600 or ad.data.get("rejected"):
        return False
    start, end = adset.data.get("start_time", 0), adset.data.get("end_time", 0)
    return start < at + 3600 and not (end and end <= at)
