"""What Meta refuses in a targeting spec."""

from __future__ import annotations

from typing import Any

from campaigns.sandbox.errors import bad_parameter, invalid


def check_targeting(targeting: dict[str, Any]) -> None:
    """Places, ages, Advantage audience flag and placements of a targeting spec."""
    places = targeting.get("geo_locations") or {}
    named = [name for name in places if name != "location_types" and places[name]]
    if not named and not targeting.get("custom_audiences"):
        raise invalid(1885364, "Missing target audience location", "Choose at least one location.", "targeting_spec")
    if set(places.get("location_types") or []) - {"home", "recent"}:
        raise invalid(1870199, "Location types retired", "Only home and recent can be used.", "targeting_spec")
    advantage = (targeting.get("targeting_automation") or {}).get("advantage_audience")
    if advantage not in (0, 1):
        raise invalid(
            1870227,
            "Advantage audience flag required",
            "Set targeting_automation.advantage_audience to 0 or 1.",
            "targeting_spec",
        )
    youngest, oldest = int(targeting.get("age_min", 18)), int(targeting.get("age_max", 65))
    if advantage == 1 and (oldest < 65 or youngest > 25):
        raise invalid(
            1870189,
            "Age limits too narrow",
            "With Advantage audience age_max must be 65 and age_min at most 25.",
            "targeting_spec",
        )
    if not 13 <= youngest <= oldest <= 65:
        raise bad_parameter("age_min must be between 13 and age_max, age_max at most 65", "targeting_spec")
    if youngest < 18 and targeting.get("flexible_spec"):
        raise invalid(
            1870165, "Detailed targeting with minors", "Detailed targeting needs age_min 18.", "targeting_spec"
        )
    if targeting.get("connections") or targeting.get("excluded_connections"):
        raise invalid(1870088, "Connections retired", "Connection targeting is no longer available.", "targeting_spec")
    _check_placements(targeting)


def _check_placements(targeting: dict[str, Any]) -> None:
    facebook, instagram = targeting.get("facebook_positions") or [], targeting.get("instagram_positions") or []
    if "video_feeds" in facebook:
        raise invalid(
            2490562, "Video feeds retired", "facebook_positions video_feeds is no longer available.", "targeting_spec"
        )
    if "explore" in instagram:
        raise invalid(
            2490392,
            "Explore needs explore home",
            "instagram_positions explore is no longer available.",
            "targeting_spec",
        )
    if "story" in facebook and "feed" not in facebook and "story" not in instagram:
        raise bad_parameter("Facebook stories need Facebook feed or Instagram stories", "targeting_spec")
    if targeting.get("device_platforms") == ["desktop"] and targeting.get("publisher_platforms") == ["instagram"]:
        raise bad_parameter("The placements and devices leave nothing to deliver to", "targeting_spec")
