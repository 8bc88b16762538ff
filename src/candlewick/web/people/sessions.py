"""Sessions where Redis is: kept in the database, read from Redis.

While Redis is away they are read from the database, so that whoever is signed in goes on. None is written
then, since an older copy in Redis would come back to life with it: nobody signs in or out.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache.backends.base import BaseCache
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from candlewick.core.errors import StoreError
from candlewick.web import problem
from candlewick.web.shared import RedisAway


class SessionStore(CachedStore):
    """A session, by its key."""

    _cache: BaseCache
    _session: dict[str, Any]

    def load(self) -> dict[str, Any]:
        try:
            return dict(super().load())
        except RedisAway:
            return dict(DatabaseStore.load(self))

    def exists(self, session_key: str) -> bool:
        try:
            return bool(super().exists(session_key))
        except RedisAway:
            return bool(DatabaseStore.exists(self, session_key))

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()  # which saves it under its new key
            return
        key = self.cache_key_prefix + self.session_key
        self._cache.delete(key)  # first: what fails here has changed nothing
        DatabaseStore.save(self, must_create)
        self._cache.set(key, self._session, self.get_expiry_age())

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self._cache.delete(self.cache_key_prefix + key)
        DatabaseStore.delete(self, session_key)


class Sessions(SessionMiddleware):
    """Django's; a session that cannot be kept is a 503, no fault of ours."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, DatabaseError, StoreError) as error:
            away = problem.unavailable(request, _said_by_the_database(error))
            if away is None:
                raise
            return away


def _said_by_the_database(error: BaseException) -> BaseException:
    """What Django takes for a session that was deleted meanwhile, as the database said it."""
    while isinstance(error, SessionInterrupted | UpdateError) and error.__context__ is not None:
        error = error.__context__
    return error
