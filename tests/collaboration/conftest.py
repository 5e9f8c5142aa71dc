"""What tests of pages share."""

from __future__ import annotations

import pytest
from django.test import Client

from mediabuyer.brands.models import User


@pytest.fixture
def web(manager: User) -> Client:
    """The browser of a manager."""
    client = Client()
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    return client
