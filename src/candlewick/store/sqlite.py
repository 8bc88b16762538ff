"""SQLite behind the `door`."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from candlewick.core.errors import StoreBusy, StoreDamaged, StoreError, StoreLocked
from candlewick.store.door import BUSY_TIMEOUT_S, Connection, Database, Row


class SqliteDatabase(Database):
    """A file in WAL mode. `synchronous=FULL`: what was committed survives a power cut."""

    words: Mapping[str, str] = {
        "bytes": "BLOB",
        "money": "TEXT",
        "by_bytes": "BINARY",
        "now_ns": "(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000000)",
        "skip_locked": "",  # whoever writes has the file to himself
    }
    by_index = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def connect(self, *, read_only: bool = False) -> Connection:
        return SqliteConnection(self.path, read_only=read_only)

    def explained(self, error: Exception) -> StoreError:
        return _sqlite_error(self.path, error)

    @contextmanager
    def claim(self) -> Iterator[None]:
        with _lock_file(self.path.with_name(f"{self.path.name}.lock"), self.name):
            yield


class SqliteConnection(Connection):
    """A connection to a SQLite file."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path = path
        with self._explained():
            if read_only:
                source = f"{path.resolve().as_uri()}?mode=ro"
            else:
                _make_private(path)
                source = path.resolve().as_uri()
            # used by one thread at a time, though not always the one that made it
            self._raw = sqlite3.connect(
                source, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                if not read_only:
                    self._raw.execute("PRAGMA journal_mode = WAL")
                    self._raw.execute("PRAGMA synchronous = FULL")
                self._raw.execute("SELECT count(*) FROM sqlite_master")  # a damaged file says so here
            except sqlite3.Error:
                self._raw.close()
                raise

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        with self._explained():
            return self._raw.execute(sql, tuple(parameters)).fetchall()

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Generator[Row]:
        with self._explained():
            yield from self._raw.execute(sql, tuple(parameters))

    def write(self, sql: str, rows: Sequence[Sequence[object]] = ((),)) -> None:
        with self._explained():
            self._raw.executemany(sql, rows) if rows and rows[0] else self._once(sql, len(rows))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._explained():
            self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._explained():
                self._raw.execute("COMMIT")
        finally:
            # after a full disk SQLite has rolled back by itself
            if self._raw.in_transaction:
                with self._explained():
                    self._raw.execute("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._explained():
            self._raw.execute("BEGIN")
        try:
            yield
        finally:
            self._raw.execute("ROLLBACK")

    def has_table(self, name: str) -> bool:
        return bool(self.read("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    def close(self) -> None:
        self._raw.close()

    def _once(self, sql: str, times: int) -> None:
        for _ in range(times):
            self._raw.execute(sql)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _sqlite_error(self._path, error) from error
        except OSError as error:
            raise StoreDamaged(f"{self._path} cannot be used: {error.strerror}.") from error


def _sqlite_error(path: Path, error: Exception) -> StoreError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"{path}: another process holds its write lock. Try again.")
        case sqlite3.SQLITE_FULL:
            return StoreBusy(f"{path}: the disk is full. Free some space; nothing acknowledged is lost.")
        case sqlite3.SQLITE_IOERR:
            return StoreBusy(f"{path}: the disk failed ({error}). Check the disk and its free space.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreDamaged(f"{path} cannot be written. Check its owner and permissions.")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreDamaged(f"{path} cannot be opened. Check that its folder exists and is yours.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreDamaged(
                f"{path} is damaged ({error}). Restore it from a backup with `candlewick restore`."
            )
        case _:
            return StoreError(f"{path}: {error}.")


def _make_private(path: Path) -> None:
    """Whoever reads the file reads what people own: it, and the journal beside it, is ours alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)


@contextmanager
def _lock_file(path: Path, name: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file: IO[str]
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreLocked(f"Another engine writes {name}. Stop it first.") from None
        yield
