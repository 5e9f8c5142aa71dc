"""Our errors in the API, in one shape: `detail`, `reference`, and where it helps `remedy` and `errors` by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError, NotAllowed
from mediabuyer.lib.logs import get_logger
from mediabuyer.lib.parsing import TooLarge

log = get_logger(__name__)
STATUS: dict[type[MediaBuyerError], int] = {Conflict: 409, NotAllowed: 403, Invalid: 422}
AS_CALLS = (
    ("Reload the page", "GET {what} again"),
    ("Watch it on the Agent page", "GET the account's cycles to follow it"),
)
"""What remedies ask of a person before a page, and what a program does instead."""


WAY_IN = "Send the header `Authorization: Bearer mb_…` with a token that an owner made in Settings."


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The refusal as JSON, with the request's reference, by which the log can be searched."""
    response = _refusal(error, context)
    reference = getattr(context.get("request"), "reference", "")
    if response is not None and reference:
        response.data["reference"] = reference
    return response


def for_programs(remedy: str, what: str = "it") -> str:
    """A remedy in words fit for a program; `what` was asked for."""
    for seen, called in AS_CALLS:
        remedy = remedy.replace(seen, called.format(what=what))
    return remedy


def describe_faults(faults: Any) -> dict[str, Any]:
    """Faults by field, as serializers and filters name them, in the shape of every refusal.

    Those of nested fields get the path as their name: `answers.currency`, `3.ad_id`.
    """
    errors: dict[str, list[str]] = {}
    for name, messages in _flat(faults):
        errors.setdefault(name, []).extend(messages)
    sentences = errors.pop("", [])
    if len(errors) == 1:
        sentences += [f"“{name}”: {' '.join(messages)}" for name, messages in errors.items()]
    elif errors:
        sentences.append(f"{len(errors)} fields are at fault: {', '.join(errors)}.")
    told: dict[str, Any] = {"detail": " ".join(sentences)}
    if errors:
        told |= {"remedy": "Correct what `errors` names and send it again.", "errors": errors}
    return told


def _flat(faults: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    if isinstance(faults, dict):
        parts: Any = faults.items()
    elif any(isinstance(one, dict) for one in faults):
        parts = enumerate(faults)
    else:
        yield path, [str(one) for one in faults]
        return
    for name, inner in parts:
        own = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
        yield from _flat(inner if isinstance(inner, dict | list) else [inner], ".".join(filter(None, (path, own))))


def _refusal(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database.unavailable", error=str(error))
        body = {"detail": "The database is temporarily unavailable. Nothing was half written.", "remedy": "Try again."}
        return Response(body, 503, headers={"Retry-After": "30"})
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, MediaBuyerError):
        error = _wrapped(error, getattr(context.get("view"), "what", "it"))
    response = exception_handler(error, context)
    if response is not None and isinstance(error, ValidationError):
        response.data = describe_faults(response.data)
    elif response is not None and isinstance(error, NotAuthenticated | AuthenticationFailed):
        response.data["remedy"] = WAY_IN
    return response


def _wrapped(error: MediaBuyerError, what: str) -> APIException:
    told: dict[str, Any] = {"detail": error.message}
    if error.remedy:
        told["remedy"] = for_programs(error.remedy, what)
    if isinstance(error, Invalid):
        told |= {"field": error.field, "value": str(error.value)}
        if error.field:
            told["errors"] = {error.field: [error.message]}
    wrapped = APIException(detail=told)
    wrapped.status_code = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    return wrapped
