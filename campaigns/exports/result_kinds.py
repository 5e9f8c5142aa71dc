"""What a result is: an export counts purchases, leads, conversations and visits in one column called “Results”."""

from __future__ import annotations

import re
from collections.abc import Iterable

from campaigns.exports.headers import read_heading

ONE = {
    "purchases": "purchase",
    "leads": "lead",
    "messages": "conversation",
    "conversions": "conversion",
    "checkouts": "checkout",
    "adds_to_cart": "add to cart",
    "content_views": "content view",
    "landing_page_views": "landing page view",
    "link_clicks": "link click",
    "outbound_clicks": "outbound click",
    "reach": "person reached",
    "impressions": "impression",
}
"""A single one of each field that can stand for the results."""
SAME, SEVERAL = "same", "several"
CHOICES = (
    (SEVERAL, "I do not know, or not the same in every row"),
    (SAME, "The same in every row, whatever it is"),
    ("purchase", "Purchases"),
    ("lead", "Leads"),
    ("conversation", "Conversations started"),
    ("add to cart", "Adds to cart"),
    ("landing page view", "Landing page views"),
    ("link click", "Link clicks"),
    ("person reached", "People reached"),
)
"""What a person may answer where the file has no column that says what its results are."""
UNNAMED = "result"
"""The one kind of a file of which a person says only that it is the same in every row."""
NOT_THE_SAME = ("result not named", "other result not named")
"""The kinds of results of which nobody says that they are the same."""
_CODES = (
    (re.compile(r"add_to_cart|adds? to cart"), "add to cart"),
    (re.compile(r"initiate_checkout|checkouts? initiated"), "checkout"),
    (re.compile(r"purchase"), "purchase"),
    (re.compile(r"messaging_conversation|messaging conversation|messaging_first_reply"), "conversation"),
    (re.compile(r"profile_visit|profile visit"), "profile visit"),
    (re.compile(r"landing_page_view"), "landing page view"),
    (re.compile(r"link_click"), "link click"),
    (re.compile(r"(\b|_)leads?\b"), "lead"),
    (re.compile(r"view_content|content view"), "content view"),
)
"""`actions:offsite_conversion.fb_pixel_add_to_cart`, and wordings that are no heading of a column."""


def name_kind(written: str) -> str:
    """One result in plain words: `Website purchases` and `actions:omni_purchase` are both a `purchase`.

    What is not known is quoted as the file writes it.
    """
    field = read_heading(written).field
    if field in ONE:
        return ONE[field]
    return next((name for pattern, name in _CODES if pattern.search(written.casefold())), f"“{written[:60]}”")


def kinds_answered(answer: str | None) -> tuple[str, ...]:
    """The kinds by one of `CHOICES`; several where it is none of them."""
    if answer == SAME:
        return (UNNAMED,)
    return (answer,) if answer and answer in dict(CHOICES) and answer != SEVERAL else NOT_THE_SAME


def name_kinds(written: Iterable[str]) -> tuple[str, ...]:
    """Each kind once, in the order given."""
    return tuple(dict.fromkeys(name_kind(one) for one in written))
