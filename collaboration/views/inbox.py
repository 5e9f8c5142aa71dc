"""The inbox: the next decision, and the answer to it, by click or by key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from campaigns.clock import known_now
from campaigns.models import AdAccount
from collaboration.cards import (
    build_card,
    difference,
    latest_decided,
    lines_of,
    stage_of,
    why_no_yes,
    why_somebody_else,
)
from collaboration.frame import account_for, as_key, person, prove_if_live, words
from collaboration.people import actor_names
from collaboration.tabs import VIEWS, above, next_after, rows_of, tab_labels, tab_of, tabs_of
from collaboration.templatetags.ui import in_zone
from mediabuyer.agent import answer
from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.models import Decision, why_no_return
from mediabuyer.agent.revise import revise
from mediabuyer.agent.undo import can_undo, undo
from mediabuyer.agent.unsettled import look_again, open_ends, say_arrived, say_missing, standing_of
from mediabuyer.brands.models import User
from mediabuyer.brands.permissions import Right, may, require
from mediabuyer.lib.clock import database_now, wall_now
from mediabuyer.lib.errors import Conflict, Invalid
from mediabuyer.lib.money import read_amount

EACH_PAGE = 30
DEFER_HOURS = {"4": "4 hours", "24": "a day", "72": "three days"}


@login_required
@require_GET
def inbox(request: HttpRequest, key: UUID) -> HttpResponse:
    """The list with its first decision open."""
    account = account_for(request, key)
    return _page(request, account, None)


@login_required
@require_GET
def decision(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = _get(account, decision_key)
    if request.GET.get("seen") == stage_of(row):
        return HttpResponse(status=204)
    return _page(request, account, row)


@login_required
@require_GET
def just_decided(request: HttpRequest, key: UUID) -> HttpResponse:
    """The small list while something in it is under way; nothing to swap where it stands as it was seen."""
    shown = latest_decided(account_for(request, key))
    if request.GET.get("seen") == shown["decided_stage"]:
        return HttpResponse(status=204)
    return render(request, "inbox/_just_decided.html", shown)


def shows_conflict(view: Callable[[HttpRequest, UUID, UUID], HttpResponse]) -> Callable[..., HttpResponse]:
    """For every answer: where the decision is not as it was shown, it is shown as it is now."""

    @wraps(view)
    def answered(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
        try:
            return view(request, key, decision_key)
        except Conflict as error:
            return _conflict(request, account_for(request, key), decision_key, error)

    return answered


@login_required
@require_POST
@shows_conflict
def approve(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = _get(account, decision_key)
    prove_if_live(request, account)
    seen_hash, note = words(request, "hash"), words(request, "note")
    answer.approve(row, person(request), seen_hash, known_now(account), wall_now(), note=note)
    messages.success(
        request, f"Approved: {row.title}", extra_tags="undo:" + reverse("decision-undo", args=[account.key, row.key])
    )
    return _next(account, row)


@login_required
@require_POST
@shows_conflict
def reject(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = _get(account, decision_key)
    try:
        answer.reject(
            row,
            person(request),
            words(request, "hash"),
            words(request, "reason"),
            known_now(account),
            words(request, "note"),
        )
    except Invalid as error:
        return _page(request, account, row, status=422, problem=error, open="reject", note=words(request, "note"))
    back = "undo:" + reverse("decision-undo", args=[account.key, row.key])
    messages.info(request, f"Rejected: {row.title}. I will say so next time.", extra_tags=back)
    return _next(account, row)


@login_required
@require_POST
@shows_conflict
def retract(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = _get(account, decision_key)
    answer.retract(row, person(request), words(request, "hash"), known_now(account))
    messages.info(request, f"Retracted: {row.title}.")
    return _next(account, row)


@login_required
@require_POST
@shows_conflict
def defer(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row, now = _get(account, decision_key), known_now(account)
    hours = request.POST.get("hours", "24")
    until = now + timedelta(hours=int(hours) if hours in DEFER_HOURS else 24)
    row.defer(person(request), until, now)
    back = f"It comes back {in_zone(until, account.time_zone)}"
    last = f"It lapses before it would come back, {in_zone(row.expires_at, account.time_zone)}"
    messages.info(
        request,
        f"Deferred: {row.title}. {back if until < row.expires_at else last}.",
        extra_tags="undo:" + reverse("decision-resume", args=[account.key, row.key]),
    )
    return _next(account, row)


@login_required
@require_POST
@shows_conflict
def resume(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    """A deferred decision is brought back at once."""
    account = account_for(request, key)
    row = _get(account, decision_key)
    row.defer(person(request), None, known_now(account))
    messages.success(request, f"Back in the inbox: {row.title}")
    return redirect("decision", account.key, row.key)


@login_required
@require_POST
@shows_conflict
def change(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    """Other amounts; the decision stays in the inbox as a new version."""
    account = account_for(request, key)
    row = _get(account, decision_key)
    try:
        revise(row, person(request), words(request, "hash"), _amounts(request, row), known_now(account))
    except Invalid as error:
        row = _get(account, decision_key)
        return _page(request, account, row, status=422, problem=error, open="change", typed=_typed(request, row))
    if person(request) in row.askers():
        messages.warning(request, "Changed. You raised the amount, so somebody else approves it.")
    else:
        messages.success(request, "Changed. Look at the new figures and approve.")
    return redirect("decision", account.key, row.key)


@login_required
@require_POST
@shows_conflict
def take_back(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = _get(account, decision_key)
    require(request.user, Right.DECIDE, account.brand)
    if row.state != Decision.State.APPROVED:
        prove_if_live(request, account)
    operation = undo(row, person(request), known_now(account), wall_now())
    if operation is None:
        was_no = row.state == Decision.State.REJECTED
        messages.success(request, f"Taken back{'; it waits again' if was_no else ' before anything was sent'}.")
    elif account.is_stopped and operation.change_set.filter(exposure__gt=0).exists():
        messages.warning(
            request, "The stop holds it: setting it back would raise a budget. Release the stop, then press U again."
        )
    else:
        messages.success(request, "I am setting it back; it shows here when Meta has confirmed.")
    if operation is None:
        return redirect("decision", account.key, row.key)  # it waits again
    return redirect(reverse("decision", args=[account.key, row.key], query={"view": _tab(request)}))


def _settling(
    request: HttpRequest, key: UUID, decision_key: UUID, act: Callable[..., object], said: str
) -> HttpResponse:
    """A person's word on one change of unknown outcome."""
    account = account_for(request, key)
    require(request.user, Right.DECIDE, account.brand)
    row = _get(account, decision_key)
    prove_if_live(request, account)
    change = open_ends([row]).filter(key=as_key(words(request, "change")) or UUID(int=0)).first()
    if change is None:
        raise Conflict("This change is settled by now.", remedy="See below how it ended.")
    outcome = act(row, change, person(request), words(request, "hash"), known_now(account))
    messages.success(request, said.format(outcome))
    return redirect(reverse("decision", args=[account.key, row.key], query={"view": _tab(request)}))


@login_required
@require_POST
@shows_conflict
def look(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    return _settling(request, key, decision_key, look_again, "I look for it now; how it ends shows here.")


@login_required
@require_POST
@shows_conflict
def arrived(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    return _settling(request, key, decision_key, say_arrived, "Settled: Meta shows that it arrived.")


@login_required
@require_POST
@shows_conflict
def missing(request: HttpRequest, key: UUID, decision_key: UUID) -> HttpResponse:
    return _settling(request, key, decision_key, say_missing, "Settled as not arrived. {}")


def _get(account: AdAccount, key: UUID) -> Decision:
    return get_object_or_404(Decision.objects.filter(account=account).with_parts(), key=key)


def _typed(request: HttpRequest, row: Decision) -> dict[str, str]:
    """What was written into the fields of the changes, by Meta's id; empty fields are left out."""
    given = {change["external_id"]: words(request, f"amount-{change['external_id']}", 40) for change in row.changes}
    return {external_id: text for external_id, text in given.items() if text}


def _amounts(request: HttpRequest, row: Decision) -> dict[str, Decimal]:
    typed = _typed(request, row)
    if any(
        f"amount-{change['external_id']}" in request.POST and change["external_id"] not in typed
        for change in row.changes
    ):
        raise Invalid("amount", "", "Write an amount.", remedy="Or press Cancel to leave it as it is.")
    return {external_id: read_amount(text, row.account.currency) for external_id, text in typed.items()}


def _next(account: AdAccount, answered: Decision) -> HttpResponse:
    """After an answer the one below it is shown and has the focus; after the last, the first."""
    below = next_after(answered, known_now(account))
    url = reverse("decision", args=[account.key, below.key]) if below else reverse("inbox", args=[account.key])
    return redirect(url + "?focus=1")


def _conflict(request: HttpRequest, account: AdAccount, key: UUID, error: Conflict) -> HttpResponse:
    """409 with what changed since the reader opened it; nothing was done."""
    row = _get(account, key)
    if "Reload the page" in error.remedy:
        error = Conflict(error.message, remedy="Nothing was changed by you; this is how it stands now.")
    return _page(request, account, row, status=409, problem=error, changed=difference(row, words(request, "hash")))


def _defers(decision: Decision, now: datetime) -> dict[str, str]:
    """How long it may be put off: what ends before it lapses, else the shortest."""
    left = decision.expires_at - now
    kept = {hours: said for hours, said in DEFER_HOURS.items() if timedelta(hours=int(hours)) < left}
    return kept or dict([*DEFER_HOURS.items()][:1])


def _shown(decision: Decision | None, user: User, now: datetime, typed: dict[str, str]) -> dict[str, Any]:
    """What the card says of the open decision; `typed` are amounts that were refused, as they were written."""
    if decision is None:
        return {}
    card = build_card(decision, typed)
    possible, why_not = can_undo(decision)
    if decision.state == Decision.State.REJECTED:
        why_not = why_no_return(decision, user, now)
        possible = not why_not
    return {
        "card": card,
        "actors": actor_names(event for event, _ in card.history),
        "unsettled": [standing_of(one, database_now()) for one in open_ends([decision])],
        "is_deferred": bool(decision.deferred_until and decision.deferred_until > now),
        "can_undo": possible,
        "why_no_undo": why_not,
        "why_no_yes": why_no_yes(decision, user),
        "why_else": why_somebody_else(decision, user),
        "defers": _defers(decision, now),
        "may_retract": decision.is_own_of(user) and may(user, Right.PROPOSE, decision.account.brand),
    }


def _page(
    request: HttpRequest, account: AdAccount, row: Decision | None, *, status: int = 200, **extra: Any
) -> HttpResponse:
    now = known_now(account)
    view = _tab(request, tab_of(row, now) if row and request.method == "GET" else VIEWS[0])
    kind = request.GET.get("kind", "")
    rows = rows_of(account, view, kind, now)
    is_in = row is not None and tab_of(row, now) == view
    number = request.GET.get("page") or (above(row, view, rows) // EACH_PAGE + 1 if row and is_in else 1)
    page = Paginator(rows, EACH_PAGE).get_page(number)
    items = list(page.object_list)
    shown = row or (_get(account, items[0].key) if items else None)
    context = _shown(shown, person(request), now, extra.pop("typed", {})) | {
        "view": view,
        "kind": kind,
        "kinds": ACTIONS,
        "page": page,
        "items": lines_of(items, now),
        "tabs": tabs_of(account, view, now),
        "label": tab_labels(account)[view],
        "oldest": min((one.proposed_at for one in items), default=None) if view == "waiting" else None,
        "may_decide": may(request.user, Right.DECIDE, account.brand),
        "is_open": row is not None,
        "reasons": Decision.Reason.choices,
        "position": next((place for place, one in enumerate(items, 1) if shown and one.pk == shown.pk), None),
    }
    context |= latest_decided(account) if view == "waiting" else {}
    return render(request, "inbox/inbox.html", context | extra, status=status)


def _tab(request: HttpRequest, otherwise: str = VIEWS[0]) -> str:
    return asked if (asked := request.GET.get("view", "")) in VIEWS else otherwise
