"""`/readyz` and `/metrics`: whether this process can serve, and what it has counted."""

from __future__ import annotations

import ipaddress
import resource
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from candlewick.core.errors import CandlewickError
from candlewick.store.models import Role, User
from candlewick.web import problem
from candlewick.web.live.metrics import LAG_BOUNDS_S
from candlewick.web.people import identity
from candlewick.web.services import Services, services_of


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the engine answers, knows instruments and the database can be read; 503 otherwise."""
    missing = []
    link = services_of(request).engine.link
    if not link.connected:
        missing.append("engine")
    elif not link.instruments:
        missing.append("instruments")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        missing.append("database")
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for a scraper on this machine or one with an owner's token."""
    if not _may_scrape(request):
        return problem.response(403, "Metrics are for this machine, and for owners.")
    services = services_of(request)
    lines = [*_own(services), *_of_engine(services)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_scrape(request: HttpRequest) -> bool:
    if isinstance(request.user, User) and request.user.is_owner:
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        person = identity.by_access_token(token)
        return person is not None and person.role == Role.OWNER
    # A proxy on this machine makes everybody look local; what it forwards is not.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback
    except ValueError:
        return False


def _own(services: Services) -> Iterator[str]:
    hub, bridge = services.hub, services.bridge
    counts = hub.metrics
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield from _metric("web_connections", "gauge", len(hub.readers))
    yield from _metric("web_connections_total", "counter", counts.joined)
    yield from _metric("web_frames_total", "counter", counts.frames)
    yield from _metric("web_frame_bytes_total", "counter", counts.bytes)
    yield from _metric("web_frames_skipped_total", "counter", counts.skipped)
    yield from _metric("web_closed_total", "counter", dict(counts.closed), label="code")
    yield from _metric("web_cpu_seconds_total", "counter", usage.ru_utime + usage.ru_stime)
    yield from _metric("web_engine_connected", "gauge", int(services.engine.link.connected))
    if bridge is not None:
        yield from _metric("web_requests_total", "counter", bridge.requests)
        yield from _metric("web_requests_waiting", "gauge", bridge.waiting)
    yield "# TYPE candlewick_web_frame_lag_seconds histogram"
    below = 0
    for bound, count in zip(LAG_BOUNDS_S, counts.lag.buckets, strict=True):
        below += count
        yield f'candlewick_web_frame_lag_seconds_bucket{{le="{bound}"}} {below}'
    yield f'candlewick_web_frame_lag_seconds_bucket{{le="+Inf"}} {counts.lag.count}'
    yield f"candlewick_web_frame_lag_seconds_sum {counts.lag.total:.6f}"
    yield f"candlewick_web_frame_lag_seconds_count {counts.lag.count}"


def _of_engine(services: Services) -> Iterator[str]:
    try:
        told: Mapping[str, Any] = orjson.loads(services.engine.request("metrics", timeout_s=2.0))
    except CandlewickError:
        return  # `web_engine_connected` tells it
    for name, value in told.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        yield from _metric(name, kind, value, label="venue")


def _metric(name: str, kind: str, value: Any, *, label: str = "") -> Iterator[str]:
    yield f"# TYPE candlewick_{name} {kind}"
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield f'candlewick_{name}{{{label}="{key}"}} {each}'
    else:
        yield f"candlewick_{name} {value}"
