"""The tables of this app; one module a matter, all of them importable from here, as Django wants it."""

from campaigns.models.account import META_EXPOSURE, AdAccount, AdAccountQuerySet
from campaigns.models.insights import Comment, ImportFile, InsightBreakdown, InsightDay, Measures, SyncRun
from campaigns.models.ledger import Change, ChangeQuerySet, Operation
from campaigns.models.money import money
from campaigns.models.tree import Ad, AdSet, Campaign, Node, Status, TreeQuerySet

__all__ = [
    "META_EXPOSURE",
    "Ad",
    "AdAccount",
    "AdAccountQuerySet",
    "AdSet",
    "Campaign",
    "Change",
    "ChangeQuerySet",
    "Comment",
    "ImportFile",
    "InsightBreakdown",
    "InsightDay",
    "Measures",
    "Node",
    "Operation",
    "Status",
    "SyncRun",
    "TreeQuerySet",
    "money",
]
