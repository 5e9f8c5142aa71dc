"""What a caller may put into addresses and bodies: nothing of it becomes a column, a state or a piece of SQL."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.serializers import ModelSerializer

from campaigns.models import Ad, AdAccount
from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import Token
from tests.api_client import client_of
from tests.factories import (
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    CycleFactory,
    DecisionFactory,
    InsightFactory,
    budget_change,
)
from tests.proofs import log_in

pytestmark = pytest.mark.django_db
OURS = ("campaigns", "collaboration", "mediabuyer", "memory", "portfolio")
PAGES = ["today", "inbox", "agent", "agent-journal", "portfolio", "search", "ads", "settings", "api-account",
         "api-campaigns", "api-insights", "api-decisions", "api-cycles", "api-journal"]  # fmt: skip
NAMES = ["across", "brand", "by", "kind", "page", "q", "sort", "view", "why", "ordering", "order_by", "status", "state",
         "action", "subject", "subject_key", "effective_status", "search", "page_size", "columns", "campaign", "angle",
         "since", "until", "from", "to", "compare", "period", "format", "dir"]  # fmt: skip
HOSTILE = {
    "SQL": "'); DROP TABLE campaigns_ad CASCADE; SELECT pg_sleep(9) --",
    "SQL of a number": "1 OR 1=1 UNION SELECT credentials FROM campaigns_adaccount",
    "lookup": "account__brand__member__user__password__startswith",
    "NUL": "x\x00y",
    "long": "9" * 5000,
}


@pytest.fixture
def world(account: Any) -> Any:
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign=CampaignFactory.create(account=account)))
    InsightFactory.create(ad=ad)
    ad_set = ad.ad_set.external_id
    DecisionFactory.create(account=account, subject_id=ad_set, changes=[budget_change(ad_set, "50", "60")])
    CycleFactory.create(account=account)
    AdAccount.objects.update(credentials='{"access_token": "canary-of-the-account"}')
    return account


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("name", PAGES)
def test_filters_and_sorting_take_no_code(world, manager, brand, name, payload):
    client = client_of(manager, brand) if name.startswith("api-") else log_in(Client(), manager)
    for asked in (dict.fromkeys(NAMES, payload), dict.fromkeys(NAMES[:-8], payload)):
        answer = client.get(reverse(name, args=[world.key]), asked)
        text = answer.content.decode()
        assert answer.status_code in (200, 302, 400, 404, 422), answer.status_code
        assert "canary-of" not in text
        assert manager.password not in text
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM campaigns_ad")
        assert cursor.fetchone()[0] == 1


def serializers_of(kind: Any = ModelSerializer) -> list[Any]:
    """Every serializer of ours that knows a model."""
    below = [one for each in kind.__subclasses__() for one in serializers_of(each)]
    return [*([kind] if kind.__module__.startswith(OURS) else []), *below]


def test_serializers_of_models_write_nothing():
    """What is written comes through serializers that name their few fields, and through the models' own verbs."""
    found = serializers_of()
    assert len(found) > 8
    writable = {
        f"{one.__name__}.{name}" for one in found for name, field in one().fields.items() if not field.read_only
    }
    assert writable == set()


MORE = {
    "state": "done", "mode": "live", "account": "x", "approved_by": 1, "decided_by": 1, "approved_hash": "x",
    "is_live_confirmed": True, "is_stopped": True, "version": 9, "brand": 1, "execute_after": "2020-01-01",
    "daily_cap": "1000000", "role": "owner", "scopes": ["decide"], "is_staff": True, "undo_state": "done",
}  # fmt: skip


def test_approval_takes_nothing_but_its_hash_and_note(world, manager, brand):
    decision = Decision.objects.get()
    InsightFactory.create(ad=Ad.objects.get(), day=date(2026, 11, 18), spend=800, results=40)
    before = {**Decision.objects.values().get()}
    limits = AdAccount.objects.values().get()
    answer = client_of(manager, brand).post(
        f"/api/decisions/{decision.key}/approve/", {**MORE, "hash": decision.content_hash}, format="json"
    )
    assert answer.status_code == 200
    after = Decision.objects.values().get()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"state", "decided_by_id", "decided_at", "approved_hash", "execute_after", "decided_via_id"}
    assert (after["state"], after["decided_by_id"]) == ("approved", manager.pk)
    assert after["execute_after"].year > 2020
    assert AdAccount.objects.values().get() == limits


@pytest.mark.parametrize("name", ["settings-limits", "settings-goal", "settings-token", "settings-invite"])
def test_settings_take_nothing_but_their_own_fields(world, person, name):
    owner = person("owner")
    before = AdAccount.objects.values().get()
    browser = log_in(Client(), owner)
    own = {"budget_step": "15", "cooldown_hours": "48", "margin": "60", "name": "Reports", "email": "x@example.com"}
    browser.post(reverse(name, args=[world.key]), {**MORE, "mode": "live", **own})
    after = AdAccount.objects.values().get()
    changed = {one for one in before if before[one] != after[one]}
    assert changed <= {"daily_cap", "ad_set_cap", "approval_over", "budget_step", "cooldown_hours", "is_agent_on"}
    assert not type(owner).objects.filter(is_staff=True).exists()
    assert Token.objects.filter(scopes__contains=["decide"]).count() <= (name == "settings-token")


@pytest.mark.parametrize("name", ["accounts", "campaigns", "decisions", "cycles", "journal"])
def test_pages_of_the_api_are_bounded(world, manager, brand, name):
    path = "/api/accounts/" if name == "accounts" else f"/api/accounts/{world.key}/{name}/"
    client = client_of(manager, brand)
    assert client.get(path, {"page": "999999999"}).status_code == 404
    kind = client.get(path, {"page_size": "1000000"}).renderer_context["view"].pagination_class
    assert kind.max_page_size <= 500
