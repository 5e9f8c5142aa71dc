import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from django.db.models import Sum

from campaigns.models import ImportFile, InsightDay
from mediabuyer.lib.errors import PlatformError
from portfolio.charts import payout_weeks
from portfolio.conversions import (
    FEED_PAGE,
    AccountCohorts,
    Order,
    history_of,
    load_account_cohorts,
    load_cohorts,
    record_conversions,
    sync_conversions,
)
from portfolio.models import Conversion
from portfolio.performance import sums
from portfolio.states import evaluate
from tests.factories import AccountFactory, AdFactory, InsightFactory
from tests.many_rows import LAST_DAY, seed_account, seed_conversions
from tests.sandbox_process import running_sandbox

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
CLICK = datetime(2026, 11, 10, 22, 30, tzinfo=UTC)  # half past eleven in the evening in Berlin


@pytest.fixture
def ad(account: Any) -> Any:
    return AdFactory.create(ad_set__campaign__account=account)


def order(ad: Any, number: int = 1, after: timedelta = timedelta(), value: int = 50, kind: str = "purchase") -> Order:
    return Order(f"o{number}", ad.external_id, kind, CLICK, CLICK + after, Decimal(value))


def test_days_are_the_account_s(account: Any, ad: Any) -> None:
    record_conversions(account, [order(ad, after=timedelta(hours=1))])
    conversion = Conversion.objects.get()
    assert (conversion.clicked_on, conversion.lag_days, conversion.ad) == (date(2026, 11, 10), 1, ad)


def test_second_delivery_changes_nothing(account: Any, ad: Any) -> None:
    for _ in range(2):
        assert record_conversions(account, [order(ad, 1), order(ad, 2)]) == 2
    assert Conversion.objects.count() == 2


def test_corrected_value_replaces_the_old(account: Any, ad: Any) -> None:
    record_conversions(account, [order(ad, value=50)])
    record_conversions(account, [order(ad, value=40), order(ad, value=45)])
    assert Conversion.objects.get().value == Decimal(45)


def test_order_of_an_unknown_ad_is_kept(account: Any, ad: Any) -> None:
    record_conversions(account, [Order("o1", "999", "purchase", CLICK, CLICK, Decimal(50))])
    assert Conversion.objects.get().ad is None
    assert load_cohorts(account, TODAY, Decimal(1)).ads == ()


def test_cohorts_are_booked_on_the_click_day(account: Any, ad: Any) -> None:
    InsightFactory.create(ad=ad, day=date(2026, 11, 10), spend=Decimal(20), clicks=40, link_clicks=30)
    record_conversions(account, [order(ad, 1, timedelta(hours=1)), order(ad, 2, timedelta(days=8), value=30)])
    data = load_cohorts(account, TODAY, Decimal("0.5"), days=30)
    column = (date(2026, 11, 10) - data.first_day).days
    assert data.ads == (ad.pk,)
    assert (data.cohorts.spend[0, column], data.cohorts.clicks[0, column]) == (20, 30)
    assert data.cohorts.conversions[0, column] == 2
    assert (data.cohorts.payout_short[0, column], data.cohorts.payout[0, column]) == (25, 40)
    assert data.arrivals[column : column + 9].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_refund_is_taken_off_its_click_day(account: Any, ad: Any) -> None:
    record_conversions(account, [order(ad, 1), order(ad, 2, timedelta(days=3), value=-50, kind="refund")])
    data = load_cohorts(account, TODAY, Decimal(1), days=30)
    assert (data.cohorts.conversions.sum(), data.cohorts.payout.sum()) == (1, 0)


def test_today_is_not_known_yet(account: Any, ad: Any) -> None:
    """The evening before, the order of the same night had not come."""
    record_conversions(account, [order(ad, 1, timedelta(hours=1))])
    assert load_cohorts(account, date(2026, 11, 11), Decimal(1)).cohorts.conversions.sum() == 0
    assert load_cohorts(account, date(2026, 11, 12), Decimal(1)).cohorts.conversions.sum() == 1


def test_platform_stands_in_for_a_missing_ledger(account: Any, ad: Any) -> None:
    InsightFactory.create(ad=ad, results=Decimal(2), revenue=Decimal(80))
    data = load_cohorts(account, TODAY, Decimal("0.5"))
    assert not data.is_from_ledger
    assert (data.cohorts.conversions.sum(), data.cohorts.payout.sum()) == (2, 40)
    assert data.curves.conversions[0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "names", "orders"),
    [
        ("purchase", ["purchase"], [82, 0, 82]),
        ("add to cart", ["add to cart"], [1, 0, 1]),
        ("add to cart", ["add to cart", "purchase"], [1, 0, 1]),
        ("purchase", ["add to cart", "purchase"], [82, 0, 82]),
        ("", ["result not named", "other result not named"], [1, 0, 1]),
        ("", [], [82, 0, 82]),
    ],
)
def test_results_that_are_no_orders_make_revenue_no_surer(kind: str, names: list[str], orders: list[int]) -> None:
    """164 adds to cart on two days that earned are at least two orders, and not 164."""
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    if names:
        mapping = {"result_kinds": names}
        ImportFile.objects.create(
            brand=imported.brand, account=imported, state="done", name="a.csv", size=1, mapping=mapping
        )
    ad = AdFactory.create(ad_set__campaign__account=imported, result_kind=kind)
    for day, revenue, results in ((17, 50, 82), (18, 0, 0), (19, 40, 82)):
        InsightFactory.create(
            ad=ad, day=date(2026, 11, day), spend=Decimal(100), clicks=200, results=results, revenue=Decimal(revenue)
        )
    data = load_cohorts(imported, TODAY, Decimal(1), days=3)
    assert data.orders[0].tolist() == orders
    state = evaluate(imported, TODAY).states[0]
    assert state.payout_per_spend == pytest.approx(0.3, rel=0.05)
    assert state.high is not None
    assert state.low is not None
    width = (state.high - state.low) / state.payout_per_spend
    assert width > 0.9 if orders[0] == 1 else width < 0.5


def test_ads_that_count_orders_are_not_pooled_with_those_that_do_not() -> None:
    """All return 0.90. Counted in days that earned, four would make the one that counts orders look twice as good."""
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    mapping = {"result_kinds": ["add to cart", "purchase"]}
    ImportFile.objects.create(
        brand=imported.brand, account=imported, state="done", name="a.csv", size=1, mapping=mapping
    )
    for kind, days, results in (*[("add to cart", 28, 80)] * 4, ("purchase", 2, 10)):
        ad = AdFactory.create(ad_set__campaign__account=imported, result_kind=kind)
        for back in range(1, days + 1):
            InsightFactory.create(
                ad=ad, day=TODAY - timedelta(days=back), spend=Decimal(100), clicks=200, results=results,
                revenue=Decimal(90),
            )  # fmt: skip
    found = [state.payout_per_spend for state in evaluate(imported, TODAY).states]
    assert found == pytest.approx([0.9] * 5, rel=0.1)


def test_cheap_visits_are_not_said_to_bring_what_carts_bring() -> None:
    """A campaign of visits that sold nothing, beside one of carts: the many clicks it buys buy nothing more."""
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    mapping = {"result_kinds": ["add to cart", "profile visit"]}
    ImportFile.objects.create(
        brand=imported.brand, account=imported, state="done", name="a.csv", size=1, mapping=mapping
    )
    for kind, clicks, revenue in (("add to cart", 100, 30), ("profile visit", 2000, 0)):
        ad = AdFactory.create(ad_set__campaign__account=imported, result_kind=kind)
        for back in range(1, 29):
            InsightFactory.create(
                ad=ad, day=TODAY - timedelta(days=back), spend=Decimal(100), clicks=clicks, results=8,
                revenue=Decimal(revenue if back % 7 == 0 else 0) * 7,
            )  # fmt: skip
    carts, visits = evaluate(imported, TODAY).states
    assert carts.payout_per_spend == pytest.approx(0.3, rel=0.3)
    assert visits.payout_per_spend < 0.1 < carts.payout_per_spend


def test_imported_file_is_taken_as_final() -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    InsightFactory.create(ad__ad_set__campaign__account=imported, results=Decimal(2))
    assert load_cohorts(imported, TODAY, Decimal(1)).curves.conversions[0] == 1


def test_cohorts_take_two_queries_on_figures(account: Any, ad: Any, django_assert_num_queries: Any) -> None:
    InsightFactory.create(ad=ad)
    record_conversions(account, [order(ad)])
    with django_assert_num_queries(3):  # and one for the angles
        load_cohorts(account, TODAY, Decimal(1))


@pytest.mark.parametrize("has_ledger", [True, False])
@pytest.mark.parametrize("has_clicks_on_links", [True, False])
def test_whole_account_is_the_sum_of_its_ads(account: Any, has_ledger: bool, has_clicks_on_links: bool) -> None:
    """Refunds, orders of a day not over, and those at the very edge of a window are among them."""
    seed_account(account, campaigns=1, ad_sets=2, ads=3, days=50)
    if not has_clicks_on_links:
        InsightDay.objects.update(link_clicks=0)
    if has_ledger:
        seed_conversions(account, each=60)
        ads = list(account.ad_set.all())
        record_conversions(account, [
            order(ads[number % 6], number, timedelta(days=days, seconds=seconds), value=number + 1)
            for number, (days, seconds) in enumerate(product((0, 6, 7, 29, 30, 31), (-1, 0, 1)))
        ])  # fmt: skip
    by_ad, whole = (load(account, LAST_DAY, Decimal("0.35")) for load in (load_cohorts, load_account_cohorts))
    longer = sums(account, date(2020, 1, 1), LAST_DAY, "day")
    _assert_equal(load_account_cohorts(account, LAST_DAY, Decimal("0.35"), by_day=longer), whole)
    assert (whole.is_from_ledger, whole.valued_by) == (has_ledger, "revenue")
    assert whole.arrivals == pytest.approx(by_ad.arrivals)
    assert whole.impressions.sum(axis=0) == pytest.approx(by_ad.impressions.sum(axis=0))
    for name in ("spend", "clicks", "conversions", "payout", "payout_short"):
        table = getattr(whole.cohorts, name)
        assert table.shape == (1, 90)
        assert table[0] == pytest.approx(getattr(by_ad.cohorts, name).sum(axis=0)), name
    for name in ("conversions", "payout", "payout_short"):
        assert getattr(whole.curves, name) == pytest.approx(getattr(by_ad.curves, name)), name
        assert getattr(whole.cohorts, f"{name}_by_lag") == pytest.approx(getattr(by_ad.cohorts, f"{name}_by_lag"))
    for one, other in zip(payout_weeks(whole), payout_weeks(by_ad), strict=True):
        assert asdict(one) == {"start": other.start, **_nearly(asdict(other))}


def _assert_equal(one: AccountCohorts, other: AccountCohorts) -> None:
    np.testing.assert_equal(asdict(one), asdict(other))


def _nearly(week: dict[str, Any]) -> dict[str, Any]:
    return {name: value if value is None else pytest.approx(value) for name, value in week.items() if name != "start"}


def test_whole_account_of_a_file_counts_long_rows_once() -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    InsightFactory.create(ad=ad, day=date(2026, 10, 1), until=date(2026, 10, 31), spend=Decimal(300))
    InsightFactory.create(ad=ad, day=date(2026, 10, 3), spend=Decimal(20))
    whole = load_account_cohorts(imported, TODAY, Decimal(1))
    by_day = sums(imported, *history_of(TODAY), "day")
    _assert_equal(load_account_cohorts(imported, TODAY, Decimal(1), by_day=by_day), whole)
    assert whole.cohorts.spend.sum() == 300
    assert whole.cohorts.spend[0, (date(2026, 10, 31) - whole.first_day).days] == 300


def test_row_of_a_file_that_began_before_the_days_counts_where_it_ends() -> None:
    """Seven months in one row; of the rows that ended before the days none counts."""
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    InsightFactory.create(ad=ad, day=date(2026, 4, 1), until=date(2026, 10, 31), spend=Decimal(300))
    other = AdFactory.create(ad_set__campaign__account=imported)
    InsightFactory.create(ad=other, day=date(2026, 5, 3), spend=Decimal(7))
    for data in (load_cohorts(imported, TODAY, Decimal(1)), load_account_cohorts(imported, TODAY, Decimal(1))):
        assert data.cohorts.spend.sum() == 300
        assert data.cohorts.spend[0, (date(2026, 10, 31) - data.first_day).days] == 300
    assert load_cohorts(imported, TODAY, Decimal(1)).ads == (ad.pk,)


def test_long_row_does_not_displace_the_days_of_its_ad() -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    InsightFactory.create(ad=ad, day=date(2026, 4, 1), until=date(2026, 10, 31), spend=Decimal(2000))
    for back in range(1, 91):
        InsightFactory.create(ad=ad, day=TODAY - timedelta(days=back), spend=Decimal(10))
    for data in (load_cohorts(imported, TODAY, Decimal(1)), load_account_cohorts(imported, TODAY, Decimal(1))):
        assert data.cohorts.spend.tolist() == [[10.0] * 90]


def test_whole_account_without_anything_is_empty(account: Any) -> None:
    whole = load_account_cohorts(account, TODAY, Decimal(1))
    assert (whole.ads, whole.valued_by, whole.cohorts.spend.shape) == ((), "", (0, 90))


@pytest.fixture
def feed() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An order feed as the sandbox serves it: what came after `since`, oldest first, at most `limit`."""
    orders: list[dict[str, Any]] = []

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            since = datetime.fromisoformat(query["since"][0])
            found = [row for row in orders if datetime.fromisoformat(row["converted_at"]) > since]
            body = json.dumps({"data": found[: int(query["limit"][0])]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", orders
    server.shutdown()
    server.server_close()


def entry(ad: Any, number: int) -> dict[str, Any]:
    came = CLICK + timedelta(seconds=number)
    return {"event_id": f"o{number}", "ad_id": ad.external_id, "kind": "purchase", "value": "49.90", "currency": "EUR",
            "clicked_at": CLICK.isoformat(), "converted_at": came.isoformat()}  # fmt: skip


def test_feed_is_read_page_by_page(account: Any, ad: Any, feed: Any, now: datetime) -> None:
    account.graph_url, orders = feed
    orders += [entry(ad, number) for number in range(FEED_PAGE + 5)]
    sync_conversions(account, now)
    assert Conversion.objects.count() == FEED_PAGE + 5
    assert Conversion.objects.filter(value=Decimal("49.90"), ad=ad).count() == FEED_PAGE + 5


def test_feed_goes_on_where_it_stopped(account: Any, ad: Any, feed: Any, now: datetime) -> None:
    account.graph_url, orders = feed
    orders.append(entry(ad, 0))
    sync_conversions(account, now)
    orders.append(entry(ad, 7200))
    assert sync_conversions(account, now) == 2
    assert sync_conversions(account, now) == 1  # only the last hour is read again
    assert Conversion.objects.count() == 2


def test_ledger_equals_the_sandbox_s_own_orders(account: Any) -> None:
    with running_sandbox() as sandbox:
        account.graph_url = sandbox.url
        truth = sandbox.control("truth")
        ads = {external_id: AdFactory.create(account=account, external_id=external_id) for external_id in truth["ads"]}
        sync_conversions(account, datetime.fromisoformat(truth["now"]))
    purchases, refunds = (Conversion.objects.filter(kind=kind) for kind in ("purchase", "refund"))
    assert purchases.count() == truth["account"]["orders"] > 0
    assert purchases.aggregate(sum=Sum("value"))["sum"] == Decimal(str(truth["account"]["order_revenue"]))
    assert -(refunds.aggregate(sum=Sum("value"))["sum"] or 0) == Decimal(str(truth["account"]["refunds"]))
    for external_id, ad in ads.items():
        assert purchases.filter(ad=ad).count() == truth["ads"][external_id]["orders"]


def test_dead_feed_is_a_passing_trouble(account: Any, now: datetime) -> None:
    with pytest.raises(PlatformError) as raised:
        sync_conversions(account, now)
    assert raised.value.retryable


def test_only_a_sandbox_has_a_feed(now: datetime) -> None:
    live = AccountFactory.create(mode="live", graph_url="")
    assert sync_conversions(live, now) == 0
