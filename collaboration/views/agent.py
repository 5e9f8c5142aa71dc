"""The agent: what did it do, step by step? Its cycles, its journal, its score; one cycle live and replayed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from campaigns.clock import known_now, now_for
from campaigns.models import AdAccount
from collaboration import cycles, health
from collaboration.frame import account_for, person
from collaboration.people import actor_names
from mediabuyer.agent.cycle import ring_cycle, start_cycle
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.scorecard import scorecard
from mediabuyer.brands.permissions import Right, may, require
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict
from memory.events import KINDS, sentence
from memory.models import Event

EACH_PAGE = 20
EVENTS = 40
KINDS_SHOWN = {
    "decision": "Decisions",
    "change": "Changes at Meta",
    "cycle": "Cycles",
    "outcome": "Outcomes",
    "account": "Limits, goal and stop",
    "export": "Imports",
    "insights": "Figures read",
    "structure": "Campaigns read",
}


@login_required
@require_GET
def agent(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    rows = Cycle.objects.filter(account=account).select_related("started_by").defer("observation")
    page = Paginator(rows, EACH_PAGE).get_page(request.GET.get("page"))
    under_way = rows.filter(state__in=Cycle.OPEN).first()
    context = {
        "view": "cycles",
        "tabs": _tabs(account, "cycles"),
        "page": page,
        "rows": cycles.list_rows(list(page.object_list)),
        "first_number": page.paginator.count - page.start_index() + 1,
        "under_way": under_way,
        "score": scorecard(account, known_now(account)),
        "may_run": may(request.user, Right.RUN_CYCLE, account.brand),
    }
    return render(request, "agent/agent.html", context)


@login_required
@require_GET
def journal(request: HttpRequest, key: UUID) -> HttpResponse:
    """Every line of the account, newest first, by kind where one is chosen."""
    account = account_for(request, key)
    kind = request.GET.get("kind", "")
    rows = Event.objects.of_account(account.key)
    if kind in KINDS_SHOWN:
        rows = rows.filter(kind__in=[one for one in KINDS if one.startswith(f"{kind}.")])
    page = Paginator(rows, EVENTS).get_page(request.GET.get("page"))
    context = {
        "view": "journal",
        "tabs": _tabs(account, "journal"),
        "page": page,
        "kind": kind,
        "kinds": KINDS_SHOWN,
        "events": [{"event": row, "said": sentence(row)} for row in page.object_list],
        "actors": actor_names(page.object_list),
        "score": scorecard(account, known_now(account)),
        "may_run": may(request.user, Right.RUN_CYCLE, account.brand),
    }
    return render(request, "agent/agent.html", context)


@login_required
@require_POST
def start(request: HttpRequest, key: UUID) -> HttpResponse:
    """Queues a cycle and shows it; one that already runs is shown instead."""
    account = account_for(request, key)
    require(request.user, Right.RUN_CYCLE, account.brand)
    now = now_for(account)
    try:
        with transaction.atomic():
            cycle = start_cycle(account, now, "person", person(request))
            ring_cycle(cycle.pk)
    except Conflict as error:
        running = Cycle.objects.filter(account=account, state__in=Cycle.OPEN).first()
        messages.info(request, f"{error.message} Here it is.")
        return redirect("cycle", account.key, running.key) if running else redirect("agent", account.key)
    return redirect("cycle", account.key, cycle.key)


@login_required
@require_GET
def cycle(request: HttpRequest, key: UUID, cycle_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = _get(account, cycle_key)
    return render(request, "agent/cycle.html", _context(request, account, row))


@login_required
@require_GET
def cycle_live(request: HttpRequest, key: UUID, cycle_key: UUID) -> HttpResponse:
    """The part that moves. Once the cycle is over it comes without its trigger, so nobody asks again."""
    account = account_for(request, key)
    row = _get(account, cycle_key)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("cycle", account.key, row.key)
    return render(request, "agent/cycle.html#live", _context(request, account, row))


def _get(account: AdAccount, key: UUID) -> Cycle:
    rows = Cycle.objects.filter(account=account).select_related("started_by", "account__brand")
    return get_object_or_404(rows.prefetch_related("step_set"), key=key)


def _context(request: HttpRequest, account: AdAccount, row: Cycle) -> dict[str, Any]:
    machine_now = wall_now()
    shown = cycles.live(row, machine_now)
    verdicts = cycles.verdicts_of(shown["decisions"], account) if shown["is_over"] else []
    return shown | {
        "account": account,
        "number": cycles.number_of(row),
        "inputs": cycles.inputs(row) if shown["is_over"] else {},
        "verdicts": verdicts,
        "actors": actor_names(one["event"] for one in verdicts),
        "before": cycles.list_rows(list(cycles.neighbours(row))),
        "worker": health.queue(machine_now) if row.state == Cycle.State.QUEUED else None,
        "live_url": reverse("cycle-live", args=[account.key, row.key]),
        "may_run": may(request.user, Right.RUN_CYCLE, account.brand),
    }


def _tabs(account: AdAccount, view: str) -> list[dict[str, Any]]:
    return [
        {"label": "Cycles", "href": reverse("agent", args=[account.key]), "current": view == "cycles"},
        {"label": "Journal", "href": reverse("agent-journal", args=[account.key]), "current": view == "journal"},
    ]
