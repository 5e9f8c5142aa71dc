"""An imported account on every page: its results under their own name, nothing claimed that its file does not tell."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand
from campaigns.models import Ad, AdAccount, ImportFile, InsightBreakdown
from campaigns.models.tree import OF_ALL
from campaigns.result_kinds import EMPTY, RESULTS, tells_results
from collaboration.ad_page import fatigue_words
from collaboration.beliefs import Belief
from collaboration.cards import build_card
from collaboration.columns import PRESETS, Scale, columns_of
from collaboration.figures import scale_of
from collaboration.places import places_of
from collaboration.reasons import drivers_of
from collaboration.statuses import StatusWords, as_of_file
from collaboration.views.ad import verdict
from collaboration.why import explain_change, measures_of
from portfolio.diagnosis import diagnose
from portfolio.metrics import Totals
from portfolio.models import Conversion, Goal
from portfolio.reference import Reference
from tests.factories import (
    AccountFactory,
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    CreativeFactory,
    DecisionFactory,
    InsightFactory,
)

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 3, 26), date(2026, 4, 25)
SEVERAL = ("add to cart", "profile visit")
MIXED = "Results mean several things here: add to cart, profile visit."


@pytest.fixture
def shadow(brand: Any) -> AdAccount:
    """A file of 31 days with revenue, of two ads of two angles."""
    account = AccountFactory.create(brand=brand, mode="shadow", platform="export", graph_url="", synced_at=None)
    ad_set = AdSetFactory.create(campaign__account=account)
    for _ in range(2):
        ad = AdFactory.create(ad_set=ad_set, creative=CreativeFactory.create(brand=brand))
        for back in range((LAST - FIRST).days + 1):
            InsightFactory.create(
                ad=ad, day=LAST - timedelta(days=back), spend=Decimal(30 + back), results=Decimal(8), clicks=40,
                impressions=2000, revenue=Decimal(100),
            )  # fmt: skip
    return account


@pytest.fixture
def say(shadow: AdAccount) -> Callable[..., None]:
    def kinds(*names: str) -> None:
        mapping = {"result_kinds": names}
        ImportFile.objects.create(brand=shadow.brand, account=shadow, state="done", size=1, mapping=mapping)

    return kinds


@pytest.fixture
def look(client: Client, person: Callable[[str], Any], shadow: AdAccount) -> Callable[..., str]:
    client.force_login(person("viewer"), "django.contrib.auth.backends.ModelBackend")

    def get(name: str, *keys: Any, **asked: str) -> str:
        answer = client.get(reverse(name, args=[shadow.key, *keys]), asked)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return get


def without_revenue(account: AdAccount) -> None:
    account.insightday_set.update(revenue=0)


# --- What I would do --------------------------------------------------------------------------------------------------


@pytest.fixture
def proposals(shadow: AdAccount) -> list[Any]:
    """Three, one of which a rule holds back beside the mode."""
    open_ = {"account": shadow, "state": "proposed", "expires_at": timezone.now() + timedelta(days=1)}
    rows = [DecisionFactory.create(title=f"Raise {name}", **open_) for name in "ABC"]
    for row in rows:
        row.finding_set.create(guardrail="mode", severity="block", message="Shadow mode")
    rows[2].finding_set.create(guardrail="min_data", severity="block", message="Too little is known.")
    return rows


def test_what_another_rule_holds_back_is_counted_apart_everywhere(look: Any, proposals: list[Any]) -> None:
    would, held = look("inbox"), look("inbox", view="deferred")
    for text in (would, held):
        assert "I would do 2 Held back 1 Decided 0" in text
        assert "Waiting" not in text
        assert "Deferred" not in text
    assert ("Raise A" in would, "Raise C" in would, "Raise A" in held, "Raise C" in held) == (True, False, False, True)
    assert "Held back Any kind" in look("decision", proposals[2].key)
    assert "Held back by a guardrail 1 Shown only 2 Approved 0" in look("agent")
    assert "2 things I would do." in look("today")


def test_nothing_is_said_of_schedules_and_budgets_of_today(look: Any, shadow: AdAccount) -> None:
    shadow.is_stopped, shadow.stopped_at = True, timezone.now()
    shadow.save()
    settings, inbox = look("settings"), look("inbox")
    assert ("on schedule" in settings, "Look by myself at what is imported" in settings) == (False, True)
    assert ("today’s budgets" in inbox, "This account was imported: nothing is sent" in inbox) == (False, True)
    assert ("next cycle" in inbox, "import another file" in inbox) == (False, True)


# --- What a result is -------------------------------------------------------------------------------------------------


def test_goal_is_set_for_the_kind_that_the_file_has(look: Any, say: Any) -> None:
    say("add to cart")
    assert "An add to cart may cost" in look("settings")


@pytest.mark.parametrize(
    ("kinds", "title"),
    [(("link click",), "Cost per link click"), (("lead",), "Cost per lead"), ((), "Cost per result"),
     (("purchase",), "CPA, by Meta")],
)  # fmt: skip
def test_cost_bears_the_name_of_what_is_paid_for(look: Any, say: Any, shadow: Any, kinds: Any, title: str) -> None:
    say(*kinds)
    without_revenue(shadow)
    pages = [look("today"), look("portfolio"), look("ads")]
    assert all(title in text for text in pages)
    assert all(("CPA" in text) == (title == "CPA, by Meta") for text in pages)
    assert all(f"{title}, 14 days" in text for text in pages[1:])


@pytest.mark.parametrize("page", ["portfolio", "ads"])
def test_results_bear_the_name_of_their_kind(look: Any, say: Any, page: str) -> None:
    say("add to cart")
    text = look(page)
    assert "Adds to cart" in text
    assert "urchases" not in text
    assert "€5.62" in text
    assert "several things" not in text


@pytest.mark.parametrize("page", ["portfolio", "ads", "ad"])
def test_several_kinds_have_no_cost_and_the_page_says_why_once(look: Any, say: Any, shadow: Any, page: str) -> None:
    say(*SEVERAL)
    keys = [shadow.ad_set.first().key] if page == "ad" else []
    text = look(page, *keys)
    assert text.count(MIXED) == 1
    assert "Results" in text
    assert "urchases" not in text
    assert "€5.62" not in text


@pytest.mark.parametrize("has_revenue", [True, False])
def test_today_tells_no_cost_of_several_kinds(look: Any, say: Any, shadow: Any, has_revenue: bool) -> None:
    say(*SEVERAL)
    if not has_revenue:
        without_revenue(shadow)
    text = look("today")
    assert text.count(MIXED) == 1
    assert "496 results" in text
    for wrong in ("urchases", "€5.62", "Order value", "CPA"):
        assert wrong not in text


def test_without_revenue_several_kinds_are_counted_and_not_priced(look: Any, say: Any, shadow: Any) -> None:
    say(*SEVERAL)
    without_revenue(shadow)
    text = look("portfolio", by="angle", across="ad_set")
    assert "€2,790 spent in 31 days for 496 results of several kinds. No revenue is known" in text
    assert "spend and number of results" in text
    assert "€5.62" not in text


def test_heat_map_counts_by_the_name_of_the_kind(look: Any, say: Any) -> None:
    say("lead")
    text = look("portfolio")
    assert "ROAS and number of leads" in text
    assert "248 l." in text


def test_change_is_not_explained_by_results_of_several_kinds() -> None:
    scale = Scale("EUR", Decimal(1), None, kinds=SEVERAL)
    before = Totals(Decimal(100), 10_000, None, 200, 150, Decimal(10), Decimal(300))
    after = Totals(Decimal(100), 10_000, None, 200, 150, Decimal(90), Decimal(600))
    why = explain_change("roas", before, after, scale)
    assert [row["label"] for row in why.drivers][2:] == ["Revenue per click"]
    assert "revenue per click: €1.50 before, €3.00 now" in why.said
    assert measures_of(scale) == ("roas", "revenue")
    assert measures_of(Scale("EUR", Decimal(1), None, has_revenue=False, kinds=SEVERAL)) == ()


def test_drivers_bear_the_name_of_the_kind() -> None:
    before = Totals(Decimal(100), 10_000, None, 200, 150, Decimal(10), Decimal(300))
    rows = drivers_of(diagnose("roas", before, before), "EUR", ("add to cart",))
    assert [row["label"] for row in rows][2:] == ["Adds to cart per click (CVR)", "Revenue per add to cart"]


def test_chart_of_a_decision_names_the_kind_and_prices_one_alone(shadow: AdAccount, say: Any) -> None:
    ad = shadow.ad_set.first()
    assert ad is not None
    decision = DecisionFactory.create(account=shadow, evidence={"ad": ad.external_id}, proposed_at="2026-04-26T08:00Z")
    decision.refresh_from_db()
    say("lead")
    plot = build_card(decision).plot
    assert "What a lead cost" in plot.title
    assert plot.series[0].name == "Cost per lead, 7-day mean"
    say("link click")
    assert build_card(decision).plot is None


# --- Own orders -------------------------------------------------------------------------------------------------------


def test_what_an_own_order_brings_needs_own_orders(look: Any, say: Any, shadow: Any) -> None:
    say("purchase")
    for text in (look("portfolio"), look("ads", columns="payout")):
        for wrong in ("own order", "ledger", "Payout"):
            assert wrong not in text.replace("Delivery Payout", "")
    Conversion.objects.create(
        account=shadow, ad=shadow.ad_set.first(), event_id="1", clicked_at="2026-04-01T08:00Z", lag_days=1,
        converted_at="2026-04-02T08:00Z", clicked_on=date(2026, 4, 1), value=Decimal(90),
    )  # fmt: skip
    text = look("portfolio")
    assert "an own order cost" in text
    assert "Own conversion ledger, no margin set, so revenue counts in full." in text


# --- The period before ------------------------------------------------------------------------------------------------


def test_part_of_a_period_before_is_no_rise_or_fall(look: Any, say: Any) -> None:
    say("purchase")
    text = look("today")
    assert "29 Mar – 25 Apr" in text
    assert "Figures begin 26 Mar. Nothing is compared, as only a part of the period before has figures." in text
    for wrong in ("against", " fell ", " rose ", "ROAS stayed"):
        assert wrong not in text
    for page in ("portfolio", "ads"):
        assert "vs previous" not in look(page, period="28d")


# --- What I would do --------------------------------------------------------------------------------------------------


def test_largest_expected_effect_is_shown_first(look: Any, shadow: Any) -> None:
    for title, effect in (("small", "1.18"), ("none", None), ("large", "162.67"), ("middle", "62.20"), ("tiny", "0.4")):
        expected = {"per_day": effect, "low": "0", "high": "200", "p_loss": "0.1"} if effect else {}
        DecisionFactory.create(
            account=shadow, state="proposed", title=f"Do {title}", expected=expected, expires_at="2100-01-01T00:00Z"
        )
    text = look("today")
    assert [text.find(f"Do {title} ") > 0 for title in ("large", "middle", "small", "tiny", "none")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert text.find("Do large ") < text.find("Do middle ") < text.find("Do small ")
    listed = re.findall(r"Do (\w+) ", look("inbox").partition("Expected effect")[0])
    assert list(dict.fromkeys(listed)) == ["large", "middle", "small", "tiny", "none"]


def test_opened_proposal_is_listed_on_its_page(look: Any, shadow: Any) -> None:
    made = [
        DecisionFactory.create(
            account=shadow, state="proposed", title=f"Do no {place}.", expires_at="2100-01-01T00:00Z",
            expected={"per_day": str(place + 1), "low": "0", "high": "200", "p_loss": "0.1"},
        )
        for place in range(60)
    ]  # fmt: skip
    text = look("decision", made[0].key)
    assert text.count("Do no 1.") == 1
    assert "Do no 59." not in text


def test_what_stands_for_a_whole_campaign_is_called_so_once(shadow: AdAccount) -> None:
    campaign = CampaignFactory.create(account=shadow, name="Autumn")
    unnamed = {"is_placeholder": True, "name": "Autumn (whole campaign)"}
    ad_set = AdSetFactory.create(campaign=campaign, external_id="all:1", **unnamed)
    whole = AdFactory.create(ad_set=ad_set, external_id="all:2", **unnamed)
    named = AdFactory.create(ad_set=ad_set, name="Cup")
    change = {
        "kind": "set_status", "level": "ad", "external_id": "all:2", "name": whole.name,
        "params": {"status": "PAUSED"}, "before": {"status": "ACTIVE"},
    }  # fmt: skip
    one = DecisionFactory.create(account=shadow, changes=[change], subject_level="ad", subject_id=whole.external_id)
    other = DecisionFactory.create(account=shadow, subject_level="ad", subject_id=named.external_id)
    assert places_of([one, other]) == {one.pk: "", other.pk: "Autumn"}
    assert [row["note"] for row in build_card(one).rows] == ["whole campaign"]


def test_heat_map_of_a_file_without_ad_sets_goes_across_campaigns(look: Any, shadow: AdAccount) -> None:
    assert "Angle × ad set" in look("portfolio")
    shadow.adset_set.update(is_placeholder=True)
    assert "Angle × campaign" in look("portfolio")


def split(ad: Ad, dimension: str, **spend: int) -> None:
    for value, amount in spend.items():
        InsightBreakdown.objects.create(
            account=ad.account, ad=ad, day=FIRST, until=LAST, dimension=dimension, value=value, spend=amount
        )


def test_legend_of_the_heat_map_is_that_of_its_cells(look: Any, shadow: AdAccount) -> None:
    for ad in shadow.ad_set.all():
        split(ad, "region", Java=700, Bali=600)
    assert "Angle × region spend" in look("portfolio", across="region")
    assert "Angle × ad set ROAS and number of results" in look("portfolio", across="ad_set")


def test_heat_map_says_what_it_leaves_out(look: Any, shadow: AdAccount) -> None:
    for ad in shadow.ad_set.all():
        split(ad, "region", **dict.fromkeys("abcdefgh", 100))
    assert "in All only" not in look("portfolio", across="region")
    split(shadow.ad_set.first(), "region", i=1)
    assert "1 smaller one is in All only" in look("portfolio", across="region")


def test_part_of_a_row_of_a_file_is_not_said_to_have_spent_nothing(look: Any, shadow: AdAccount) -> None:
    shadow.insightday_set.exclude(day=LAST).delete()
    shadow.insightday_set.update(day=FIRST)
    days = {"from": (FIRST + timedelta(days=2)).isoformat(), "to": (LAST - timedelta(days=2)).isoformat()}
    asked = look("portfolio", **days)
    assert re.search(r"These days are only told together with others, \d+ \w+[ \d]* – \d+ \w+[ \d]*: rows", asked)
    assert "Nothing was spent" not in asked
    first, last = shadow.insightday_set.order_by("pk")
    shadow.insightday_set.filter(pk=first.pk).update(until=FIRST)
    shadow.insightday_set.filter(pk=last.pk).update(day=LAST)
    assert "Nothing was spent" in look("portfolio", **days)


@pytest.mark.parametrize("page", ["portfolio", "ad"])
def test_breakdown_that_tells_no_results_claims_no_loss(look: Any, shadow: AdAccount, page: str) -> None:
    """Meta does not split purchases by region: 0 of them and a loss of all that was spent would be a lie."""
    ads = list(shadow.ad_set.order_by("pk"))
    keys = [ads[0].key] if page == "ad" else []
    for ad in ads:
        split(ad, "region", Java=700, Bali=600)

    def told() -> str:
        (cells,) = re.findall(r"Java (€[^A-Z]*)Bali", look(page, *keys, by="region"))
        return str(cells)

    assert re.fullmatch(r"€[17][\d,]*00\.00 (– )+", told())
    shadow.insightbreakdown_set.filter(value="Java").update(results=7, revenue=2100)
    assert re.search(r" 3\.00 ", told())


def of_one_angle(shadow: AdAccount) -> list[Ad]:
    shadow.ad_set.update(creative=None)
    return list(shadow.ad_set.order_by("pk"))


def test_portfolio_opens_on_the_first_split_of_several_parts(look: Any, shadow: AdAccount) -> None:
    assert "Figures by angle," in look("portfolio")
    first, _ = of_one_angle(shadow)
    assert "Figures by ad," in look("portfolio")  # nothing else has two
    split(first, "age", one=2000)
    assert "Figures by ad," in look("portfolio")
    split(first, "gender", female=1000, male=1790)
    page = look("portfolio")
    assert "Figures by gender," in page
    assert re.search(r"Age Gender Landing page Ad Angle", page)
    assert "Unsorted" in look("portfolio", by="angle")


def test_ad_as_a_part_leads_to_its_page(look: Any, shadow: AdAccount, client: Client) -> None:
    first, _ = of_one_angle(shadow)
    page = client.get(reverse("portfolio", args=[shadow.key]), {"by": "ad"}).content.decode()
    href = re.search(rf'href="([^"]+)">{re.escape(first.name)}<', page)
    assert href is not None
    assert client.get(href[1]).context["ad"] == first


def test_one_angle_is_crossed_only_with_what_has_several_values(look: Any, shadow: AdAccount) -> None:
    assert "Angle × ad set" in look("portfolio")
    first, _ = of_one_angle(shadow)
    for asked in ({}, {"across": "ad_set"}):
        page = look("portfolio", **asked)
        assert ("Angle ×" in page, "nothing to compare" in page) == (False, False)
    split(first, "gender", female=1000, male=1790)
    assert "Angle × gender" in look("portfolio", across="ad_set")


def test_split_that_tells_a_part_says_of_how_much(look: Any, shadow: AdAccount) -> None:
    first, second = of_one_angle(shadow)
    assert sum(row.spend for row in shadow.insightday_set.all()) == 2790
    split(first, "gender", female=1000, male=390)
    assert "€1,390.00 of €2,790.00: of the rest no file tells it." in look("portfolio", by="gender")
    assert "no file tells it" not in look("portfolio", by="ad")
    assert "€1,390.00 of €1,395.00: of the rest no file tells it." in look("ad", first.key)
    split(second, "gender", unknown=1398)
    assert "no file tells it" not in look("portfolio", by="gender")  # rounded


def test_ad_shows_only_splits_that_tell_of_it(look: Any, shadow: AdAccount) -> None:
    first, second = of_one_angle(shadow)
    split(first, "age,gender", **{"25-34,female": 1000, "35-44,male": 395})
    assert re.search("Age Gender", look("ad", first.key))
    page = look("ad", second.key)
    assert "No breakdown of this ad in this period." in page
    assert "Gender" not in page


def test_more_parts_than_are_shown_are_in_the_total(look: Any, shadow: AdAccount) -> None:
    first, _ = of_one_angle(shadow)
    split(first, "region", **{f"Region {number}": 30 for number in range(93)})
    page = look("portfolio", by="region")
    assert "53 smaller ones are in the total only." in page
    assert re.search(r"Total €2,790\.00", page)


def test_ad_that_is_no_longer_listed_is_an_ad(account: AdAccount) -> None:
    gone = {"is_placeholder": True, "name": "No longer listed"}
    campaign = CampaignFactory.create(account=account, external_id="unlisted", **gone)
    ad_set = AdSetFactory.create(campaign=campaign, external_id="unlisted", **gone)
    ad = AdFactory.create(ad_set=ad_set, external_id="140009", is_placeholder=True)
    decision = DecisionFactory.create(account=account, subject_level="ad", subject_id=ad.external_id)
    assert places_of([decision]) == {decision.pk: "No longer listed"}


@pytest.mark.parametrize(
    ("by_campaign", "said"),
    [
        (False, "2 ads in 1 campaign delivered; the file does not say what still runs."),
        (True, "2 campaigns delivered; the file does not say what still runs."),
    ],
)
def test_ads_say_what_the_file_does_not(look: Any, shadow: AdAccount, by_campaign: bool, said: str) -> None:
    if by_campaign:
        ad = AdFactory.create(ad_set__campaign__account=shadow)
        InsightFactory.create(ad=ad, day=LAST)
        shadow.ad_set.exclude(pk=ad.pk).first().delete()
        shadow.ad_set.update(is_placeholder=True)
        shadow.adset_set.update(is_placeholder=True)
    shadow.ad_set.update(effective_status="DELIVERED")
    text = look("ads")
    assert said in text
    assert "Delivered" in text


@pytest.mark.parametrize(
    ("statuses", "is_coarse", "said"),
    [
        (("ACTIVE", "ACTIVE"), False, "2 of 2 ads in 1 campaign were running by the file."),
        (
            ("ACTIVE", "DELIVERED"),
            False,
            "1 of 2 ads in 1 campaign were running by the file and of 1 the file does not say",
        ),
        (("ACTIVE", "PAUSED"), True, "1 of 2 campaigns were running by the file."),
    ],
)
def test_ads_count_what_the_file_tells(
    look: Any, shadow: AdAccount, statuses: tuple[str, str], is_coarse: bool, said: str
) -> None:
    for ad, status in zip(shadow.ad_set.order_by("pk"), statuses, strict=True):
        ad.effective_status, ad.is_placeholder = status, is_coarse
        ad.save()
    shadow.adset_set.update(is_placeholder=is_coarse)
    assert said in look("ads")


def test_file_that_says_running_is_told_as_past_on_every_page(look: Any, shadow: AdAccount) -> None:
    shadow.ad_set.update(effective_status="ACTIVE")
    shadow.adset_set.update(effective_status="ACTIVE")
    shadow.campaign_set.update(effective_status="ACTIVE")
    ad = shadow.ad_set.first()
    assert ad is not None
    for text in (look("ads", open="all"), look("ads", level="ad", status="running"), look("ad", ad.key)):
        assert ("Was running" in text, re.findall(r"(?<!Was) Running", text)) == (True, [])
    assert look("ads", level="ad", status="running").count(ad.name) > 0
    page = look("portfolio")
    assert ("Was running" in page, " Running " in page) == (True, False)
    assert as_of_file(StatusWords("Learning", "info", "spin")).label == "Learning"


def test_campaign_that_the_file_does_not_name_is_not_counted(look: Any, shadow: AdAccount) -> None:
    shadow.ad_set.update(effective_status="ACTIVE")
    shadow.campaign_set.update(external_id=OF_ALL, is_placeholder=True)
    assert "2 of 2 ads were running by the file." in look("ads")


@pytest.mark.parametrize("is_set", [False, True])
def test_what_earns_is_said_to_be_before_goods_until_a_margin_is_set(
    look: Any, shadow: AdAccount, now: Any, is_set: bool
) -> None:
    words = "before the cost of goods, as no margin is set"
    if is_set:
        Goal.put(shadow, None, now, margin=Decimal("0.9"))
    today = look("today")
    assert (words in today) is not is_set
    assert ("Earns before goods" in look("ads", columns="payout")) is not is_set
    belief = Belief(LAST, expected=1.5, p_profit=0.97)
    assert verdict(belief, scale_of(shadow)[0], Reference()).endswith(
        f"I am 97% sure that it earns money{'' if is_set else f', {words}'}."
    )


def test_click_rate_that_stays_is_not_said_to_fall() -> None:
    assert fatigue_words(Belief(LAST, fatigue=0.0049)) == "Not tired: its click rate does not fall."
    assert fatigue_words(Belief(LAST, fatigue=0.006)).startswith("Not tired: its click rate fell by 1%")


def test_neighbours_of_an_ad_are_those_with_a_name(look: Any, shadow: AdAccount) -> None:
    ad, other = shadow.ad_set.order_by("pk")
    assert other.name in look("ad", ad.key)
    Ad.objects.filter(pk=other.pk).update(external_id=f"{OF_ALL}1", is_placeholder=True)
    assert other.name not in look("ad", ad.key)


def test_phone_shows_the_cost_of_a_result_where_there_is_no_revenue() -> None:
    def narrow(**known: Any) -> list[str]:
        scale = Scale("EUR", Decimal(1), None, **known)
        return [one.key for one in columns_of(PRESETS["performance"], scale) if "wide" not in one.css]

    assert narrow() == ["spend", "roas", "profit"]
    assert narrow(has_revenue=False) == ["spend", "results", "cpa"]


def test_today_says_that_a_file_of_one_sum_tells_no_change(look: Any, shadow: AdAccount) -> None:
    assert "tell no single days" not in look("today")
    shadow.insightday_set.exclude(day=LAST).delete()
    shadow.insightday_set.update(day=FIRST)
    assert "The files tell no single days, so I cannot say what changed. An export by day could." in look("today")


# --- Files without results --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "is_told"),
    [
        ([], True),
        ([None], True),
        ([[{"title": "Results", "note": "stands for results"}]], True),
        ([[{"title": "Results", "note": "empty in all rows"}]], False),
        ([[{"title": "Spend", "note": ""}]], False),
        ([[{"title": "Spend"}], [{"title": "Results"}]], True),
    ],
)
def test_files_tell_results_or_not(shadow: AdAccount, account: AdAccount, columns: list[Any], is_told: bool) -> None:
    for one in columns:
        mapping = {} if one is None else {"columns": one}
        ImportFile.objects.create(brand=shadow.brand, account=shadow, state="done", size=1, mapping=mapping)
    assert tells_results(shadow) == is_told
    assert tells_results(account)


def test_connected_account_is_not_asked_whether_it_tells_results(
    account: AdAccount, shadow: AdAccount, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        tells_results(account)
    with django_assert_num_queries(1):
        tells_results(shadow)


def test_headings_without_values_are_noted_as_is_looked_for() -> None:
    content = b"Ad name,Day,Amount spent (EUR),Results\nSun,2026-01-01,1.50,\nSun,2026-01-02,1.50,\n"
    columns = understand(open_source(io.BytesIO(content), "a.csv"), {}).as_dict()["columns"]
    assert [EMPTY in one["note"] for one in columns if one["title"] == RESULTS] == [True]


def test_file_without_results_is_not_said_to_have_none(look: Any, shadow: AdAccount) -> None:
    ImportFile.objects.create(brand=shadow.brand, account=shadow, state="done", size=1, mapping={"columns": []})
    without_revenue(shadow)
    shadow.insightday_set.update(results=0)
    portfolio = look("portfolio")
    assert re.search(r"€[\d,]+ spent [^.]+\. The file does not say what came of it\.", portfolio)
    assert "no result yet" not in portfolio
    for text in (look("today"), portfolio, look("ads"), look("ad", shadow.ad_set.first().key)):
        assert " 0 results" not in text
        assert not re.search(r"Results 0\b", text)
    assert "The file does not say what came of it." in look("today")
    assert "There is nothing to compare: no result is known." in look("today")


# --- Today ------------------------------------------------------------------------------------------------------------


def test_chart_of_money_begins_with_the_file_and_draws_no_revenue_that_is_not_known(look: Any, shadow: Any) -> None:
    shadow.insightday_set.filter(day__lt=LAST - timedelta(days=4)).delete()
    assert "Spend and revenue, last 5 whole days" in look("today")
    without_revenue(shadow)
    text = look("today")
    assert "Spend, last 5 whole days" in text
    assert re.search(r"Day Spend 21 Apr €", text), "the table under the chart has one column and begins with the file"
    assert "came in" not in text
