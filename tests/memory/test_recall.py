"""What happened last time, as far as it was known at the time of asking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memory.models import Episode
from memory.recall import precedents, recall, remember
from tests.factories import AccountFactory, BrandFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tell(account, now):
    """`tell("decision:1", "Raised …")` writes an episode of that day; keywords replace what is given here."""

    def told(source, text, **other):
        values = {
            "brand": account.brand,
            "account_key": account.key,
            "kind": "scale_budget",
            "occurred_at": now,
            "now": now,
            **other,
        }
        return remember(source=source, text=text, **values)

    return told


def test_empty_memory_recalls_nothing(account, now):
    assert precedents(account, "scale_budget", ["ad_set:1"], "Broad", now) == []
    assert recall(account.brand, "", [], None, now) == []


def test_remembering_twice_writes_once(tell):
    first = tell("decision:1", "Raised “Broad” by €10 a day.", payload={"per_day": 5.5}, entities=["ad_set:1"])
    assert tell("decision:1", "Raised “Broad” by €10 a day.", payload={"per_day": 5.5}, entities=["ad_set:1"]) == first
    assert Episode.objects.count() == 1


def test_same_object_comes_before_same_words(account, tell, now):
    tell("decision:1", "Raised “Broad audience” from €50 to €60 a day: got +€4 a day.", entities=["ad_set:1"])
    tell("decision:2", "Raised “Lookalike” from €20 to €24 a day: got −€2 a day.", entities=["ad_set:2"])
    found = precedents(account, "scale_budget", ["ad_set:2"], "Broad audience", now)
    assert [one.source for one in found] == ["decision:2", "decision:1"]


def test_same_angle_comes_before_nothing_shared(account, tell, now):
    tell("decision:1", "Paused an ad.", entities=["ad:1", "angle:Price"])
    tell("decision:2", "Paused an ad.", entities=["ad:2", "angle:Proof"])
    found = precedents(account, "scale_budget", ["ad:9", "angle:Price"], "ad", now)
    assert [one.source for one in found] == ["decision:1", "decision:2"]


def test_rare_word_weighs_more_than_common_ones(account, tell, now):
    for number in range(8):
        tell(f"decision:{number}", "Raised the daily budget.")
    tell("decision:rare", "Tried mushrooms.")
    assert recall(account.brand, "raised budget mushrooms", [], None, now)[0].source == "decision:rare"


def test_one_shared_word_is_enough(account, tell, now):
    tell("decision:1", "Raised the budget of Broad.")
    assert len(recall(account.brand, "weekend promotion budget", [], None, now)) == 1
    assert recall(account.brand, "weekend promotion", [], None, now) == []


def test_nothing_recorded_later_is_recalled(account, tell, now):
    tell("decision:1", "Raised Broad: done, too early to grade.", outcome="open")
    week_later = now + timedelta(days=7)
    tell("decision:1", "Raised Broad: got −€3 a day.", outcome="bad", now=week_later)
    assert precedents(account, "scale_budget", [], "Broad", now - timedelta(hours=1)) == []
    assert [one.outcome for one in precedents(account, "scale_budget", [], "Broad", now)] == ["open"]
    assert [one.outcome for one in precedents(account, "scale_budget", [], "Broad", week_later)] == ["bad"]


def test_other_actions_accounts_and_brands_are_not_precedents(account, tell, now):
    tell("decision:1", "Paused Broad.", kind="pause_ad")
    tell("decision:2", "Raised Broad.", account_key=AccountFactory.create(brand=account.brand).key)
    stranger = BrandFactory.create()
    tell("decision:3", "Raised Broad.", brand=stranger, account_key=None)
    assert precedents(account, "scale_budget", [], "Broad", now) == []
    assert [one.source for one in recall(stranger, "Broad", [], None, now)] == ["decision:3"]


@pytest.mark.parametrize("text", ["it's \\ 'quoted' | & ! :* (", "https://shop.example/a'b?x=1", "%s %(x)s", "—"])
def test_any_text_may_be_asked(account, tell, now, text):
    tell("decision:1", text)
    assert len(recall(account.brand, text, ["ad:1"], None, now)) in (0, 1)


def test_no_more_than_asked_for(account, tell, now):
    for number in range(5):
        tell(f"decision:{number}", f"Raised Broad {number}.")
    assert len(precedents(account, "scale_budget", [], "Broad", now, k=2)) == 2
