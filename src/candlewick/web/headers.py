"""Security headers: those that Django does not set itself, and what pages and data may load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_HEADERS: Final = {
    # A terminal needs none of a browser's sensors, and nobody else's page needs a terminal's answers.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DATA: Final = ("application/json", "application/problem+json")
_POLICY_OF_DATA: Final = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


def security_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that adds them to every answer."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in _HEADERS.items():
            response.setdefault(name, value)
        return response

    return answer


class ContentPolicy(CSPMiddleware):
    """The pages' policy; and one for data, in which nothing is ever to be loaded or framed."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith(_DATA):
            # The same for every answer: the pages' is put together anew for each, at a tenth of its cost.
            response.headers.setdefault(HEADER, _POLICY_OF_DATA)
            return response
        answer: HttpResponseBase = super().process_response(request, response)
        return answer
