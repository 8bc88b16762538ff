"""Whether the rows can be written right now, for whoever looks after the process."""

from __future__ import annotations

import threading
import time
from typing import Final

from candlewick.core.errors import StoreError
from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection

KEPT_S: Final = 1.0  # anybody may ask, and as often as they like
_WRITE: Final = (
    # what a sign-in writes, gone again in the same transaction: only what changes is written to the disk
    "INSERT INTO django_session (session_key, session_data, expire_date) "
    "VALUES ('readiness', '', CURRENT_TIMESTAMP)",
    "DELETE FROM django_session WHERE session_key = 'readiness'",
)


class WriteCheck:
    """Tries to write, and leaves nothing behind. Of any thread; `close` it at the end.

    A lock is waited for as long as `door.BUSY_TIMEOUT_S`. Who asks meanwhile hears what was found before.
    """

    def __init__(self, place: Place, *, kept_s: float = KEPT_S) -> None:
        self._database = database_at(place)
        self._kept_s = kept_s
        self._connection: Connection | None = None
        self._looking = threading.Lock()
        self._found: str | None = None
        self._at = 0.0

    def trouble(self) -> str:
        """Why the rows cannot be written, as a sentence that anybody may read; empty: they can."""
        if not self._looking.acquire(blocking=self._found is None):
            return self._found or ""
        try:
            if self._found is None or time.monotonic() - self._at >= self._kept_s:
                self._found = self._look()
                self._at = time.monotonic()
            return self._found
        finally:
            self._looking.release()

    def close(self) -> None:
        """Let the database go."""
        with self._looking:
            self._drop()

    def _look(self) -> str:
        try:
            connection = self._connection = self._connection or self._database.connect()
            with connection.transaction():
                for statement in _WRITE:
                    connection.write(statement)
        except StoreError as error:
            self._drop()
            name = self._database.name  # where it lies is not for anybody
            said = str(error).removeprefix(f"{name}: ").replace(name, "it")
            return said[:1].upper() + said[1:]
        return ""

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
