"""What Meta refuses in campaigns, ad sets, ads and creatives, with its subcodes (section 4.3 of the error tables).

Each check gets the object as it would be after the write; `changed` names what this call sets, `old` is None on create.
"""

from __future__ import annotations

from typing import Any

from campaigns.sandbox.creative_checks import check_creative
from campaigns.sandbox.errors import GraphError, bad_parameter, invalid, missing_parameter, not_one_of
from campaigns.sandbox.fields import words
from campaigns.sandbox.objectives import (
    BILLING_WITH_GOAL,
    GOALS,
    OBJECTIVES,
    destinations_of,
    goals_for,
    promoted_object_missing,
)
from campaigns.sandbox.targeting import check_targeting
from campaigns.sandbox.world import Record, World

Data = dict[str, Any]
BID_STRATEGIES = ["LOWEST_COST_WITHOUT_CAP", "LOWEST_COST_WITH_BID_CAP", "COST_CAP", "LOWEST_COST_WITH_MIN_ROAS"]
CATEGORIES = [
    "NONE",
    "HOUSING",
    "EMPLOYMENT",
    "FINANCIAL_PRODUCTS_SERVICES",
    "CREDIT",
    "ISSUES_ELECTIONS_POLITICS",
    "ONLINE_GAMBLING_AND_GAMING",
]
EU = words("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO")
WINDOWS_ALLOWED = (
    {("CLICK_THROUGH", 1)},
    {("CLICK_THROUGH", 7)},
    {("CLICK_THROUGH", 1), ("VIEW_THROUGH", 1)},
    {("CLICK_THROUGH", 7), ("VIEW_THROUGH", 1)},
)
MIN_DAILY = 100  # minor units
MAX_DAILY = 100_000_000
ADSETS_PER_CAMPAIGN, ADS_PER_ADSET = 200, 50
GONE_SUBCODE = {"campaign": 1487566, "adset": 1487056, "ad": 1885088}


def check_editable(record: Record, changed: set[str]) -> None:
    """Of deleted and archived objects only the name may change (archived ones may come back)."""
    status = record.data.get("status")
    allowed = {"name"} | ({"status"} if status == "ARCHIVED" else set())
    if status in ("DELETED", "ARCHIVED") and record.kind in GONE_SUBCODE and changed - allowed:
        raise invalid(
            GONE_SUBCODE[record.kind], "Object was deleted or archived", "Only the name of this object can be edited."
        )


def check_campaign(world: World, data: Data, changed: set[str], old: Record | None) -> None:
    """Required parameters, enums, budget level and strategy of a campaign."""
    if old is None:
        for name in ("name", "objective"):
            if not data.get(name):
                raise missing_parameter(name)
        if "special_ad_categories" not in changed:
            raise missing_parameter("special_ad_categories")
    if old is None and data["objective"] not in OBJECTIVES:
        raise not_one_of("objective", list(OBJECTIVES))
    if old is not None and data.get("objective") != old.data.get("objective"):
        raise bad_parameter("The objective of a campaign cannot be changed", "objective")
    _check_categories(data)
    _check_budget(world, data, changed, "campaign")
    has_budget = bool(data.get("daily_budget") or data.get("lifetime_budget"))
    if old is None and not has_budget and "is_adset_budget_sharing_enabled" not in changed:
        raise invalid(
            4834011,
            "Must specify True or False in is_adset_budget_sharing_enabled field",
            "If you are not using campaign budget, is_adset_budget_sharing_enabled must be specified.",
            "is_adset_budget_sharing_enabled",
        )
    _check_strategy(data, changed, "VALUE", needs_amount=False)
    if data.get("spend_cap") is not None and "spend_cap" in changed and data["spend_cap"] < 10_000:
        raise invalid(2446307, "Spend cap too low", "The campaign spending limit must be at least 100.00.", "spend_cap")


def _check_categories(data: Data) -> None:
    for category in data.get("special_ad_categories") or []:
        if category not in CATEGORIES:
            raise not_one_of("special_ad_categories", CATEGORIES)
    if set(data.get("special_ad_categories") or []) - {"NONE"} and not data.get("special_ad_category_country"):
        raise missing_parameter("special_ad_category_country")


def _check_budget(world: World, data: Data, changed: set[str], kind: str) -> None:
    daily, lifetime = data.get("daily_budget"), data.get("lifetime_budget")
    if daily and lifetime:
        raise bad_parameter(
            "Only one of daily_budget and lifetime_budget can be set", "daily_budget", "lifetime_budget"
        )
    for name in ("daily_budget", "lifetime_budget"):
        if name not in changed or data.get(name) is None:
            continue
        least = _least_budget(data, name)
        if data[name] < least:
            raise invalid(
                1885272,
                "Budget is too low",
                f"Your {'ad set' if kind == 'adset' else 'campaign'} budget must be at least "
                f"{least / 100:.2f} {world.currency}.",
                name,
            )
        if data[name] > MAX_DAILY:
            raise invalid(1885261, "Budget is too high", "The budget is above the maximum of 1,000,000.00.", name)


def _least_budget(data: Data, name: str) -> int:
    amount = int(data.get("bid_amount") or 0)
    least = max(MIN_DAILY, 5 * amount if data.get("billing_event", "IMPRESSIONS") != "IMPRESSIONS" else amount)
    days = max((data.get("end_time", 0) - data.get("start_time", 0)) / 86400, 1.0) if name == "lifetime_budget" else 1.0
    return round(least * days)


def _check_strategy(data: Data, changed: set[str], goal: str, needs_amount: bool = True) -> None:
    strategy = data.get("bid_strategy")
    if strategy is not None and strategy not in BID_STRATEGIES:
        raise not_one_of("bid_strategy", BID_STRATEGIES)
    if not needs_amount:
        return
    capped = strategy in ("LOWEST_COST_WITH_BID_CAP", "COST_CAP")
    floor = (data.get("bid_constraints") or {}).get("roas_average_floor")
    if (capped and not data.get("bid_amount")) or (strategy == "LOWEST_COST_WITH_MIN_ROAS" and not floor):
        raise invalid(
            2490487,
            "Bid amount or bid constraints required for bid strategy",
            f"{strategy} needs {'bid_amount' if capped else 'bid_constraints'}.",
            "bid_amount",
        )
    if strategy == "LOWEST_COST_WITHOUT_CAP" and data.get("bid_amount") and changed & {"bid_amount", "bid_strategy"}:
        raise invalid(
            1885204, "Bid must be automatic", "bid_amount cannot be used with LOWEST_COST_WITHOUT_CAP.", "bid_amount"
        )
    if strategy == "LOWEST_COST_WITH_MIN_ROAS" and goal != "VALUE":
        raise invalid(
            1885204, "Bid strategy does not fit", "LOWEST_COST_WITH_MIN_ROAS needs the goal VALUE.", "bid_strategy"
        )


def check_adset(world: World, data: Data, changed: set[str], old: Record | None, campaign: Record) -> None:
    """Budget level, dates, goal, audience and obligations of an ad set."""
    if old is None:
        _check_adset_required(world, data, changed, campaign)
    else:
        _check_adset_frozen(data, changed, old, world)
    _check_adset_budget(world, data, changed, campaign)
    strategy = {"bid_strategy": campaign.data.get("bid_strategy"), **data}
    _check_strategy(strategy, changed, data.get("optimization_goal", ""))
    _check_dates(world, data, changed, old)
    if old is None or changed & {"optimization_goal", "destination_type", "promoted_object", "billing_event"}:
        check_goal(campaign.data["objective"], data)
    if "attribution_spec" in changed:
        _check_attribution(data)
    if old is None or "targeting" in changed:
        check_targeting(data.get("targeting") or {})
        _check_dsa(world, data)


def _check_adset_required(world: World, data: Data, changed: set[str], campaign: Record) -> None:
    for name in ("name", "optimization_goal", "billing_event"):
        if not data.get(name):
            raise missing_parameter(name)
    if len(data["name"]) > 400:
        raise bad_parameter("Param name must be at most 400 characters", "name")
    if campaign.data["status"] in ("DELETED", "ARCHIVED"):
        raise invalid(1487566, "Campaign was deleted or archived", "Ad sets cannot be added to it.", "campaign_id")
    if (
        len([item for item in world.children("adset", campaign.id) if item.data["status"] != "DELETED"])
        >= ADSETS_PER_CAMPAIGN
    ):
        raise bad_parameter(f"A campaign can have at most {ADSETS_PER_CAMPAIGN} ad sets", "campaign_id")
    if "targeting" not in changed:
        raise missing_parameter("targeting")


def _check_adset_frozen(data: Data, changed: set[str], old: Record, world: World) -> None:
    def differs(name: str) -> bool:
        return name in changed and data.get(name) != old.data.get(name)

    if differs("attribution_spec"):
        raise invalid(
            1504040,
            "Attribution setting cannot be changed",
            "attribution_spec is fixed once the ad set exists.",
            "attribution_spec",
        )
    if differs("frequency_control_specs"):
        raise invalid(
            1815198,
            "Frequency cap cannot be changed",
            "frequency_control_specs is fixed once the ad set exists.",
            "frequency_control_specs",
        )
    for name in ("campaign_id", "destination_type", "promoted_object"):
        if differs(name):
            raise bad_parameter(f"Param {name} cannot be changed once the ad set exists", name)
    if differs("start_time") and old.data.get("start_time", 0) <= world.now():
        raise bad_parameter("Param start_time cannot be changed once the ad set has started", "start_time")


def _check_adset_budget(world: World, data: Data, changed: set[str], campaign: Record) -> None:
    shared = bool(campaign.data.get("daily_budget") or campaign.data.get("lifetime_budget"))
    own = bool(data.get("daily_budget") or data.get("lifetime_budget"))
    if shared and own and changed & {"daily_budget", "lifetime_budget"}:
        raise invalid(
            1885621,
            "Budget on both levels",
            "The campaign has a budget, so its ad sets cannot have one.",
            "daily_budget",
        )
    if not shared and not own:
        raise invalid(
            1487061, "Ad set budget missing", "An ad set needs daily_budget or lifetime_budget.", "daily_budget"
        )
    _check_budget(world, data, changed, "adset")


def _check_dates(world: World, data: Data, changed: set[str], old: Record | None) -> None:
    end, start = data.get("end_time") or 0, data.get("start_time") or int(world.now())
    if data.get("lifetime_budget") and not end:
        raise bad_parameter("end_time is required with a lifetime budget", "end_time")
    if (
        old is not None
        and changed & {"status"}
        and data["status"] == "ACTIVE"
        and end
        and end <= world.now()
        and "end_time" not in changed
    ):
        raise invalid(1487007, "Ad set has ended", "The end date of the schedule is in the past.", "end_time")
    if end and "end_time" in changed:
        if end <= world.now() or end <= start:
            raise invalid(
                1487033,
                "End date must be in the future",
                "The end date must be after now and after the start.",
                "end_time",
            )
        if data.get("daily_budget") and end - start < 86400:
            raise bad_parameter("An ad set with a daily budget must run for more than 24 hours", "end_time")


def check_goal(objective: str, data: Data) -> None:
    """Goal, destination and promoted object have to fit the campaign's objective."""
    goal, destination = data["optimization_goal"], data.get("destination_type") or "UNDEFINED"
    if goal not in GOALS:
        raise not_one_of("optimization_goal", list(GOALS))
    if destination not in destinations_of(objective):
        raise invalid(
            2446509, "Destination type is invalid", f"{destination} does not fit {objective}.", "destination_type"
        )
    if goal not in goals_for(objective, destination):
        raise invalid(
            1815715,
            "Optimization goal is invalid",
            f"{goal} does not fit {objective} with destination {destination}.",
            "optimization_goal",
        )
    billing = data["billing_event"]
    if billing != "IMPRESSIONS" and goal not in BILLING_WITH_GOAL.get(billing, ()):
        raise bad_parameter(f"billing_event {billing} cannot be used with optimization_goal {goal}", "billing_event")
    if missing := promoted_object_missing(objective, goal, data.get("promoted_object") or {}):
        raise invalid(1815430, "Promoted object is missing", f"promoted_object needs {missing}.", "promoted_object")


def _check_attribution(data: Data) -> None:
    spec = data.get("attribution_spec")
    windows = {(item.get("event_type"), item.get("window_days")) for item in spec} if isinstance(spec, list) else set()
    allowed = (
        WINDOWS_ALLOWED if data.get("optimization_goal") in ("OFFSITE_CONVERSIONS", "VALUE") else WINDOWS_ALLOWED[:1]
    )
    if windows and windows not in allowed:
        raise bad_parameter("The attribution window is not valid for this optimization goal", "attribution_spec")


def _check_dsa(world: World, data: Data) -> None:
    """Ads to people in the EU name who pays and who benefits."""
    countries = set(((data.get("targeting") or {}).get("geo_locations") or {}).get("countries") or [])
    account = world.account.data
    for name, subcode in (("dsa_payor", 3858079), ("dsa_beneficiary", 3858081)):
        if countries & EU and not data.get(name) and not account.get(f"default_{name}"):
            raise invalid(
                subcode, "Information for the EU is missing", f"{name} is required to reach people in the EU.", name
            )


def check_ad(world: World, data: Data, changed: set[str], old: Record | None) -> None:
    """An ad needs a name, an ad set and an existing creative, and stays in its ad set."""
    if old is None:
        for name, field in (("name", "name"), ("adset_id", "adset_id"), ("creative", "creative_id")):
            if not data.get(field):
                raise missing_parameter(name)
    adset = world.get(str(data["adset_id"]), "adset")
    if adset is None or adset.data["status"] == "DELETED":
        raise invalid(1487056, "Ad set was deleted or does not exist", "Choose another ad set.", "adset_id")
    if old is not None and data["adset_id"] != old.data["adset_id"]:
        raise bad_parameter("Param adset_id cannot be changed", "adset_id")
    if (
        old is None
        and len([ad for ad in world.children("ad", adset.id) if ad.data["status"] not in ("DELETED", "ARCHIVED")])
        >= ADS_PER_ADSET
    ):
        raise bad_parameter(f"An ad set can have at most {ADS_PER_ADSET} ads", "adset_id")
    if isinstance(data["creative_id"], dict):
        check_creative(world, data["creative_id"], None, set(data["creative_id"]))
        return
    creative = world.get(str(data["creative_id"]), "creative")
    if creative is None or creative.data.get("status") == "DELETED":
        raise invalid(1487390, "Ad creative is incomplete", "The creative does not exist.", "creative")
    if creative.data.get("asset_feed_spec") and not adset.data.get("is_dynamic_creative") and "creative_id" in changed:
        raise invalid(
            1885998, "Dynamic creative in a normal ad set", "The ad set needs is_dynamic_creative.", "creative"
        )


def check_version(version: str) -> None:
    """Versions 25 and 26 are served, older ones are gone."""
    major = int(version.removeprefix("v").partition(".")[0])
    if major < 25:
        raise GraphError(
            2635,
            "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v26.0.",
        )
    if major > 26:
        raise GraphError(2500, f"Unknown API version {version}")
