"""Errors as `application/problem+json` (RFC 9457), everywhere under /api/."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from candlewick.core.errors import EngineAway, StoreBusy, StoreError
from candlewick.store.databases import database_at
from candlewick.web.boot import settings_in_force

log = logging.getLogger(__name__)
_DETAILS = {
    400: "The request cannot be read.",
    403: "You may not do this.",
    404: "There is nothing at this address.",
    405: "This address does not answer that method.",
    413: "The request is too large.",
    500: "Something broke on our side; it has been logged.",
}
_KEPT = (
    "Allow",
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)
_SOON = {"Retry-After": "5"}
CONTENT_TYPE = "application/problem+json"
_encode = msgspec.json.Encoder(decimal_format="number").encode  # a refusal tells exact money


def body(status: int, detail: str, **more: Any) -> bytes:
    """The problem as JSON bytes."""
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return _encode(problem | more)


def response(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> HttpResponse:
    """The problem as Django's response."""
    return HttpResponse(
        body(status, detail, **more), status=status, content_type=CONTENT_TYPE, headers=headers
    )


class Unexpected(logging.Filter):
    """Keeps an engine that is away, which every page says, from filling the log of what broke."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != 503


class ProblemMiddleware:
    """Turns Django's own error pages into problems where a program asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._get_response(request)
        if answer.status_code < 400 or not request.path.startswith("/api/"):
            return answer
        if answer.get("Content-Type", "").startswith(CONTENT_TYPE):
            return answer
        detail = _DETAILS.get(answer.status_code, HTTPStatus(answer.status_code).description)
        kept = {name: answer[name] for name in _KEPT if answer.has_header(name)}
        return response(answer.status_code, detail or "The request was refused.", headers=kept)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What is away, or full, is told; other errors are answered where they are known."""
        return unavailable(request, error)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The answer while the engine, a database, Redis or room on the disk is away; None: none of them is."""
    away = _what_is_away(error)
    if away is None:
        return None
    if request.path.startswith(("/api/", "/components/")):
        return response(503, str(away), headers=_SOON)
    told = {"request": request, "reason": str(away)}
    try:
        page = render(request, "store_away.html", told, status=503)
    except DatabaseError:  # not even who looks at the page can be read
        page = HttpResponse(render_to_string("store_away.html", told), status=503)
    page["Retry-After"] = _SOON["Retry-After"]
    return page


def _what_is_away(error: BaseException) -> EngineAway | StoreError | None:
    """What an error tells of what we stand on; None: it tells of a mistake of ours."""
    if isinstance(error, EngineAway | StoreError):
        return error
    told: StoreError | None = None
    if isinstance(error, DatabaseError) and isinstance(error.__cause__, Exception):
        told = database_at(settings_in_force().rows).explained(error.__cause__)
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        told = StoreBusy(f"{error.filename or 'The data folder'}: the disk is full. Free some space.")
    if told is None or type(told) is StoreError:
        return None
    log.error("A request could not be carried out: %s", told)
    return told


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What a request without a valid CSRF token gets."""
    if request.path.startswith("/api/"):
        return response(
            403, f"The request was refused for its missing or foreign origin or token. {reason}".strip()
        )
    return render(request, "403_csrf.html", status=403)
