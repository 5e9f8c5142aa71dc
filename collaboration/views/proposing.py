"""Propose: what was ticked on Ads, as decisions for somebody else. A preview first, then a result for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from campaigns.clock import known_now
from campaigns.models import Ad, AdAccount, AdSet, Status
from collaboration.cards import TONES
from collaboration.frame import account_for, person, words
from mediabuyer.agent.ask import MOST, Item, preview, propose_by_person, read_nodes, rise_of, weigh_together
from mediabuyer.agent.context import GRAVITY, Finding, Severity
from mediabuyer.agent.wish import Deed, Node, Wish, deeds_for, read_wish
from mediabuyer.brands.permissions import Right, may, require
from mediabuyer.lib.errors import Invalid
from portfolio.metrics import add_up
from portfolio.performance import evaluation_day, last_days, sums

DEEDS = {
    Deed.PAUSE: "Pause the ads",
    Deed.SWITCH_ON: "Switch the ads on",
    Deed.SET_BUDGET: "Set the daily budget to",
    Deed.CHANGE_BUDGET: "Change the daily budget by",
}
WEEK = 7
BADGES = {
    "allowed": ("Allowed", "good", "check"),
    "cut": ("Cut down", "info", "edit"),
    "asks": ("Asks a person", "warn", "user"),
    "blocked": ("Held back", "bad", "ban"),
    "open": ("Open already", "warn", "hourglass"),
    "unfit": ("Does not apply", "", "x"),
}


FREE = (Deed.PAUSE, Deed.SWITCH_ON)
"""Deeds that need no amount, so that they can be shown at once."""


@login_required
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, key: UUID) -> HttpResponse:
    """GET shows what would change and writes nothing; POST makes the decisions."""
    account = account_for(request, key)
    is_post = request.method == "POST"
    if is_post:
        require(request.user, Right.PROPOSE, account.brand)
    given = request.POST if is_post else request.GET
    keys = _keys(given)
    nodes = read_nodes(account, keys[:MOST])
    if not nodes:
        return render(request, "ads/propose.html", {"nodes": []}, status=422 if is_post else 200)
    left_out = {"too_many": len(keys) > MOST, "gone": len(keys[:MOST]) > len(nodes)}
    asked, typed, wish = _words(given, "do"), _typed(given, nodes), None
    try:
        if is_post and asked not in ("", typed["do"]):
            remedy = _elsewhere(deeds_for(nodes))
            raise Invalid("do", asked, "This cannot be done with what was chosen.", remedy=remedy)
        if is_post or asked == typed["do"] or typed["do"] in FREE:
            wish = read_wish(typed["do"], typed["daily_budget"], typed["percent"], account.currency)
        if is_post and wish:
            return _make(request, account, nodes, wish)
    except Invalid as error:
        return _page(request, account, nodes, typed, wish, left_out | {"problem": error}, status=422)
    return _page(request, account, nodes, typed, wish, left_out)


def _make(request: HttpRequest, account: AdAccount, nodes: Sequence[Node], wish: Wish) -> HttpResponse:
    made = propose_by_person(account, person(request), nodes, wish, words(request, "reason"), known_now(account))
    done = sum(one.decision is not None for one in made)
    return render(request, "ads/proposed.html", {"results": [_row(one) for one in made], "done": done})


def _page(
    request: HttpRequest,
    account: AdAccount,
    nodes: Sequence[Node],
    typed: dict[str, str],
    wish: Wish | None,
    extra: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    now = known_now(account)
    items = preview(account, nodes, wish, now) if wish else []
    going, deeds = [item for item in items if not item.problem], deeds_for(nodes)
    context = extra | {
        "nodes": nodes,
        "typed": typed,
        "deeds": [(deed, DEEDS[deed]) for deed in deeds],
        "elsewhere": _elsewhere(deeds),
        "wish": wish,
        "rows": [_row(item) for item in items],
        "going": len(going),
        "spending": _spending(account, going, wish, now),
        "together": weigh_together(account, going, now),
        "may_propose": may(request.user, Right.PROPOSE, account.brand),
        "reason": words(request, "reason"),
        **_expected(going),
    }
    return render(request, "ads/propose.html", context, status=status)


def _elsewhere(deeds: Sequence[Deed]) -> str:
    """Where to find what cannot be done with what was chosen."""
    if Deed.PAUSE not in deeds:
        return "Only single ads are paused or switched on: choose those to do that."
    return "" if Deed.SET_BUDGET in deeds else "Budgets lie on ad sets and campaigns: choose those to change one."


def _keys(given: QueryDict) -> list[UUID]:
    """The ids that can be read, each once."""
    found: dict[UUID, None] = {}
    for text in given.getlist("item"):
        try:
            found[UUID(text)] = None
        except ValueError:
            continue
    return list(found)


def _typed(given: QueryDict, nodes: Sequence[Node]) -> dict[str, str]:
    """What was asked for as it was written; without a deed, or with one that is not offered, the one that fits."""
    typed = {name: _words(given, name) for name in ("do", "daily_budget", "percent")}
    elsewhere = set(Deed) - set(deeds_for(nodes))
    return typed | {"do": _fitting(nodes) if typed["do"] in {"", *elsewhere} else typed["do"]}


def _words(given: QueryDict, name: str) -> str:
    return given.get(name, "").strip()[:40]


def _fitting(nodes: Sequence[Node]) -> Deed:
    ads = [node for node in nodes if isinstance(node, Ad)]
    if len(ads) < len(nodes):
        return Deed.CHANGE_BUDGET
    return Deed.SWITCH_ON if all(ad.status == Status.PAUSED for ad in ads) else Deed.PAUSE


def _row(item: Item) -> dict[str, Any]:
    """Everything that the template prints of an item."""
    findings = item.guarded.findings if item.guarded else ()
    said = sorted((one for one in findings if one.severity != Severity.PASS), key=lambda one: -GRAVITY[one.severity])
    proposal = item.guarded.proposal if item.guarded else None
    changes = proposal.changes if proposal else ()
    before = changes[0].budget_before if changes and changes[0].budget_after is not None else None
    return {
        "item": item,
        "title": proposal.title if proposal else item.node.name,
        "place": _place(item.node),
        "badge": BADGES[_standing(item)],
        "share": changes[0].budget_rise / before if before else None,
        "effect": proposal.effect.per_day if proposal and proposal.effect and not item.problem else None,
        "checks": _checks(said),
        "passed": _checks(one for one in findings if one.severity == Severity.PASS),
    }


def _place(node: Node) -> str:
    if isinstance(node, Ad):
        return f"ad in {node.ad_set} · {node.campaign}"
    return f"ad set in {node.campaign}" if isinstance(node, AdSet) else "campaign"


def _standing(item: Item) -> str:
    if item.open:
        return "open"
    if item.guarded is None:
        return "unfit"
    severities = {one.severity for one in item.guarded.findings}
    if item.problem:
        return "blocked"
    if Severity.CHANGE in severities:
        return "cut"
    return "asks" if Severity.APPROVE in severities else "allowed"


def _checks(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"tone": TONES[one.severity], "text": one.message} for one in findings]


def _spending(account: AdAccount, going: Sequence[Item], wish: Wish | None, now: datetime) -> dict[str, Any]:
    """What all together would do to spending: budgets by their sum; ads by what they spent a day in the last week."""
    if wish is None:
        return {}
    if wish.deed not in FREE:
        return {"rise": rise_of(going)}
    ads = [item.node.pk for item in going]
    week = sums(account, *last_days(evaluation_day(account, now), WEEK), "ad", Q(ad_id__in=ads))
    return {"spent": add_up(week.values()).spend / WEEK, "pauses": wish.deed == Deed.PAUSE}


def _expected(going: Sequence[Item]) -> dict[str, Any]:
    proposals = [item.guarded.proposal for item in going if item.guarded]
    known = [one.effect.per_day for one in proposals if one.effect]
    return {
        "expected": sum(known, Decimal(0)) if known else None,
        "unknown": len(proposals) - len(known),
        "gain": next((one.evidence["gain"] for one in proposals if "gain" in one.evidence), ""),
    }
