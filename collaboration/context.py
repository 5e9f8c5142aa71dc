"""What every page shows around its content: the account, its mode, the counts of the rail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from campaigns.clock import known_now
from campaigns.models import AdAccount
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import committed_now
from mediabuyer.brands.models import Member
from mediabuyer.brands.permissions import ALLOWED, MANAGERS, WORKERS, Right, member_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the frame. `request.account` is set by `collaboration.views.account_for` on account pages."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    accounts = list(AdAccount.objects.visible_to(user).select_related("brand"))
    account = getattr(request, "account", None) or _last(request, accounts)
    if account is None:
        return {"accounts": accounts}
    member = member_of(user, account.brand)
    now = known_now(account)
    return {
        "accounts": accounts,
        "account": account,
        "mode": account.mode,
        "member_role": member.get_role_display() if member else "",
        "may_manage": member is not None and member.role in MANAGERS,
        "may_work": member is not None and member.role in WORKERS,
        "is_stopped": account.is_stopped,
        "stop_stage": stop_stage(account),
        "running": committed_now(account),
        "releasers": _releasers(account) if account.is_stopped else "",
        "nav_counts": {"inbox": _waiting_for(member, account, now)},
        "now": now,
    }


def stop_stage(account: AdAccount) -> str:
    """How the stop stands, for pages that ask whether somebody pressed or released it meanwhile."""
    if not account.is_stopped:
        return "free"
    return f"{account.stopped_by_id or 0}-{account.stopped_at.timestamp() if account.stopped_at else 0:.0f}"


def _waiting_for(member: Member | None, account: AdAccount, now: datetime) -> int:
    """How many wait for this person: for those who may not answer, none."""
    if member is None or member.role not in ALLOWED[Right.DECIDE]:
        return 0
    return Decision.objects.filter(account=account).to_decide(now).count()


def _releasers(account: AdAccount) -> str:
    """Who may end the stop: `Ana Kern or Bea Lorenz`; whoever pressed it may not."""
    members = Member.objects.filter(brand=account.brand, is_active=True, user__is_active=True, role__in=MANAGERS)
    names = [str(one.user) for one in members.exclude(user=account.stopped_by_id).select_related("user").order_by("pk")]
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _last(request: HttpRequest, accounts: list[AdAccount]) -> AdAccount | None:
    """The account last looked at, so that pages without one keep their frame."""
    key = request.session.get("account")
    return next((account for account in accounts if str(account.key) == key), accounts[0] if accounts else None)
