"""Runs the market over the account's objects, hour after hour, with the budgets and statuses then in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from campaigns.sandbox import reviews
from campaigns.sandbox.comments import write_comments
from campaigns.sandbox.draws import Floats, Ints, key_of, keys
from campaigns.sandbox.learning import learning_sets
from campaigns.sandbox.market import HOUR_WEIGHTS, Ads, Moment, Money, day_flex, luck_of, simulate_hour, traits_of
from campaigns.sandbox.orders import draw_orders
from campaigns.sandbox.statuses import delivers
from campaigns.sandbox.traits import content_of
from campaigns.sandbox.world import Record, World

DAY_FLEX = 1.75  # of a daily budget, on a single day
DAYS_OF_WEEK = 7


@dataclass(slots=True)
class _Holders:
    """Who holds money (campaigns and ad sets), today's target and hard cap, and what each has spent today."""

    index: dict[str, int]
    target: Floats
    cap: Floats
    spent: Floats


def moment_of(world: World, hour: int) -> Moment:
    """The account's calendar at a UTC hour."""
    local = datetime.fromtimestamp(hour * 3600, UTC).astimezone(world.zone)
    return Moment(hour, local.toordinal(), local.weekday(), local.hour, local.month, local.day)


def holder_of(world: World, ad: Record) -> Record:
    """The object whose budget pays for an ad: its campaign if that has one, else its ad set."""
    campaign = world.objects[ad.data["campaign_id"]]
    if campaign.data.get("daily_budget") or campaign.data.get("lifetime_budget"):
        return campaign
    return world.objects[ad.data["adset_id"]]


class Delivery:
    """Carries the world forward to its clock. Keeps what is costly to gather until something is written."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._built: tuple[int, int] | None = None  # (version, day) of the arrays below
        self._stale_at = 0.0  # when a review or a date next changes who is live
        self._first_day = 0  # first day not yet written to the store
        self._ads: Ads | None = None
        self._holders = _Holders({}, np.zeros(0), np.zeros(0), np.zeros(0))

    def catch_up(self) -> None:
        """Simulate every whole hour up to now, with what is in force now."""
        until = int(self._world.clock.now() // 3600)
        if until <= self._world.simulated_until:
            return
        with self._world.writing():
            self.run(until)
            self.persist()

    def run(self, until: int) -> None:
        """Simulate hours in memory (and store orders); `persist` writes the days."""
        world = self._world
        self._first_day = self._first_day or moment_of(world, world.simulated_until).day
        while world.simulated_until < until:
            world.during = world.simulated_until * 3600.0 + 3599.0
            self._hour(world.simulated_until)
            world.simulated_until += 1
        world.during = 0.0

    def persist(self) -> None:
        """Write the days touched since the last time."""
        world = self._world
        last = moment_of(world, world.simulated_until).day
        world.store.put_days(world.figures.rows(self._first_day, last, len(world.ads)))
        world.store.put_budgets(
            (holder, day, budget) for (holder, day), budget in world.budgets.items() if day >= self._first_day
        )
        world.store.set_meta(simulated_until=world.simulated_until, first_day=world.figures.first_day)
        self._first_day = last

    def _hour(self, hour: int) -> None:
        world = self._world
        if not world.ads:
            return
        moment = moment_of(world, hour)
        reviews.settle(world)
        ads = self._current(moment)
        money = self._money(moment)
        got = simulate_hour(world.identity.seed, ads, money, moment)
        world.figures.add(moment.day, got)
        np.add(ads.seen, got.impressions, out=ads.seen)
        self._holders.spent += np.bincount(ads.holder, weights=got.spend, minlength=len(self._holders.spent))
        orders = draw_orders(world.identity.seed, ads, got, hour)
        if orders is not None:
            world.figures.add_orders(orders, hour)
            world.store.add_orders(orders)
        write_comments(world, ads.key, got.impressions, moment)

    def _current(self, moment: Moment) -> Ads:
        """The arrays of this hour; rebuilt when an object was written, a day began or somebody's turn came or ended."""
        state = (self._world.version, moment.day)
        if self._ads is None or self._built != state or self._stale_at < (moment.hour + 1) * 3600:
            self._ads = self._gather(moment)
            self._built = (self._world.version, moment.day)
            self._stale_at = next_change(self._world, moment.hour * 3600)
        return self._ads

    def _gather(self, moment: Moment) -> Ads:
        world = self._world
        traits = [traits_of(world.identity.seed, content_of(world, ad)) for ad in world.ads]
        holders = [holder_of(world, ad) for ad in world.ads]
        self._plan_day(list({holder.id: holder for holder in holders}.values()), moment)
        start = moment.hour * 3600
        learning = learning_sets(world, start)
        key = keys([key_of(world.identity.seed, "ad", ad.id) for ad in world.ads])
        return Ads(
            key=key,
            luck=luck_of(key, moment.day),
            cpm=np.array([trait.cpm for trait in traits]),
            ctr=np.array([trait.ctr for trait in traits]),
            cvr=np.array([trait.cvr for trait in traits]),
            value=np.array([trait.value for trait in traits]),
            people=np.array([trait.people for trait in traits]),
            seen=world.figures.seen(len(world.ads)),
            learning=np.array([float(ad.data["adset_id"] in learning) for ad in world.ads]),
            live=np.array([float(delivers(world, ad, start)) for ad in world.ads]),
            holder=np.array([self._holders.index[holder.id] for holder in holders], dtype=np.int64),
        )

    def _plan_day(self, holders: list[Record], moment: Moment) -> None:
        """Target and hard cap of the day per holder: at most 1.75 times the budget, and seven budgets a week."""
        world = self._world
        week = moment.day - moment.day % DAYS_OF_WEEK  # Sunday
        spent = {holder.id: spent_by_day(world, holder, week, moment.day) for holder in holders}
        flex = day_flex(world.identity.seed, keys([key_of("holder", holder.id) for holder in holders]), moment.day)
        target, cap = np.zeros(len(holders)), np.zeros(len(holders))
        for index, holder in enumerate(holders):
            budget = daily_budget(world, holder, moment)
            world.budgets[holder.id, moment.day] = budget
            earlier = sum(world.budgets.get((holder.id, day), 0.0) for day in range(week, moment.day))
            days_left = DAYS_OF_WEEK - (moment.day - week)
            allowance = earlier + budget * days_left - float(spent[holder.id][:-1].sum())
            cap[index] = max(min(DAY_FLEX * budget, allowance, _ceiling(world, holder)), 0.0)
            target[index] = min(budget * flex[index], cap[index])
        today = np.array([float(spent[holder.id][-1]) for holder in holders])
        self._holders = _Holders({holder.id: index for index, holder in enumerate(holders)}, target, cap, today)

    def _money(self, moment: Moment) -> Money:
        holders = self._holders
        return Money(holders.target * HOUR_WEIGHTS[moment.of_day], np.maximum(holders.cap - holders.spent, 0.0))


def next_change(world: World, at: float) -> float:
    """When a review ends, or an ad set's dates begin or end, after `at`; infinity when nothing waits."""
    times = [ad.data.get("review_until", 0) for ad in world.ads if ad.data.get("review_open")]
    for adset in world.of_kind("adset"):
        times += [adset.data.get("start_time", 0), adset.data.get("end_time", 0)]
    return min((float(when) for when in times if when > at), default=float("inf"))


def ads_under(world: World, holder: Record) -> list[int]:
    """Numbers of the ads that belong to a campaign, an ad set or the account."""
    field = {"campaign": "campaign_id", "adset": "adset_id"}.get(holder.kind)
    return [number for number, ad in enumerate(world.ads) if field is None or ad.data[field] == holder.id]


def spent_by_day(world: World, holder: Record, first: int, last: int) -> Ints:
    """Minor units per day of everything under an object."""
    return world.figures.block("spend", first, last, len(world.ads))[:, ads_under(world, holder)].sum(axis=1)


def spent_in_all(world: World, holder: Record) -> int:
    """Minor units since the beginning."""
    return int(spent_by_day(world, holder, world.figures.first_day, moment_of(world, world.simulated_until).day).sum())


def daily_budget(world: World, holder: Record, moment: Moment) -> float:
    """Minor units a day: the daily budget, or what is left of a lifetime budget over the days that are left."""
    if holder.data.get("daily_budget"):
        return float(holder.data["daily_budget"])
    lifetime = holder.data.get("lifetime_budget")
    if not lifetime:
        return 0.0
    ends = [record.data.get("end_time", 0) for record in (holder, *world.children("adset", holder.id))]
    days = max((max(ends) - moment.hour * 3600) / 86400, 1.0) if max(ends) else 30.0
    return max(lifetime - spent_in_all(world, holder), 0) / days


def _ceiling(world: World, holder: Record) -> float:
    """What lifetime budgets and spend caps still leave."""
    left = [float("inf")]
    campaign = world.objects[holder.data.get("campaign_id", holder.id)]
    for record, name in ((holder, "lifetime_budget"), (campaign, "spend_cap"), (world.account, "spend_cap")):
        if record.data.get(name):
            left.append(record.data[name] - spent_in_all(world, record))
    return min(left)
