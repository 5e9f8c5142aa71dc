"""Search: where is it? Ads, ad sets and campaigns, decisions and people of one account, by a part of the name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from campaigns.models import Ad, AdAccount, AdSet, Campaign
from campaigns.models.tree import OF_ALL
from collaboration.frame import account_for
from collaboration.places import places_of
from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import Member

EACH_KIND = 20
"""Hits shown of one kind; how many there are in all is said."""


@login_required
@require_GET
def search(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    found = _find(account, text) if text else {}
    context = {"text": text, **found, "hits": sum(part["count"] for part in found.values())}
    return render(request, "search/search.html", context)


def _find(account: AdAccount, text: str) -> dict[str, dict[str, Any]]:
    """By kind: the first hits, how many there are. Ids of Meta are found as a whole."""
    named = Q(name__unaccent__icontains=text) | Q(external_id=text)
    named &= ~Q(external_id__startswith=OF_ALL)  # what a file did not name bears the name of what it did
    decisions = Decision.objects.filter(account=account, title__unaccent__icontains=text) | Decision.objects.filter(
        account=account, ad__in=Ad.objects.filter(named, account=account)
    )
    members = Member.objects.filter(brand=account.brand, is_active=True).filter(_person(text))
    found = {
        "decisions": _first(decisions.order_by("-pk")),
        "ads": _first(Ad.objects.filter(named, account=account).select_related("ad_set", "campaign").order_by("name")),
        "ad_sets": _first(AdSet.objects.filter(named, account=account).select_related("campaign").order_by("name")),
        "campaigns": _first(Campaign.objects.filter(named, account=account).order_by("name")),
        "people": _first(members.select_related("user").order_by("user__first_name", "user__last_name")),
    }
    places = places_of(found["decisions"]["rows"])
    found["decisions"]["rows"] = [(row, places[row.pk]) for row in found["decisions"]["rows"]]
    return found


def _person(text: str) -> Q:
    """Every word in the name or the address, so that `jana ho` finds Jana Holm."""
    chosen = Q()
    for word in text.split():
        chosen &= (
            Q(user__first_name__unaccent__icontains=word)
            | Q(user__last_name__unaccent__icontains=word)
            | Q(user__email__icontains=word)
        )
    return chosen


def _first(rows: QuerySet[Any]) -> dict[str, Any]:
    shown = list(rows[: EACH_KIND + 1])
    count = rows.count() if len(shown) > EACH_KIND else len(shown)
    return {"rows": shown[:EACH_KIND], "count": count, "left_out": count - min(count, EACH_KIND)}
