"""Each test of the journal runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection
from candlewick.store.journal.journal import Journal

KEY = b"the key that seals"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the ledger is: a file, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite3"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    made = Journal.open(place, key=KEY)
    yield made
    made.close()


@pytest.fixture
def stranger(place: Place, journal: Journal) -> Iterator[Connection]:
    """Somebody else at the same database, beside the journal."""
    connection = database_at(place).connect()
    yield connection
    connection.close()
