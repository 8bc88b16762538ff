"""Hot rows: the newest of every series, in SQLite, until compaction moves them into a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import lz4.block  # type: ignore[import-untyped]
import msgspec

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Trade
from candlewick.store.lake.columns import Columns
from candlewick.store.lake.kinds import Kind

_DAY_NS: Final = 86_400 * NS_PER_S
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Trade]).decode


def upsert(connection: sqlite3.Connection, kind: Kind, rows: Iterable[tuple[Any, ...]]) -> int:
    """Put rows (series, time, closed, rev, *values); returns how many were new or better.

    A row gives way to one that is closed where it is open, else to one known later: the order of
    `columns.merged`. Equal in both, the first stays.
    """
    return connection.executemany(_upsert_sql(kind), rows).rowcount


@cache
def _upsert_sql(kind: Kind) -> str:
    names = ("series", "time", "closed", "rev", *kind.values)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
    return (
        f"INSERT INTO {kind.table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
        f"ON CONFLICT (series, time) DO UPDATE SET {changes} "
        f"WHERE (excluded.closed, excluded.rev) > ({kind.table}.closed, {kind.table}.rev)"
    )


def select(
    connection: sqlite3.Connection,
    kind: Kind,
    series: int,
    *,
    names: Sequence[str],
    start: int | None = None,
    end: int | None = None,
    limit: int | None = None,
) -> Columns:
    """Rows with start <= time < end, oldest first; of more than `limit`, the newest."""
    where, values = "series = ?", [series]
    if start is not None:
        where, values = where + " AND time >= ?", [*values, start]
    if end is not None:
        where, values = where + " AND time < ?", [*values, end]
    columns = ", ".join(("time", "closed", "rev", *names))
    query = f"SELECT {columns} FROM {kind.table} WHERE {where} ORDER BY time"
    if limit is None:
        return Columns.from_rows(names, connection.execute(query, values).fetchall())
    rows = connection.execute(f"{query} DESC LIMIT ?", [*values, limit]).fetchall()
    rows.reverse()
    return Columns.from_rows(names, rows)


def remove(connection: sqlite3.Connection, kind: Kind, series: int, seen: Columns) -> None:
    """Delete rows that are as they were `seen`; one that was bettered meanwhile stays."""
    connection.executemany(
        f"DELETE FROM {kind.table} WHERE series = ? AND time = ? AND closed = ? AND rev = ?",
        [
            (series, time, closed, rev)
            for time, closed, rev in zip(
                seen.time.tolist(), seen.closed.tolist(), seen.rev.tolist(), strict=True
            )
        ],
    )


class TradeBatch(NamedTuple):
    """A stored batch: its number, and its trades in the order in which they came."""

    id: int
    trades: list[Trade]


def add_trades(connection: sqlite3.Connection, series: int, trades: Sequence[Trade]) -> None:
    """Store trades as one compressed batch; duplicates are sorted out by whoever reads."""
    times = [trade.ts_exchange for trade in trades]
    connection.execute(
        "INSERT INTO hot_trades (series, min_ns, max_ns, count, batch) VALUES (?, ?, ?, ?, ?)",
        (series, min(times), max(times), len(trades), lz4.block.compress(_encode(trades))),
    )


def select_trades(
    connection: sqlite3.Connection, series: int, start_ns: int | None = None, end_ns: int | None = None
) -> list[TradeBatch]:
    """Batches that may hold trades with start_ns <= ts_exchange < end_ns, in the order of arrival."""
    where, values = "series = ?", [series]
    if end_ns is not None:
        where, values = where + " AND min_ns < ?", [*values, end_ns]
    if start_ns is not None:
        where, values = where + " AND max_ns >= ?", [*values, start_ns]
    rows = connection.execute(f"SELECT id, batch FROM hot_trades WHERE {where} ORDER BY id", values)
    return [TradeBatch(int(id), _decode(lz4.block.decompress(batch))) for id, batch in rows]


def remove_trades(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Delete batches by number."""
    connection.executemany("DELETE FROM hot_trades WHERE id = ?", [(id,) for id in ids])


def first_trade_day(connection: sqlite3.Connection, series: int, before_ns: int) -> tuple[int, int] | None:
    """Bounds in ns of the oldest UTC day with a batch that ends before `before_ns`; None without one."""
    row = connection.execute(
        "SELECT min(min_ns) FROM hot_trades WHERE series = ? AND max_ns < ?", (series, before_ns)
    ).fetchone()
    if row[0] is None:
        return None
    start = int(row[0]) // _DAY_NS * _DAY_NS
    return start, start + _DAY_NS


def forget_trades(connection: sqlite3.Connection, series: int, before_ns: int) -> None:
    """Delete batches that end before `before_ns`, for good."""
    connection.execute("DELETE FROM hot_trades WHERE series = ? AND max_ns < ?", (series, before_ns))
