"""What the graph holds of accounts and their campaign tree, from the account down to the creative of each ad."""

from campaigns.models import Ad, AdAccount, AdSet, Campaign
from memory.declarations import EdgeOf, NodeOf

_TREE = ("account__brand__key", "account__key", "external_id", "name", "status", "effective_status")

NODES = (
    NodeOf(AdAccount, "Account", ("brand__key", "name", "platform", "mode", "external_id", "currency", "is_stopped")),
    NodeOf(Campaign, "Campaign", (*_TREE, "objective", "daily_budget", "lifetime_budget")),
    NodeOf(AdSet, "AdSet", (*_TREE, "optimization_goal", "learning_status", "daily_budget", "lifetime_budget")),
    NodeOf(Ad, "Ad", _TREE),
)
EDGES = (
    EdgeOf(Campaign, "BELONGS_TO", to="Account", end="account__key"),
    EdgeOf(AdSet, "BELONGS_TO", to="Campaign", end="campaign__key"),
    EdgeOf(Ad, "BELONGS_TO", to="AdSet", end="ad_set__key"),
    EdgeOf(Ad, "USES", to="Creative", end="creative__key"),
)
