"""SQLite and PostgreSQL behind one small door: the same SQL, our errors, whole transactions.

Statements are written once, with `?` for parameters and words that both databases know. What they spell
differently stands in `words`: `{bytes}`, `{money}`, and `{by_bytes}`, the collation that orders texts the
same everywhere. Money is text in SQLite, whose own numbers are floats, and NUMERIC in PostgreSQL; it goes in
as text and comes out through `Decimal(...)`.
"""

from __future__ import annotations

import fcntl
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from candlewick.core.errors import ConfigError, StoreBusy, StoreDamaged, StoreError, StoreLocked

LEDGER_FILE: Final = "ledger.sqlite3"
BUSY_TIMEOUT_S: Final = 1.0  # whoever writes tries again
CONNECT_TIMEOUT_S: Final = 5
STREAM_ROWS: Final = 5_000
POOL_SIZE: Final = 12  # of a web process: its threads, and a few beside them
POOL_WAIT_S: Final = 10.0
Place = Path | str
"""A SQLite file, or the URL of a PostgreSQL database."""
Row = tuple[Any, ...]


class Connection(ABC):
    """One connection; used by one thread at a time. What goes wrong is a `StoreError`."""

    @abstractmethod
    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """The rows that a query gives."""

    @abstractmethod
    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Generator[Row]:
        """The rows of a query that may give very many; inside a `snapshot`."""

    @abstractmethod
    def write(self, sql: str, rows: Sequence[Sequence[object]] = ((),)) -> None:
        """Carry out a statement once for each of `rows`."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Commits whole or not at all; a writer's turn comes before it begins."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """All reads inside see the same moment."""

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name."""

    @abstractmethod
    def close(self) -> None: ...


class Database(ABC):
    """Where a ledger is kept."""

    words: Mapping[str, str]
    name: str  # as people may see it: no password
    by_index: bool
    """Whether a query may name the index to walk; PostgreSQL knows its rows well enough to choose."""

    @staticmethod
    def at(place: Place) -> Database:
        """The database at a path or an URL.

        Raises:
            ConfigError: the URL is none of PostgreSQL.
        """
        if isinstance(place, Path):
            return SqliteDatabase(place)
        from candlewick.store.postgres import PostgresDatabase  # psycopg: 10 MB that SQLite does without

        return PostgresDatabase(place)

    @abstractmethod
    def connect(self, *, read_only: bool = False) -> Connection:
        """A new connection.

        Raises:
            StoreBusy: the server is away, or has no connection to spare.
            StoreError: the database is damaged, or not ours to use.
        """

    @abstractmethod
    def claim(self) -> AbstractContextManager[None]:
        """Be its only writer, as long as the context lasts.

        Raises:
            StoreLocked: another process is.
        """


# --- SQLite ---------------------------------------------------------------------------------------------


class SqliteDatabase(Database):
    """A file in WAL mode. `synchronous=FULL`: what was committed survives a power cut."""

    words: Mapping[str, str] = {"bytes": "BLOB", "money": "TEXT", "by_bytes": "BINARY"}
    by_index = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def connect(self, *, read_only: bool = False) -> Connection:
        return SqliteConnection(self.path, read_only=read_only)

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


def _sqlite_error(path: Path, error: sqlite3.Error) -> StoreError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"{path}: another process holds its write lock.")
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


# --- URLs -----------------------------------------------------------------------------------------------


def require_postgres(url: str) -> Any:
    """The URL's parts.

    Raises:
        ConfigError: it is none of PostgreSQL.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("postgres", "postgresql") and bool(parts.path.strip("/"))
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            "DATABASE_URL is no postgresql://user:password@host:port/name. Correct or unset it."
        )
    return parts


def for_django(url: str) -> dict[str, Any]:
    """Django's description of the database at an URL: psycopg's pool, and TLS as the URL's `sslmode` says.

    Raises:
        ConfigError: the URL is none of PostgreSQL.
    """
    from psycopg.conninfo import conninfo_to_dict

    require_postgres(url)
    told = conninfo_to_dict(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{ours: str(told.pop(theirs, "") or "") for ours, theirs in names.items()},
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **told,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "pool": {"min_size": 1, "max_size": POOL_SIZE, "timeout": POOL_WAIT_S},
        },
    }
