"""Sessions of people who proved who they are, now or some time ago."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.account.internal.userkit import user_id_to_str
from django.test import Client

SESSION = "django.contrib.auth.backends.ModelBackend"


def log_in(client: Client, user: Any, minutes_ago: float = 0, method: str = "password") -> Client:
    """As allauth's own login leaves it: the session knows when and how the person proved who they are."""
    client.force_login(user, backend=SESSION)
    session = client.session
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": method, "at": time.time() - 60 * minutes_ago}]
    session.save()
    return client
