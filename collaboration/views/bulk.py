"""Several decisions approved at once: first a preview of what would be, then the approval, with a result for each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from campaigns.clock import known_now
from campaigns.models import AdAccount
from collaboration.cards import effect_of, why_held, why_no_yes
from collaboration.frame import account_for, as_key, person, prove_if_live
from collaboration.places import places_of
from mediabuyer.agent import answer
from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import MediaBuyerError

Chosen = list[tuple[Decision, str]]
"""Decisions, each with the hash of the version that was seen."""


@login_required
@require_POST
def bulk(request: HttpRequest, key: UUID) -> HttpResponse:
    """The preview; with `confirm` the approval."""
    account = account_for(request, key)
    require(request.user, Right.DECIDE, account.brand)
    chosen = _chosen(account, request.POST.getlist("decision"))
    if not request.POST.get("confirm"):
        return render(request, "inbox/bulk.html", _preview(chosen, person(request)))
    prove_if_live(request, account)
    results = [_approve_one(request, row, seen_hash) for row, seen_hash in chosen]
    return render(request, "inbox/bulk.html", {"results": results, "done": sum(not one["problem"] for one in results)})


def _preview(chosen: Chosen, user: User) -> dict[str, Any]:
    """What would be approved and comes of it together; apart from that what this person cannot approve now."""
    left_out = [(row, why) for row, _ in chosen if (why := why_no_yes(row, user))]
    others = {row.pk for row, _ in left_out}
    mine = [(row, seen_hash) for row, seen_hash in chosen if row.pk not in others]
    places = places_of(row for row, _ in mine)
    gains = {row.evidence.get("gain") or "profit a day" for row, _ in mine}
    return {
        "chosen": [(row, seen_hash, places[row.pk]) for row, seen_hash in mine],
        "left_out": left_out,
        "is_held": any(why_held(row) for row, _ in left_out),
        "sum": effect_of(row for row, _ in mine) if len(gains) == 1 else None,  # of one kind, or it means nothing
        "gain": min(gains, default=""),
    }


def _approve_one(request: HttpRequest, row: Decision, seen_hash: str) -> dict[str, Any]:
    try:
        answer.approve(row, person(request), seen_hash, known_now(row.account), wall_now())
    except MediaBuyerError as error:
        return {"decision": row, "problem": f"{error.message} {error.remedy}".strip()}
    return {"decision": row, "problem": ""}


def _chosen(account: AdAccount, values: list[str]) -> Chosen:
    """Rows for `key:hash` pairs as the form sent them; what is not this account's is left out."""
    pairs = dict(pair for value in values if (pair := _pair(value)))
    rows = Decision.objects.filter(account=account, key__in=pairs).order_by("expires_at", "pk")
    return [(row, pairs[row.key]) for row in rows.select_related("account__brand", "cycle", "requested_by")]


def _pair(value: str) -> tuple[UUID, str] | None:
    text, _, seen_hash = value.partition(":")
    key = as_key(text)
    return (key, seen_hash) if key else None
