"""Security headers: those of pages that Django does not set itself, and all of data's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from csp.constants import HEADER
from django.conf import settings
from django.http import HttpRequest, HttpResponse

Answering = Callable[[HttpRequest], HttpResponse]

_OF_ALL: Final = {
    # A terminal needs none of a browser's sensors, and nobody else's page needs a terminal's answers.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What Django and django-csp say of pages, put together once; in data nothing is ever to be loaded or framed.
_OF_DATA: Final = _OF_ALL | {
    HEADER: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
}


def security_headers(get_response: Answering) -> Answering:
    """Middleware that adds what every page carries."""
    return partial(_answer, get_response, _OF_ALL)


def data_headers(get_response: Answering) -> Answering:
    """Middleware that adds what everything else carries."""
    return partial(_answer, get_response, _OF_DATA)


def _answer(get_response: Answering, headers: Mapping[str, str], request: HttpRequest) -> HttpResponse:
    response = get_response(request)
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response
