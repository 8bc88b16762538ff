"""`Lake`: candles, trades, funding and open interest of every instrument, hot rows and cold files as one."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Funding, OpenInterest, Trade
from candlewick.core.interval import seconds
from candlewick.market.bars import COLUMNS, Bars
from candlewick.store.lake import cold, hot, manifest, spans, trades
from candlewick.store.lake.admission import check_candle, check_moment, check_trades
from candlewick.store.lake.columns import Columns, joined, merged
from candlewick.store.lake.database import Database
from candlewick.store.lake.kinds import CANDLES, FUNDING, OPEN_INTEREST, TRADES, CandleKind, Kind, candle_kind
from candlewick.store.lake.layout import check_time, split_instrument
from candlewick.store.lake.manifest import SeriesInfo
from candlewick.store.lake.spans import Span

_VANISHED_RETRIES: Final = 3
_T = TypeVar("_T")


class Lake:
    """Market history below one folder, for many threads and processes at once.

    The newest rows are hot, in SQLite; older ones are cold, in immutable Parquet files that a manifest
    in the same SQLite file names. A read takes the file list and the hot rows in one transaction, so
    it sees one moment and is never blocked; writes take turns. Of two versions of a row the closed one
    wins, then the one known later (`ts_received`), wherever they meet.
    """

    def __init__(self, root: Path) -> None:
        """Open the lake below `root`; an empty one is made where there is none.

        Raises:
            StoreError: the folder cannot be used, or a newer version wrote it.
        """
        self.root = Path(root)
        self.database = Database(self.root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release every thread's connection."""
        self.database.close()

    # Candles

    def candles(
        self,
        instrument: str,
        interval: str,
        start_s: int | None = None,
        end_s: int | None = None,
        limit: int | None = None,
        *,
        kind: CandleKind = "candles",
    ) -> Bars:
        """Bars opening in [start_s, end_s), oldest first; of more than `limit`, the newest.

        The last one may be open. `kind` chooses between traded, mark and index prices. Volume is NaN
        where it is unknown.
        """
        what = candle_kind(kind)
        seconds(interval)
        found = self.rows(what, instrument, interval, start_s, end_s, limit, COLUMNS, with_rev=False)
        return Bars(instrument, interval, found.time, *(found.values[name] for name in COLUMNS))

    def candle_events(
        self,
        instrument: str,
        interval: str,
        start_s: int | None = None,
        end_s: int | None = None,
        limit: int | None = None,
        *,
        kind: CandleKind = "candles",
    ) -> list[Candle]:
        """The same as events, with what `Bars` has no column for: closed, quote volume, trades.

        `ts_exchange` and `ts_received` both are the time at which we came to know the row.
        """
        what = candle_kind(kind)
        seconds(interval)
        found = self.rows(what, instrument, interval, start_s, end_s, limit)
        columns = {name: column.tolist() for name, column in found.values.items()}
        return [
            Candle(
                instrument=instrument,
                interval=interval,
                time=time,
                open=columns["open"][at],
                high=columns["high"][at],
                low=columns["low"][at],
                close=columns["close"][at],
                volume=columns["volume"][at],
                closed=closed,
                ts_exchange=rev,
                ts_received=rev,
                quote_volume=_known(columns["quote_volume"][at]),
                trades=None if (count := _known(columns["trades"][at])) is None else int(count),
            )
            for at, (time, closed, rev) in enumerate(
                zip(found.time.tolist(), found.closed.tolist(), found.rev.tolist(), strict=True)
            )
        ]

    def changes(self, instrument: str, interval: str) -> int | None:
        """A number that rises with every candle that is new or bettered; None when there never was one.

        Who reads it before the candles, and finds it the same later, would read the same candles again.
        """
        with self.database.read() as connection:
            return manifest.changes(connection, CANDLES.name, instrument, interval)

    def stamp(
        self, kind: Kind, instrument: str, interval: str, start: int | None = None, end: int | None = None
    ) -> str | None:
        """A text that is another one once `rows` of the same range would read anything else.

        None: some of them are hot, and may change at any time.
        """
        with self.database.read() as connection:
            series = manifest.find_series(connection, kind.name, instrument, interval)
            if series is None or hot.holds_any(connection, series, start, end):
                return None
            files = manifest.live_files(connection, series, start, end)
            return " ".join(str(file.generation) for file in files)

    def put_candles(self, candles: Iterable[Candle], *, kind: CandleKind = "candles") -> int:
        """Insert or better candles; returns how many were new or better than what the hot rows held.

        An open candle never replaces a closed one; of two alike the later `ts_received` wins, and of two
        with the same one the first. Putting the same candle again changes nothing.
        """
        with self.database.write() as connection:
            return _put_candles(connection, candle_kind(kind), candles)

    # What is known to be complete

    def coverage(self, instrument: str, interval: str) -> list[Span]:
        """Ranges [start_s, end_s) in which every bar that exists is here, rising and apart."""
        with self.database.read() as connection:
            series = manifest.find_series(connection, CANDLES.name, instrument, interval)
            return [] if series is None else manifest.coverage(connection, series)

    def mark_covered(self, instrument: str, interval: str, start_s: int, end_s: int) -> None:
        """Record that [start_s, end_s) was fetched completely: a bar that is absent there does not exist."""
        self.mark_all_covered(instrument, interval, [(start_s, end_s)])

    def mark_all_covered(self, instrument: str, interval: str, ranges: Iterable[Span]) -> None:
        """The same for many ranges at once."""
        split_instrument(instrument)
        seconds(interval)
        with self.database.write() as connection:
            series = manifest.make_series(connection, CANDLES.name, instrument, interval)
            manifest.cover(connection, series, ranges)

    def missing(self, instrument: str, interval: str, start_s: int, end_s: int) -> list[Span]:
        """The parts of [start_s, end_s) that are not known to be complete: what is left to fetch."""
        return spans.missing(self.coverage(instrument, interval), start_s, end_s)

    # Trades

    def put_trades(self, instrument: str, batch: Sequence[Trade]) -> int:
        """Store trades of one instrument; a trade put twice is read once. Returns how many were put."""
        return self.put_batch(trades={instrument: batch})

    def trades(self, instrument: str, start_ns: int | None = None, end_ns: int | None = None) -> list[Trade]:
        """Trades with start_ns <= ts_exchange < end_ns, each once, in the order of the exchange."""

        def read(connection: sqlite3.Connection) -> Callable[[], list[Trade]]:
            series = manifest.find_series(connection, TRADES, instrument, "")
            if series is None:
                return list
            batches = hot.select_trades(connection, series, start_ns, end_ns)
            files = manifest.live_files(connection, series, start_ns, end_ns)

            def finish() -> list[Trade]:
                found = [
                    trade
                    for file in files
                    for trade in trades.read_file(self.root / file.path, instrument, start_ns, end_ns)
                ]
                found += [
                    trade for batch in batches for trade in batch.trades if _within(trade, start_ns, end_ns)
                ]
                return trades.distinct(found)

            return finish

        return self._consistently(read)

    # Funding and open interest

    def put_funding(self, rates: Iterable[Funding]) -> int:
        """Insert or correct settled funding rates; returns how many were new or known later."""
        return self.put_batch(funding=rates)

    def funding(
        self, instrument: str, start_ns: int | None = None, end_ns: int | None = None
    ) -> list[Funding]:
        """Settled rates with start_ns <= ts_exchange < end_ns, oldest first."""
        # a stamp lies up to half a second off its key
        start_s = None if start_ns is None else start_ns // NS_PER_S
        end_s = None if end_ns is None else end_ns // NS_PER_S + 2
        found = self.rows(FUNDING, instrument, "", start_s, end_s)
        rates = [
            Funding(instrument, rate, _known(mark), time * NS_PER_S + int(offset), rev)
            for time, rev, rate, mark, offset in zip(
                found.time.tolist(),
                found.rev.tolist(),
                *(found.values[name].tolist() for name in FUNDING.values),
                strict=True,
            )
        ]
        return [rate for rate in rates if _within(rate, start_ns, end_ns)]

    def put_open_interest(self, readings: Iterable[OpenInterest]) -> int:
        """Insert or correct readings of open interest; returns how many were new or known later."""
        return self.put_batch(open_interest=readings)

    def open_interest(
        self, instrument: str, start_ns: int | None = None, end_ns: int | None = None
    ) -> list[OpenInterest]:
        """Readings with start_ns <= ts_exchange < end_ns, oldest first."""
        found = self.rows(OPEN_INTEREST, instrument, "", start_ns, end_ns)
        return [
            OpenInterest(instrument, quantity, _known(value), time, rev)
            for time, rev, quantity, value in zip(
                found.time.tolist(),
                found.rev.tolist(),
                *(c.tolist() for c in found.values.values()),
                strict=True,
            )
        ]

    # The whole

    def put_batch(
        self,
        *,
        candles: Iterable[Candle] = (),
        trades: Mapping[str, Sequence[Trade]] | None = None,
        funding: Iterable[Funding] = (),
        open_interest: Iterable[OpenInterest] = (),
    ) -> int:
        """Rows of any kind in one commit, all or none; returns how many were put."""
        with self.database.write() as connection:
            count = _put_candles(connection, CANDLES, candles)
            for instrument, batch in (trades or {}).items():
                if batch:
                    span = check_trades(instrument, batch)
                    series = manifest.make_series(connection, TRADES, instrument, "")
                    hot.add_trades(connection, series, batch, span)
                    count += len(batch)
            count += _put_moments(connection, FUNDING, funding)
            count += _put_moments(connection, OPEN_INTEREST, open_interest)
        return count

    def put_rows(self, kind: Kind, instrument: str, interval: str, rows: Columns) -> int:
        """Insert or better rows of any keyed series: the bulk form of the other puts."""
        split_instrument(instrument)
        for time in rows.time[:1].tolist() + rows.time[-1:].tolist():
            check_time(time, ns=kind.ns)
        with self.database.write() as connection:
            series = manifest.make_series(connection, kind.name, instrument, interval)
            return hot.put_columns(connection, kind, series, rows)

    def series(self) -> list[SeriesInfo]:
        """Every series that has rows, ordered by instrument, kind and interval."""
        with self.database.read() as connection:
            return manifest.summary(connection)

    def rows(
        self,
        kind: Kind,
        instrument: str,
        interval: str = "",
        start: int | None = None,
        end: int | None = None,
        limit: int | None = None,
        names: tuple[str, ...] | None = None,
        *,
        with_rev: bool = True,
    ) -> Columns:
        """Rows of any keyed series as columns, hot and cold as one, times in the kind's unit.

        Every other read of such a series stands on this one. `names` chooses columns (None: all);
        `rev` holds only where `with_rev` asks for it.
        """
        names = kind.values if names is None else names

        def read(connection: sqlite3.Connection) -> Callable[[], Columns]:
            series = manifest.find_series(connection, kind.name, instrument, interval)
            if series is None:
                return lambda: Columns.empty(names)
            new = hot.select(connection, kind, series, names=names, start=start, end=end, limit=limit)
            files = manifest.live_files(connection, series, start, end)
            return lambda: self._with_cold(new, files, names, start, end, limit, with_rev)

        return self._consistently(read)

    def _with_cold(
        self,
        rows: Columns,
        files: list[manifest.FileEntry],
        names: tuple[str, ...],
        start: int | None,
        end: int | None,
        limit: int | None,
        with_rev: bool,
    ) -> Columns:
        parts: list[Columns] = [rows] if len(rows) else []
        count = len(rows)
        # newest file first, so that a limit reads no more files than it needs
        for file in reversed(files):
            first = int(parts[0].time[0]) if parts else None
            apart = first is None or file.max_time < first
            if apart and limit is not None and count >= limit:
                break
            # rev decides only where hot and cold meet
            path = self.root / file.path
            part = cold.read_columns(path, names, with_rev=with_rev or not apart, start=start, end=end)
            if apart:
                parts.insert(0, part)
            else:
                parts = [merged(part, joined(parts))]
            parts = [p for p in parts if len(p)]
            count = sum(map(len, parts))
        if not parts:
            return Columns.empty(names)
        whole = joined(parts)
        return whole if limit is None or len(whole) <= limit else whole.take(slice(len(whole) - limit, None))

    def _consistently(self, read: Callable[[sqlite3.Connection], Callable[[], _T]]) -> _T:
        """Run `read` in one transaction and its result outside; again if a file was swept in between."""
        for attempt in range(_VANISHED_RETRIES):
            with self.database.read() as connection:
                finish = read(connection)
            try:
                return finish()
            except cold.FileVanished:
                if attempt == _VANISHED_RETRIES - 1:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


def _put_candles(connection: sqlite3.Connection, kind: Kind, candles: Iterable[Candle]) -> int:
    by_series: dict[tuple[str, str], list[Candle]] = defaultdict(list)
    for candle in candles:
        check_candle(candle)
        by_series[candle.instrument, candle.interval].append(candle)
    count = 0
    for (instrument, interval), group in by_series.items():
        series = manifest.make_series(connection, kind.name, instrument, interval)
        rows = (
            (
                c.time,
                c.closed,
                c.ts_received,
                (c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades),
            )
            for c in group
        )
        count += hot.put(connection, kind, series, rows)
    return count


def _put_moments(
    connection: sqlite3.Connection, kind: Kind, moments: Iterable[Funding | OpenInterest]
) -> int:
    by_instrument: dict[str, list[hot.Row]] = defaultdict(list)
    for moment in moments:
        check_moment(moment)
        values: tuple[float | None, ...]
        match moment:
            case Funding():
                time, offset_ns = funding_key(moment.ts_exchange)
                values = (moment.rate, moment.mark, offset_ns)
            case OpenInterest():
                time, values = moment.ts_exchange, (moment.quantity, moment.value)
        by_instrument[moment.instrument].append((time, True, moment.ts_received, values))
    count = 0
    for instrument, group in by_instrument.items():
        series = manifest.make_series(connection, kind.name, instrument, "")
        count += hot.put(connection, kind, series, group)
    return count


def funding_key(ts_exchange: int) -> tuple[int, int]:
    """The second of a settlement, and what the venue's stamp (ns) has beside it."""
    time = (ts_exchange + NS_PER_S // 2) // NS_PER_S
    return time, ts_exchange - time * NS_PER_S


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _within(moment: Trade | Funding, start_ns: int | None, end_ns: int | None) -> bool:
    return (start_ns is None or moment.ts_exchange >= start_ns) and (
        end_ns is None or moment.ts_exchange < end_ns
    )
