"""Small layers around every request: an id that ties page, log and journal together, and errors in plain words."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from contextlib import suppress

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template

from mediabuyer.lib.errors import Conflict, MediaBuyerError, NotAllowed
from mediabuyer.lib.logs import get_logger

log = get_logger(__name__)
WORDS = {
    400: "The request could not be understood.",
    403: "This request was refused.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    406: "This address does not answer in the form that `Accept` asks for; /api/schema/ describes the API to programs.",
    500: "Something broke on our side. Nothing was half written; the reference tells us where.",
    503: "The database is temporarily unavailable. Nothing was half written.",
}
Handler = Callable[[HttpRequest], HttpResponseBase]


WITH_PORT = re.compile(r"\[([^]]+)\](?::\d+)?|([^:]+):\d+")
"""`203.0.113.9:5678`, `[2001:db8::1]:443`: some proxies add the visitor's port."""


def _address(text: str) -> str:
    """Empty where it is none."""
    match = WITH_PORT.fullmatch(text)
    with suppress(ValueError):
        return str(ipaddress.ip_address((match[1] or match[2]) if match else text))
    return ""


def visitors_address(get_response: Handler) -> Handler:
    """Behind a proxy every request comes from the proxy. Guesses are counted by address, so without the visitor's own
    one stranger with wrong passwords would lock out all.

    Only the last entry of `X-Forwarded-For` is the proxy's word; whatever stands before it the visitor may have sent.
    """
    is_told = False

    def middleware(request: HttpRequest) -> HttpResponseBase:
        nonlocal is_told
        if settings.BEHIND_PROXY:
            last = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
            if address := _address(last):
                request.META["REMOTE_ADDR"] = address
            elif not is_told:  # once a process: all further requests are likely to be like it
                is_told = True
                log.warning("proxy.names_no_address", x_forwarded_for=last[:100], taken=request.META.get("REMOTE_ADDR"))
        return get_response(request)

    return middleware


def request_id(get_response: Handler) -> Handler:
    """Gives the request a reference number, which error pages show and every log line carries."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        reference = uuid.uuid4().hex[:12]
        request.reference = reference  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=reference)
        response = get_response(request)
        response["X-Request-ID"] = reference
        return response

    return middleware


def api_errors(get_response: Handler) -> Handler:
    """Below /api/ every error is JSON in DRF's shape, also where no view was reached: a program cannot read a page.

    Each carries the request's reference, as the header does.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_ours = request.path == "/api" or request.path.startswith("/api/")
        if not is_ours or response.status_code < 400 or response.get("Content-Type", "").startswith("application/json"):
            return response
        told = {"detail": WORDS.get(response.status_code, "This could not be answered.")}
        kept = {name: response[name] for name in ("Allow", "Retry-After", "WWW-Authenticate") if name in response}
        return JsonResponse(
            told | {"reference": getattr(request, "reference", "")}, status=response.status_code, headers=kept
        )

    return middleware


class plain_errors:  # noqa: N801 - named like the function-style middleware beside it
    """Turns our own errors into pages that say what happened, what we do and what the reader can do."""

    STATUS = {Conflict: 409, NotAllowed: 403}

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            log.error("database.unavailable", error=str(error))
            page = get_template("503.html").render({"reference": getattr(request, "reference", "")})
            return HttpResponse(page, status=503, headers={"Retry-After": "30"})
        if isinstance(error, MediaBuyerError):
            status = next((code for kind, code in self.STATUS.items() if isinstance(error, kind)), 400)
            return render(request, "error.html", {"error": error, "status": status}, status=status)
        return None
