"""PostgreSQL behind the `door`. Loaded only where `DATABASE_URL` asks for it."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from candlewick.core.errors import ConfigError, StoreBusy, StoreDamaged, StoreError, StoreLocked
from candlewick.store.door import BUSY_TIMEOUT_S, Connection, Database, Row

CONNECT_TIMEOUT_S: Final = 5
STREAM_ROWS: Final = 5_000
POOL_SIZE: Final = 12  # of a web process: its threads, and a few beside them
POOL_WAIT_S: Final = 10.0
_LOCK_NUMBER: Final = 0x63616E646C65  # of the advisory lock that the one writer holds: "candle"
_streams = itertools.count(1)
_AWAY: Final = (
    pg.OperationalError,
    pg.InterfaceError,
    pg.DiskFull,
    pg.LockNotAvailable,
    pg.SerializationFailure,
    pg.DeadlockDetected,
    pg.TooManyConnections,
    pg.ReadOnlySqlTransaction,  # a standby: wait until it is the primary
)


class PostgresDatabase(Database):
    """A database of a PostgreSQL server. TLS is as the URL's `sslmode` says."""

    words: Mapping[str, str] = {
        "bytes": "BYTEA",
        "money": "NUMERIC",
        "by_bytes": '"C"',
        "now_ns": "(CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) * 1000000)",
        "skip_locked": "FOR UPDATE SKIP LOCKED",
    }
    by_index = False

    def __init__(self, url: str) -> None:
        parts = _parts_of(url)
        self.url = url
        self.name = f"postgresql://{parts.hostname or 'localhost'}/{parts.path.lstrip('/')}"

    def connect(self, *, read_only: bool = False) -> Connection:
        return PostgresConnection(self, read_only=read_only)

    def explained(self, error: Exception) -> StoreError:
        if isinstance(error, psycopg.Error):
            return _postgres_error(self.name, error)
        return StoreError(f"{self.name}: {error}")

    @contextmanager
    def claim(self) -> Iterator[None]:
        connection = PostgresConnection(self, read_only=False)
        try:
            [(ours,)] = connection.read("SELECT pg_try_advisory_lock(?)", [_LOCK_NUMBER])
            if not ours:
                raise StoreLocked(f"Another engine writes {self.name}. Stop it first.")
            yield
        finally:
            connection.close()


class PostgresConnection(Connection):
    """A connection that is made again by the next call after it broke."""

    def __init__(self, database: PostgresDatabase, *, read_only: bool) -> None:
        self._database = database
        self._read_only = read_only
        self._raw = self._connect()

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        with self._explained():
            return self._live().execute(_percent(sql), parameters).fetchall()

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Generator[Row]:
        with self._explained(), self._raw.cursor(f"stream_{next(_streams)}") as cursor:
            cursor.itersize = STREAM_ROWS
            yield from cursor.execute(_percent(sql), parameters)

    def write(self, sql: str, rows: Sequence[Sequence[object]] = ((),)) -> None:
        with self._explained():
            if len(rows) == 1:
                # without parameters psycopg leaves every sign of the statement as it is
                self._live().execute(_percent(sql) if rows[0] else sql, rows[0] or None)
            else:
                with self._live().cursor() as cursor:
                    cursor.executemany(_percent(sql), rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._explained(), self._live().transaction():
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._explained(), self._live().transaction():
            self._raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def has_table(self, name: str) -> bool:
        return self.read("SELECT to_regclass(?)", (name,)) != [(None,)]

    def close(self) -> None:
        self._raw.close()

    def _live(self) -> psycopg.Connection[Row]:
        if self._raw.closed or self._raw.broken:
            self._raw = self._connect()
        return self._raw

    def _connect(self) -> psycopg.Connection[Row]:
        with self._explained():
            return psycopg.connect(
                self._database.url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="candlewick",
                # a server that vanished is noticed within seconds, not after the system's hours
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=10_000,
                options=f"-c default_transaction_read_only={'on' if self._read_only else 'off'} "
                f"-c lock_timeout={BUSY_TIMEOUT_S:.0f}s",
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise _postgres_error(self._database.name, error) from error


def for_django(url: str) -> dict[str, Any]:
    """Django's description of the database at an URL: psycopg's pool, and TLS as the URL's `sslmode` says.

    Raises:
        ConfigError: the URL is none of PostgreSQL.
    """
    _parts_of(url)
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


def _parts_of(url: str) -> SplitResult:
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


def _postgres_error(name: str, error: psycopg.Error) -> StoreError:
    text = (error.diag.message_primary or str(error).strip().splitlines()[-1] if str(error) else "").strip()
    why = text.rstrip(".") or type(error).__name__
    if isinstance(error, pg.InvalidPassword | pg.InvalidAuthorizationSpecification | pg.InvalidCatalogName):
        return StoreDamaged(f"{name}: {why}. Correct DATABASE_URL.")
    if isinstance(error, pg.InsufficientPrivilege):
        return StoreDamaged(f"{name}: {why}. Grant the user of DATABASE_URL what it lacks.")
    if isinstance(error, _AWAY):
        return StoreBusy(f"{name}: {why}.")
    return StoreError(f"{name}: {why}.")


@lru_cache(maxsize=512)
def _percent(sql: str) -> str:
    """The statement with psycopg's sign for a parameter. Only statements written in this house come here."""
    return sql.replace("%", "%%").replace("?", "%s")
