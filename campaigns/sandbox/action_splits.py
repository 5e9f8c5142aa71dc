"""Action breakdowns: which entries of `actions` a question divides further, and into what."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.sandbox.draws import key_of, uniform
from campaigns.sandbox.errors import GraphError
from campaigns.sandbox.fields import words
from campaigns.sandbox.splits import DEVICES

Entry = dict[str, str]
KNOWN = words("""
action_type action_device action_destination action_target_id action_reaction action_carousel_card_id
action_carousel_card_name action_canvas_component_name action_video_sound action_video_type conversion_destination
signal_source_bucket standard_event_content_type matched_persona_id matched_persona_name is_business_ai_assisted
""")
JOINS_ALL = words("action_type action_target_id action_destination")  # the others fit few delivery breakdowns
FITS = {
    "action_device": words("impression_device publisher_platform platform_position"),
    "action_carousel_card_id": words("impression_device country age gender"),
    "action_carousel_card_name": words("impression_device country age gender"),
}
ON_META = words("link_click post_engagement page_engagement post_reaction comment")  # the rest comes undivided
REACTIONS = (("like", 0.78), ("love", 0.15), ("haha", 0.03), ("wow", 0.02), ("care", 0.02))


def check_action_breakdowns(names: Sequence[str], breakdowns: Sequence[str]) -> None:
    """Refuse unknown names and pairs outside Meta's table."""
    for index, name in enumerate(names):
        if name not in KNOWN:
            raise GraphError(
                100,
                f"(#100) action_breakdowns[{index}] must be one of the following values: {', '.join(sorted(KNOWN))}",
            )
        if name not in JOINS_ALL and not set(breakdowns) <= FITS.get(name, frozenset()):
            columns = ", ".join([*names, *breakdowns])
            raise GraphError(100, f"(#100) Current combination of data breakdown columns ({columns}) is invalid")


def divided(entries: list[Entry], names: Sequence[str], seed: str, page: str, site: str) -> list[Entry]:
    """Entries with the keys that `names` add. What is divided sums to what it was; `seed` decides about remainders."""
    for name in names:
        if name == "action_reaction":
            entries = _parts(entries, name, REACTIONS, frozenset(["post_reaction"]), seed)
        elif name == "action_device":
            shares = [(device, share) for device, (share, _) in DEVICES.items()]
            entries = _parts(entries, name, shares, ON_META, seed)
        elif name in ("action_destination", "action_target_id"):
            entries = [_aimed(entry, name, page, site) for entry in entries]
    return entries


def _aimed(entry: Entry, name: str, page: str, site: str) -> Entry:
    """Clicks go to the site, what people do with the post to its page; off-Meta events say neither."""
    if entry["action_type"] not in ON_META:
        return entry
    is_click_out = name == "action_destination" and entry["action_type"] == "link_click"
    return {**entry, name: site if is_click_out else page}


def _parts(
    entries: list[Entry], name: str, shares: Sequence[tuple[str, float]], types: frozenset[str], seed: str
) -> list[Entry]:
    result: list[Entry] = []
    for entry in entries:
        if entry["action_type"] not in types:
            result.append(entry)
            continue
        start = float(uniform(key_of(seed, name, *entry.values()))[0])
        total, edge, before = int(entry["value"]), 0.0, 0
        for label, share in shares:
            edge += share
            mark = total if label == shares[-1][0] else min(int(total * edge + start), total)
            if mark > before:
                # On-Meta actions are the same in every click window, so one count serves all keys.
                counts = {key: str(mark - before) for key in entry if key == "value" or key.endswith("_click")}
                result.append({**entry, **counts, name: label})
            before = mark
    return result
