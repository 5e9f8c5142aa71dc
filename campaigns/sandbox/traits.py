"""Reads from an ad's objects what its quality depends on: angle, copy, image, audience."""

from __future__ import annotations

import json
from typing import Any

from campaigns.sandbox.draws import key_of, uniform
from campaigns.sandbox.market import COUNTRY_PEOPLE, Content
from campaigns.sandbox.world import Record, World

ANGLE_LABEL = "angle:"


def content_of(world: World, ad: Record) -> Content:
    """What an ad says and to whom."""
    creative = world.get(str(ad.data.get("creative_id", "")), "creative")
    targeting = world.objects[ad.data["adset_id"]].data.get("targeting") or {}
    message, headline, image = creative_parts(creative.data if creative else {})
    countries = countries_of(targeting)
    return Content(
        angle_of(world, ad),
        f"{message}|{headline}",
        image,
        audience_key(targeting),
        people_of(targeting, countries),
        countries,
    )


def angle_of(world: World, ad: Record) -> str:
    """The label `angle:<Name>`, else the ad's name up to " | ", else "Unsorted"."""
    for label_id in ad.data.get("labels", []):
        name = str(world.objects[label_id].data["name"])
        if name.startswith(ANGLE_LABEL):
            return name.removeprefix(ANGLE_LABEL).strip()
    head, bar, _ = str(ad.data.get("name", "")).partition(" | ")
    return head.strip() if bar else "Unsorted"


def creative_parts(data: dict[str, Any]) -> tuple[str, str, str]:
    """(primary text, headline, image) wherever the creative keeps them."""
    spec = data.get("object_story_spec") or {}
    link = spec.get("link_data") or spec.get("video_data") or spec.get("photo_data") or spec.get("text_data") or {}
    feed = data.get("asset_feed_spec") or {}
    message = link.get("message") or data.get("body") or _first(feed.get("bodies"), "text")
    headline = link.get("name") or link.get("title") or data.get("title") or _first(feed.get("titles"), "text")
    image = link.get("image_hash") or link.get("picture") or link.get("video_id") or data.get("image_hash") or ""
    return str(message or ""), str(headline or ""), str(image)


def _first(items: Any, name: str) -> str:
    return str(items[0].get(name, "")) if isinstance(items, list) and items and isinstance(items[0], dict) else ""


def countries_of(targeting: dict[str, Any]) -> tuple[str, ...]:
    """Countries that an ad set reaches; Germany where only finer places are named."""
    places = targeting.get("geo_locations") or {}
    named = [str(code).upper() for code in places.get("countries", [])]
    finer = [str(item.get("country", "DE")).upper() for kind in ("regions", "cities") for item in places.get(kind, [])]
    return tuple(sorted({*named, *finer})) or ("DE",)


def audience_key(targeting: dict[str, Any]) -> str:
    """The targeting as one stable text."""
    return json.dumps(targeting, sort_keys=True)


def people_of(targeting: dict[str, Any], countries: tuple[str, ...]) -> float:
    """Size of the pool that one ad wears out: a part of all who match, far smaller for custom audiences."""
    reach = sum(COUNTRY_PEOPLE.get(country, 5.0) for country in countries) * 1e6
    years = max(int(targeting.get("age_max", 65)) - int(targeting.get("age_min", 18)), 3) / 47
    reach *= years * (0.5 if len(targeting.get("genders", [])) == 1 else 1.0)
    groups = targeting.get("flexible_spec") or []
    reach *= 0.12 ** min(len(groups), 2)
    if targeting.get("custom_audiences"):
        reach = 400_000 + 400_000 * float(uniform(key_of("custom", audience_key(targeting)))[0])
    return float(min(max(reach**0.75 * 1.6, 60_000.0), 6_000_000.0))
