"""What happened last time: past decisions of the same kind, on the same object or angle, with what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.models import AdAccount
from mediabuyer.agent.actions import ACTIONS, BY_SLUG
from mediabuyer.agent.context import Observation, Proposal
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.steps import Note
from memory.models import Episode
from memory.recall import precedents

EACH = 3
"""Precedents shown per proposal."""


def recall_for(account: AdAccount, seen: Observation, note: Note) -> dict[str, list[dict[str, Any]]]:
    """Precedents by `action:object` for every object that may be proposed, and by action as the fallback."""
    remembered: dict[str, list[dict[str, Any]]] = {}
    kinds = set(Episode.objects.filter(account_key=account.key).values_list("kind", flat=True).distinct())
    for action in ACTIONS:
        if action.slug not in kinds:
            continue  # on an account with thousands of ads and no past, asking for each would take minutes
        remembered[action.slug] = _as_json(precedents(account, action.slug, [], action.title, seen.now)[:EACH])
        for name, external_id, entities in _subjects(seen):
            found = precedents(account, action.slug, entities, name, seen.now)[:EACH]
            if found:
                remembered[f"{action.slug}:{external_id}"] = _as_json(found)
    keys = sorted({one["key"] for many in remembered.values() for one in many})
    Cycle.objects.filter(pk=note.row.cycle_id).update(recalled=keys)
    note.say(
        f"Remembered {len(keys)} earlier case{'' if len(keys) == 1 else 's'}."
        if keys
        else "Nothing like this has happened here before.",
        episodes=keys,
    )
    return remembered


def recall_about(account: AdAccount, proposal: Proposal, now: datetime) -> list[dict[str, Any]]:
    """Precedents of one proposal; of its kind where there is none of the object itself."""
    about = [f"{proposal.subject_level}:{proposal.subject_id}"]
    name = proposal.changes[0].name if proposal.changes else proposal.title
    found = precedents(account, proposal.action, about, name, now) or precedents(
        account, proposal.action, [], BY_SLUG[proposal.action].title, now
    )
    return _as_json(found[:EACH])


def _subjects(seen: Observation) -> list[tuple[str, str, list[str]]]:
    ads = [(ad.name, ad.external_id, [f"ad:{ad.external_id}", f"angle:{ad.angle}"]) for ad in seen.ads if ad.is_running]
    budgets = [(one.name, one.external_id, [f"{one.level}:{one.external_id}"]) for one in seen.budgets if one.is_active]
    return ads + budgets


def _as_json(episodes: list[Any]) -> list[dict[str, Any]]:
    return [
        {"key": str(one.key), "text": one.text, "outcome": one.outcome, "on": one.occurred_at.date().isoformat()}
        for one in episodes
    ]
