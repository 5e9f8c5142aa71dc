"""Secrets at rest: unreadable in the table, readable with any key, and loud about a wrong one."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from campaigns.models import AdAccount
from mediabuyer.lib.secrets import PREFIX, decrypt, encrypt
from tests.factories import AccountFactory

CANARY = "EAAcanary-token"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def in_the_table() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM campaigns_adaccount")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_table_holds_ciphertext_only():
    AccountFactory.create(credentials=CANARY)
    assert in_the_table().startswith(PREFIX)
    assert CANARY not in in_the_table()
    assert AdAccount.objects.get().credentials == CANARY


@pytest.mark.django_db
def test_empty_secret_stays_empty():
    AccountFactory.create(credentials="")
    assert in_the_table() == ""
    assert AdAccount.objects.get().credentials == ""


@pytest.mark.django_db
def test_wrong_key_raises_instead_of_giving_ciphertext(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    AccountFactory.create(credentials=CANARY)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(ValueError, match="no key in FIELD_ENCRYPTION_KEYS opens this secret"):
        AdAccount.objects.get()


@pytest.mark.django_db
def test_plaintext_in_the_column_raises():
    AccountFactory.create(credentials=CANARY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_adaccount SET credentials = %s", [CANARY])
    with pytest.raises(ValueError, match="never encrypted") as refused:
        AdAccount.objects.get()
    assert CANARY not in str(refused.value)


@pytest.mark.django_db
def test_rotated_keys_read_the_old_and_write_the_new(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    AccountFactory.create(credentials=CANARY)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    account = AdAccount.objects.get()
    assert account.credentials == CANARY
    account.save(update_fields=["credentials"])
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert AdAccount.objects.get().credentials == CANARY


def test_same_secret_is_never_written_the_same():
    assert encrypt(CANARY) != encrypt(CANARY)
    assert decrypt(encrypt("schlüssel ✓")) == "schlüssel ✓"


def test_damaged_ciphertext_raises():
    with pytest.raises(ValueError, match="no key"):
        decrypt(encrypt(CANARY)[:-4] + "AAAA")


def test_no_key_at_all_is_a_mistake_of_the_operator(settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(ImproperlyConfigured, match="at least one Fernet key"):
        encrypt(CANARY)
