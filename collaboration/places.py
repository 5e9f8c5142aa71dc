"""Where it runs: the ad set and campaign around what a decision is about, since two ads may bear the same name."""

from __future__ import annotations

from collections.abc import Iterable

from campaigns.models import Ad, AdSet
from mediabuyer.agent.models import Decision


def places_of(decisions: Iterable[Decision]) -> dict[int, str]:
    """`Lookalike 1% · Prospecting` by primary key, for decisions of one account; two queries however many they are.

    Nothing for a campaign: it stands for itself.
    """
    rows = list(decisions)
    found = nodes_of(rows[0].account_id, {one.subject_id for one in rows if one.subject_id}) if rows else {}
    return {one.pk: found.get((one.subject_level, one.subject_id), "") for one in rows}


def nodes_of(account: int, external_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """The same by level and Meta's id, such as the changes of a decision name them."""
    wanted = list(external_ids)
    ads = Ad.objects.filter(account=account, external_id__in=wanted).values_list(
        "external_id", "ad_set__name", "campaign__name"
    )
    sets = AdSet.objects.filter(account=account, external_id__in=wanted).values_list("external_id", "campaign__name")
    found = {("ad", one): _joined(ad_set, campaign) for one, ad_set, campaign in ads}
    return found | {("ad_set", one): campaign for one, campaign in sets}


def _joined(ad_set: str, campaign: str) -> str:
    return ad_set if ad_set == campaign else f"{ad_set} · {campaign}"
