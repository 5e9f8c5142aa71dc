"""No secret in any line, however it got there."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from mediabuyer.lib.logs import formatter, get_logger, redact

CANARY = "c4n4ry-secret"
META, OURS = "EAAG" + "x1Y2z3" * 8, "mb_" + "aB3-_x" * 7

WAYS = [
    f"GET https://graph.facebook.com/v26.0/me?fields=id&access_token={CANARY}&limit=5",
    f"https://graph.facebook.com/me?access_token%3D{CANARY}",
    f'{{"access_token": "{CANARY}"}}',
    json.dumps({"body": json.dumps({"access_token": CANARY})}),
    json.dumps({"body": json.dumps({"inner": json.dumps({"client_secret": CANARY})})}),
    repr({"access_token": CANARY}),
    str({"app_secret": CANARY}),
    f"appsecret_proof={CANARY}",
    f"Authorization: Bearer {CANARY}",
    f"authorization: Token {CANARY}",
    f"password={CANARY} host=db",
    f"postgresql://mediabuyer:{CANARY}@127.0.0.1:5432/mediabuyer",
    f"neo4j://neo4j:{CANARY}@127.0.0.1:7687",
    f"SECRET_KEY={CANARY}",
    f"refresh_token = '{CANARY}'",
]


@pytest.mark.parametrize("text", WAYS)
def test_secret_is_blanked_in_text(text):
    assert CANARY not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize("token", [META, OURS])
def test_token_is_known_by_its_looks(token):
    assert redact(f"Error validating {token}.") == "Error validating ***."


@pytest.mark.parametrize("text", ["The token has expired.", "spend=12.5 clicks=3", "http://127.0.0.1:8000/a/b", ""])
def test_other_words_stay(text):
    assert redact(text) == text


def test_long_text_is_read_quickly():
    assert len(redact("a" * 200_000)) == 200_000
    assert len(redact("token" * 40_000)) == 200_000


@pytest.fixture
def lines():
    """A log of our own with our formatter; gives the text written so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    logger = logging.getLogger("canary")
    logger.handlers, logger.propagate, level = [handler], False, logger.level
    logger.setLevel(logging.DEBUG)
    yield stream.getvalue
    logger.handlers, logger.propagate = [], True
    logger.setLevel(level)


def test_foreign_line_is_blanked_with_its_arguments(lines):
    logging.getLogger("canary").info("GET %s", f"https://x/?access_token={CANARY}")
    assert CANARY not in lines()
    assert json.loads(lines())["event"] == "GET https://x/?access_token=***"


def test_foreign_traceback_is_blanked(lines):
    try:
        raise RuntimeError(f"access_token={CANARY}")
    except RuntimeError:
        logging.getLogger("canary").exception("failed")
    assert CANARY not in lines()
    assert "RuntimeError: access_token=***" in lines()


def test_own_line_is_blanked_by_name_and_in_depth(lines):
    get_logger("canary").warning(
        "call", access_token=CANARY, params={"password": CANARY, "more": [{"appsecret_proof": CANARY}]}, spend="12"
    )
    assert CANARY not in lines()
    told = json.loads(lines())
    assert (told["access_token"], told["params"], told["spend"]) == (
        "***",
        {"password": "***", "more": [{"appsecret_proof": "***"}]},
        "12",
    )


def test_own_traceback_is_blanked(lines):
    try:
        raise RuntimeError(repr({"access_token": CANARY}))
    except RuntimeError:
        get_logger("canary").exception("failed")
    assert CANARY not in lines()


def test_line_carries_the_request(lines):
    with structlog.contextvars.bound_contextvars(request_id="abc123"):
        logging.getLogger("canary").info("hello")
    assert json.loads(lines())["request_id"] == "abc123"
