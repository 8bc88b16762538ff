"""Hot rows: the newest of every series, in SQLite, until compaction moves them into a file."""

from __future__ import annotations

import math
import sqlite3
import struct
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import repeat
from typing import Final, NamedTuple

import lz4.block  # type: ignore[import-untyped]
import msgspec
import numpy as np

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Trade
from candlewick.store.lake.columns import Columns, Ints
from candlewick.store.lake.kinds import Kind

_DAY_NS: Final = 86_400 * NS_PER_S
_NAN: Final = math.nan
_FOREVER: Final = 2**63 - 1
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Trade]).decode


Row = tuple[int, bool, int, Sequence[float | None]]
"""Time in the kind's unit, closed, rev, values in the kind's order; None is unknown."""

_UPSERT: Final = """
    INSERT INTO hot_rows (series, time, closed, rev, packed) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (series, time) DO UPDATE
    SET closed = excluded.closed, rev = excluded.rev, packed = excluded.packed
    WHERE (excluded.closed, excluded.rev) > (hot_rows.closed, hot_rows.rev)
"""


def put(connection: sqlite3.Connection, kind: Kind, series: int, rows: Iterable[Row]) -> int:
    """Put rows; returns how many were new or better.

    A row gives way to one that is closed where it is open, else to one known later: the order of
    `columns.merged`. Equal in both, the first stays.
    """
    pack = struct.Struct(f"<qqq{len(kind.values)}d").pack
    packed = (
        (series, time, closed, rev, pack(time, closed, rev, *[_NAN if v is None else v for v in values]))
        for time, closed, rev, values in rows
    )
    return _upsert(connection, series, packed)


def put_columns(connection: sqlite3.Connection, kind: Kind, series: int, rows: Columns) -> int:
    """The same for columns, packed all at once."""
    table = np.empty(len(rows), _packed(kind))
    table["time"], table["closed"], table["rev"] = rows.time, rows.closed, rows.rev
    for at, name in enumerate(kind.values):
        table["values"][:, at] = rows.values[name]
    whole, size = table.tobytes(), table.itemsize
    cells = (whole[at : at + size] for at in range(0, len(whole), size))
    head = (rows.time.tolist(), rows.closed.tolist(), rows.rev.tolist())
    return _upsert(connection, series, zip(repeat(series), *head, cells, strict=False))


def _upsert(connection: sqlite3.Connection, series: int, rows: Iterable[tuple[object, ...]]) -> int:
    count = connection.executemany(_UPSERT, rows).rowcount
    if count:
        connection.execute("UPDATE series SET changes = changes + 1 WHERE id = ?", (series,))
    return count


@cache
def _packed(kind: Kind) -> np.dtype[np.void]:
    return np.dtype([("time", "<i8"), ("closed", "<i8"), ("rev", "<i8"), ("values", "<f8", len(kind.values))])


def select(
    connection: sqlite3.Connection,
    kind: Kind,
    series: int,
    *,
    names: Sequence[str] | None = None,
    start: int | None = None,
    end: int | None = None,
    limit: int | None = None,
) -> Columns:
    """Rows with start <= time < end, oldest first; of more than `limit`, the newest."""
    where, bounds = "series = ?", [series]
    if start is not None:
        where, bounds = where + " AND time >= ?", [*bounds, start]
    if end is not None:
        where, bounds = where + " AND time < ?", [*bounds, end]
    query = f"SELECT packed FROM hot_rows WHERE {where} ORDER BY time"
    if limit is not None:
        query, bounds = f"{query} DESC LIMIT ?", [*bounds, limit]
    cells = [cell for (cell,) in connection.execute(query, bounds)]
    table = np.frombuffer(b"".join(cells), _packed(kind))
    if limit is not None:
        table = table[::-1]
    values = np.ascontiguousarray(table["values"].T)
    return Columns(
        np.ascontiguousarray(table["time"]),
        {name: values[at] for at, name in enumerate(kind.values) if names is None or name in names},
        table["closed"].astype(np.bool_),
        np.ascontiguousarray(table["rev"]),
    )


def holds_any(connection: sqlite3.Connection, series: int, start: int | None, end: int | None) -> bool:
    """Whether there are rows with start <= time < end."""
    query = "SELECT EXISTS (SELECT 1 FROM hot_rows WHERE series = ? AND time >= ? AND time < ?)"
    bounds = (series, 0 if start is None else start, _FOREVER if end is None else end)
    return bool(connection.execute(query, bounds).fetchone()[0])


def times(connection: sqlite3.Connection, series: int, end: int) -> Ints:
    """Times of the rows before `end`, rising."""
    found = connection.execute(
        "SELECT time FROM hot_rows WHERE series = ? AND time < ? ORDER BY time", (series, end)
    )
    return np.array([time for (time,) in found], np.int64)


def remove(connection: sqlite3.Connection, series: int, seen: Columns) -> None:
    """Delete rows that are as they were `seen`; one that was bettered meanwhile stays."""
    head = (seen.time.tolist(), seen.closed.tolist(), seen.rev.tolist())
    connection.executemany(
        "DELETE FROM hot_rows WHERE series = ? AND time = ? AND closed = ? AND rev = ?",
        zip(repeat(series), *head, strict=False),
    )


class TradeBatch(NamedTuple):
    """A stored batch: its number, and its trades in the order in which they came."""

    id: int
    trades: list[Trade]


def add_trades(
    connection: sqlite3.Connection, series: int, trades: Sequence[Trade], span: tuple[int, int]
) -> None:
    """Store trades, whose first and last time are `span`, as one compressed batch.

    Duplicates are sorted out by whoever reads.
    """
    connection.execute(
        "INSERT INTO hot_trades (series, min_ns, max_ns, count, batch) VALUES (?, ?, ?, ?, ?)",
        (series, *span, len(trades), lz4.block.compress(_encode(trades))),
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
