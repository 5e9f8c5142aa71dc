"""Secrets at rest: a text column that holds ciphertext and fails loudly.

Twenty lines over MultiFernet instead of a package: the packages tried returned the ciphertext on a wrong key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

PREFIX = "mb1:"

if TYPE_CHECKING:
    Text = models.TextField[str, str]
else:
    Text = models.TextField


def _cipher() -> MultiFernet:
    keys = settings.FIELD_ENCRYPTION_KEYS
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: set at least one Fernet key.")
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    return PREFIX + _cipher().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    if not stored.startswith(PREFIX):
        raise ValueError("a secret column holds a value that was never encrypted")
    try:
        return _cipher().decrypt(stored.removeprefix(PREFIX).encode()).decode()
    except InvalidToken as error:
        raise ValueError("no key in FIELD_ENCRYPTION_KEYS opens this secret") from error


class SecretTextField(Text):
    """Stores text encrypted; empty stays empty. The first key writes, all keys read."""

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else value
