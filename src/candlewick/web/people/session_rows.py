"""Sessions in the database, read in plain SQL: each request reads one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core import signing

from candlewick.web.people import rows

_KNOWN_AT_ONCE: Final = 1_024


class SessionStore(DatabaseStore):
    """A session, by its key."""

    _session_key: str | None

    def load(self) -> dict[str, Any]:
        data = rows.session_data(self.session_key or "")
        if data is None:
            self._session_key = None
            return {}
        try:
            return dict(self.serializer().loads(_signed(data, self.key_salt)))
        except signing.BadSignature:
            return dict(self.decode(data))  # an empty one, and the log says why


class _AsItIs:
    """Where `signing` wants a serializer."""

    def dumps(self, obj: bytes) -> bytes:
        return obj

    def loads(self, data: bytes) -> bytes:
        return data


@lru_cache(_KNOWN_AT_ONCE)
def _signed(data: str, salt: str) -> bytes:
    """What was signed, if it was: the same words need not be proved genuine, and unpacked, each time."""
    content: bytes = signing.loads(data, salt=salt, serializer=_AsItIs)
    return content
