"""People's comments under the ads: praise, questions, complaints and spam, as impressions bring them."""

from __future__ import annotations

import numpy as np

from campaigns.sandbox.draws import Ints, Keys, poisson, uniform
from campaigns.sandbox.market import Moment
from campaigns.sandbox.world import World

PER_IMPRESSION = 1 / 30_000
NAMES = (
    "Jonas Weber",
    "Mia Schneider",
    "Lena Vogt",
    "Paul Lang",
    "Emma Koch",
    "Luca Rossi",
    "Sofie Maier",
    "Tom Becker",
    "Anna Huber",
    "Felix Graf",
    "Clara Busch",
    "Noah Keller",
)
TEXTS = (
    "Best beans I have had in years, the aroma is unreal.",
    "Ordered last week, arrived in two days. Lovely!",
    "Do you ship to Austria?",
    "Is there a decaf version of this?",
    "How long do the beans stay fresh?",
    "Too expensive for 250 g if you ask me.",
    "My parcel has been on its way for nine days, nobody answers my mails.",
    "Mine arrived stale. Not buying again.",
    "Tried it, it is okay, nothing special.",
    "@Lena we need this for the office!",
    "Can I pause the subscription when I travel?",
    "Great service, they replaced a broken bag at once.",
    "Earn 5000 a week from home!!! write me",
    "Schmeckt wirklich frisch geröstet, gerne wieder.",
    "Which grind for a moka pot?",
    "I never got my discount code.",
)


def write_comments(world: World, ad_keys: Keys, impressions: Ints, moment: Moment) -> None:
    """Comments of one hour, under the post of each ad's creative."""
    counts = poisson(impressions.astype(np.float64) * PER_IMPRESSION, ad_keys, moment.hour, 70)
    for number in counts.nonzero()[0]:
        creative = world.get(str(world.ads[number].data.get("creative_id", "")), "creative")
        if creative is None:
            continue
        for index in range(int(counts[number])):
            _write(
                world,
                str(creative.data["effective_object_story_id"]),
                float(uniform(ad_keys[number], moment.hour, 71 + index)[0]),
                moment.hour * 3600,
            )


def _write(world: World, post: str, draw: float, hour_start: int) -> None:
    version = world.version
    name = NAMES[int(draw * 9973) % len(NAMES)]
    world.add(
        "comment",
        post,
        {
            "message": TEXTS[int(draw * len(TEXTS))],
            "from": {"id": str(9_000_000_000 + int(draw * 1e9)), "name": name},
            "created_time": hour_start + int(draw * 3599),
            "like_count": int(draw * 7),
            "is_hidden": False,
        },
        key=f"{post.partition('_')[2]}_{world.next_id()}",
    )
    world.version = version  # a comment changes nothing that delivery depends on
