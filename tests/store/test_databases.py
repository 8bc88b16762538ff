"""What a driver's own error says, of either database: away, or a statement that is wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from candlewick.core.errors import StoreBusy, StoreError
from candlewick.store.databases import database_at

NOWHERE = "postgresql://ann@127.0.0.1:1/candlewick"


def test_a_server_that_is_away_is_told_apart_from_a_wrong_statement() -> None:
    database = database_at(NOWHERE)
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(NOWHERE, connect_timeout=5)
    assert type(database.explained(caught.value)) is StoreBusy
    assert type(database.explained(pg.DiskFull("could not extend the file"))) is StoreBusy
    assert type(database.explained(pg.UndefinedTable("there is no nowhere"))) is StoreError
    assert type(database.explained(ValueError("no error of the driver's"))) is StoreError


def test_a_locked_file_is_told_apart_from_a_wrong_statement(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    database = database_at(path)
    first, second = (sqlite3.connect(path, isolation_level=None, timeout=0) for _ in range(2))
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as locked:
        second.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as wrong:
        first.execute("SELECT nothing FROM nowhere")
    first.close()
    second.close()
    assert type(database.explained(locked.value)) is StoreBusy
    assert type(database.explained(wrong.value)) is StoreError
