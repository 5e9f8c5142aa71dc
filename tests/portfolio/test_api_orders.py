"""Orders by REST: into the ledger once, whatever is sent again, and bad rows named by their place."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from memory.models import Event
from portfolio.api_orders import MOST
from portfolio.models import Conversion
from tests.api_client import client_of
from tests.factories import AdFactory, AdSetFactory, CampaignFactory

pytestmark = pytest.mark.django_db
GOOD = {
    "event_id": "order-1",
    "ad_id": "140001",
    "clicked_at": "2026-11-17T22:30:00Z",
    "converted_at": "2026-11-19T10:00:00Z",
    "value": "49.90",
    "currency": "EUR",
}


@pytest.fixture
def ad(account):
    campaign = CampaignFactory.create(account=account)
    return AdFactory.create(ad_set=AdSetFactory.create(campaign=campaign), external_id="140001")


@pytest.fixture
def client(brand, manager):
    return client_of(manager, brand)


def push(client, account, rows):
    return client.post(f"/api/accounts/{account.key}/conversions/", rows, format="json")


def test_order_is_booked_on_the_accounts_day(client, account, ad, manager):
    answer = push(client, account, [GOOD])
    assert (answer.status_code, answer.json()) == (200, {"received": 1, "recorded": 1, "errors": []})
    row = Conversion.objects.get()
    assert (row.ad, row.event_id, row.kind, row.value) == (ad, "order-1", "purchase", Decimal("49.90"))
    assert (row.clicked_on, row.lag_days) == (date(2026, 11, 17), 2)
    event = Event.objects.get(kind="orders.received")
    assert event.actor.startswith(f"person:{manager.email} (token mb_")
    assert event.data == {"orders": 1, "refused": 0}


def test_order_sent_again_takes_the_new_values(client, account, ad):
    push(client, account, [GOOD])
    push(client, account, [GOOD | {"value": "39.90"}])
    assert Conversion.objects.get().value == Decimal("39.90")


def test_refund_is_negative(client, account, ad):
    push(client, account, [GOOD, GOOD | {"event_id": "refund-1", "kind": "refund", "value": "-49.90"}])
    assert sum(row.value for row in Conversion.objects.all()) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 81}, "event_id"),
        ({"event_id": "a\x00"}, "event_id"),
        ({"ad_id": "999"}, "ad_id"),
        ({"kind": "gift"}, "kind"),
        ({"kind": "refund"}, "value"),
        ({"value": "-1"}, "value"),
        ({"value": "1,000"}, "value"),
        ({"value": "NaN"}, "value"),
        ({"value": "1e30"}, "value"),
        ({"value": None}, "value"),
        ({"currency": "USD"}, "currency"),
        ({"clicked_at": "2026-11-20T00:00:00Z"}, "clicked_at"),
        ({"clicked_at": "2024-01-01T00:00:00Z"}, "clicked_at"),
        ({"converted_at": "2027-01-01T00:00:00Z"}, "converted_at"),
        ({"converted_at": "yesterday"}, "converted_at"),
    ],
)
def test_bad_row_is_named_and_the_others_are_kept(client, account, ad, change, field):
    answer = push(client, account, [GOOD | change, GOOD | {"event_id": "order-2"}])
    assert answer.status_code == 200
    told = answer.json()
    assert (told["received"], told["recorded"]) == (2, 1)
    assert {(one["row"], one["field"]) for one in told["errors"]} == {(0, field)}
    assert Conversion.objects.get().event_id == "order-2"


def test_list_without_a_good_row_is_refused(client, account, ad):
    answer = push(client, account, [{}, "text", None])
    assert (answer.status_code, answer.json()["recorded"]) == (422, 0)
    assert {name[0] for name in answer.json()["errors"]} == {"0", "1", "2"}
    assert Conversion.objects.count() == Event.objects.count() == 0


@pytest.mark.parametrize("rows", [[], {}, GOOD, "text", [GOOD] * (MOST + 1)], ids=["none", "{}", "one", "text", "many"])
def test_what_is_no_list_of_orders_is_refused(client, account, ad, rows):
    answer = push(client, account, rows)
    assert answer.status_code == 422
    assert Conversion.objects.count() == 0


def test_body_over_the_limit_is_refused_unread(client, account, ad, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = push(client, account, [GOOD])
    assert (answer.status_code, Conversion.objects.count()) == (413, 0)


def test_ads_of_another_account_are_unknown(client, account):
    AdFactory.create(external_id="140001")
    answer = push(client, account, [GOOD])
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["0.ad_id"])


def test_scope_and_role_are_needed(brand, manager, person, account, ad):
    for client in (client_of(manager, brand, "read", "decide", "run"), client_of(person("viewer"), brand)):
        assert push(client, account, [GOOD]).status_code == 403
    assert Conversion.objects.count() == 0
