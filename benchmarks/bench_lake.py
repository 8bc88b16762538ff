"""The lake against the figures it was chosen for: hot and cold reads, trades written, bytes on disk.

Two years of 1m candles of one instrument, compacted but for the last two days; a market of 40 instruments
that trades 10,000 times a second.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.events import Trade
from candlewick.market.bars import COLUMNS, resample
from candlewick.store.lake import Lake, LakeWriter, cache, reading
from candlewick.store.lake.columns import Columns
from candlewick.store.lake.compact import compact
from candlewick.store.lake.kinds import CANDLES

DAY: Final = 86_400
END: Final = 1_767_225_600  # 2026-01-01
DAYS: Final = 730
FIVE_YEARS: Final = 5 * 365 + 1
BTC: Final = "bench:BTCUSDT"
TRADES_S: Final = 10_000
INSTRUMENTS: Final = 40
MS: Final = 1_000
NEVER_S: Final = 3_600.0


def minutes(days: int = DAYS) -> Columns:
    """A random walk in cents with quantities of five decimals, as a venue sends them."""
    chance = np.random.default_rng(1)
    count = days * DAY // 60
    close = np.round(50_000 + np.cumsum(chance.normal(0, 8, count)), 2)
    open = np.concatenate(([50_000.0], close[:-1]))
    wick = np.round(np.abs(chance.normal(0, 5, (2, count))), 2)
    values = {
        "open": open,
        "high": np.round(np.maximum(open, close) + wick[0], 2),
        "low": np.round(np.minimum(open, close) - wick[1], 2),
        "close": close,
        "volume": np.round(chance.exponential(12, count), 5),
        "quote_volume": np.full(count, np.nan),
        "trades": np.full(count, np.nan),
    }
    time = END - days * DAY + np.arange(count) * 60
    return Columns(time, values, np.ones(count, np.bool_), (time + 60) * NS_PER_S)


def one_second_of_trades() -> dict[str, list[Trade]]:
    """10,000 trades by instrument, in the order of time."""
    chance = np.random.default_rng(2)
    by_instrument: dict[str, list[Trade]] = {f"bench:S{n}USDT": [] for n in range(INSTRUMENTS)}
    names = list(by_instrument)
    for n, which in enumerate(chance.integers(0, INSTRUMENTS, TRADES_S).tolist()):
        price = 50_000 + (n % 100) / 100
        ts = END * NS_PER_S + n * NS_PER_S // TRADES_S
        by_instrument[names[which]].append(Trade(names[which], n, price, 0.01 + n % 7, "buy", ts, ts + 1))
    return by_instrument


@contextmanager
def filled_lake(days: int = DAYS) -> Iterator[Lake]:
    """So many days of minutes, the last two of them hot."""
    with TemporaryDirectory() as folder, Lake(Path(folder)) as lake:
        lake.put_rows(CANDLES, BTC, "1m", minutes(days))
        compact(lake, clock=ManualClock(END * NS_PER_S))
        yield lake


def write_trades(lake: Lake, seconds: Sequence[dict[str, list[Trade]]]) -> None:
    """Each second's trades through the writer, committed four times a second."""
    with LakeWriter(lake, interval_s=NEVER_S, batch_rows=TRADES_S // 4) as writer:
        for second in seconds:
            for instrument, trades in second.items():
                writer.trades(instrument, *trades)


def each(times: int, read: Callable[[], object]) -> float:
    """CPU seconds of one read among several: the files are in the system's cache."""
    return cpu_seconds(lambda: [read() for _ in range(times)]) / times


def research() -> list[Figure]:
    """Five years of minutes as a backtest asks for them: the first time, and from then on."""
    with filled_lake(FIVE_YEARS) as lake:
        files = sorted(lake.root.rglob("*.parquet"))
        end = END - 3 * DAY  # what is hot may change, and is not kept

        def first() -> None:
            shutil.rmtree(lake.root / cache.FOLDER, ignore_errors=True)
            reading.bars_of(lake, BTC, "1m", end_s=end)

        plain = cpu_seconds(lambda: [_columns(path) for path in files], rounds=3)
        decoded = cpu_seconds(first, rounds=3)
        mapped = each(10, lambda: reading.bars_of(lake, BTC, "1m", end_s=end))
    note = f"five years of minutes; plain {plain * MS:.0f} ms"
    return [
        Figure("lake: cw.load by a plain read of its files", decoded / plain, "×", 2.0, note=note),
        Figure("lake: cw.load the second time", mapped * MS, "ms", 10, note="mapped from the cache"),
    ]


def _columns(path: Path) -> object:
    return pq.read_table(path, columns=["time", *COLUMNS], use_threads=False)


def main() -> list[Figure]:
    """Measure; the limits are the figures of the lake's prototype (docs/the-lake.md)."""
    seconds = [one_second_of_trades()] * 5
    with filled_lake() as lake:
        last = each(20, lambda: lake.candles(BTC, "1m", limit=1_000))
        month = each(10, lambda: resample(lake.candles(BTC, "1m", END - 32 * DAY, END - 2 * DAY), "1h"))
        year = each(3, lambda: lake.candles(BTC, "1m", END - 367 * DAY, END - 2 * DAY))
        trades = cpu_seconds(lambda: write_trades(lake, seconds), rounds=3) / len(seconds)
        (info,) = (info for info in lake.series() if info.kind == "candles")
    return [
        Figure("lake: last 1,000 candles", last * MS, "ms", 0.5, note="hot"),
        Figure("lake: 30 days of 1m → 1h", month * MS, "ms", 1.8, note="cold, two files"),
        Figure("lake: a year of minutes into arrays", year * MS, "ms", 20, note="cold, 13 files"),
        Figure("lake: writing 10,000 trades/s", trades * 100, "% of a core", 0.2, note="40 instruments"),
        Figure("lake: a candle on disk", info.bytes / info.rows, "bytes", 13, note=f"{info.rows:,} rows"),
        *research(),
    ]


if __name__ == "__main__":
    show(main())
