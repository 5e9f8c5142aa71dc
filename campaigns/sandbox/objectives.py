"""Which goal, destination and promoted object fits which objective (the compatibility matrix), as data."""

from __future__ import annotations

from typing import Any

NOWHERE = ("UNDEFINED", "WEBSITE", "APP")
MESSAGING = ("MESSENGER", "WHATSAPP", "INSTAGRAM_DIRECT")
_CLICKS = frozenset({"LINK_CLICKS", "LANDING_PAGE_VIEWS", "REACH", "IMPRESSIONS"})
_MATRIX: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = {
    "OUTCOME_AWARENESS": [(("UNDEFINED",), frozenset({"REACH", "IMPRESSIONS", "AD_RECALL_LIFT", "THRUPLAY"}))],
    "OUTCOME_TRAFFIC": [
        (NOWHERE, _CLICKS),
        (MESSAGING, frozenset({"LINK_CLICKS", "REACH", "IMPRESSIONS"})),
        (("INSTAGRAM_PROFILE",), frozenset({"VISIT_INSTAGRAM_PROFILE", "PROFILE_VISIT"})),
    ],
    "OUTCOME_ENGAGEMENT": [
        (NOWHERE, _CLICKS | {"OFFSITE_CONVERSIONS"}),
        (("ON_POST",), frozenset({"POST_ENGAGEMENT", "REACH"})),
        (("ON_PAGE",), frozenset({"PAGE_LIKES"})),
        (("ON_VIDEO",), frozenset({"THRUPLAY"})),
        (("ON_EVENT",), frozenset({"EVENT_RESPONSES", "POST_ENGAGEMENT", "REACH", "IMPRESSIONS"})),
        (MESSAGING, frozenset({"CONVERSATIONS", "LINK_CLICKS", "LEAD_GENERATION"})),
    ],
    "OUTCOME_LEADS": [
        (NOWHERE, _CLICKS | {"OFFSITE_CONVERSIONS"}),
        (("ON_AD",), frozenset({"LEAD_GENERATION", "QUALITY_LEAD"})),
        (MESSAGING, frozenset({"CONVERSATIONS", "LEAD_GENERATION"})),
    ],
    "OUTCOME_SALES": [(NOWHERE, _CLICKS | {"OFFSITE_CONVERSIONS", "VALUE"}), (MESSAGING, frozenset({"CONVERSATIONS"}))],
    "OUTCOME_APP_PROMOTION": [
        (
            ("UNDEFINED", "APP"),
            frozenset(
                {"APP_INSTALLS", "LINK_CLICKS", "OFFSITE_CONVERSIONS", "VALUE", "APP_INSTALLS_AND_OFFSITE_CONVERSIONS"}
            ),
        )
    ],
}
OBJECTIVES = tuple(_MATRIX)
GOALS = tuple(sorted({goal for rows in _MATRIX.values() for _, goals in rows for goal in goals}))
BILLING_WITH_GOAL = {
    "LINK_CLICKS": ("LINK_CLICKS",),
    "THRUPLAY": ("THRUPLAY",),
    "PAGE_LIKES": ("PAGE_LIKES",),
    "POST_ENGAGEMENT": ("POST_ENGAGEMENT",),
}


def destinations_of(objective: str) -> set[str]:
    """Destination types that an objective may have."""
    return {name for names, _ in _MATRIX[objective] for name in names}


def goals_for(objective: str, destination: str) -> set[str]:
    """Goals that fit an objective with a destination."""
    return {goal for names, goals in _MATRIX[objective] if destination in names for goal in goals}


def promoted_object_missing(objective: str, goal: str, promoted: dict[str, Any]) -> str:
    """What the promoted object lacks, empty when nothing."""
    if objective == "OUTCOME_APP_PROMOTION":
        return (
            ""
            if promoted.get("application_id") and promoted.get("object_store_url")
            else "application_id and object_store_url"
        )
    if goal in ("OFFSITE_CONVERSIONS", "VALUE"):
        complete = (
            (promoted.get("pixel_id") and promoted.get("custom_event_type"))
            or promoted.get("custom_conversion_id")
            or promoted.get("product_set_id")
            or promoted.get("application_id")
        )
        return "" if complete else "pixel_id and custom_event_type"
    if goal in ("LEAD_GENERATION", "QUALITY_LEAD", "PAGE_LIKES", "CONVERSATIONS"):
        return "" if promoted.get("page_id") else "page_id"
    return ""
