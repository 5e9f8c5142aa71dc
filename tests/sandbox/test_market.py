"""The market by itself: pure functions of seed and hour."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from campaigns.sandbox.draws import key_of, keys, normal, poisson, uniform
from campaigns.sandbox.market import Ads, Content, Delivery, Moment, Money, luck_of, simulate_hour, traits_of
from campaigns.sandbox.orders import PURCHASE, REFUND, VIEW, draw_orders
from campaigns.sandbox.splits import Splitter, cells_for

SEED = 5
NOON = Moment(hour=495_000, day=739_000, weekday=2, of_day=12, month=6, of_month=15)
CONTENT = Content("Freshness", "Two days old|Fresh", "cup", "{}", 200_000.0, ("DE",))


def ads_of(count: int, **changes: object) -> Ads:
    """Equal ads of one budget."""
    traits = traits_of(SEED, CONTENT)
    key = keys([key_of("ad", number) for number in range(count)])
    full = np.ones(count)
    ads = Ads(
        key=key,
        cpm=full * traits.cpm,
        ctr=full * traits.ctr,
        cvr=full * traits.cvr,
        value=full * traits.value,
        people=full * traits.people,
        seen=full * 0,
        learning=full * 0,
        live=full * 1,
        holder=np.zeros(count, dtype=np.int64),
        luck=luck_of(key, NOON.day),
    )
    return dataclasses.replace(ads, **changes)


def delivered(links: int, count: int) -> Delivery:
    """So many link clicks for each of the ads, whatever they cost."""
    full = np.full(count, links, dtype=np.int64)
    return Delivery(full * 100, full * 2, full, full * 50, np.full(count, 0.05))


@pytest.mark.parametrize("rate", [0.05, 2.0, 40.0])
def test_counts_have_their_mean_and_spread(rate: float) -> None:
    counts = poisson(np.full(40_000, rate), key_of("counts"), np.arange(40_000))
    assert counts.mean() == pytest.approx(rate, rel=0.05)
    assert counts.var() == pytest.approx(rate, rel=0.06)


def test_draws_do_not_depend_on_their_neighbours() -> None:
    assert np.array_equal(normal(9, np.arange(5)), normal(9, np.arange(50))[:5])
    assert uniform(9, 3)[0] == uniform(9, np.arange(5))[3]


def test_money_left_is_never_passed() -> None:
    money = Money(wish=np.array([50_000.0]), left=np.array([777.0]))
    got = simulate_hour(SEED, ads_of(6), money, NOON)
    assert 700 < got.spend.sum() <= 777


def test_only_live_ads_deliver() -> None:
    ads = ads_of(3, live=np.array([1.0, 0.0, 1.0]))
    got = simulate_hour(SEED, ads, Money(np.array([3000.0]), np.array([9000.0])), NOON)
    assert (got.impressions > 0).tolist() == [True, False, True]


def test_another_ad_changes_nobodys_luck() -> None:
    money = Money(np.array([0.0, 1000.0]), np.array([9000.0, 9000.0]))
    alone = simulate_hour(SEED, ads_of(1, holder=np.array([1])), money, NOON)
    beside = simulate_hour(SEED, ads_of(2, holder=np.array([1, 0])), money, NOON)
    assert alone.spend[0] == beside.spend[0]


def test_tired_ads_are_clicked_less() -> None:
    ads = ads_of(400, seen=np.concatenate([np.zeros(200), np.full(200, 2_000_000.0)]))
    money = Money(np.array([4_000_000.0]), np.array([9e9]))
    got = simulate_hour(SEED, ads, money, NOON)
    fresh = got.clicks[:200].sum() / got.impressions[:200].sum()
    tired = got.clicks[200:].sum() / got.impressions[200:].sum()
    assert tired / fresh == pytest.approx(11**-0.43, rel=0.1)


def test_orders_come_as_the_delay_law_says() -> None:
    orders = draw_orders(SEED, ads_of(200), delivered(400, 200), NOON.hour)
    assert orders is not None
    days = (orders.converted - orders.clicked)[orders.kind == PURCHASE] / 86400
    assert 0.40 < (days < 1).mean() < 0.55
    assert 4.0 < days.mean() < 6.0
    assert days.min() > 0
    assert days.max() <= 30.01


def test_some_orders_come_back_and_some_had_no_click() -> None:
    orders = draw_orders(SEED, ads_of(200), delivered(400, 200), NOON.hour)
    assert orders is not None
    bought, back, seen = (orders.kind == kind for kind in (PURCHASE, REFUND, VIEW))
    assert back.sum() / bought.sum() == pytest.approx(0.03, abs=0.01)
    assert (orders.value[back] < 0).all()
    assert (orders.clicked[seen] == 0).all()
    lags = (orders.reported - orders.converted)[bought] / 86400
    assert 0 <= lags.min() < 1 < lags.max() < 28


def test_quality_is_of_the_content_alone() -> None:
    other = dataclasses.replace(CONTENT, angle="Craft")
    assert traits_of(SEED, CONTENT) == traits_of(SEED, dataclasses.replace(CONTENT))
    assert traits_of(SEED, CONTENT).ctr != traits_of(SEED, other).ctr
    assert traits_of(SEED, CONTENT).ctr != traits_of(SEED + 1, CONTENT).ctr


def test_cells_follow_the_targeting() -> None:
    women = {"geo_locations": {"countries": ["DE", "AT"]}, "age_min": 25, "age_max": 44, "genders": [2]}
    index, key, days = np.zeros(50, dtype=np.int64), keys(np.arange(50)), np.arange(50)
    people = cells_for(["age", "gender"], [women])
    split = Splitter(people, index, key, days).split("impressions", np.full(50, 1000))
    shown = {
        (label["age"], label["gender"]) for label, total in zip(people.labels, split.sum(axis=0), strict=True) if total
    }
    assert shown == {("25-34", "female"), ("35-44", "female")}
    assert (split.sum(axis=1) == 1000).all()
