"""Our errors in the API, in the shape that DRF gives its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError, NotAllowed
from mediabuyer.lib.parsing import TooLarge

STATUS: dict[type[MediaBuyerError], int] = {Conflict: 409, NotAllowed: 403, Invalid: 422}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if not isinstance(error, MediaBuyerError):
        return exception_handler(error, context)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    body: dict[str, Any] = {"detail": error.message}
    if error.remedy:
        body["remedy"] = error.remedy
    if isinstance(error, Invalid):
        body |= {"field": error.field, "value": str(error.value)}
    wrapped = APIException(detail=body)
    wrapped.status_code = status
    return exception_handler(wrapped, context)
