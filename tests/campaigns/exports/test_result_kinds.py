"""Results have many names, and some of them mean the same."""

from __future__ import annotations

import io

import pytest

from campaigns.exports.reader import open_source
from campaigns.exports.result_kinds import name_kind, name_kinds
from campaigns.exports.understand import understand


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Website purchases", "purchase"),
        ("Käufe", "purchase"),
        ("actions:offsite_conversion.fb_pixel_purchase", "purchase"),
        ("actions:offsite_conversion.fb_pixel_add_to_cart", "add to cart"),
        ("Adds to cart with shared items", "add to cart"),
        ("actions:onsite_conversion.messaging_conversation_started_7d", "conversation"),
        ("Instagram profile visits", "profile visit"),
        ("Ergebnis von uns", "“Ergebnis von uns”"),
    ],
)
def test_kind_in_plain_words(written: str, kind: str) -> None:
    assert name_kind(written) == kind


def test_names_of_one_kind_are_not_several() -> None:
    assert name_kinds(["Website purchases", "Meta purchases", "actions:omni_purchase"]) == ("purchase",)


@pytest.mark.parametrize(
    ("header", "cells", "kinds"),
    [
        ("Results,Result type", "2,Website purchases", ("purchase",)),
        ("Results,Clicks (all)", "2,9", ()),
        ("Leads,Clicks (all)", "2,9", ("lead",)),
    ],
    ids=["told", "not told", "stand-in"],
)
def test_mapping_says_what_a_result_is(header: str, cells: str, kinds: tuple[str, ...]) -> None:
    text = f"Day,Ad name,Amount spent (EUR),{header}\n2026-09-01,A,1.50,{cells}\n"
    assert understand(open_source(io.BytesIO(text.encode()), "a.csv")).result_kinds == kinds
