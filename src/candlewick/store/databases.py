"""Which database a ledger is kept in. psycopg, 10 MB that SQLite does without, is loaded only for an URL."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from candlewick.store.door import Database
from candlewick.store.sqlite import SqliteDatabase

LEDGER_FILE: Final = "ledger.sqlite3"
ROWS_FILE: Final = "candlewick.sqlite3"
Place = Path | str
"""A SQLite file, or the URL of a PostgreSQL database."""


def database_at(place: Place) -> Database:
    """The database at a path or an URL.

    Raises:
        ConfigError: the URL is none of PostgreSQL.
    """
    if isinstance(place, Path):
        return SqliteDatabase(place)
    from candlewick.store.postgres import PostgresDatabase

    return PostgresDatabase(place)
