"""What Meta refuses in a creative."""

from __future__ import annotations

from typing import Any

from campaigns.sandbox.errors import bad_parameter, invalid
from campaigns.sandbox.world import Record, World


def check_creative(world: World, data: dict[str, Any], old: Record | None, changed: set[str]) -> None:
    """A creative names its content, its page and media that exist; later only name, status and labels change."""
    if old is not None:
        if any(old.data.get(name) != data.get(name) for name in changed - {"name", "status", "labels"}):
            raise invalid(1815573, "Creative content cannot be updated", "Make a new creative and put it on the ad.")
        return
    features = (data.get("degrees_of_freedom_spec") or {}).get("creative_features_spec") or {}
    if "standard_enhancements" in features:
        raise invalid(
            3858504, "Standard enhancements are not accepted", "Name the single features.", "degrees_of_freedom_spec"
        )
    spec = data.get("object_story_spec")
    if spec is None and not (
        data.keys() & {"object_story_id", "source_instagram_media_id", "asset_feed_spec", "image_hash", "object_url"}
    ):
        raise invalid(
            1487390, "Ad creative is incomplete", "One of object_story_spec, object_story_id or a media id is needed."
        )
    if spec is not None:
        _check_story(world, spec)


def _check_story(world: World, spec: Any) -> None:
    kinds = ("link_data", "video_data", "photo_data", "text_data", "template_data", "product_data")
    if not isinstance(spec, dict) or (not any(kind in spec for kind in kinds) and len(spec) < 2):
        raise invalid(
            1443048,
            "object_story_spec is ill-formed",
            "It needs page_id and one of " + ", ".join(kinds),
            "object_story_spec",
        )
    if str(spec.get("page_id")) != world.identity.page_id:
        raise invalid(
            1885029, "Page mismatch", "The page does not exist or cannot be used by this account.", "object_story_spec"
        )
    link, video = spec.get("link_data") or {}, spec.get("video_data") or {}
    if "link_data" in spec and not link.get("link"):
        raise invalid(2061015, "Link field is required", "link_data needs a link.", "object_story_spec")
    if "video_data" in spec and not (video.get("image_hash") or video.get("image_url")):
        raise invalid(
            1443226, "Video thumbnail is missing", "video_data needs image_hash or image_url.", "object_story_spec"
        )
    cards = link.get("child_attachments")
    if cards is not None and not 2 <= len(cards) <= 10:
        raise bad_parameter("A carousel needs 2 to 10 cards", "object_story_spec")
    for image in [link.get("image_hash"), *(card.get("image_hash") for card in cards or [])]:
        if image and world.get(f"{world.identity.account_id}:{image}") is None:
            raise invalid(
                1487390, "Image not found", "The image hash is not in this account's library.", "object_story_spec"
            )
