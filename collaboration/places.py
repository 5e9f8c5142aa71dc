"""Where it runs: the ad set and campaign around what a decision is about, since two ads may bear the same name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count

from campaigns.models import Ad, AdSet, Campaign
from mediabuyer.agent.models import Decision

LAST_DIGITS = 6
"""Of Meta's id: what people compare, and what two ads made together differ in."""
LEVELS = {Campaign: "campaign", AdSet: "ad set", Ad: "ad"}


@dataclass(frozen=True)
class Node:
    """What it is, such as `ad set` or `whole campaign`, and where it runs."""

    level: str
    place: str = ""


Nodes = dict[tuple[str, str], Node]
"""By level and Meta's id."""


def places_of(decisions: Iterable[Decision]) -> dict[int, str]:
    """`Lookalike 1% · Prospecting` by primary key, for decisions of one account; three queries however many they are.

    Nothing for a campaign, nor for what stands for all of one: its name says it.
    """
    rows = list(decisions)
    found = nodes_of(rows[0].account_id, {one.subject_id for one in rows if one.subject_id}) if rows else {}
    return {one.pk: node_at(found, one.subject_level, one.subject_id).place for one in rows}


def nodes_of(account: int, external_ids: Iterable[str]) -> Nodes:
    """The same by level and Meta's id, such as the changes of a decision name them."""
    wanted = list(external_ids)
    ads = Ad.objects.filter(account=account, external_id__in=wanted).select_related("ad_set", "campaign")
    sets = AdSet.objects.filter(account=account, external_id__in=wanted).select_related("campaign")
    alike = _alike(account, {one.name for one in ads})
    found = {("ad", one.external_id): _node([one.campaign, one.ad_set, one], alike) for one in ads}
    return found | {("ad_set", one.external_id): _node([one.campaign, one]) for one in sets}


def node_at(nodes: Nodes, level: str, external_id: str) -> Node:
    """A campaign and what the tree does not hold are what they are called."""
    return nodes.get((level, external_id)) or Node(level.replace("_", " "))


Names = tuple[str, ...]


def _alike(account: int, names: set[str]) -> set[Names]:
    """Campaign, ad set and ad, where several ads bear the three names: only Meta's id tells them apart."""
    if not names:
        return set()
    path = ("campaign__name", "ad_set__name", "name")
    rows = Ad.objects.filter(account=account, name__in=names).order_by().values_list(*path)
    return set(rows.annotate(count=Count("pk")).filter(count__gt=1).values_list(*path))


def _node(path: list[Campaign | AdSet | Ad], alike: Collection[Names] = ()) -> Node:
    """From the campaign down. What a file did not name stands for the whole of the nearest that it did."""
    named = [one for one in path if not _is_unnamed(one)]
    whole = _is_unnamed(path[-1])
    level = LEVELS[type(named[-1])] if named else "account"
    around = [*dict.fromkeys(one.name for one in reversed(named[:-1]))]
    if not whole and tuple(one.name for one in path) in alike:
        digits = path[-1].platform_id[-LAST_DIGITS:]
        around = [*(around or ["the account"]), f"id …{digits}" if digits else "without an id"]
    return Node(f"whole {level}" if whole else level, " · ".join(around))


def _is_unnamed(one: Campaign | AdSet | Ad) -> bool:
    """Not so an ad that Meta no longer lists: a placeholder too, but for itself."""
    return one.is_placeholder and one.external_id.startswith("all:")
