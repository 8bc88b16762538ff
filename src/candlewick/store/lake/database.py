"""The lake's SQLite file: its tables, their migrations, and connections that speak in our errors."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from candlewick.core.errors import StoreDamaged, StoreError

FILE_NAME: Final = "lake.sqlite3"
_BUSY_TIMEOUT_S: Final = 30.0

_FIRST: Final = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    instrument TEXT NOT NULL,
    interval TEXT NOT NULL,
    UNIQUE (kind, instrument, interval)
);
-- packed: the row as `hot.py` packs it; one cell a row is read in a third of the time that columns take
CREATE TABLE hot_rows (
    series INTEGER NOT NULL, time INTEGER NOT NULL, closed INTEGER NOT NULL, rev INTEGER NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (series, time)
) WITHOUT ROWID;
-- AUTOINCREMENT: compaction deletes the batches it has read by their ids; a reused id would be a lost batch
CREATE TABLE hot_trades (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL,
    min_ns INTEGER NOT NULL, max_ns INTEGER NOT NULL, count INTEGER NOT NULL,
    batch BLOB NOT NULL
);
CREATE INDEX hot_trades_span ON hot_trades (series, min_ns);
CREATE TABLE files (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL,
    partition TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    rows INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, bytes INTEGER NOT NULL,
    retired_s INTEGER
);
CREATE UNIQUE INDEX files_live ON files (series, partition) WHERE retired_s IS NULL;
CREATE TABLE coverage (
    series INTEGER NOT NULL, start_s INTEGER NOT NULL, end_s INTEGER NOT NULL,
    PRIMARY KEY (series, start_s)
) WITHOUT ROWID;
CREATE TABLE refused (
    series INTEGER NOT NULL, source TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL,
    duplicate INTEGER NOT NULL,
    PRIMARY KEY (series, source, line)
) WITHOUT ROWID;
"""

# Rises whenever what a keyed series holds changes; moving rows into files changes nothing.
_SECOND: Final = """
ALTER TABLE series ADD COLUMN changes INTEGER NOT NULL DEFAULT 0
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _SECOND)
"""Script n leads from `user_version` n to n + 1. Never change one that was released: add one."""


_HOPELESS: Final = frozenset(
    (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CANTOPEN,
    )
)
CLOSED: Final = "The lake is closed. Open it again to go on."


class Database:
    """Connections to the lake's file, one a thread.

    WAL: a reader sees the last commit and is never blocked; writers take turns (`BEGIN IMMEDIATE`).
    `synchronous=NORMAL`: a killed process loses nothing committed; a power cut may lose the newest
    commits, which venues can send again, and never damages the file.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / FILE_NAME
        self._local = threading.local()
        self._all: set[sqlite3.Connection] = set()
        self._guard = threading.Condition()
        self._closed = False
        self._in_use = 0
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The lake's folder {root} cannot be made: {error.strerror}. Choose another data folder."
            ) from error
        self._migrate()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of everything committed so far."""
        with self._used() as connection, self._explained():
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that commits whole or not at all."""
        with self._used() as connection, self._explained():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                # SQLite has already rolled back by itself after a full disk
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def give_back_space(self) -> None:
        """Return pages that deleted rows have left to the file system, without waiting for readers."""
        with self._used() as connection, self._explained():
            connection.execute("PRAGMA incremental_vacuum").fetchall()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Let no thread begin anything more, wait for what they are at, and close their connections."""
        with self._guard:
            self._closed = True
            # SQLite does not bear a connection that is closed under a running statement
            self._guard.wait_for(lambda: not self._in_use)
            connections, self._all = self._all, set()
        for connection in connections:
            connection.close()

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, which is not closed before it is given back."""
        connection = self._connection()
        with self._guard:
            if self._closed:
                raise StoreError(CLOSED)
            self._in_use += 1
        try:
            yield connection
        finally:
            with self._guard:
                self._in_use -= 1
                self._guard.notify_all()

    def _connection(self) -> sqlite3.Connection:
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is not None and not self._closed:
            return existing
        with self._guard, self._explained():
            if self._closed:
                raise StoreError(CLOSED)
            # check_same_thread off only so that close() may close every thread's connection
            made = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                # only takes effect in a new file: lets compaction give space back
                made.execute("PRAGMA auto_vacuum=INCREMENTAL")
                made.execute("PRAGMA journal_mode=WAL")
                made.execute("PRAGMA synchronous=NORMAL")
            except sqlite3.Error:
                made.close()
                raise
            self._all.add(made)
        self._local.connection = made
        return made

    def _migrate(self) -> None:
        connection = self._connection()
        with self._explained():
            if _version(connection) == len(MIGRATIONS):
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                # read again: another process may have migrated while this one waited
                for version in range(_version(connection), len(MIGRATIONS)):
                    for statement in MIGRATIONS[version].split(";\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version={version + 1}")
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if (found := _version(connection)) > len(MIGRATIONS):
                raise StoreError(
                    f"The lake at {self.path} was written by a newer Candlewick (its version {found}, "
                    f"known {len(MIGRATIONS)}). Install the newer one."
                )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            kind = StoreDamaged if code in _HOPELESS else StoreError
            raise kind(f"The lake at {self.path}: {_sentence(error)}") from error


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _sentence(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "the disk is full. Free some space; nothing that was acknowledged is lost."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return "the folder cannot be written. Check its owner and permissions."
        case sqlite3.SQLITE_CANTOPEN:
            return "the file cannot be opened. Check that the folder exists and may be written."
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another process has held its write lock for {_BUSY_TIMEOUT_S:.0f} s. Try again."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"the file is damaged ({error}). Restore it from a backup."
        case sqlite3.SQLITE_IOERR:
            return f"the disk failed ({error}). Check the disk and its free space."
        case _:
            return f"{error}."
