"""The page of last resort. Asks no database and no session, since one of them may be what broke."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template


def server_error(request: HttpRequest) -> HttpResponse:
    reference = getattr(request, "reference", "")
    return HttpResponse(get_template("500.html").render({"reference": reference}), status=500)
