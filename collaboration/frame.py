"""The first line of every page: the account, or 404 for whoever has no business with it."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.http import Http404, HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

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


PAGES = frozenset({"today", "inbox", "decision", "portfolio", "ads", "ad", "agent", "agent-journal", "cycle",
                   "propose", "search", "settings"})  # fmt: skip
"""What whoever pressed something that stands on every page comes back to."""


def where_from(request: HttpRequest, account: AdAccount) -> str:
    """The page of this account on which somebody pressed it, as the browser names it; after a proof of who they are,
    when it names that page, as the form does. Today where it is none.
    """
    for address in (request.headers.get("Referer", ""), request.POST.get("next", "")):
        parts = urlsplit(address) if url_has_allowed_host_and_scheme(address, {request.get_host()}) else None
        if parts and _is_page_of(parts.path, account):
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return reverse("today", args=[account.key])


def _is_page_of(path: str, account: AdAccount) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return match.url_name in PAGES and match.kwargs.get("key") == account.key


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
