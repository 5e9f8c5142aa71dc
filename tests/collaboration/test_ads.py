from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Ad, Comment, InsightBreakdown
from collaboration.ad_page import cut
from collaboration.beliefs import Belief, together
from collaboration.columns import Scale
from collaboration.statuses import PLAIN, STATUS_FILTERS, STATUS_LABELS, ad_status
from collaboration.views.ad import verdict
from collaboration.views.ads import read_asked
from memory.models import Episode
from portfolio.models import AdState, Conversion
from portfolio.reference import Reference
from tests.factories import (
    NOW,
    AdFactory,
    AdSetFactory,
    AngleFactory,
    CampaignFactory,
    CreativeFactory,
    DecisionFactory,
    InsightFactory,
)
from tests.many_rows import seed_account

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 19)
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def ads(account: Any) -> dict[str, Any]:
    """Two campaigns: Gift with one ad in each of two ad sets, and Broad with one that is rejected."""
    gift, broad = (CampaignFactory.create(account=account, name=name) for name in ("Gift shoppers", "Broad"))
    sets = [AdSetFactory.create(campaign=gift, name=name) for name in ("Visitors", "Lapsed")]
    price = AngleFactory.create(brand=account.brand, name="Price")
    made = {
        "cup": AdFactory.create(
            ad_set=sets[0], name="Cup", creative=CreativeFactory.create(brand=account.brand, angle=price)
        ),
        "box": AdFactory.create(ad_set=sets[1], name="Box"),
        "bag": AdFactory.create(
            ad_set=AdSetFactory.create(campaign=broad, name="Everybody"),
            name="=Bag",
            effective_status="DISAPPROVED",
            review_feedback="Unrealistic outcomes",
        ),
    }
    for name, spend, revenue in (("cup", 100, 300), ("box", 50, 50), ("bag", 30, 0)):
        InsightFactory.create(
            ad=made[name], day=DAY, spend=Decimal(spend), revenue=Decimal(revenue), results=Decimal(revenue // 10),
            impressions=5000, clicks=100,
        )  # fmt: skip
    InsightFactory.create(ad=made["cup"], day=DAY - timedelta(days=55), spend=Decimal(80), revenue=Decimal(200))
    return made


@pytest.fixture
def viewer(client: Client, person: Callable[[str], Any]) -> Client:
    client.force_login(person("viewer"), "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def look(viewer: Client, account: Any) -> Callable[..., str]:
    """The page as text, tags cut out."""

    def get(**asked: str) -> str:
        answer = viewer.get(reverse("ads", args=[account.key]), asked)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return get


def csv_rows(viewer: Client, account: Any, **asked: str) -> list[list[str]]:
    answer = viewer.get(reverse("ads", args=[account.key]), {**asked, "format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))


def test_stranger_finds_no_ads(client: Client, account: Any, stranger: Any, ads: dict[str, Any]) -> None:
    client.force_login(stranger, "django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("ads", args=[account.key])).status_code == 404
    assert client.get(reverse("ads", args=[account.key]), {"format": "csv"}).status_code == 404
    assert client.get(reverse("ad", args=[account.key, ads["cup"].key])).status_code == 404


def test_ad_of_another_account_is_not_found(viewer: Client, account: Any) -> None:
    other = AdFactory.create()
    assert viewer.get(reverse("ad", args=[account.key, other.key])).status_code == 404


def test_tree_is_closed_and_says_what_runs(look: Callable[..., str], ads: dict[str, Any]) -> None:
    page = look()
    assert "2 of 3 ads in 2 campaigns are running and 1 is held back by Meta." in page
    assert "Gift shoppers" in page
    assert "Visitors" not in page


def test_rows_open_by_the_address(look: Callable[..., str], ads: dict[str, Any]) -> None:
    gift, visitors = ads["cup"].campaign.key.hex[:8], ads["cup"].ad_set.key.hex[:8]
    page = look(open=f"{gift},{visitors}")
    assert "Visitors" in page
    assert "Lapsed" in page
    assert "Cup" in page
    assert "Box" not in page


def test_totals_are_sums_of_the_chosen_ads(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    rows = csv_rows(viewer, account, angle=str(ads["cup"].creative.angle.key))
    assert [row[0] for row in rows[1:]] == ["Gift shoppers", "Visitors", "Cup"]
    spend = rows[0].index("Spend (EUR)")
    assert [row[spend] for row in rows[1:]] == ["100.00", "100.00", "100.00"]


def test_file_holds_what_is_seen(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    rows = csv_rows(viewer, account, level="ad", sort="-spend")
    assert rows[0][0] == "Name · Shop · SANDBOX"
    assert rows[0][4:10] == [
        "Campaign", "Campaign id at Meta", "Ad set", "Ad set id at Meta", "Ad", "Ad id at Meta",
    ]  # fmt: skip
    cup = ads["cup"]
    assert rows[1][4:10] == [
        "Gift shoppers", cup.campaign.external_id, "Visitors", cup.ad_set.external_id, "Cup", cup.external_id,
    ]  # fmt: skip
    assert rows[0][10:] == [
        "Budget (EUR)", "Spend (EUR)", "Purchases", "CPA, by Meta (EUR)", "ROAS", "Profit (EUR)",
        "Spend, before (EUR)", "Purchases, before", "CPA, by Meta, before (EUR)", "ROAS, before",
    ]  # fmt: skip
    assert rows[1][:4] == ["Cup", "ad", "Running", "Price"]
    assert rows[1][10:] == ["", "100.00", "30.0", "3.33", "3.0", "200.00",
                       "80.00", "1.0", "80.00", "2.5"]  # fmt: skip
    assert [row[0] for row in rows[1:]] == ["Cup", "Box", "'=Bag"]


def test_file_tells_ads_of_one_name_apart(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    ads["box"].name = "Cup"
    ads["box"].save()
    rows = csv_rows(viewer, account, level="ad", sort="-spend")
    assert [row[6:10:3] for row in rows[1:3]] == [
        ["Visitors", ads["cup"].external_id], ["Lapsed", ads["box"].external_id],
    ]  # fmt: skip


def test_file_names_as_much_as_a_row_has(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    assert csv_rows(viewer, account, level="ad_set")[0][8] == "Budget (EUR)"
    tree = csv_rows(viewer, account, open="all")
    assert tree[0][8:10] == ["Ad", "Ad id at Meta"]
    assert tree[1][:6] == ["Gift shoppers", "campaign", "Running", "", "Gift shoppers", ads["cup"].campaign.external_id]
    assert tree[1][6:10] == ["", "", "", ""]


def test_file_leaves_out_what_is_closed(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    assert [row[0] for row in csv_rows(viewer, account)[1:]] == ["Gift shoppers", "Broad"]


def test_search_finds_names_above_and_opens_them(look: Callable[..., str], ads: dict[str, Any]) -> None:
    page = look(q="visitors")
    assert "Cup" in page
    assert "Box" not in page
    assert "=Bag" not in page


def test_status_comes_with_its_reason(look: Callable[..., str], ads: dict[str, Any]) -> None:
    page = look(status="rejected")
    assert "Rejected" in page
    assert "Unrealistic outcomes" in page
    assert "Cup" not in page


@pytest.mark.parametrize("name", [name for name in STATUS_LABELS if name != "tired"])
def test_filter_finds_the_badges_it_is_called_by(account: Any, name: str) -> None:
    for learning in ("LEARNING", "FAIL", "SUCCESS"):
        ad_set = AdSetFactory.create(campaign__account=account, learning_status=learning)
        for effective in ("CAMPAIGN_PAUSED", "ADSET_PAUSED", *PLAIN):
            AdFactory.create(ad_set=ad_set, effective_status=effective, creative=None)
    every = Ad.objects.filter(account=account).select_related("campaign", "ad_set")
    words = {one.pk: ad_status(one.effective_status, "", one.campaign, one.ad_set).label for one in every}
    found = {one.pk for one in every.filter(STATUS_FILTERS[name])}
    assert found
    assert found == {pk for pk, label in words.items() if label == STATUS_LABELS[name]}


def test_tired_ads_can_be_chosen(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    AdState.objects.create(ad=ads["cup"], day=DAY, is_tired=True, figures={})
    AdState.objects.create(ad=ads["box"], day=DAY, is_tired=False, figures={})
    assert [row[0] for row in csv_rows(viewer, account, level="ad", status="tired")[1:]] == ["Cup"]


@pytest.mark.parametrize(
    ("effective", "learning", "label", "reason"),
    [
        ("ACTIVE", "SUCCESS", "Running", ""),
        ("ACTIVE", "LEARNING", "Learning", "12 of about 50 results since 20 Nov."),
        (
            "ACTIVE",
            "FAIL",
            "Learning limited",
            "Too few results since 20 Nov.",
        ),
        ("CAMPAIGN_PAUSED", "SUCCESS", "Paused by campaign", "“Gift” is paused."),
        ("ADSET_PAUSED", "SUCCESS", "Paused by ad set", "“Lapsed” is paused."),
        ("SOMETHING_NEW", "SUCCESS", "Something new", ""),
    ],
)
def test_status_is_said_in_words(effective: str, learning: str, label: str, reason: str) -> None:
    campaign = CampaignFactory.build(name="Gift")
    ad_set = AdSetFactory.build(
        campaign=campaign,
        name="Lapsed",
        learning_status=learning,
        learning_conversions=12,
        last_significant_edit_at=NOW,
    )
    found = ad_status(effective, "", campaign, ad_set)
    assert (found.label, found.reason) == (label, reason)


def test_sorting_puts_the_unknown_last(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    assert [row[0] for row in csv_rows(viewer, account, level="ad", sort="cpa")[1:]] == ["Cup", "Box", "'=Bag"]
    assert [row[0] for row in csv_rows(viewer, account, level="ad", sort="-cpa")[1:]] == ["Box", "Cup", "'=Bag"]
    assert [row[0] for row in csv_rows(viewer, account, level="ad", sort="name")[1:]] == ["'=Bag", "Box", "Cup"]


def test_nonsense_in_the_address_is_ignored() -> None:
    asked = read_asked(
        {"level": "x", "columns": "secret", "sort": "-ad__creative", "status": "'; --", "angle": "no", "q": "a\x00b"}
    )
    assert (asked.level, asked.preset, asked.sort, asked.status) == ("campaign", "performance", "-spend", "")
    assert (asked.keys, asked.text) == ({}, "ab")


def test_part_of_a_breakdown_can_be_listed(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    for value, spend in (("25-34", 60), ("35-44", 40)):
        InsightBreakdown.objects.create(
            account=account, ad=ads["cup"], day=DAY, until=DAY, dimension="age", value=value, spend=spend
        )
    rows = csv_rows(viewer, account, level="ad", split="age:25-34")
    assert rows[1][rows[0].index("Spend (EUR)")] == "60.00"


def test_wide_periods_and_deep_pages_answer(look: Callable[..., str], ads: dict[str, Any]) -> None:
    assert "Gift shoppers" in look(page="999", period="90d")
    assert "That period is not known." in look(period="forever")


def test_empty_account_says_what_will_appear(look: Callable[..., str]) -> None:
    assert "No ads yet" in look()


def test_no_match_offers_a_way_out(look: Callable[..., str], ads: dict[str, Any]) -> None:
    assert "No ad fits" in look(q="zebra")


@pytest.mark.parametrize("asked", ["", "?open=all", "?level=ad", "?columns=payout&sort=-p_profit", "?q=Ad+1"])
def test_queries_do_not_grow_with_the_account(
    viewer: Client, account: Any, asked: str, django_assert_max_num_queries: Any
) -> None:
    seed_account(account, campaigns=3, ad_sets=2, ads=5, days=30)
    with django_assert_max_num_queries(27):
        viewer.get(reverse("ads", args=[account.key]) + asked)


def test_htmx_gets_the_table_alone(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    answer = viewer.get(reverse("ads", args=[account.key]), headers={"HX-Request": "true"})
    assert answer.content.decode().strip().startswith('<section class="card" id="ads-table"')
    assert "HX-Request" in answer["Vary"]


# --- One ad -------------------------------------------------------------------------------------------------


def test_ad_shows_all_that_is_known(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    cup = ads["cup"]
    AdState.objects.create(
        ad=cup, day=DAY, payout_per_spend=1.4, low=1.1, high=1.7, p_profit=0.93, fatigue=0.31, is_tired=True,
        cpa=Decimal(20), payout_30=Decimal(28), maturity=0.8, figures={"spend": 100, "payout_30": {"projected": 140}},
    )  # fmt: skip
    Comment.objects.create(account=account, ad=cup, external_id="c1", author="Eve", text=SCRIPT, written_at=NOW)
    DecisionFactory.create(account=account, ad=cup, subject_level="ad", subject_id=cup.external_id, title="Pause “Cup”")
    for source, entity in (("one", f"ad:{cup.external_id}"), ("two", "angle:Price"), ("three", "angle:Other")):
        Episode.objects.create(
            brand=account.brand, account_key=account.key, source=source, kind="pause_ad", text=f"Tried {source}",
            entities=[entity], occurred_at=NOW, recorded_at=NOW,
        )  # fmt: skip
    page = viewer.get(reverse("ad", args=[account.key, cup.key])).content.decode()
    assert "Each €1 spent on it should bring back 1.40 within 30 days (80%: 1.10 to 1.70)." in page
    assert "I am 93% sure that it earns money, before the cost of goods, as no margin is set." in page
    assert "its click rate fell by 31%" in page
    assert "Pause “Cup”" in page
    assert "Tried one" in page
    assert "Tried two" in page
    assert "Tried three" not in page
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_payout_is_drawn_against_what_an_order_costs(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    cup = ads["cup"]
    AdState.objects.create(
        ad=cup, day=DAY, payout_per_spend=0.8, cpa=Decimal(20), payout_30=Decimal(28), maturity=0.8,
        figures={"spend": 240, "payout_30": {"projected": 336}},
    )  # fmt: skip
    clicked = NOW - timedelta(days=40)
    Conversion.objects.bulk_create(
        Conversion(account=account, ad=cup, event_id=f"e{n}", clicked_at=clicked, clicked_on=clicked.date(),
                   converted_at=clicked + timedelta(days=n), lag_days=n, value=Decimal(28))
        for n in range(12)
    )  # fmt: skip
    page = viewer.get(reverse("ad", args=[account.key, cup.key])).content.decode()
    assert "it cost €20.00 and brings €28.00 in 30 days." in page
    assert "That is 1.40 for each €1 of 90 days; of the next I expect 0.80" in page


def test_ad_without_anything_still_has_a_page(viewer: Client, account: Any) -> None:
    bare = AdFactory.create(ad_set__campaign__account=account, creative=None)
    page = viewer.get(reverse("ad", args=[account.key, bare.key])).content.decode()
    assert "No creative is known of this ad." in page
    assert "It delivered nothing in this period." in page


@pytest.mark.parametrize(
    ("fields", "role", "is_offered"),
    [
        ({}, "team", True),
        ({}, "viewer", False),
        ({"is_placeholder": True}, "team", False),
        ({"status": "ARCHIVED"}, "team", False),
    ],
)
def test_change_of_a_single_ad_is_offered_where_it_can_be_asked(client, account, person, ads, fields, role, is_offered):
    ad = Ad.objects.order_by("pk").first()
    Ad.objects.filter(pk=ad.pk).update(**fields)
    client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("ad", args=[account.key, ad.key])).content.decode()
    assert (f"{reverse('propose', args=[account.key])}?item={ad.key.hex}" in page) is is_offered


@pytest.mark.parametrize(("state", "is_told"), [("awaiting", True), ("executing", True), ("rejected", False)])
def test_open_decision_is_told_before_anything_is_proposed(
    viewer: Client, account: Any, ads: dict[str, Any], state: str, is_told: bool
) -> None:
    ad = Ad.objects.filter(account=account).first()
    one = DecisionFactory.create(
        account=account,
        ad=ad,
        subject_level="ad",
        subject_id=ad.external_id,
        changes=[],
        state=state,
        title="New photo",
    )
    link = f'href="{reverse("decision", args=[account.key, one.key])}"'
    page = viewer.get(reverse("ad", args=[account.key, ad.key])).content.decode()
    assert (("nothing else can be proposed for this ad" in page), page.count(link)) == (is_told, 1 + is_told)
    rows = viewer.get(reverse("ads", args=[account.key]), {"level": "ad"}).content.decode()
    assert (rows.count("Decision open"), rows.count(link)) == (is_told, is_told)


def test_link_to_a_page_is_never_a_script(viewer: Client, account: Any, ads: dict[str, Any]) -> None:
    page = ads["cup"].creative.landing_page
    page.url = "javascript:alert(1)"
    page.save()
    assert "javascript:alert" not in viewer.get(reverse("ad", args=[account.key, ads["cup"].key])).content.decode()


def test_text_is_cut_at_a_word_as_in_the_feed() -> None:
    text = "word " * 40
    shown, rest = cut(text.strip())
    assert len(shown) == 124
    assert shown.endswith("word")
    assert rest.startswith("word")
    assert cut("short") == ("short", "")
    assert cut("x" * 130) == ("x" * 125, "x" * 5)


def test_several_beliefs_are_computed_again() -> None:
    one = Belief(DAY, spend=100, orders=10, worth_7=150, worth_30=200, arrived=80, has_revenue=True, expected=1.9)
    two = Belief(DAY, spend=300, orders=10, worth_7=90, worth_30=100, arrived=300, has_revenue=True, p_profit=0.1)
    both = together([one, None, two])
    assert both is not None
    assert (both.cpa, both.payout_7, both.payout_30) == (20.0, 12.0, 15.0)
    assert (both.per_spend, both.maturity, both.p_profit) == (0.75, 0.95, None)
    assert together([None]) is None


def test_verdict_is_never_certain() -> None:
    scale = Scale("EUR", Decimal(1), None)
    said = verdict(Belief(DAY, expected=2.0, p_profit=1.0), scale, Reference())
    assert said.endswith("I am > 99% sure that it earns money.")
    assert verdict(None, scale, Reference()) == "I have not judged it yet."


@pytest.mark.parametrize(
    ("belief", "reference", "said"),
    [
        (
            Belief(DAY, spend=47, orders=100, expected=1.02, p_profit=0.67),
            Reference(Decimal("0.48"), "file"),
            "A link click costs €0.47 here; €0.48 is usual on this account."
            " I am 67% sure that the next ones cost less.",
        ),
        (
            Belief(DAY, spend=50, orders=100, expected=0.8, p_profit=0.1),
            Reference(Decimal("0.40"), "goal"),
            "A link click costs €0.50 here; €0.40 you set as the goal. I am 10% sure that the next ones cost less.",
        ),
        (
            Belief(DAY, spend=30, expected=0.1),
            Reference(Decimal("0.40"), "file"),
            "It has brought no link click for €30.00; €0.40 is usual on this account.",
        ),
    ],
    ids=["usual", "goal", "none"],
)
def test_verdict_without_revenue_speaks_of_costs(belief: Belief, reference: Reference, said: str) -> None:
    """Nothing says that it earns."""
    assert verdict(belief, Scale("EUR", Decimal(1), None, has_revenue=False, kinds=("link click",)), reference) == said
