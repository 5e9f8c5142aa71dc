"""Our changes as Meta's parameters. Strict: an unknown parameter or a value we cannot express is refused unsent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from campaigns.platforms.base import ChangeKind, Level, PlatformChange, mark
from mediabuyer.lib.errors import Fault, Invalid, PlatformError
from mediabuyer.lib.money import to_minor

SETTABLE = ("ACTIVE", "PAUSED", "ARCHIVED")
LOWEST_COST = "LOWEST_COST_WITHOUT_CAP"

ALLOWED: dict[ChangeKind, tuple[frozenset[str], frozenset[str]]] = {
    ChangeKind.SET_STATUS: (frozenset({"status"}), frozenset()),
    ChangeKind.SET_BUDGET: (frozenset({"daily_budget"}), frozenset()),
    ChangeKind.CREATE_CAMPAIGN: (
        frozenset({"name", "objective"}),
        frozenset({"daily_budget", "bid_strategy", "special_ad_categories"}),
    ),
    ChangeKind.CREATE_AD_SET: (
        frozenset({"name", "campaign_id", "targeting", "optimization_goal"}),
        frozenset(
            {
                "daily_budget",
                "bid_strategy",
                "billing_event",
                "promoted_object",
                "destination_type",
                "attribution_spec",
                "start_time",
                "end_time",
                "dsa_beneficiary",
                "dsa_payor",
            }
        ),
    ),
    ChangeKind.CREATE_CREATIVE: (
        frozenset({"name", "headline", "body", "link"}),
        frozenset({"description", "image_hash", "call_to_action", "url_tags"}),
    ),
    ChangeKind.CREATE_AD: (frozenset({"name", "ad_set_id", "creative_id"}), frozenset({"labels"})),
}
"""Per kind: the parameters that must be there, and those that may."""


def parameters_for(change: PlatformChange, marker: str, currency: str, page_id: str) -> dict[str, Any]:
    """What is sent for a change. Creations carry the marker and start PAUSED, whatever was asked for."""
    given = {name: value for name, value in change.params.items() if value is not None}
    needed, optional = ALLOWED[change.kind]
    for name in sorted(needed - given.keys()):
        raise refused(name, f"“{name}” is missing.")
    for name in sorted(given.keys() - needed - optional):
        raise refused(name, f"“{name}” is not a parameter of {change.kind.value}.")
    if not change.kind.creates and not change.external_id:
        raise refused("external_id", "The object to change is not named.")
    return BUILDERS[change.kind](change, given, marker, currency, page_id)


def refused(field: str, message: str) -> PlatformError:
    """A change that cannot be right; nothing was sent."""
    return PlatformError(Fault.INVALID, message, field=field)


def _status(change: PlatformChange, given: Mapping[str, Any], *_: str) -> dict[str, Any]:
    if given["status"] not in SETTABLE or change.level is Level.CREATIVE:
        raise refused("status", f"A {change.level.value} cannot be set to “{given['status']}”.")
    return {"status": given["status"]}


def _budget(change: PlatformChange, given: Mapping[str, Any], _: str, currency: str, __: str) -> dict[str, Any]:
    if change.level not in (Level.CAMPAIGN, Level.AD_SET):
        raise refused("level", "Only campaigns and ad sets have a budget.")
    return {"daily_budget": _minor(given["daily_budget"], currency)}


def _campaign(_: PlatformChange, given: Mapping[str, Any], marker: str, currency: str, __: str) -> dict[str, Any]:
    """Without a budget of its own, siblings must not share theirs: shared ones can exceed what was approved by 20 %."""
    params = {
        "name": mark(given["name"], marker),
        "objective": given["objective"],
        "status": "PAUSED",
        "buying_type": "AUCTION",
        "special_ad_categories": given.get("special_ad_categories", []),
    }
    return params | (_own_budget(given, currency) or {"is_adset_budget_sharing_enabled": False})


def _ad_set(_: PlatformChange, given: Mapping[str, Any], marker: str, currency: str, __: str) -> dict[str, Any]:
    targeting = dict(given["targeting"])
    targeting.setdefault("targeting_automation", {"advantage_audience": 0})  # mandatory since v23
    copied = (
        "campaign_id",
        "optimization_goal",
        "promoted_object",
        "destination_type",
        "attribution_spec",
        "start_time",
        "end_time",
        "dsa_beneficiary",
        "dsa_payor",
    )
    params = {name: given[name] for name in copied if name in given}
    return (
        params
        | _own_budget(given, currency)
        | {
            "name": mark(given["name"], marker),
            "targeting": targeting,
            "status": "PAUSED",
            "billing_event": given.get("billing_event", "IMPRESSIONS"),
        }
    )


def _creative(_: PlatformChange, given: Mapping[str, Any], marker: str, __: str, page_id: str) -> dict[str, Any]:
    if not page_id:
        raise refused("page_id", "The account's connection names no page to publish as.")
    link = {"message": given["body"], "name": given["headline"], "link": given["link"]}
    link |= {name: given[name] for name in ("description", "image_hash") if given.get(name)}
    if given.get("call_to_action"):
        link["call_to_action"] = {"type": given["call_to_action"], "value": {"link": given["link"]}}
    params = {"name": mark(given["name"], marker), "object_story_spec": {"page_id": page_id, "link_data": link}}
    return params | ({"url_tags": given["url_tags"]} if given.get("url_tags") else {})


def _ad(_: PlatformChange, given: Mapping[str, Any], marker: str, *__: str) -> dict[str, Any]:
    params = {
        "name": mark(given["name"], marker),
        "adset_id": given["ad_set_id"],
        "status": "PAUSED",
        "creative": {"creative_id": given["creative_id"]},
    }
    return params | ({"adlabels": [{"name": label} for label in given["labels"]]} if given.get("labels") else {})


def _own_budget(given: Mapping[str, Any], currency: str) -> dict[str, Any]:
    if "daily_budget" not in given:
        return {}
    budget = _minor(given["daily_budget"], currency)
    return {"daily_budget": budget, "bid_strategy": given.get("bid_strategy", LOWEST_COST)}


def _minor(amount: Any, currency: str) -> int:
    """Text or `Decimal` in major units to Meta's integer; floats are refused because they are not exact."""
    if not isinstance(amount, str | Decimal):
        raise refused("daily_budget", f"A budget must be a decimal text, not {type(amount).__name__}.")
    try:
        minor = to_minor(Decimal(amount), currency)
    except InvalidOperation as error:
        raise refused("daily_budget", f"“{amount}” is not an amount.") from error
    except Invalid as error:
        raise refused("daily_budget", f"{error.message} {error.remedy}") from error
    if minor <= 0:
        raise refused("daily_budget", "A budget must be above zero; pause the object instead.")
    return minor


BUILDERS: dict[ChangeKind, Callable[..., dict[str, Any]]] = {
    ChangeKind.SET_STATUS: _status,
    ChangeKind.SET_BUDGET: _budget,
    ChangeKind.CREATE_CAMPAIGN: _campaign,
    ChangeKind.CREATE_AD_SET: _ad_set,
    ChangeKind.CREATE_CREATIVE: _creative,
    ChangeKind.CREATE_AD: _ad,
}
