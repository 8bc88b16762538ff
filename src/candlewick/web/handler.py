"""Django's request handler, with a short way for data.

A program's request needs few of the steps that a page's does: no messages, no static files, no content
policy put together anew, nothing of allauth's. `settings.MIDDLEWARE` is the way of pages and
`settings.DATA_MIDDLEWARE` that of `/api/`: it saves a quarter of all that Django does for an answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver
from django.utils.module_loading import import_string

_DATA: Final = "/api/"
_PAGES: Final = ("/api/docs",)  # of it, those that a browser shows
_ADDRESSES_KNOWN: Final = 1_024
_LONGEST_KNOWN: Final = 200


class TwoWays(BaseHandler):
    """Sends each request on its way."""

    _get_response: Any
    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        """Build both ways. What middleware of the pages hooks into around a view holds on both."""
        super().load_middleware(is_async)
        pages = self._middleware_chain
        data = convert_exception_to_response(self._get_response)
        for name in reversed(settings.DATA_MIDDLEWARE):
            data = convert_exception_to_response(import_string(name)(data))

        def on_its_way(request: HttpRequest) -> Any:
            return (data if is_data(request.path_info) else pages)(request)

        self._middleware_chain = on_its_way

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The view of a request; one that was asked for before is not looked up again."""
        path = request.path_info
        request.resolver_match = match = _known(path) if len(path) <= _LONGEST_KNOWN else _found(path)
        return match


class Handler(TwoWays, WSGIHandler):
    """What the bridge calls."""


def is_data(path: str) -> bool:
    """Whether what is answered there is for programs."""
    return path.startswith(_DATA) and not path.startswith(_PAGES)


def _found(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)


_known = lru_cache(_ADDRESSES_KNOWN)(_found)
