"""Token login of the API: `Authorization: Token mb_…` or `Bearer mb_…`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from mediabuyer.brands.models import Token, User


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if len(words) != 2 or words[0].lower() not in {"token", "bearer"}:
            return None
        now = timezone.now()
        token = Token.objects.usable(now).select_related("member__user").filter(digest=Token.hash(words[1])).first()
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.member.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return "Token"


def has_scope(auth: Any, scope: str) -> bool:
    """A person's session carries all scopes; a token only those it was given."""
    return not isinstance(auth, Token) or scope in auth.scopes


def brand_of_token(auth: Any) -> int | None:
    """A token sees its own member's brand only, even where the person belongs to several."""
    return auth.member.brand_id if isinstance(auth, Token) else None
