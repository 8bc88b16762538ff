"""Errors as `application/problem+json` (RFC 9457), everywhere under /api/."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from candlewick.core.errors import EngineAway, StoreError

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
        """A page whose store or engine is away says so; other errors are answered where they are known."""
        return unavailable(request, error) if isinstance(error, EngineAway | StoreError) else None


def unavailable(request: HttpRequest, error: EngineAway | StoreError) -> HttpResponse:
    """The answer while the engine, a database, or Redis, is away."""
    if request.path.startswith(("/api/", "/components/")):
        return response(503, str(error), headers=_SOON)
    page = render(request, "store_away.html", {"reason": str(error)}, status=503)
    page["Retry-After"] = _SOON["Retry-After"]
    return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What a request without a valid CSRF token gets."""
    if request.path.startswith("/api/"):
        return response(
            403, f"The request was refused for its missing or foreign origin or token. {reason}".strip()
        )
    return render(request, "403_csrf.html", status=403)
