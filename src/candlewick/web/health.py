"""`/readyz` and `/metrics`: whether this process can serve, and what it has counted."""

from __future__ import annotations

import ipaddress
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from candlewick.core.errors import EngineAway
from candlewick.store.models import User
from candlewick.web import problem
from candlewick.web.people import identity
from candlewick.web.services import services_of

ANSWER_WITHIN_S: Final = 3.0  # less than whoever looks after us waits


class _Readiness(msgspec.Struct, frozen=True):
    """What keeps the engine from taking orders, and why."""

    missing: list[str]
    reason: str | None


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the engine answers, knows instruments, writes, and the rows can be written; else 503."""
    missing, reasons = [], []
    services = services_of(request)
    engine = services.engine
    try:
        told = msgspec.json.decode(engine.request("readiness", timeout_s=ANSWER_WITHIN_S), type=_Readiness)
    except EngineAway:
        missing.append("engine")
    else:
        missing += told.missing if engine.link.instruments else ["instruments", *told.missing]
        reasons += [told.reason] if told.reason is not None else []
    if trouble := services.write_check.trouble():
        missing.append("database")
        reasons.append(f"The database: {trouble}")
    body = {"ready": not missing, "missing": missing} | ({"reason": " ".join(reasons)} if reasons else {})
    return JsonResponse(body, status=503 if missing else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for a scraper on this machine or one with an owner's token."""
    if not _may_scrape(request):
        return problem.response(403, "Metrics are for this machine, and for owners.")
    # Imported when first asked for: most terminals are never scraped.
    from candlewick.web.metrics import exposition

    text, kind = exposition(services_of(request))
    return HttpResponse(text, content_type=kind)


def _may_scrape(request: HttpRequest) -> bool:
    if isinstance(request.user, User) and request.user.is_owner:
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        person = identity.by_bearer(token)
        return person is not None and person.may("admin")
    # A proxy on this machine makes everybody look local; what it forwards is not.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback
    except ValueError:
        return False
