"""Token login of the API: `Authorization: Bearer mb_…`; the older word `Token` is taken too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from mediabuyer.brands.models import Token, User
from mediabuyer.lib.logs import get_logger

log = get_logger(__name__)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last use of a token is kept; more often would be a write for every request."""
WRONG_PER_MINUTE = 20


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() not in {"token", "bearer"}:
            return None
        now = timezone.now()
        secret = words[1] if len(words) == 2 and words[1].isprintable() else ""
        found = Token.objects.usable(now).filter(prefix=secret[:12], digest=Token.hash(secret))
        token = found.select_related("member__user", "member__brand").first()
        if token is None:
            _refuse(request)
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        _note_use(token, now)
        return token.member.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return "Bearer"


def _note_use(token: Token, now: datetime) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
    if token.last_used_at is None or token.last_used_at < now - SEEN_EVERY:
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _refuse(request: Request) -> None:
    """Slows guessing down by address. A valid token is looked up first, so nobody else can lock it out."""
    address = request.META.get("REMOTE_ADDR", "")
    log.warning("token.refused", address=address, path=request.path)
    counter = f"wrong-tokens:{address}"
    try:
        count = cache.incr(counter)
    except ValueError:  # none in the last minute
        cache.set(counter, 1, timeout=60)
        count = 1
    if count > WRONG_PER_MINUTE:
        raise Throttled(wait=60)


def has_scope(auth: Any, scope: str) -> bool:
    """A person's session carries all scopes; a token only those it was given."""
    return not isinstance(auth, Token) or scope in auth.scopes


def brand_of_token(auth: Any) -> int | None:
    """A token sees its own member's brand only, even where the person belongs to several."""
    return auth.member.brand_id if isinstance(auth, Token) else None
