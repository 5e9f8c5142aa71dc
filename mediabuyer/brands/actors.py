"""How the journal names who acts: one form for pages, API and operations."""

from __future__ import annotations

from mediabuyer.brands.models import Token, User


def named(person: User, via: Token | None = None) -> str:
    """The person, and the token that a program acted with for them."""
    return f"person:{person.email}" + (f" (token {via.prefix})" if via else "")
