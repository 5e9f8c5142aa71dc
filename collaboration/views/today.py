"""Today: what needs me, and is all well? First the sentence, then the figures, then the reasons."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_GET

from campaigns.clock import known_now
from campaigns.models import META_EXPOSURE, AdAccount
from campaigns.result_kinds import count_results, kinds_of
from collaboration import health
from collaboration.cards import lines_of
from collaboration.columns import Scale
from collaboration.cycles import under_way
from collaboration.earning import earning_of
from collaboration.figures import scale_of
from collaboration.frame import account_for, person
from collaboration.kinds import brought, several_of
from collaboration.people import actor_names
from collaboration.period import begin_words
from collaboration.spend_plot import spend_plot
from collaboration.status import unsettled_of
from collaboration.tabs import rows_of
from collaboration.why import explain_change, measures_of
from mediabuyer.agent.models import Cycle, Decision
from mediabuyer.agent.observe import committed_now
from mediabuyer.brands.models import Role, User
from mediabuyer.brands.permissions import Right, may, member_of
from mediabuyer.lib.clock import day_in_zone, wall_now
from mediabuyer.lib.money import format_money
from memory.events import sentence
from memory.models import Event
from portfolio.metrics import Totals, compute_changes
from portfolio.performance import (
    Period,
    data_span,
    evaluation_day,
    first_day,
    is_whole,
    last_days,
    previous_period,
    sums,
    total,
    totals,
)

NEEDS = 3
SHOWN_EVENTS = 8
TREND_DAYS = 14
NO_DAYS = "The files tell no single days, so I cannot say what changed. An export by day could."
TOLD = [
    "decision.done",
    "decision.failed",
    "decision.unknown",
    "decision.blocked",
    "decision.expired",
    "decision.undone",
    "decision.undo_failed",
    "decision.undo_blocked",
    "decision.undo_unknown",
    "change.failed",
    "change.unknown",
    "change.blocked",
    "cycle.finished",
    "cycle.failed",
    "account.stopped",
    "account.released",
    "account.reconnect_needed",
    "structure.drifted",
    "outcome.measured",
    "export.imported",
]
TONES = {
    "finished": "good",
    "done": "good",
    "undone": "good",
    "measured": "good",
    "imported": "good",
    "released": "good",
    "failed": "bad",
    "unknown": "warn",
    "undo_failed": "bad",
    "undo_blocked": "bad",
    "undo_unknown": "warn",
}


@dataclass(frozen=True)
class Money:
    """The newest day with figures against the day before, the budgets and the cap.

    Of an imported account all that its files tell, from `since` to `day`: a file may have no single days.
    """

    day: date
    is_today: bool
    now: Totals
    before: Totals
    plan: Decimal
    cap: Decimal | None
    since: date | None = None
    has_revenue: bool = True

    @property
    def is_over_cap(self) -> bool:
        return self.cap is not None and self.plan * META_EXPOSURE > self.cap

    @property
    def is_over_plan(self) -> bool:
        """Meta may spend more than the budget on one day; more than that is no longer normal."""
        return self.plan > 0 and self.now.spend > self.plan * META_EXPOSURE


@login_required
@require_GET
def today(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    now, machine_now = known_now(account), wall_now()
    waiting = _waiting(account, now)
    money = _money(account, now)
    period = last_days(evaluation_day(account, now))
    scale = scale_of(account)[0]
    events = _events(account, person(request))
    may_decide = may(request.user, Right.DECIDE, account.brand)
    context = {
        "waiting": lines_of(waiting[:NEEDS], now),
        "waiting_count": len(waiting),
        "waiting_label": f"{len(waiting)} waiting",
        "cost": sum((one.waiting_cost or Decimal(0) for one in waiting), Decimal(0)),
        "money": money,
        "headline": _headline(account, money, len(waiting), may_decide=may_decide),
        **under_way(account, machine_now),
        "may_decide": may_decide,
        "is_reviewer": _is_reviewer(person(request), account),
        "trend": spend_plot(account, *_trend_days(money), money.plan, scale),
        "earning": earning_of(account, evaluation_day(account, now), scale),
        **_changed(account, period, scale),
        "events": events,
        "actors": actor_names(one["event"] for one in events),
        "requests": _requests(account),
        "next_cycle": _next_cycle(account),
        "last_cycle": Cycle.objects.filter(account=account).first(),
        "may_run": may(request.user, Right.RUN_CYCLE, account.brand),
    }
    context |= {"kinds": _kinds(account, scale), "seen_at": person(request).seen_today_at}
    context |= _money_words(account, money, scale) | _health(account, money.plan, now, machine_now)
    User.objects.filter(pk=person(request).pk).update(seen_today_at=machine_now)
    return render(request, "today/today.html", context)


@login_required
@require_GET
def running(request: HttpRequest, key: UUID) -> HttpResponse:
    """The line about the cycle under way; nothing to swap where it stands as it was seen."""
    account = account_for(request, key)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("today", account.key)
    found = under_way(account, wall_now())
    if found["cycle_running"] and found["cycle_stage"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    found |= {"account": account, "cycle_is_over": found["cycle_running"] is None}
    return render(request, "today/_running.html", found)


@login_required
@require_GET
def health_live(request: HttpRequest, key: UUID) -> HttpResponse:
    """Health and its words in the sentence on top; nothing to swap where they stand as they were seen."""
    account = account_for(request, key)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("today", account.key)
    found = _health(account, committed_now(account), known_now(account), wall_now())
    if found["health_stage"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "today/_health.html", found | {"is_renewal": True})


def _changed(account: AdAccount, period: Period, scale: Scale) -> dict[str, Any]:
    """What changed in the period against the one before, and why; or why nothing is compared."""
    first = first_day(account)
    before, measure = previous_period(*period), next(iter(measures_of(scale)), "")
    found = {"period": period, "scale": scale}
    if not measure:
        why_not = "no revenue is known, and results mean several things" if scale.has_results else "no result is known"
        return found | {"why_not": f"There is nothing to compare: {why_not}."}
    days = account.insightday_set.all()
    if account.is_read_only and days.exists() and not days.filter(day=F("until")).exists():
        return {"scale": scale, "why_not": NO_DAYS}
    if first is not None and not is_whole(before, first):
        return found | {"why_not": begin_words(period, first)}
    why = explain_change(measure, total(account, *before), total(account, *period), scale)
    return found | {"before": before, "why": why}


def _is_reviewer(user: User, account: AdAccount) -> bool:
    member = member_of(user, account.brand)
    return member is not None and member.role == Role.REVIEWER


def _health(account: AdAccount, plan: Decimal, now: datetime, machine_now: datetime) -> dict[str, Any]:
    """Each part, and what nobody settles unless a person does: changes of unknown outcome, undos that did not work."""
    capped = health.cap(account, plan)
    found = health.parts(account, now, machine_now) + ([capped] if capped else [])
    unsettled = unsettled_of(account)
    undos = list(Decision.objects.filter(account=account).with_failed_undo()[:NEEDS])
    worst = health.worst(found)
    told = [(one.name, one.tone, "" if one.tone == "good" else one.text) for one in found]  # ages of what is well pass
    said = [*told, bool(unsettled or undos), account.is_stopped]
    return {
        "health": found,
        "worst": "warn" if worst == "good" and (unsettled or undos) else worst,
        "troubles": [one for one in found if one.tone != "good"],
        "unsettled": unsettled,
        "undos": undos,
        "health_stage": hashlib.sha256(repr(said).encode()).hexdigest()[:12],
    }


def _waiting(account: AdAccount, now: datetime) -> list[Decision]:
    return list(rows_of(account, "waiting", "", now).select_related(None))


def _money(account: AdAccount, now: datetime) -> Money:
    """Today once something was spent today, else the newest day there is; of an imported account the whole period."""
    if account.is_read_only:
        return _money_of_files(account, now)
    current = day_in_zone(now, account.time_zone)
    days = {row.key: row.totals for row in totals(account, current - timedelta(days=TREND_DAYS), current, "day")}
    newest = max((day for day, one in days.items() if one.spend), default=None)
    day = newest or current
    return Money(
        day,
        day == current,
        days.get(day, Totals()),
        days.get(day - timedelta(days=1), Totals()),
        committed_now(account),
        account.daily_cap,
    )


def _money_of_files(account: AdAccount, now: datetime) -> Money:
    """No comparison: nothing is known of the time before."""
    span = data_span(account)
    seen = total(account, *span) if span else Totals()
    last = span[1] if span else day_in_zone(now, account.time_zone)
    return Money(last, False, seen, Totals(), Decimal(0), None, span[0] if span else last, seen.revenue > 0)


def _money_words(account: AdAccount, money: Money, scale: Scale) -> dict[str, Any]:
    """Changes against the day before, only once the day is over: a part of a day is no comparison."""
    changes = compute_changes(money.before, money.now)
    shown = {} if money.is_today else changes
    worst_day = (money.plan * META_EXPOSURE).quantize(Decimal(1))
    cap = money.cap or Decimal(0)
    return {
        "spend_change": shown["spend"].relative if shown else None,
        "revenue_change": shown["revenue"].relative if shown else None,
        "roas_change": shown["roas"].absolute if shown else None,
        "purchases": count_results(money.now.results, scale.kinds or kinds_of(account)) if scale.has_results else "",
        "of_plan": f"{money.now.spend / money.plan:.0%} of the budgets" if money.plan else "",
        "roas_yesterday": f"yesterday {money.before.roas:.2f}" if money.before.roas is not None else "",
        "worst_day": worst_day,
        "cap_label": f"{worst_day / cap:.0%} of the daily cap" if cap else "",
        "cap_tone": "bad" if worst_day > cap else "warn" if worst_day > cap * Decimal("0.95") else "",
        "ads_link": reverse("ads", args=[account.key]),
    }


def _kinds(account: AdAccount, scale: Scale) -> list[tuple[str, Decimal, str]]:
    """Where files count several things and ads tell which: what each is called, how many came and what one cost."""
    span = None if scale.adds_up or not scale.has_results else data_span(account)
    if span is None:
        return []
    money = partial(format_money, currency=account.currency)
    return [
        (capfirst(several_of(kind)), part.results, f"{money(part.cpa)} each" if part.cpa else "")
        for kind, part in brought(account, sums(account, *span, "ad")).items()
    ]


def _headline(account: AdAccount, money: Money, waiting: int, *, may_decide: bool) -> str:
    is_one = waiting == 1
    verb = (
        "I would do"
        if account.is_read_only
        else ("needs you" if is_one else "need you")
        if may_decide
        else ("waits for a manager" if is_one else "wait for a manager")
    )
    what = "thing" if account.is_read_only else "decision"
    none = _nothing_to_do(account) if account.is_read_only else "Nothing needs you."
    first = f"{waiting} {what}{'' if is_one else 's'} {verb}." if waiting else none
    whole = partial(format_money, currency=account.currency, places=0)
    when = "Today" if money.is_today else f"On {money.day.day} {money.day:%B}"
    if money.since:
        when = f"From {money.since:%-d %B %Y} to {money.day:%-d %B %Y}"
    spend, plan = whole(money.now.spend), whole(money.plan) if money.plan else ""
    second = f"{when} {spend}{f' of {plan}' if plan else ''} spent"
    if plan and money.now.spend > money.plan:
        second = f"{when} {spend} spent against budgets of {plan}"
    roas, before = money.now.roas, money.before.roas
    if money.since and money.now == Totals():
        return f"{first} The files have no figures."
    if roas is None or not money.has_revenue:
        return f"{first} {second}."
    against = (
        ""
        if before is None or money.is_today or money.since
        else (f", {'up' if roas >= before else 'down'} {abs(roas - before):.2f}")
    )
    return f"{first} {second}; ROAS {roas:.2f}{against}."


def _nothing_to_do(account: AdAccount) -> str:
    cycles = Cycle.objects.filter(account=account)
    if cycles.filter(state__in=Cycle.OPEN).exists():
        return "I am looking at the figures."
    looked = cycles.filter(state=Cycle.State.DONE).exists()
    return "There is nothing I would do." if looked else "I have not looked at it yet."


def _trend_days(money: Money) -> Period:
    """The last whole days; of files none before their first."""
    last = money.day - timedelta(days=1) if money.is_today else money.day
    start = last - timedelta(days=TREND_DAYS - 1)
    return max(start, money.since or start), last


def _events(account: AdAccount, user: User) -> list[dict[str, Any]]:
    """What happened, newest first; what is new to this person is marked."""
    rows = Event.objects.of_account(account.key).filter(kind__in=TOLD)[:SHOWN_EVENTS]
    return [
        {
            "event": row,
            "said": sentence(row),
            "tone": TONES.get(row.kind.split(".")[1], "info"),
            "is_new": user.seen_today_at is None or row.recorded_at > user.seen_today_at,
        }
        for row in rows
    ]


def _requests(account: AdAccount) -> list[Decision]:
    """What the agent asked of people and somebody agreed to."""
    done = Decision.objects.filter(account=account, changes=[], state=Decision.State.DONE)
    return list(done.select_related("decided_by").order_by("-decided_at")[:NEEDS])


def _next_cycle(account: AdAccount) -> datetime | None:
    if not account.is_agent_on or account.is_read_only:
        return None
    if account.last_cycle_at is None:
        return known_now(account)
    return account.last_cycle_at + timedelta(minutes=settings.CYCLE_EVERY_MINUTES)
