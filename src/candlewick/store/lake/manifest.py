"""The manifest: which series there are, which files hold them, and what is known to be complete."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from candlewick.core.clock import NS_PER_S
from candlewick.store.lake import spans
from candlewick.store.lake.kinds import KEYED
from candlewick.store.lake.spans import Span


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One Parquet file in force. `path` is relative to the lake's root; times in the kind's unit."""

    generation: int
    series: int
    partition: str
    path: str
    rows: int
    min_time: int
    max_time: int
    bytes: int


class SeriesInfo(NamedTuple):
    """What the lake has of one series.

    `interval` is empty for trades, funding and open interest. `first_s`, `last_s` are the UTC seconds
    of the first and the last row. `rows` counts hot and cold: a row corrected since compaction, and a
    trade stored twice, count twice until the next one. `bytes` is what its files take on disk.
    """

    kind: str
    instrument: str
    interval: str
    rows: int
    first_s: int
    last_s: int
    bytes: int


_ENTRY = "generation, series, partition, path, rows, min_time, max_time, bytes"


def find_series(connection: sqlite3.Connection, kind: str, instrument: str, interval: str) -> int | None:
    """The series' number; None when nothing was ever put there."""
    row = connection.execute(
        "SELECT id FROM series WHERE kind = ? AND instrument = ? AND interval = ?",
        (kind, instrument, interval),
    ).fetchone()
    return None if row is None else int(row[0])


def changes(connection: sqlite3.Connection, kind: str, instrument: str, interval: str) -> int | None:
    """How often the rows of a keyed series have changed; None when nothing was ever put there."""
    row = connection.execute(
        "SELECT changes FROM series WHERE kind = ? AND instrument = ? AND interval = ?",
        (kind, instrument, interval),
    ).fetchone()
    return None if row is None else int(row[0])


def make_series(connection: sqlite3.Connection, kind: str, instrument: str, interval: str) -> int:
    """The series' number, given now if it has none. Needs a write transaction."""
    found = find_series(connection, kind, instrument, interval)
    if found is not None:
        return found
    made = connection.execute(
        "INSERT INTO series (kind, instrument, interval) VALUES (?, ?, ?) RETURNING id",
        (kind, instrument, interval),
    ).fetchone()
    return int(made[0])


def live_files(
    connection: sqlite3.Connection, series: int, start: int | None, end: int | None
) -> list[FileEntry]:
    """Files in force that may hold rows with start <= time < end, oldest first."""
    where, values = "series = ? AND retired_s IS NULL", [series]
    if start is not None:
        where, values = where + " AND max_time >= ?", [*values, start]
    if end is not None:
        where, values = where + " AND min_time < ?", [*values, end]
    rows = connection.execute(f"SELECT {_ENTRY} FROM files WHERE {where} ORDER BY min_time", values)
    return [FileEntry(*row) for row in rows]


def partition_file(connection: sqlite3.Connection, series: int, partition: str) -> FileEntry | None:
    """The file in force for one partition."""
    row = connection.execute(
        f"SELECT {_ENTRY} FROM files WHERE series = ? AND partition = ? AND retired_s IS NULL",
        (series, partition),
    ).fetchone()
    return None if row is None else FileEntry(*row)


def reserve_file(
    connection: sqlite3.Connection, series: int, partition: str, folder: str, now_s: int
) -> FileEntry:
    """A generation and a path for a file about to be written. Needs a write transaction.

    It is entered as retired: should its writer die, it is swept like any other.
    """
    row = connection.execute(
        "INSERT INTO files (series, partition, path, rows, min_time, max_time, bytes, retired_s) "
        "VALUES (?, ?, '', 0, 0, 0, 0, ?) RETURNING generation",
        (series, partition, now_s),
    ).fetchone()
    path = f"{folder}/{partition}.g{row[0]}.parquet"
    connection.execute("UPDATE files SET path = ? WHERE generation = ?", (path, row[0]))
    return FileEntry(int(row[0]), series, partition, path, 0, 0, 0, 0)


def put_in_force(connection: sqlite3.Connection, file: FileEntry, now_s: int) -> None:
    """Make a written file its partition's, and retire the one before it. Needs a write transaction."""
    connection.execute(
        "UPDATE files SET retired_s = ? WHERE series = ? AND partition = ? AND retired_s IS NULL",
        (now_s, file.series, file.partition),
    )
    connection.execute(
        "UPDATE files SET rows = ?, min_time = ?, max_time = ?, bytes = ?, retired_s = NULL "
        "WHERE generation = ?",
        (file.rows, file.min_time, file.max_time, file.bytes, file.generation),
    )


def retire_before(connection: sqlite3.Connection, series: int, time: int, now_s: int) -> int:
    """Retire files that end before `time`; returns how many. Needs a write transaction."""
    return connection.execute(
        "UPDATE files SET retired_s = ? WHERE series = ? AND max_time < ? AND retired_s IS NULL",
        (now_s, series, time),
    ).rowcount


def retired_files(connection: sqlite3.Connection, before_s: int) -> list[tuple[int, str]]:
    """(generation, path) of files retired at or before `before_s`."""
    rows = connection.execute("SELECT generation, path FROM files WHERE retired_s <= ?", (before_s,))
    return [(int(generation), str(path)) for generation, path in rows]


def forget_files(connection: sqlite3.Connection, generations: list[int]) -> None:
    """Drop entries whose files are gone from disk. Needs a write transaction."""
    connection.executemany("DELETE FROM files WHERE generation = ?", [(g,) for g in generations])


def all_series(connection: sqlite3.Connection) -> list[tuple[int, str, str, str]]:
    """(id, kind, instrument, interval) of every series."""
    rows = connection.execute("SELECT id, kind, instrument, interval FROM series ORDER BY id")
    return [(int(id), kind, instrument, interval) for id, kind, instrument, interval in rows]


def coverage(connection: sqlite3.Connection, series: int) -> list[Span]:
    """What is known to be complete, rising and apart."""
    rows = connection.execute(
        "SELECT start_s, end_s FROM coverage WHERE series = ? ORDER BY start_s", (series,)
    )
    return [(int(start), int(end)) for start, end in rows]


def cover(connection: sqlite3.Connection, series: int, added: Iterable[Span]) -> None:
    """Add ranges to what is known to be complete. Needs a write transaction."""
    before = coverage(connection, series)
    after = spans.merged([*before, *added])
    if after == before:
        return
    connection.execute("DELETE FROM coverage WHERE series = ?", (series,))
    connection.executemany("INSERT INTO coverage VALUES (?, ?, ?)", [(series, *span) for span in after])


def summary(connection: sqlite3.Connection) -> list[SeriesInfo]:
    """Every series that has rows, ordered by instrument, kind and interval."""
    held: dict[int, list[tuple[int, int, int, int]]] = {}
    for series, *part in _parts(connection):
        held.setdefault(series, []).append((part[0], part[1], part[2], part[3]))
    out: list[SeriesInfo] = []
    for id, kind, instrument, interval in all_series(connection):
        if parts := held.get(id):
            unit = NS_PER_S if kind not in KEYED or KEYED[kind].ns else 1
            out.append(
                SeriesInfo(
                    kind=kind,
                    instrument=instrument,
                    interval=interval,
                    rows=sum(rows for rows, _, _, _ in parts),
                    first_s=min(first for _, first, _, _ in parts) // unit,
                    last_s=max(last for _, _, last, _ in parts) // unit,
                    bytes=sum(size for _, _, _, size in parts),
                )
            )
    return sorted(out, key=lambda info: (info.instrument, info.kind, info.interval))


def _parts(connection: sqlite3.Connection) -> Iterator[tuple[int, int, int, int, int]]:
    """(series, rows, first, last, bytes) of the files and of the hot tables."""
    yield from connection.execute(
        "SELECT series, sum(rows), min(min_time), max(max_time), sum(bytes) "
        "FROM files WHERE retired_s IS NULL GROUP BY series"
    )
    yield from connection.execute(
        "SELECT series, sum(count), min(min_ns), max(max_ns), 0 FROM hot_trades GROUP BY series"
    )
    yield from connection.execute(
        "SELECT series, count(*), min(time), max(time), 0 FROM hot_rows GROUP BY series"
    )
