"""Login without open sign-up: people are invited by an owner or created by an operator."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest

from mediabuyer.brands.models import User


class InviteOnly(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        return False

    def reauthenticate(self, user: User, password: str) -> bool:
        """By the address on the person: invited people have no row of allauth's own for it, which it would ask for."""
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor is asked for that: the password alone proves less than they chose to."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated and is_mfa_enabled(user):
            return [one for one in methods if one["id"].startswith("mfa")]
        return methods
