"""The door that every database of a ledger has: the same SQL, our errors, whole transactions.

Statements are written once, with `?` for parameters and words that both databases know. What they spell
differently stands in `words`: `{bytes}`, `{money}`; `{by_bytes}`, the collation that orders texts the same
everywhere; `{now_ns}`, the database's own clock; and `{skip_locked}`, by which a row that somebody else is
about to change is passed over. Money is text in SQLite, whose own numbers are floats, and NUMERIC in
PostgreSQL; it goes in as text and comes out through `Decimal(...)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from candlewick.core.errors import StoreError

BUSY_TIMEOUT_S: Final = 1.0  # whoever writes tries again
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

    @abstractmethod
    def connect(self, *, read_only: bool = False) -> Connection:
        """A new connection.

        Raises:
            StoreBusy: the server is away, or has no connection to spare.
            StoreError: the database is damaged, or not ours to use.
        """

    @abstractmethod
    def explained(self, error: Exception) -> StoreError:
        """What the driver's own error says, where somebody else has called it (Django).

        A plain `StoreError` says nothing of the database, but of the statement.
        """

    @abstractmethod
    def claim(self) -> AbstractContextManager[None]:
        """Be its only writer, as long as the context lasts.

        Raises:
            StoreLocked: another process is.
        """
