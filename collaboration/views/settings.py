"""Settings of an account and its brand: the stop, caps, goal, people, tokens, what was changed by whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from allauth.account.forms import ResetPasswordForm
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from campaigns.clock import known_now
from campaigns.connection import probe
from campaigns.live import missing_for_live
from campaigns.models import AdAccount
from campaigns.result_kinds import kinds_of, one_result
from collaboration import health
from collaboration.context import stop_stage
from collaboration.forms import GoalForm, InviteForm, LimitsForm, MemberForm, SeenForm, TokenForm, member_form
from collaboration.frame import account_for, person, where_from, words
from collaboration.people import actor_names, change_member, invite, issue_token, revoke_token
from mediabuyer.agent.context import with_article
from mediabuyer.agent.observe import committed_now
from mediabuyer.brands.models import Member, Token
from mediabuyer.brands.permissions import Right, may, require
from mediabuyer.brands.recent import require_recent_proof
from mediabuyer.lib.errors import Conflict, Invalid
from mediabuyer.lib.logs import get_logger
from mediabuyer.lib.queue import enqueue
from memory.events import sentence
from memory.models import Event
from portfolio.models import Goal

log = get_logger(__name__)
AUDITED = [
    "account.limits_changed",
    "account.goal_set",
    "account.stopped",
    "account.released",
    "member.changed",
    "token.issued",
    "token.revoked",
    "account.connected",
]
STEPS_OF_AUDIT = 30
LIMIT_NAMES = {name: str(field.label) for name, field in LimitsForm.base_fields.items()}


@login_required
@require_GET
def settings(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    return _render(request, account)


@login_required
@require_POST
def limits(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    require(request.user, Right.SET_LIMITS, account.brand)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _render(request, account, limits_form=form, status=422)
    limits = form.as_kept(form.typed())
    if account.loosens(limits):
        require_recent_proof(request)
    try:
        account.change_limits(person(request), known_now(account), form.as_kept(form.seen()), **limits)
    except Conflict as error:
        account = account_for(request, key)
        now_form = LimitsForm(initial=LimitsForm.initial_of(account))
        return _overtaken(request, account, error, "limits_form", form, now_form)
    messages.success(request, "The limits are in force from now on, also for decisions that wait.")
    account.refresh_from_db()
    capped = health.cap(account, committed_now(account))
    if capped and capped.tone != "good":
        messages.warning(request, capped.help)
    return redirect("settings", account.key)


@login_required
@require_POST
def goal(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    require(request.user, Right.SET_LIMITS, account.brand)
    form = GoalForm(request.POST)
    if not form.is_valid():
        return _render(request, account, goal_form=form, status=422)
    try:
        Goal.put(account, person(request), known_now(account), form.as_kept(form.seen()), **form.as_kept(form.typed()))
    except Conflict as error:
        now_form = GoalForm(initial=GoalForm.initial_of(Goal.current(account)))
        return _overtaken(request, account, error, "goal_form", form, now_form)
    messages.success(request, "The next cycle works towards this goal.")
    return redirect("settings", account.key)


@login_required
@require_POST
def stop(request: HttpRequest, key: UUID) -> HttpResponse:
    """The red stop, from any page."""
    account = account_for(request, key)
    require(request.user, Right.STOP, account.brand)
    reason = ": ".join(part for part in (words(request, "reason"), words(request, "note")) if part)
    account.stop(person(request), reason, known_now(account))
    messages.info(request, "Stopped. Nothing is raised, switched on or created; the ads keep running as they are.")
    return redirect(where_from(request, account))


@login_required
@require_POST
def release(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    require(request.user, Right.RELEASE, account.brand)
    reason = words(request, "reason", most=400)
    if not reason:
        raise Invalid("reason", "", "Say what has been put right.", remedy="One sentence is enough.")
    require_recent_proof(request)
    account.release(person(request), reason, known_now(account))
    again = "" if account.is_read_only else " What waits in the inbox can be approved again."
    messages.success(request, f"The stop is released.{again}")
    return redirect(where_from(request, account))


@login_required
@require_GET
def stop_live(request: HttpRequest, key: UUID) -> HttpResponse:
    """For every open page: who pressed or released the stop since it asked last; nothing where nobody did."""
    account = account_for(request, key)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("today", account.key)
    if request.GET.get("seen") == stop_stage(account):
        return HttpResponse(status=204)
    kind = "account.stopped" if account.is_stopped else "account.released"
    last = list(Event.objects.of_account(account.key).filter(kind=kind)[:1])
    names = actor_names(last)
    who = next((names.get(one.actor, "") for one in last), "") or "Somebody"
    return render(request, "settings/_stop_live.html", {"who": who, "is_renewal": True})


@login_required
@require_POST
def confirm_live(request: HttpRequest, key: UUID) -> HttpResponse:
    """A live account may be changed only after a manager has typed these words."""
    account = account_for(request, key)
    require(request.user, Right.SET_LIMITS, account.brand)
    if request.POST.get("words", "").strip().upper() != "ALLOW SPEND" or account.mode != AdAccount.Mode.LIVE:
        raise Invalid(
            "words",
            request.POST.get("words", ""),
            "The account stays as it is.",
            remedy="Type ALLOW SPEND to let the agent change this live account.",
        )
    require_recent_proof(request)
    account.change_limits(person(request), known_now(account), is_live_confirmed=True)
    messages.warning(request, f"From now on approved decisions change {account.name} for real.")
    return redirect("settings", account.key)


@login_required
@require_POST
def try_now(request: HttpRequest, key: UUID) -> HttpResponse:
    """Asks a platform that refused or held the account whether it can be used again, instead of waiting."""
    account = account_for(request, key)
    require(request.user, Right.RUN_CYCLE, account.brand)
    if probe(account, known_now(account)):
        enqueue("mediabuyer.agent.tasks.send_due", cluster="urgent")
        messages.success(request, f"{account.name} can be used again. What waited goes on now.")
    else:
        messages.warning(request, f"{account.name} still cannot be used: {account.connection_detail}")
    return redirect("status")


@login_required
@require_POST
def member(request: HttpRequest, key: UUID, member_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    row = get_object_or_404(Member.objects.select_related("brand", "user"), key=member_key, brand=account.brand)
    require(request.user, Right.MANAGE_PEOPLE, account.brand)
    form = MemberForm(request.POST, prefix=f"m{row.pk}")
    if not form.is_valid():
        raise Invalid("role", request.POST.get(f"m{row.pk}-role"), "There is no such role.", remedy="Choose one.")
    require_recent_proof(request)
    change_member(row, person(request), known_now(account), **form.cleaned_data)
    messages.success(request, f"{row.user} is changed; it holds at once.")
    return redirect("settings", account.key)


@login_required
@require_POST
def add_member(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    require(request.user, Right.MANAGE_PEOPLE, account.brand)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _render(request, account, invite_form=form, status=422)
    require_recent_proof(request)
    try:
        row, is_new = invite(account.brand, person(request), known_now(account), **form.cleaned_data)
    except Invalid as error:
        form.add_error("email", f"{error.message} {error.remedy}")
        return _render(request, account, invite_form=form, status=422)
    if is_new and not _send_link(request, row.user.email):
        messages.warning(request, f"{row.user} is a member now, but the mail with the link could not be sent.")
    else:
        told = " and gets a link to set a password." if is_new else "."
        messages.success(request, f"{row.user} is a member now{told}")
    return redirect("settings", account.key)


def _send_link(request: HttpRequest, email: str) -> bool:
    """False when the mail server does not take it; the person can ask for the link at the login page."""
    reset = ResetPasswordForm({"email": email})
    try:
        if reset.is_valid():
            reset.save(request)
    except OSError as error:
        log.warning("invitation.not_sent", error=str(error))
        return False
    return True


@login_required
@require_POST
def add_token(request: HttpRequest, key: UUID) -> HttpResponse:
    account = account_for(request, key)
    require(request.user, Right.MANAGE_PEOPLE, account.brand)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _render(request, account, token_form=form, status=422)
    require_recent_proof(request)
    secret = issue_token(account.brand, person(request), known_now(account), **form.cleaned_data)
    return _render(request, account, secret=secret)


@login_required
@require_POST
def drop_token(request: HttpRequest, key: UUID, token_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    token = get_object_or_404(Token.objects.select_related("member__brand"), key=token_key, member__brand=account.brand)
    revoke_token(token, person(request), known_now(account))
    messages.success(request, f"{token.name} opens nothing any more.")
    return redirect("settings", account.key)


def _overtaken(
    request: HttpRequest, account: AdAccount, error: Conflict, name: str, form: SeenForm, now_form: SeenForm
) -> HttpResponse:
    """409 with what changed since the reader opened the page. What they typed stands in the form, over what is in
    force now: saving that is a choice that they have seen."""
    again = type(now_form)(initial=now_form.initial)
    for field, value in form.typed().items():
        again[field].initial = value
    rows = [(label, _in_words(saw), _in_words(now)) for label, saw, now in form.overtaken(now_form)]
    return _render(request, account, status=409, problem=error, overtaken=rows, **{name: again})


def _render(request: HttpRequest, account: AdAccount, *, status: int = 200, **forms: Any) -> HttpResponse:
    now_goal = Goal.current(account)
    brand = account.brand
    members = brand.member_set.select_related("user")
    ours = Q(account_key=account.key) | Q(account_key=None)  # people and tokens are the brand's
    audited = list(Event.objects.filter(ours, brand=brand, kind__in=AUDITED)[:STEPS_OF_AUDIT])
    context: dict[str, Any] = {
        "limits_form": LimitsForm(initial=LimitsForm.initial_of(account)),
        "goal_form": GoalForm(initial=GoalForm.initial_of(now_goal)),
        "invite_form": InviteForm(),
        "token_form": TokenForm(),
        "goal": now_goal,
        "members": [(one, member_form(one)) for one in members],
        "live_missing": missing_for_live(account),
        "tokens": Token.objects.filter(member__brand=brand, revoked_at=None).select_related("member__user"),
        "audit": [(event, sentence(event), _changed(event)) for event in audited],
        "actors": actor_names(audited),
        "may_limits": may(request.user, Right.SET_LIMITS, brand),
        "may_people": may(request.user, Right.MANAGE_PEOPLE, brand),
    }
    context |= forms
    if account.is_read_only:
        context["limits_form"].fields["is_agent_on"].label = "Look by myself at what is imported"
    result = with_article(one_result(kinds_of(account)), "A")
    context["goal_form"].fields["target_cpa"].label = f"{result} may cost"
    return render(request, "settings/settings.html", context, status=status)


def _changed(event: Event) -> list[str]:
    """“Most on one day: empty → 600” for each limit that the event changed."""
    changed = event.data.get("changed", {})
    return [
        f"{LIMIT_NAMES.get(name, name)}: {_plain(name, old)} → {_plain(name, new)}"
        for name, (old, new) in changed.items()
    ]


def _in_words(value: Any) -> str:
    return {"None": "empty", "": "empty", "True": "on", "False": "off"}.get(str(value), str(value))


def _plain(name: str, value: Any) -> str:
    """As it stands in the form: amounts without zeros of the column, the step in percent."""
    if _in_words(value) != str(value):
        return _in_words(value)
    amount = Decimal(str(value)) * (100 if name == "budget_step" else 1)
    return f"{amount.normalize():,f}"
