"""What a token may do in the API: its scopes, and how the documentation describes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from mediabuyer.brands.authentication import brand_of_token, has_scope
from mediabuyer.brands.models import Brand, Scope, Token, User


class HasScope(IsAuthenticated):
    """Reading needs the scope `read`; a view names in `write_scope` what its POST needs. Without, it takes none."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        scope = Scope.READ if request.method in SAFE_METHODS else getattr(view, "write_scope", None)
        if scope and not has_scope(request.auth, scope):
            raise PermissionDenied(f"This token lacks the scope “{scope}”.")
        return True


def person_of(request: Request) -> User:
    """Who asks, typed; only behind `HasScope`."""
    assert isinstance(request.user, User)
    return request.user


def token_of(request: Request) -> Token | None:
    return request.auth if isinstance(request.auth, Token) else None


def brands_of(request: Request) -> Any:
    """Brands that the asking person, and the token if there is one, may see."""
    brands = Brand.objects.visible_to(request.user)
    only = brand_of_token(request.auth)
    return brands if only is None else brands.filter(pk=only)


class TokenScheme(OpenApiAuthenticationExtension):
    """Tells drf-spectacular, which finds it by being imported, how our tokens are sent."""

    target_class = "mediabuyer.brands.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - its signature
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from Settings: `Authorization: Bearer mb_…`. Scopes: read, decide, run, import.",
        }
