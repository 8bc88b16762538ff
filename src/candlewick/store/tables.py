"""`Tables`: what Django keeps of people's wishes, as processes without Django read and write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection, Row


class Tables:
    """Some tables in plain SQL behind the door. Used by one thread at a time.

    Raises:
        StoreBusy: from every method, if the database is locked or away: nothing was written.
    """

    def __init__(self, place: Place, last: str) -> None:
        """`last` is the table that is made last of all that are used here."""
        self._place = place
        self._last = last
        self._database = database_at(place)
        self._open: Connection | None = None
        self._is_ready = False

    def close(self) -> None:
        """Let go of the database; what asks again has a new connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def is_ready(self) -> bool:
        """Whether the database has the tables yet; the web process makes them."""
        if isinstance(self._place, Path) and not self._place.exists():
            return False
        self._is_ready = self._is_ready or self._connection.has_table(self._last)
        return self._is_ready

    @property
    def _connection(self) -> Connection:
        if self._open is None:
            self._open = self._database.connect()
        return self._open

    def _read(self, sql: str, *values: object) -> list[Row]:
        """The rows of a statement, in which the database's own words may stand (`door`)."""
        return self._connection.read(sql.format(**self._database.words), values)


def from_json(value: Any) -> Any:
    """What a column of JSON holds: PostgreSQL knows JSON, SQLite keeps text."""
    return json.loads(value) if isinstance(value, str) else value
