"""What the graph holds of decisions: each leads to the ad, ad set or campaign that it is about."""

from django.db.models import Case, Model, OuterRef, Subquery, When

from campaigns.models import Ad, AdSet, Campaign
from mediabuyer.agent.models import Decision
from memory.declarations import EdgeOf, NodeOf

_LED = ("action", "state", "proposed_at", "decided_at", "finished_at")


def _subject(model: type[Model], level: str) -> Case:
    """Key of the row that a decision at this level names by the platform's id."""
    rows = model._base_manager.filter(account=OuterRef("account"), external_id=OuterRef("subject_id"))
    return Case(When(subject_level=level, then=Subquery(rows.values("key")[:1])))


NODES = (
    NodeOf(
        Decision,
        "Decision",
        (
            "account__brand__key",
            "account__key",
            "action",
            "title",
            "state",
            "risk",
            "proposed_at",
            "decided_at",
            "finished_at",
        ),
    ),
)
EDGES = (
    EdgeOf(Decision, "LED_TO", to="Ad", end=_subject(Ad, "ad"), properties=_LED),
    EdgeOf(Decision, "LED_TO", to="AdSet", end=_subject(AdSet, "ad_set"), properties=_LED),
    EdgeOf(Decision, "LED_TO", to="Campaign", end=_subject(Campaign, "campaign"), properties=_LED),
)
