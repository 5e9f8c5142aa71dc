"""The account that a new sandbox starts with: a coffee roaster that has been advertising for a while.

The history is played, not invented: campaigns, ad sets and ads are made day by day through the same functions that the
API uses, a buyer raises a budget and pauses an ad now and then, and the market runs in between.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from campaigns.sandbox import actions
from campaigns.sandbox.delivery import Delivery
from campaigns.sandbox.market import image_effect
from campaigns.sandbox.world import Record, World

ANGLES: dict[str, tuple[tuple[str, str], ...]] = {
    "Freshness": (
        (
            "Roasted on Monday",
            "Roasted on Monday, at your door on Wednesday. Taste what four weeks on a shelf take away.",
        ),
        ("Two days old", "Our beans are two days old when they reach you. Most are two months old."),
    ),
    "Origin": (
        (
            "One farm, one cup",
            "Grown by the Ramirez family at 1,800 metres, roasted in small lots, named on every bag.",
        ),
        ("Know your farmer", "Direct trade from Huila: we pay twice the market price and print it on the bag."),
    ),
    "Convenience": (
        ("Never run out", "A fresh bag in your letterbox every two weeks. Pause or stop with one tap."),
        ("Coffee on schedule", "Tell us how much you drink. We do the rest, free shipping included."),
    ),
    "Craft": (
        ("Barista at home", "Grind, bloom, pour: a starter set with beans that forgive beginners."),
        ("The slow roast", "Eighteen minutes in a drum roaster instead of ninety seconds of hot air. No bitterness."),
    ),
    "Savings": (
        ("Three bags, two prices", "Three bags for the price of two on your first order."),
        ("Less than a café", "A better cup for 38 cents. The café round the corner takes 3.80."),
    ),
    "Gift": (
        ("Give good mornings", "A tasting box with five roasts, gift-wrapped, with your own card."),
        ("For the one who has it all", "Nobody returns fresh coffee. Tasting boxes that arrive on the day you choose."),
    ),
}
CAMPAIGNS = (
    ("Subscription", "Prospecting"),
    ("Single bags", "Prospecting"),
    ("Subscription", "Retargeting"),
    ("Tasting box", "Prospecting"),
    ("Office coffee", "Prospecting"),
    ("Equipment", "Prospecting"),
)
AUDIENCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("DE broad 25-54", {"geo_locations": {"countries": ["DE"]}, "age_min": 25, "age_max": 54}),
    ("AT CH broad 25-65", {"geo_locations": {"countries": ["AT", "CH"]}, "age_min": 25, "age_max": 65}),
    (
        "DE coffee lovers 30-65",
        {
            "geo_locations": {"countries": ["DE"]},
            "age_min": 30,
            "age_max": 65,
            "flexible_spec": [
                {"interests": [{"id": "6003626773307", "name": "Coffee"}, {"id": "6003107699532", "name": "Espresso"}]}
            ],
        },
    ),
    (
        "NL FR foodies 25-54",
        {
            "geo_locations": {"countries": ["NL", "FR"]},
            "age_min": 25,
            "age_max": 54,
            "flexible_spec": [{"interests": [{"id": "6003348604581", "name": "Fine dining"}]}],
        },
    ),
    ("DE women 25-44", {"geo_locations": {"countries": ["DE"]}, "age_min": 25, "age_max": 44, "genders": [2]}),
    ("IT ES broad 25-54", {"geo_locations": {"countries": ["IT", "ES"]}, "age_min": 25, "age_max": 54}),
)
RETARGETING = (
    "DE AT visitors 30 days",
    {
        "geo_locations": {"countries": ["DE", "AT"]},
        "age_min": 18,
        "age_max": 65,
        "custom_audiences": [{"id": "120330000000000001", "name": "Visitors 30 days"}],
    },
)
LINK = "https://roastery.example/shop"
DAY = 86400


@dataclass(frozen=True, slots=True)
class Plan:
    """Size of the history."""

    days: int
    campaigns: int
    ads: int


@dataclass(slots=True)
class _Buyer:
    """Who set the account up: acts on the world at times of his choosing; an act may plan further ones."""

    world: World
    rng: random.Random
    images: list[str]
    steps: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)  # a heap: when, which first, what
    turns: Iterator[int] = field(default_factory=itertools.count)

    def plan(self, at: float, act: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self.steps, (at, next(self.turns), act))


def build(world: World, plan: Plan, now: float) -> None:
    """Play `plan.days` of history up to `now` into an empty world.

    Everything happens at times counted from the present hour, so that the minute of the start changes no figure.
    """
    hour = now // 3600 * 3600
    start = hour - plan.days * DAY
    world.clock.set(start)
    world.simulated_until = int(start // 3600)
    world.figures.first_day = world.today()
    buyer = _Buyer(world, random.Random(world.identity.seed), _images(world))
    delivery = Delivery(world)
    with world.writing():
        _schedule(buyer, plan, start, hour)
        while buyer.steps:
            at, _, act = heapq.heappop(buyer.steps)
            world.clock.set(max(at, world.clock.now()))
            delivery.run(int(at // 3600))
            act()
        world.clock.set(now)
        delivery.run(int(now // 3600))
        delivery.persist()


def _images(world: World) -> list[str]:
    """Image hashes of the account, from the one that works worst to the one that works best."""
    hashes = [hashlib.md5(f"photo {number}".encode(), usedforsecurity=False).hexdigest() for number in range(12)]
    for number, value in enumerate(hashes):
        actions.add_image(world, f"coffee-{number:02d}.jpg", value, 1080, 1080)
    return sorted(hashes, key=lambda value: image_effect(world.identity.seed, value))


def _schedule(buyer: _Buyer, plan: Plan, start: float, now: float) -> None:
    """Which campaign, ad set and ad is made when, and what happens to it later."""
    per_campaign = _even(plan.ads, plan.campaigns)
    for number, ads in enumerate(per_campaign):
        product, stage = CAMPAIGNS[number % len(CAMPAIGNS)]
        buyer.plan(start + number * 1800.0, _campaign_maker(buyer, number, product, stage, ads, start, now))


def _even(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


def _campaign_maker(
    buyer: _Buyer, number: int, product: str, stage: str, ads: int, start: float, now: float
) -> Callable[[], None]:
    def make() -> None:
        shared = number % 2 == 0  # campaign budget, else one per ad set
        name = f"S{number + 1} | Sales | {product} | {stage}"
        budget = {"daily_budget": 4000 * max(ads, 2)} if shared else {"is_adset_budget_sharing_enabled": False}
        campaign = actions.create_campaign(
            buyer.world,
            {
                "name": name,
                "objective": "OUTCOME_SALES",
                "status": "ACTIVE",
                "special_ad_categories": [],
                "buying_type": "AUCTION",
                **budget,
                **({"bid_strategy": "LOWEST_COST_WITHOUT_CAP"} if shared else {}),
            },
        )
        _make_adsets(buyer, campaign, number, stage, ads, shared, start, now)

    return make


def _make_adsets(
    buyer: _Buyer, campaign: Record, number: int, stage: str, ads: int, shared: bool, start: float, now: float
) -> None:
    count = min(max(-(-ads // 6), 1 if ads < 3 else 2), 12)
    for index, size in enumerate(_even(ads, count)):
        audience, targeting = AUDIENCES[(number + index) % len(AUDIENCES)]
        if stage == "Retargeting" and index == 0:
            audience, targeting = RETARGETING
        adset = actions.create_adset(
            buyer.world,
            campaign,
            {
                "name": f"{audience} | {index + 1}",
                "campaign_id": campaign.id,
                "status": "ACTIVE",
                "optimization_goal": "OFFSITE_CONVERSIONS",
                "billing_event": "IMPRESSIONS",
                "destination_type": "WEBSITE",
                "promoted_object": {"pixel_id": buyer.world.identity.pixel_id, "custom_event_type": "PURCHASE"},
                "targeting": {**targeting, "targeting_automation": {"advantage_audience": 0}},
                "attribution_spec": [
                    {"event_type": "CLICK_THROUGH", "window_days": 7},
                    {"event_type": "VIEW_THROUGH", "window_days": 1},
                ],
                "dsa_beneficiary": "Roastery GmbH",
                "dsa_payor": "Roastery GmbH",
                **({} if shared else {"daily_budget": 3500 * max(size, 1), "bid_strategy": "LOWEST_COST_WITHOUT_CAP"}),
            },
        )
        if not shared and index == 0 and now - start > 30 * DAY:
            buyer.plan(start + 0.4 * (now - start), _change(buyer, adset, daily_budget=4200 * max(size, 1)))
        _plan_ads(buyer, adset, number * 7 + index * 3, size, start, now)


def _plan_ads(buyer: _Buyer, adset: Record, offset: int, size: int, start: float, now: float) -> None:
    """Two thirds of the ads from the beginning, the rest one by one later; a few are paused on the way."""
    for index in range(size):
        early = index < max(2 * size // 3, 1)
        launch = start + (3600.0 * (index + 1) if early else (0.25 + 0.7 * buyer.rng.random()) * (now - start))
        weak = buyer.rng.random() < 0.22
        paused = buyer.rng.random() < 0.10 and size > 2
        buyer.plan(launch, _ad_maker(buyer, adset, offset + index, weak))
        if paused:
            when = launch + (0.3 + 0.5 * buyer.rng.random()) * (now - launch)
            buyer.plan(when, _pause_last(buyer, adset, index))


def _ad_maker(buyer: _Buyer, adset: Record, number: int, weak: bool) -> Callable[[], None]:
    angle = list(ANGLES)[number % len(ANGLES)]
    headline, message = ANGLES[angle][(number // len(ANGLES)) % 2]
    image = buyer.rng.choice(buyer.images[:2] if weak else buyer.images[4:])

    def make() -> None:
        version = 1 + sum(ad.data["adset_id"] == adset.id and angle in ad.data["name"] for ad in buyer.world.ads)
        slug = headline.lower().replace(" ", "-").replace(",", "")
        creative = actions.create_creative(
            buyer.world,
            {
                "name": f"{angle} | {headline} | v{version}",
                "object_story_spec": {
                    "page_id": buyer.world.identity.page_id,
                    "link_data": {
                        "message": message,
                        "name": headline,
                        "link": f"{LINK}/{slug}",
                        "image_hash": image,
                        "description": "Free shipping from €30",
                        "call_to_action": {"type": "SHOP_NOW", "value": {"link": f"{LINK}/{slug}"}},
                    },
                },
                "url_tags": "utm_source=meta&utm_campaign={{campaign.id}}&utm_content={{ad.id}}",
            },
        )
        actions.create_ad(
            buyer.world,
            adset,
            {
                "name": f"{angle} | {headline} | v{version}",
                "adset_id": adset.id,
                "status": "ACTIVE",
                "creative_id": creative.id,
                "labels": [actions.label_named(buyer.world, f"angle:{angle}").id],
            },
        )

    return make


def _change(buyer: _Buyer, record: Record, **values: Any) -> Callable[[], None]:
    return lambda: actions.update(buyer.world, record, values)


def _pause_last(buyer: _Buyer, adset: Record, index: int) -> Callable[[], None]:
    def pause() -> None:
        ads = [ad for ad in buyer.world.ads if ad.data["adset_id"] == adset.id]
        if index < len(ads):
            actions.update(buyer.world, ads[index], {"status": "PAUSED"})

    return pause
