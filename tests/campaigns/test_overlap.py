"""Files of one account that tell of the same money, in any order: each day once, and never less than a file says."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, permutations, product
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand
from campaigns.importing import account_for_import, import_file
from campaigns.models import AdAccount, InsightDay
from campaigns.overlap import settle
from mediabuyer.brands.models import Brand
from portfolio.performance import total
from tests.many_rows import seed_account

pytestmark = pytest.mark.django_db

HEADS = {
    "account": "Reporting starts,Reporting ends,Amount spent (EUR),Impressions",
    "campaign": "Campaign name,Reporting starts,Reporting ends,Amount spent (EUR),Impressions",
    "ad set": "Campaign name,Ad set name,Reporting starts,Reporting ends,Amount spent (EUR),Impressions",
    "ad": "Campaign name,Ad set name,Ad name,Reporting starts,Reporting ends,Amount spent (EUR),Impressions",
    "ad of a campaign": "Campaign name,Ad name,Reporting starts,Reporting ends,Amount spent (EUR),Impressions",
    "ad alone": "Ad name,Reporting starts,Reporting ends,Amount spent (EUR),Impressions",
}
PLACES = [f"K{campaign},S{ad_set},A{campaign}{ad_set}{ad}" for campaign, ad_set, ad in product("01", "01", "01")]
"""The ads of the account as an export names them."""
NAMED = {"account": (), "campaign": (0,), "ad set": (0, 1), "ad": (0, 1, 2), "ad of a campaign": (0, 2),
         "ad alone": (2,)}  # fmt: skip
FIRST = date(2026, 1, 5)
SPAN = 14
numbers = count()


class Files:
    """An account into which files are dropped."""

    def __init__(self, brand: Brand, now: datetime) -> None:
        self.brand, self.now, self.name = brand, now, f"Shop {next(numbers)}"
        self.account: AdAccount | None = None

    def take(self, content: str) -> int:
        source = open_source(io.BytesIO(content.encode()), "export.csv")
        mapping = understand(source, {})
        self.account = account_for_import(self.brand, self.name, mapping)
        return import_file(self.account, source, mapping, now=self.now, actor="person:ana@example.com").written

    def by_day(self) -> dict[date, Decimal]:
        rows = InsightDay.objects.filter(account=self.account).order_by()
        return dict(rows.values_list("day").annotate(Sum("spend")))

    def spend(self) -> Decimal:
        assert self.account is not None
        return total(self.account, date(2026, 1, 1), date(2026, 1, 31)).spend

    def names(self) -> set[str]:
        return set(InsightDay.objects.filter(account=self.account).values_list("ad__name", flat=True))


@pytest.fixture
def files(brand: Brand, now: datetime) -> Files:
    return Files(brand, now)


def file_of(level: str, lines: Iterable[tuple[str, int, int, str]], month: int = 1) -> str:
    """Lines of what the level names, first and last day of the month, and spend; impressions are 100 times that."""
    return "".join(f"{line}\n" for line in [
        HEADS[level],
        *(f"{name}{',' if name else ''}2026-{month:02}-{first:02},2026-{month:02}-{last:02},{spend},"
          f"{int(Decimal(spend) * 100)}" for name, first, last, spend in lines),
    ])  # fmt: skip


def daily(level: str, name: str, days: Iterable[int], spend: str, month: int = 1) -> str:
    return file_of(level, [(name, day, day, spend) for day in days], month)


JANUARY = daily("ad of a campaign", "K,Sun", range(1, 32), "10.00")
MARCH = daily("ad of a campaign", "K,Sun", range(1, 32), "10.00", month=3)
QUARTER = HEADS["campaign"] + "\n" + "".join(
    f"K,{day},{day},10.00,1000\n" for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(90))
)  # fmt: skip


@pytest.mark.parametrize("order", list(permutations([JANUARY, MARCH, QUARTER])), ids=range(6))
def test_days_between_those_of_finer_files_stay(files: Files, order: tuple[str, ...]) -> None:
    for content in order:
        files.take(content)
    assert files.by_day() == {date(2026, 1, 1) + timedelta(days=n): 10 for n in range(90)}
    kept = InsightDay.objects.filter(ad__is_placeholder=True)
    assert {row.day.month for row in kept} == {2}
    assert kept.count() == 28


MONTH = file_of("campaign", [("K", 1, 31, "310.00")])
DAYS = daily("campaign", "K", range(1, 32), "10.00")
EDGES = daily("ad of a campaign", "K,Sun", (1, 31), "4.00")
CASES = [
    # what it is about, files, spend of January, names of what stays unless the order decides
    ("days with a gap beside days", (DAYS, EDGES), "298", {"Sun", "K (whole campaign)"}),
    ("first and last day of a month", (MONTH, EDGES), "310", {"K (whole campaign)"}),
    ("half a month", (MONTH, daily("ad of a campaign", "K,Sun", range(1, 16), "10.00")), "310", {"K (whole campaign)"}),
    ("all days of a month, which tell less", (MONTH, daily("ad of a campaign", "K,Sun", range(1, 32), "9.00")), "279",
     {"Sun"}),
    ("all that was spent, on two days", (MONTH, daily("ad of a campaign", "K,Sun", (3, 9), "155.00")), "310", {"Sun"}),
    ("the same, rounded", (MONTH, daily("ad of a campaign", "K,Sun", (3, 9, 12), "103.33")), "309.99", {"Sun"}),
    ("a few cents too little", (MONTH, daily("ad of a campaign", "K,Sun", (3, 9), "154.95")), "310",
     {"K (whole campaign)"}),
    ("more than the month knew", (MONTH, daily("ad of a campaign", "K,Sun", (3, 9), "160.00")), "320", {"Sun"}),
    ("days of two levels are one telling",
     (MONTH, daily("ad of a campaign", "K,Sun", range(1, 16), "10.00"), daily("campaign", "K", range(16, 32), "10.00")),
     "310", None),
    ("two levels beside a month of one of them: its own days tell no money against it",
     (MONTH, daily("ad of a campaign", "K,Sun", (3, 9), "80.00"), daily("campaign", "K", (20, 25), "80.00")), "310",
     {"K (whole campaign)"}),
    ("the account's month beside one campaign of two",
     (file_of("account", [("", 1, 31, "500.00")]), daily("campaign", "K", (3, 9), "155.00")), "500",
     {"Whole account"}),
    ("months of ads beside half of their campaign's days",
     (file_of("ad of a campaign", [("K,Sun", 1, 31, "100.00"), ("K,Rain", 1, 31, "210.00")]),
      daily("campaign", "K", range(1, 16), "10.00")), "310", {"Sun", "Rain"}),
    ("months of ads beside all that their campaign spent",
     (file_of("ad of a campaign", [("K,Sun", 1, 31, "100.00"), ("K,Rain", 1, 31, "210.00")]),
      daily("campaign", "K", (3, 9), "155.00")), "310", {"K (whole campaign)"}),
    ("weeks hold a month together",
     (MONTH, file_of("ad of a campaign", [("K,Sun", 1, 14, "140.00"), ("K,Sun", 15, 31, "160.00")])), "300", {"Sun"}),
    ("the longer of two periods that cross",
     (file_of("campaign", [("K", 1, 20, "200.00")]), file_of("ad of a campaign", [("K,Sun", 15, 31, "170.00")])), "200",
     {"K (whole campaign)"}),
    ("the finer of two equal ones",
     (file_of("campaign", [("K", 1, 20, "200.00")]), file_of("ad of a campaign", [("K,Sun", 12, 31, "210.00")])), "210",
     {"Sun"}),
    ("no money at all: impressions tell",
     (HEADS["campaign"] + "\nK,2026-01-01,2026-01-31,0,900\n", HEADS["ad of a campaign"]
      + "\nK,Sun,2026-01-03,2026-01-03,0,300\n"), "0", {"K (whole campaign)"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("contents", "spend", "names"),
    [(order, spend, names) for _, contents, spend, names in CASES for order in permutations(contents)],
    ids=[f"{what} {place}" for what, contents, _, _ in CASES for place, _ in enumerate(permutations(contents))],
)
def test_one_telling_stays(files: Files, contents: tuple[str, ...], spend: str, names: set[str] | None) -> None:
    for content in contents:
        files.take(content)
    assert files.spend() == Decimal(spend)
    assert names in (None, files.names())
    assert files.account is not None
    assert settle(files.account) == 0


def test_own_days_and_finer_ones_hold_a_month_together(files: Files) -> None:
    """15 days of 9 and 16 of 10: the month, which says 310, goes."""
    for content in (MONTH, daily("campaign", "K", range(16, 32), "10.00"),
                    daily("ad of a campaign", "K,Sun", range(1, 16), "9.00")):  # fmt: skip
        files.take(content)
    assert files.by_day() == {date(2026, 1, day): 9 if day < 16 else 10 for day in range(1, 32)}
    assert files.names() == {"Sun", "K (whole campaign)"}


def test_days_of_a_breakdown_go_before_plain_ones(files: Files) -> None:
    ages = "Age,Campaign name,Day,Amount spent (EUR)\n" + "".join(
        f"{age},K,2026-01-{day:02},5.00\n" for age in ("25-34", "35-44") for day in range(1, 11)
    )
    for content in (ages, EDGES, ages):
        files.take(content)
    assert files.by_day() == {date(2026, 1, day): 4 if day in (1, 31) else 10 for day in (*range(1, 11), 31)}


@st.composite
def daily_files(draw: st.DrawFn) -> list[tuple[str, dict[int, int]]]:
    """Files of one campaign by day, at both levels, each with some of the days and its own word on each of them."""
    days = st.integers(1, 12)
    file = st.tuples(
        st.sampled_from(["campaign", "ad of a campaign"]), st.dictionaries(days, st.integers(1, 9), min_size=1)
    )
    return draw(st.lists(file, min_size=2, max_size=4))


ANY_ORDER = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ANY_ORDER
@given(dropped=daily_files())
def test_day_is_told_by_the_finest_file_that_holds_it(
    brand: Brand, now: datetime, dropped: list[tuple[str, dict[int, int]]]
) -> None:
    latest: dict[str, dict[int, int]] = {"campaign": {}, "ad of a campaign": {}}
    with transaction.atomic():
        files = Files(brand, now)
        for level, days in dropped:
            name = "K" if level == "campaign" else "K,Sun"
            files.take(file_of(level, [(name, day, day, f"{spend}.00") for day, spend in days.items()]))
            latest[level].update(days)
            finest = latest["campaign"] | latest["ad of a campaign"]
            assert files.by_day() == {date(2026, 1, day): spend for day, spend in finest.items()}
        transaction.set_rollback(True)


@st.composite
def true_files(draw: st.DrawFn) -> tuple[list[list[int]], list[tuple[str, int, list[int]]]]:
    """What each ad spent on each day, often nothing, and files about it: their level, the length of their periods, and
    which of them they hold. Periods hold each other or have no day in common."""
    spend = st.lists(st.sampled_from([0, 0, 1, 3, 7]), min_size=SPAN, max_size=SPAN)
    world = draw(st.lists(spend, min_size=len(PLACES), max_size=len(PLACES)))
    file = st.sampled_from([1, 7, 14]).flatmap(
        lambda length: st.tuples(
            st.sampled_from(list(HEADS)), st.just(length),
            st.lists(st.integers(0, SPAN // length - 1), min_size=1, unique=True),
        )
    )  # fmt: skip
    return world, draw(st.lists(file, min_size=2, max_size=5))


def told(world: list[list[int]], level: str, length: int, periods: list[int]) -> str:
    """As Ads Manager exports it: no line where nothing ran."""
    sums: dict[tuple[str, int, int], int] = {}
    for place, days in zip(PLACES, world, strict=True):
        name = ",".join(place.split(",")[part] for part in NAMED[level])
        for period in periods:
            first = FIRST.day + period * length
            key = (name, first, first + length - 1)
            sums[key] = sums.get(key, 0) + sum(days[period * length : (period + 1) * length])
    return file_of(level, [(*key, f"{spend}.00") for key, spend in sums.items() if spend])


@ANY_ORDER
@given(drawn=true_files())
def test_files_that_agree_tell_all_days_once(brand: Brand, now: datetime, drawn: Any) -> None:
    world, dropped = drawn
    held: set[int] = set()
    with transaction.atomic():
        files = Files(brand, now)
        for level, length, periods in dropped:
            content = told(world, level, length, periods)
            if content.count("\n") == 1:
                continue
            files.take(content)
            held |= {period * length + day for period in periods for day in range(length)}
            assert files.account is not None
            found = total(files.account, FIRST, FIRST + timedelta(days=SPAN - 1))
            expected = sum(days[day] for days in world for day in held)
            assert (found.spend, found.impressions) == (expected, expected * 100)
            assert settle(files.account) == 0
        transaction.set_rollback(True)


def test_many_rows_are_settled_in_few_statements(files: Files, django_assert_max_num_queries: Any) -> None:
    files.take(MONTH)
    assert files.account is not None
    seed_account(files.account, campaigns=2, ad_sets=2, ads=5, days=40)
    with django_assert_max_num_queries(16):
        assert settle(files.account) == 0
