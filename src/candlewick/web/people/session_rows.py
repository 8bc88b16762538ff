"""Sessions in the database, read in plain SQL: each request reads one."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from candlewick.web.people import rows


class SessionStore(DatabaseStore):
    """A session, by its key."""

    _session_key: str | None

    def load(self) -> dict[str, Any]:
        data = rows.session_data(self.session_key or "")
        if data is None:
            self._session_key = None
            return {}
        return dict(self.decode(data))
