"""Our errors as the API tells them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import ValidationError

from mediabuyer.lib.api_errors import for_programs, handle
from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError, NotAllowed


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Conflict("Changed.", remedy="Look."), 409, {"detail": "Changed.", "remedy": "Look."}),
        (NotAllowed("No."), 403, {"detail": "No."}),
        (Invalid("to", 7, "Odd."), 422, {"detail": "Odd.", "field": "to", "value": "7", "errors": {"to": ["Odd."]}}),
        (MediaBuyerError("Bad file."), 400, {"detail": "Bad file."}),
        (RequestDataTooBig(), 413, {"detail": "The body is too large. Send it in smaller parts."}),
    ],
)
def test_error_keeps_its_words(error, status, body):
    answer = handle(error, {})
    assert answer is not None
    assert (answer.status_code, answer.data) == (status, body)


@pytest.mark.parametrize("error", [OperationalError("host=db password=canary"), InterfaceError("closed")])
def test_database_that_is_away_is_said_without_details(error):
    answer = handle(error, {})
    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "canary" not in str(answer.data)


def test_what_is_unexpected_is_left_to_the_site():
    assert handle(ZeroDivisionError(), {}) is None


@pytest.mark.parametrize(
    ("faults", "body"),
    [
        ("It is odd.", {"detail": "It is odd."}),
        ({"non_field_errors": ["A list came."]}, {"detail": "A list came."}),
        ({"hash": ["It is missing."]}, {"detail": "“hash”: It is missing.", "errors": {"hash": ["It is missing."]}}),
        (
            {"answers": {"currency": ["Odd."]}, "rows": [{}, {"value": ["Odd."]}], "non_field_errors": ["Both."]},
            {
                "detail": "Both. 2 fields are at fault: answers.currency, rows.1.value.",
                "errors": {"answers.currency": ["Odd."], "rows.1.value": ["Odd."]},
            },
        ),
    ],
)
def test_faults_of_fields_come_with_a_sentence(faults, body):
    answer = handle(ValidationError(faults), {})
    assert answer is not None
    remedy = {"remedy": "Correct what `errors` names and send it again."} if "errors" in body else {}
    assert (answer.status_code, answer.data) == (400, body | remedy)


PAGES = re.compile(r"Agent page|Reload")
OURS = ("campaigns", "creatives", "memory", "mediabuyer", "portfolio")


def remedies() -> Iterator[str]:
    """All that are written below the pages, where the API's answers come from."""
    root = Path(__file__).resolve().parents[2]
    for path in (path for folder in OURS for path in (root / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "remedy":
                yield from (
                    part.value
                    for part in ast.walk(node.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def test_remedies_send_no_program_to_a_page():
    found = list(remedies())
    assert [one for one in found if PAGES.search(one)], "else this test looks in the wrong place"
    assert [one for one in map(for_programs, found) if PAGES.search(one)] == []
    assert for_programs("Reload the page to see it.", "the decision") == "GET the decision again to see it."
