"""Our errors as the API tells them."""

from __future__ import annotations

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError

from mediabuyer.lib.api_errors import handle
from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError, NotAllowed


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Conflict("Changed.", remedy="Look."), 409, {"detail": "Changed.", "remedy": "Look."}),
        (NotAllowed("No."), 403, {"detail": "No."}),
        (Invalid("to", 7, "Odd."), 422, {"detail": "Odd.", "field": "to", "value": "7"}),
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
