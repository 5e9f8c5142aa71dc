"""`/` leads to the account last looked at, and never to one that is not the person's."""

from __future__ import annotations

import pytest
from django.urls import reverse

from campaigns.models import AdAccount
from mediabuyer.brands.models import Member
from tests.factories import PASSWORD, AccountFactory, MemberFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


def test_nobody_is_sent_to_the_login(client):
    assert client.get("/").url == f"{reverse('account_login')}?next=/"


def test_first_account_is_the_start(client, account, manager):
    client.force_login(manager, backend=BACKEND)
    assert client.get("/").url == reverse("today", args=[account.key])


def test_account_last_looked_at_is_opened_again(client, account, brand, manager):
    other = AccountFactory.create(brand=brand)
    client.force_login(manager, backend=BACKEND)
    client.get(reverse("settings", args=[other.key]))
    assert client.get("/").url == reverse("today", args=[other.key])


def test_account_that_is_no_longer_ones_own_is_not_opened(client, account, manager):
    client.force_login(manager, backend=BACKEND)
    client.get(reverse("settings", args=[account.key]))
    own = AccountFactory.create()
    Member.objects.filter(user=manager).update(is_active=False)
    MemberFactory.create(brand=own.brand, user=manager)
    assert client.get("/").url == reverse("today", args=[own.key])


def test_person_without_an_account_is_led_to_the_import(client, brand, manager):
    client.force_login(manager, backend=BACKEND)
    assert not AdAccount.objects.exists()
    assert client.get("/").url == reverse("import")


def test_logging_in_leaves_no_message_on_the_first_page(client, account, manager):
    """The page itself says that it worked; a message would only lie over it."""
    response = client.post(reverse("account_login"), {"login": manager.email, "password": PASSWORD}, follow=True)
    assert response.redirect_chain
    assert list(response.context["messages"]) == []
