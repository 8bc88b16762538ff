"""Pages of rows by key: the next begins after the last row, and costs the same however far down it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Self, TypeVar

import msgspec

from candlewick.core.errors import UsageError

T = TypeVar("T")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the page after them; None: these are the last.

    `total`: how many there are on all pages together, where that is known without counting.
    """

    items: list[T]
    next: str | None
    total: int | None = None


@dataclass(slots=True)
class Where:
    """A condition on rows: those of one account, unless a table has none."""

    account: int | None = None
    conditions: list[tuple[str, str, tuple[object, ...]]] = field(default_factory=list)

    def equal(self, column: str, value: object) -> None:
        """The column is `value`; None asks for nothing."""
        if value is not None:
            self._add(column, "= ?", value)

    def span(self, column: str, start: int | None, end: int | None) -> None:
        """The column is from `start` on, and before `end`."""
        if start is not None:
            self._add(column, ">= ?", start)
        if end is not None:
            self._add(column, "< ?", end)

    def between(self, column: str, least: float | None, most: float | None) -> None:
        """The column is at least `least`, and at most `most`."""
        if least is not None:
            self._add(column, ">= ?", least)
        if most is not None:
            self._add(column, "<= ?", most)

    def among(self, column: str, values: Sequence[object]) -> None:
        """The column is one of `values`."""
        self._add(column, f"IN ({', '.join('?' * len(values))})" if values else "IN (NULL)", *values)

    def begins(self, column: str, start: str) -> None:
        """The column is a text that begins with `start`."""
        self._add(column, ">= ?", start)
        self._add(column, "< ?", start[:-1] + chr(ord(start[-1]) + 1))

    def present(self, column: str) -> None:
        """The column is known."""
        self._add(column, "IS NOT NULL")

    def after(self, columns: str, key: Sequence[object], *, rising: bool) -> None:
        """The columns come after `key` in a list that rises or falls."""
        self._add(columns, f"{'>' if rising else '<'} ({', '.join('?' * len(key))})", *key)

    def chooses(self, column: str) -> bool:
        """Whether single values of a column are asked for."""
        return any(name == column and test.startswith("IN (") for name, test, _ in self.conditions)

    def only(self, column: str) -> Self:
        """What of it is asked of one column."""
        return type(self)(self.account, [each for each in self.conditions if each[0] == column])

    def copy(self) -> Self:
        return type(self)(self.account, [*self.conditions])

    @property
    def is_empty(self) -> bool:
        """Whether nothing but the account is asked for."""
        return not self.conditions

    @property
    def text(self) -> str:
        tests = [f"{column} {test}" for column, test, _ in self.conditions]
        if self.account is not None:
            tests.insert(0, "account = ?")
        return f"WHERE {' AND '.join(tests)}" if tests else ""

    @property
    def parameters(self) -> list[object]:
        values = [value for _, _, each in self.conditions for value in each]
        return values if self.account is None else [self.account, *values]

    def _add(self, column: str, test: str, *values: object) -> None:
        for value in values:
            _require_sound(column, value)
        self.conditions.append((column, test, values))


@dataclass(frozen=True, slots=True)
class Seek:
    """How a list is walked: by `column`, and by `id` among equals.

    Attributes:
        is_rare: what is asked for is to be found first and sorted then, instead of walking the list.
        index: the one to use, in SQLite.
    """

    table: str
    column: str
    id: str
    wanted: str
    key: Any = tuple[int | float, int]
    rising: bool = False
    is_rare: bool = False
    index: str | None = None

    def statement(
        self, where: Where, cursor: str | None, limit: int, *, by_index: bool = True
    ) -> tuple[str, list[object]]:
        """The query of a page, with one row more than `limit` so that it is known whether any follow.

        `by_index`: whether the database takes the name of an index.
        """
        where = where.copy()
        if cursor is not None:
            where.after(f"({self.column}, {self.id})", opened(cursor, self.key), rising=self.rising)
        way = "ASC" if self.rising else "DESC"
        order = f"ORDER BY {self.column} {way}, {self.id} {way}"
        wanted = f"SELECT {self.wanted}, {self.column}, {self.id} FROM {self.table}"
        by = f"INDEXED BY {self.index} " if by_index and self.index is not None else ""
        if not self.is_rare:
            return f"{wanted} {by}{where.text} {order} LIMIT ?", [*where.parameters, limit + 1]
        # Of all that is found only what it is sorted by is read, and whole rows for the page alone.
        # PostgreSQL does not look through an OFFSET: it has to find before it sorts.
        fence = "" if by_index else " OFFSET 0"
        keys = f"SELECT {self.column} AS place, {self.id} AS which FROM {self.table} {by}{where.text}{fence}"
        page = f"SELECT * FROM ({keys}) AS found ORDER BY place {way}, which {way} LIMIT ?"
        statement = (
            f"SELECT {self.wanted}, place, which FROM ({page}) AS page CROSS JOIN {self.table} "
            f"WHERE account = ? AND {self.id} = which ORDER BY place {way}, which {way}"
        )
        return statement, [*where.parameters, limit + 1, where.account]


def merged(parts: Sequence[Sequence[tuple[Any, ...]]], *, rising: bool) -> list[tuple[Any, ...]]:
    """The rows of several such queries as those of one; a row that more than one has found comes once."""
    rows = {row[-2:]: row for part in parts for row in part}
    return [rows[key] for key in sorted(rows, reverse=not rising)]


def page_of(
    rows: Sequence[tuple[Any, ...]], limit: int, make: Callable[..., T], total: int | None = None
) -> Page[T]:
    """The page that such a query's rows are. Their last two cells are the key."""
    shown = rows[:limit]
    following = _closed(*shown[-1][-2:]) if len(rows) > limit else None
    return Page([make(*row[:-2]) for row in shown], following, total)


def _closed(value: object, id: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([value, id])).rstrip(b"=").decode()


def opened(cursor: str, key: Any) -> Sequence[object]:
    """The key that a cursor carries.

    Raises:
        UsageError: it is none of ours.
    """
    try:
        data = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        parts: Sequence[object] = msgspec.json.decode(data, type=key)
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError):
        raise UsageError(f"cursor: {cursor[:40]!r} is none of ours. Leave it out to begin anew.") from None
    for part in parts:
        _require_sound("cursor", part)
    return parts


def _require_sound(column: str, value: object) -> None:
    """What no row can hold, a database does not compare: it fails."""
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise UsageError(f"{column}: {value} is out of range.")
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise UsageError(f"{column}: {value[:40]!r} is no text.")
