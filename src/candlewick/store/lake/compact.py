"""Compaction: old hot rows become Parquet files. Run it in a process of its own; kill it when you like.

    python -m candlewick.store.lake.compact FOLDER [--older-than-s 172800] [--keep-trades-days 30]

Each partition goes through four steps, and dying between any two of them loses nothing:

1. a generation is reserved in the manifest, entered as retired;
2. old file and hot rows, merged, are written beside it, synced, renamed, the folder synced;
3. one transaction puts the new file in force, retires the old one, deletes the hot rows it has read;
4. after a grace period, in which readers that still hold the old list finish, retired files are swept.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewick.core.clock import NS_PER_S, Clock, SystemClock
from candlewick.core.errors import StoreError, StoreLocked
from candlewick.core.events import Trade
from candlewick.store.lake import cold, hot, layout, manifest, trades
from candlewick.store.lake.columns import Columns, Ints, merged
from candlewick.store.lake.kinds import KEYED, TRADES, Kind
from candlewick.store.lake.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

OLDER_THAN_S: Final = 2 * 86_400
GRACE_S: Final = 600
_DAY_S: Final = 86_400


@dataclass(slots=True)
class Report:
    """What a compaction did. `rows` are those that left the hot tables."""

    rows: int = 0
    files_written: int = 0
    bytes_written: int = 0
    files_swept: int = 0


def compact(
    lake: Lake,
    *,
    older_than_s: int = OLDER_THAN_S,
    keep_trades_s: int | None = None,
    grace_s: int = GRACE_S,
    instruments: frozenset[str] | None = None,
    clock: Clock | None = None,
) -> Report:
    """Move final rows older than `older_than_s` into files, and sweep what was retired before.

    Args:
        keep_trades_s: trades older than this are deleted for good; None keeps all.
        grace_s: how long a replaced file stays for readers that still hold the old list.
        instruments: only these; None means all.

    Raises:
        StoreLocked: another compaction is at work on this lake.
        StoreError: the disk is full, a file is damaged; the lake is as it was before that partition.
    """
    work = _Compaction(lake, (clock or SystemClock()).now_ns() // NS_PER_S, grace_s)
    with _alone(lake.root):
        with lake.database.read() as connection:
            known = manifest.all_series(connection)
        for series, kind, instrument, interval in known:
            if instruments is not None and instrument not in instruments:
                continue
            folder = layout.folder(kind, instrument, interval)
            if kind == TRADES:
                if keep_trades_s is not None:
                    work.forget_trades(series, (work.now_s - keep_trades_s) * NS_PER_S)
                work.move_trades(series, folder, (work.now_s - older_than_s) * NS_PER_S)
            else:
                work.move_rows(series, KEYED[kind], interval, folder, work.now_s - older_than_s)
        work.sweep()
        lake.database.give_back_space()
    return work.report


class _Compaction:
    def __init__(self, lake: Lake, now_s: int, grace_s: int) -> None:
        self.now_s = now_s
        self.report = Report()
        self._lake = lake
        self._grace_s = grace_s

    def move_rows(self, series: int, kind: Kind, interval: str, folder: str, before_s: int) -> None:
        """Every partition of a keyed series that has hot rows before `before_s`."""
        unit = NS_PER_S if kind.ns else 1
        with self._lake.database.read() as connection:
            times = hot.times(connection, series, before_s * unit) // unit
        for partition in dict.fromkeys(_partitions(interval or kind.filed_as, times)):
            start, end = layout.bounds(partition)
            self._move_partition(series, kind, folder, partition, start * unit, min(end, before_s) * unit)

    def _move_partition(
        self, series: int, kind: Kind, folder: str, partition: str, start: int, end: int
    ) -> None:
        with self._lake.database.read() as connection:
            rows = hot.select(connection, kind, series, start=start, end=end)
            entry = manifest.partition_file(connection, series, partition)
        old = Columns.empty(kind.values)
        if entry is not None:
            old = cold.read_columns(self._lake.root / entry.path, kind.values, with_rev=True)
        final = rows.take(rows.closed)
        new = merged(old, final)
        # an open row stays hot until its closed form comes, unless that is in the file already
        done = rows.take(rows.closed | np.isin(rows.time, old.time))
        file = None if _same(old, new) else self._write(series, partition, folder, new)
        with self._lake.database.write() as connection:
            if file is not None:
                manifest.put_in_force(connection, file, self.now_s)
            hot.remove(connection, series, done)
        self.report.rows += len(done)

    def _write(self, series: int, partition: str, folder: str, rows: Columns) -> manifest.FileEntry:
        return self._write_table(
            series, partition, folder, cold.columns_table(rows), int(rows.time[0]), int(rows.time[-1])
        )

    def _write_table(
        self, series: int, partition: str, folder: str, table: pa.Table, first: int, last: int
    ) -> manifest.FileEntry:
        with self._lake.database.write() as connection:
            reserved = manifest.reserve_file(connection, series, partition, folder, self.now_s)
        size = cold.write_table(self._lake.root / reserved.path, table)
        self.report.files_written += 1
        self.report.bytes_written += size
        return replace(reserved, rows=table.num_rows, min_time=first, max_time=last, bytes=size)

    def move_trades(self, series: int, folder: str, before_ns: int) -> None:
        """Batches that end before `before_ns`, a day of them at a time."""
        while True:
            with self._lake.database.read() as connection:
                day = hot.first_trade_day(connection, series, before_ns)
                if day is None:
                    return
                batches = [
                    batch
                    for batch in hot.select_trades(connection, series, *day)
                    if all(trade.ts_exchange < before_ns for trade in batch.trades)
                ]
            by_day: defaultdict[str, list[Trade]] = defaultdict(list)
            for batch in batches:
                for trade in batch.trades:
                    by_day[layout.partition("", trade.ts_exchange // NS_PER_S)].append(trade)
            files = [self._write_trades(series, folder, name, by_day[name]) for name in sorted(by_day)]
            with self._lake.database.write() as connection:
                for file in files:
                    manifest.put_in_force(connection, file, self.now_s)
                hot.remove_trades(connection, [batch.id for batch in batches])
            self.report.rows += sum(len(batch.trades) for batch in batches)

    def _write_trades(
        self, series: int, folder: str, partition: str, added: list[Trade]
    ) -> manifest.FileEntry:
        with self._lake.database.read() as connection:
            entry = manifest.partition_file(connection, series, partition)
        old: list[Trade] = []
        if entry is not None:
            old = trades.read_file(self._lake.root / entry.path, added[0].instrument)
        whole = trades.distinct([*old, *added])
        first, last = whole[0].ts_exchange, whole[-1].ts_exchange
        return self._write_table(series, partition, folder, trades.to_table(whole), first, last)

    def forget_trades(self, series: int, before_ns: int) -> None:
        """Delete trades that are past keeping: whole batches and whole files."""
        with self._lake.database.write() as connection:
            hot.forget_trades(connection, series, before_ns)
            manifest.retire_before(connection, series, before_ns, self.now_s)

    def sweep(self) -> None:
        """Unlink files that were retired a grace period ago, then forget them."""
        with self._lake.database.read() as connection:
            old = manifest.retired_files(connection, self.now_s - self._grace_s)
        for _, path in old:
            full = self._lake.root / path
            try:
                full.unlink(missing_ok=True)
                cold.unfinished_path(full).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"The lake's old file {full} cannot be removed: {error.strerror}."
                ) from error
        if old:
            with self._lake.database.write() as connection:
                manifest.forget_files(connection, [generation for generation, _ in old])
        self.report.files_swept += len(old)


def _partitions(interval: str, times_s: Ints) -> Iterator[str]:
    for day in np.unique(times_s // _DAY_S).tolist():
        yield layout.partition(interval, day * _DAY_S)


def _same(old: Columns, new: Columns) -> bool:
    return np.array_equal(old.time, new.time) and np.array_equal(old.rev, new.rev)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the compaction lock; the system frees it when the process dies."""
    path = root / "compact.lock"
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreError(f"The lake's lock {path} cannot be opened: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreLocked(
                f"Another compaction is at work on the lake at {root}. Try again later."
            ) from error
        yield


def main(arguments: list[str] | None = None) -> int:
    """The process' entry: 0 done, 1 failed with a sentence."""
    parser = argparse.ArgumentParser(prog="compact", description="Move old hot rows of a lake into files.")
    parser.add_argument("root", type=Path)
    parser.add_argument("--older-than-s", type=int, default=OLDER_THAN_S)
    parser.add_argument("--keep-trades-days", type=int)
    given = parser.parse_args(arguments)
    keep_s = None if given.keep_trades_days is None else given.keep_trades_days * _DAY_S
    try:
        with Lake(given.root) as lake:
            compact(lake, older_than_s=given.older_than_s, keep_trades_s=keep_s)
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
