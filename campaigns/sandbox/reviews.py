"""Ad review: every new or re-edited ad waits a while; a few words get it rejected."""

from __future__ import annotations

import re

from campaigns.sandbox.draws import key_of, uniform
from campaigns.sandbox.traits import creative_parts
from campaigns.sandbox.world import Record, World

SHORTEST, LONGEST = 10 * 60, 45 * 60  # seconds in sandbox time
RULES = (
    (
        "PERSONAL_ATTRIBUTES",
        "Ads must not assert or imply personal attributes.",
        r"\b(are you|you are|as a|other) (\w+ ){0,2}"
        r"(diabetic|depressed|overweight|gay|disabled|broke|single|jewish|muslim)\b",
    ),
    (
        "PERSONAL_HEALTH",
        "Ads must not promise unrealistic results for body or health.",
        r"\b(lose|burn) \d+ ?(kg|kilos?|pounds|lbs)\b|\bcures? (cancer|diabetes|anxiety)\b|\bmiracle cure\b",
    ),
    (
        "UNREALISTIC_OUTCOMES",
        "Ads must not promise guaranteed income or results.",
        r"\bguaranteed (income|results|profit)\b|\bget rich\b",
    ),
    (
        "PROHIBITED_PRODUCTS",
        "Ads must not promote tobacco, drugs or weapons.",
        r"\b(vape|cigarettes?|cannabis|steroids)\b",
    ),
)


def start(world: World, ad: Record) -> None:
    """Send an ad to review, from now."""
    wait = SHORTEST + (LONGEST - SHORTEST) * float(uniform(key_of(world.identity.seed, "review", ad.id))[0])
    creative = world.get(str(ad.data.get("creative_id", "")), "creative")
    message, headline, _ = creative_parts(creative.data if creative else {})
    ad.data["review_until"] = int(world.now() + wait)
    ad.data["review_open"] = True
    ad.data["rejected"] = verdict(f"{message} {headline}")


def verdict(text: str) -> dict[str, str]:
    """Policies that a text breaks, with the sentence shown; empty when it passes."""
    return {policy: sentence for policy, sentence, pattern in RULES if re.search(pattern, text, re.IGNORECASE)}


def settle(world: World) -> None:
    """Close the reviews that are due."""
    for ad in world.ads:
        if ad.data.get("review_open") and ad.data["review_until"] <= world.now():
            ad.data["review_open"] = False
            world.save(ad)
            world.log("ad_review_declined" if ad.data["rejected"] else "ad_review_approved", ad, actor="Meta")
