"""Our errors in the API, in the shape that DRF gives its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError, NotAllowed
from mediabuyer.lib.logs import get_logger
from mediabuyer.lib.parsing import TooLarge

log = get_logger(__name__)
STATUS: dict[type[MediaBuyerError], int] = {Conflict: 409, NotAllowed: 403, Invalid: 422}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The refusal as JSON, with the request's reference, by which the log can be searched.

    Where each field is named with its faults the body holds fields only; the header carries the reference all the same.
    """
    response = _refusal(error, context)
    reference = getattr(context.get("request"), "reference", "")
    if reference and response is not None and isinstance(response.data, dict) and "detail" in response.data:
        response.data["reference"] = reference
    return response


def _refusal(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database.unavailable", error=str(error))
        body = {"detail": "The database is temporarily unavailable. Nothing was half written.", "remedy": "Try again."}
        return Response(body, 503, headers={"Retry-After": "30"})
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if not isinstance(error, MediaBuyerError):
        return exception_handler(error, context)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    told: dict[str, Any] = {"detail": error.message}
    if error.remedy:
        told["remedy"] = error.remedy
    if isinstance(error, Invalid):
        told |= {"field": error.field, "value": str(error.value)}
    wrapped = APIException(detail=told)
    wrapped.status_code = status
    return exception_handler(wrapped, context)
