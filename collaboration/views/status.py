"""Status: is everything up? For people after login, for probes without, for collectors of metrics with a token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from collaboration import health
from collaboration import status as state
from mediabuyer.lib.clock import wall_now

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@login_required
@require_GET
def status(request: HttpRequest) -> HttpResponse:
    machine_now = wall_now()
    shared = state.shared_parts(machine_now)
    accounts = state.accounts_of(request.user, machine_now)
    found = [*shared, *(part for one in accounts for part in one["parts"])]
    journals = state.journals_of(request.user)
    context = {
        "shared": shared,
        "per_account": accounts,
        "queues": state.queues_of(request.user, machine_now),
        "journals": journals,
        "stopped": [one["account"].name for one in accounts if one["account"].is_stopped],
        "worst": "bad" if any(one["damaged_at"] for one in journals) else health.worst(found),
        "troubles": [part for part in found if part.tone != "good"],
        "machine_now": machine_now,
        "is_moving": any(run["run"].state == "running" for one in accounts for run in one["runs"]),
    }
    return render(request, "status/status.html", context)


@never_cache
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view takes one
    """For probes and strangers: up or down and nothing else."""
    up = state.is_up()
    return HttpResponse("up\n" if up else "down\n", status=200 if up else 503, content_type="text/plain")


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Operators, or whoever knows METRICS_TOKEN; to everybody else the page does not exist."""
    if not (_knows_token(request) or request.user.is_staff):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=METRICS_TYPE)


class _Figures(Collector):
    """Read at the moment they are asked for, so that several web processes tell the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = state.figures(wall_now())
        except Error:
            found = {"database": {"up": 0.0}}
        for name, values in found.items():
            family = GaugeMetricFamily(f"mediabuyer_{name}", f"Media Buyer: {name} by kind", labels=["kind"])
            for kind, value in values.items():
                family.add_metric([kind], float(value))
            yield family


def _knows_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, settings.METRICS_TOKEN.encode())
