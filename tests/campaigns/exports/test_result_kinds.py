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
        ("Results,Clicks (all)", "2,9", NOT_THE_SAME),
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
    [
        ("same", ("result",)),
        ("lead", ("lead",)),
        ("several", NOT_THE_SAME),
        ("", NOT_THE_SAME),
        ("Leads", NOT_THE_SAME),
        ("<b>", NOT_THE_SAME),
    ],
)
def test_person_says_what_the_file_does_not(answer: str, kinds: tuple[str, ...]) -> None:
    mapping = understood(UNTOLD, result_kind=answer)
    assert mapping.result_kinds == kinds
    assert mapping.is_ready  # asked, and never in the way
    assert [question.key for question in mapping.questions if question.kind == "kind"] == ["result_kind"]


def test_nothing_is_asked_where_the_file_says_it_or_has_no_results() -> None:
    for text in (
        UNTOLD.replace("Clicks (all)", "Result type").replace(",9", ",Leads"),
        UNTOLD.replace("Results", "Leads"),
        UNTOLD.replace("Results", "Reach"),
        UNTOLD.replace("1.50,2,9", "1.50,,9"),
    ):
        assert "result_kind" not in [question.key for question in understood(text).questions]


COUNTED = "Day,Campaign name,Amount spent (EUR),Results,Purchases,Leads\n2026-09-01,A,1.50,{},2,30\n"


def asked(text: str, **answers: str) -> tuple[str | None, tuple[str, ...], object]:
    """Default and choices of the question what is paid for, and the column that results are read from."""
    mapping = understood(text, **answers)
    question = next((one for one in mapping.questions if one.key == "result"), None)
    choices = tuple(key for key, _ in question.choices) if question else ()
    return question and question.default, choices, mapping.metrics.get("results")


def test_of_several_columns_that_count_results_a_person_says_which() -> None:
    absent = COUNTED.replace("Results,", "").replace("{},", "")
    assert asked(absent) == ("purchases", ("purchases", "leads", "none"), 3)
    assert asked(absent, result="leads") == ("purchases", ("purchases", "leads", "none"), 4)
    assert asked(absent, result="none")[2] is None
    assert asked(absent.replace(",Leads", "").replace(",30", "")) == (None, (), 3)


def test_nothing_stands_unasked_for_results_that_are_empty() -> None:
    assert asked(COUNTED.format("")) == ("none", ("purchases", "leads", "none"), 3)
    assert asked(COUNTED.format(""), result="leads")[2] == 5
    assert asked(COUNTED.format("7")) == (None, (), 3)
