"""Results have many names, and some of them mean the same."""

from __future__ import annotations

import io

import pytest

from campaigns.exports.mapping import Mapping
from campaigns.exports.reader import open_source
from campaigns.exports.result_kinds import NOT_THE_SAME, name_kind, name_kinds
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


def understood(text: str, **answers: str) -> Mapping:
    return understand(open_source(io.BytesIO(text.encode()), "a.csv"), answers)


UNTOLD = "Day,Campaign name,Amount spent (EUR),Results,Clicks (all)\n2026-09-01,A,1.50,2,9\n"


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [("same", ()), ("lead", ("lead",)), ("several", NOT_THE_SAME), ("", ()), ("<b>", ())],
)
def test_person_says_what_the_file_does_not(answer: str, kinds: tuple[str, ...]) -> None:
    mapping = understood(UNTOLD, result_kind=answer)
    assert mapping.result_kinds == kinds
    assert mapping.is_ready  # asked, and never in the way
    assert [question.key for question in mapping.questions if question.kind == "kind"] == ["result_kind"]


def test_campaigns_of_several_objectives_are_not_taken_to_count_the_same() -> None:
    rows = "A,OUTCOME_SALES,1.50,2\nB,OUTCOME_LEADS,1.50,30\n"
    text = f"Campaign name,Objective,Amount spent (EUR),Results\n{rows}"
    assert understood(text).result_kinds == NOT_THE_SAME
    assert understood(text, result_kind="same").result_kinds == ()
    assert understood(text.replace("OUTCOME_LEADS", "OUTCOME_SALES")).result_kinds == ()


def test_nothing_is_asked_where_the_file_says_it_or_has_no_results() -> None:
    for text in (
        UNTOLD.replace("Clicks (all)", "Result type").replace(",9", ",Leads"),
        UNTOLD.replace("Results", "Leads"),
        UNTOLD.replace("Results", "Reach"),
        UNTOLD.replace("1.50,2,9", "1.50,,9"),
    ):
        assert "result_kind" not in [question.key for question in understood(text).questions]
