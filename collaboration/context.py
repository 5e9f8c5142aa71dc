"""What every page shows around its content: the account, its mode, the counts of the rail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from campaigns.clock import known_now
from campaigns.models import AdAccount
from mediabuyer.agent.models import Decision
from mediabuyer.brands.permissions import MANAGERS, WORKERS, member_of


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
        "nav_counts": {"inbox": Decision.objects.filter(account=account).to_decide(now).count()},
        "now": now,
    }


def _last(request: HttpRequest, accounts: list[AdAccount]) -> AdAccount | None:
    """The account last looked at, so that pages without one keep their frame."""
    key = request.session.get("account")
    return next((account for account in accounts if str(account.key) == key), accounts[0] if accounts else None)
