"""Pages of other origins (CORS): none may read our answers but those that the settings name.

Only `/api/` is opened: what a page elsewhere can use. A named origin may send the person's cookie too; what
changes something then still needs the CSRF token, so such a page had better come with a bearer token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, X-CSRFToken"
_EXPOSED: Final = (
    "Retry-After, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate"
)
_REMEMBERED_S: Final = 600


class CrossOrigin:
    """Middleware that answers preflights, and names the origin on answers that its page may read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = request.META.get("HTTP_ORIGIN")
        if origin is None:
            return self._get_response(request)
        is_named = origin in settings.LIVE_ALLOWED_ORIGINS
        is_preflight = request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
        # A preflight is answered here whoever asks: a browser sends none of a person's credentials with it.
        response = HttpResponse(status=204) if is_preflight else self._get_response(request)
        patch_vary_headers(response, ["Origin"])
        if not is_named:
            return response
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Credentials"] = "true"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        if is_preflight:
            response["Access-Control-Allow-Methods"] = _METHODS
            response["Access-Control-Allow-Headers"] = _HEADERS
            response["Access-Control-Max-Age"] = str(_REMEMBERED_S)
        else:
            response["Access-Control-Expose-Headers"] = _EXPOSED
        return response
