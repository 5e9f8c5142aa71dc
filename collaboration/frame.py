"""The first line of every page: the account, or 404 for whoever has no business with it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest

from campaigns.models import AdAccount
from mediabuyer.brands.models import User
from mediabuyer.brands.permissions import Right, may
from mediabuyer.brands.recent import require_recent_proof


def account_for(request: HttpRequest, key: UUID) -> AdAccount:
    """The account if this person may see it. Remembered, so that pages without one keep their frame; not for a part
    that an open page asks for by itself, while the person may long be at another account.
    """
    account = AdAccount.objects.visible_to(request.user).select_related("brand", "stopped_by").filter(key=key).first()
    if account is None:
        raise Http404("No such account")
    request.account = account  # type: ignore[attr-defined]
    is_page = not request.htmx or request.htmx.boosted  # type: ignore[attr-defined]
    if is_page and request.session.get("account") != str(key):
        request.session["account"] = str(key)
    return account


def person(request: HttpRequest) -> User:
    """The logged-in person, typed; only behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


def as_key(text: str) -> UUID | None:
    """A key that came in a form or in a query; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def words(request: HttpRequest, name: str, most: int = 2000) -> str:
    """What somebody typed freely: no longer than its column, and without NUL, which the database does not hold."""
    return request.POST.get(name, "").replace("\x00", "").strip()[:most]


def prove_if_live(request: HttpRequest, account: AdAccount) -> None:
    """Real money: whoever may decide proves again who they are. What they pressed is carried out afterwards."""
    if account.mode == AdAccount.Mode.LIVE and may(request.user, Right.DECIDE, account.brand):
        require_recent_proof(request)
