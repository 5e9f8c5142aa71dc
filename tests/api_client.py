"""Programs that speak to the API: one per person, brand and set of scopes."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from mediabuyer.brands.models import Token

ALL = ["read", "decide", "run", "import"]


def client_of(user: Any, brand: Any, *scopes: str) -> APIClient:
    """A client with a token of this member; all scopes unless some are named."""
    _, secret = Token.issue(brand.member_set.get(user=user), "test", list(scopes) or ALL)
    return client_with(secret)


def client_with(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def told(answer: Any) -> Any:
    """What a refusal says, after a look whether it carries the request's reference as the header does."""
    body = answer.json()
    assert body.pop("reference") == answer["X-Request-ID"]
    return body
