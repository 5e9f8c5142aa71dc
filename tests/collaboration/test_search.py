"""Search: ads, decisions and people of the account one is on, and of no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import AccountFactory, AdFactory, AdSetFactory, CampaignFactory, DecisionFactory, MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def find(client, account, manager):
    def get(text: str) -> Any:
        client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
        return client.get(reverse("search", args=[account.key]), {"q": text})

    return get


def test_every_kind_is_found_by_a_part_of_its_name(find, account):
    campaign = CampaignFactory.create(account=account, name="Autumn blue")
    ad_set = AdSetFactory.create(campaign=campaign, name="Blue lovers")
    ad = AdFactory.create(ad_set=ad_set, name="Blue | v1")
    DecisionFactory.create(account=account, title="Pause “Blue | v1”", subject_level="ad", subject_id=ad.external_id)
    MemberFactory.create(brand=account.brand, user__first_name="Bluebell", user__last_name="Kern")
    response = find("BLUE")
    page = response.content.decode()
    assert response.context["hits"] == 5
    assert "5 hits" in page
    assert "Blue lovers · Autumn blue · proposed" in page
    assert f'href="{reverse("ad", args=[account.key, ad.key])}"' in page


def test_what_a_file_did_not_name_is_no_hit(find, account):
    campaign = CampaignFactory.create(account=account, name="Autumn")
    ad_set = AdSetFactory.create(campaign=campaign, name="Autumn (whole campaign)", external_id="all:1")
    AdFactory.create(ad_set=ad_set, name="Autumn (whole campaign)", external_id="all:2")
    context = find("autumn").context
    assert (context["hits"], list(context["campaigns"]["rows"])) == (1, [campaign])


@pytest.mark.parametrize("text", ["buro", "BÜRO", "büro"])
def test_accents_do_not_hide_a_name(find, account, text):
    ad = AdFactory.create(ad_set__campaign__account=account, name="Büro | v1")
    DecisionFactory.create(account=account, title="Pause “Büro | v1”", subject_level="ad", subject_id=ad.external_id)
    MemberFactory.create(brand=account.brand, user__first_name="Émile", user__last_name="Büro")
    assert find(text).context["hits"] == 3


def test_id_of_meta_is_found_as_a_whole(find, account):
    ad = AdFactory.create(ad_set__campaign__account=account, ad_set__campaign__name="Autumn", external_id="7788")
    decision = DecisionFactory.create(account=account, ad=ad, title="Pause it", subject_id=ad.ad_set.external_id)
    context = find("7788").context
    assert [list(context[kind]["rows"]) for kind in ("ads", "decisions")] == [[ad], [(decision, "Autumn")]]
    assert find("778").context["hits"] == 0


def test_person_is_found_by_words_in_any_order(find, account):
    member = MemberFactory.create(brand=account.brand, user__first_name="Jana", user__last_name="Holm")
    assert find("holm jan").context["people"]["rows"] == [member]


def test_other_accounts_and_people_who_left_are_not_found(find, account):
    other = AccountFactory.create()
    AdFactory.create(ad_set__campaign__account=other, name="Zebra")
    DecisionFactory.create(account=other, title="Zebra")
    MemberFactory.create(brand=other.brand, user__first_name="Zebra")
    MemberFactory.create(brand=account.brand, user__first_name="Zebra", is_active=False)
    response = find("zebra")
    assert response.context["hits"] == 0
    assert "Nothing found" in response.content.decode()


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_nothing_asked_is_told_what_can_be(find, account, text):
    assert "Write a part of a name" in find(text).content.decode()


@pytest.mark.parametrize("text", ["<b>x</b>", "%", "_", "'; drop", "x" * 5000])
def test_any_text_is_searched_as_it_is(find, account, text):
    AdFactory.create(ad_set__campaign__account=account, name="Blue")
    response = find(text)
    assert response.status_code == 200
    assert response.context["hits"] == 0
    assert "<b>x" not in response.content.decode()


def test_more_hits_than_fit_are_counted(find, account):
    ad_set = AdSetFactory.create(campaign__account=account)
    AdFactory.create_batch(23, ad_set=ad_set, name="Blue")
    ads = find("blue").context["ads"]
    assert (len(ads["rows"]), ads["count"], ads["left_out"]) == (20, 23, 3)


def test_number_of_queries_does_not_grow(find, account):
    ad_set = AdSetFactory.create(campaign__account=account)
    counts = []
    for number in range(6):
        ad = AdFactory.create(ad_set=ad_set, name=f"Blue {number}")
        DecisionFactory.create(account=account, ad=ad, title="Blue", subject_level="ad", subject_id=ad.external_id)
        with CaptureQueriesContext(connection) as queries:
            find("blue")
        counts.append(len(queries))
    assert counts[1] == counts[-1]
