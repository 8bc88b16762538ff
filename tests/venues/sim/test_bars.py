"""Candles of minutes that printed: today's in memory, older ones from the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from candlewick.venues.sim.bars import PrintedBars
from candlewick.venues.sim.prints import PrintStore

MIDNIGHT = 20_000 * 1440


def candle(n: int) -> list[int]:
    return [n, n + 2, n - 2, n + 1, 10, 10 * n, 3, 4, 4 * n]


def test_it_gives_what_was_kept_and_nothing_else() -> None:
    bars = PrintedBars(0, None)
    bars.keep(MIDNIGHT, candle(100))
    bars.keep(MIDNIGHT + 5, candle(105))
    assert bars.get(MIDNIGHT) == candle(100)
    assert bars.get(MIDNIGHT + 5) == candle(105)
    assert bars.get(MIDNIGHT + 3) is None


def test_it_takes_the_later_candle_of_a_minute() -> None:
    bars = PrintedBars(0, None)
    bars.keep(MIDNIGHT, candle(100))
    bars.keep(MIDNIGHT, candle(300))
    assert bars.get(MIDNIGHT) == candle(300)


def test_it_lays_candles_over_columns_across_midnight(tmp_path: Path) -> None:
    store = PrintStore(tmp_path, ["spot/A", "spot/B"])
    bars = PrintedBars(1, store)
    kept = [MIDNIGHT - 2, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 3]
    for minute in kept:
        bars.keep(minute, candle(minute))
        store.keep_bars(minute, [candle(1), candle(minute)])
    columns = np.zeros((9, 10), dtype=np.int64)
    put = bars.lay_over(columns, MIDNIGHT - 4)
    assert sorted(set(put.tolist())) == kept
    for minute in range(MIDNIGHT - 4, MIDNIGHT + 6):
        expected = candle(minute) if minute in kept else [0] * 9
        assert columns[:, minute - MIDNIGHT + 4].tolist() == expected
        assert bars.get(minute) == (expected if minute in kept else None)
    store.close()
    later = PrintStore(tmp_path, ["spot/A", "spot/B"])
    assert PrintedBars(1, later).get(MIDNIGHT - 1) == candle(MIDNIGHT - 1)
    later.close()


def test_it_ignores_a_record_that_was_cut_in_two(tmp_path: Path) -> None:
    store = PrintStore(tmp_path, ["spot/A"])
    store.keep_bars(MIDNIGHT, [candle(7)])
    store.close()
    (file,) = tmp_path.glob("bars-*.bin")
    file.write_bytes(file.read_bytes() + b"half a record")
    again = PrintStore(tmp_path, ["spot/A"])
    again.keep_bars(MIDNIGHT + 1, [candle(8)])
    bars = PrintedBars(0, again)
    assert bars.get(MIDNIGHT) == candle(7)
    assert bars.get(MIDNIGHT + 1) == candle(8)
    again.close()


def test_it_reads_days_that_are_over_from_their_sealed_files(tmp_path: Path) -> None:
    store = PrintStore(tmp_path, ["spot/A", "spot/B"])
    for minute in range(MIDNIGHT - 3, MIDNIGHT + 2):
        store.keep_bars(minute, [candle(1), candle(minute)])
    store.begin(MIDNIGHT * 60_000, (MIDNIGHT + 2) * 60_000)
    for _ in range(20):
        store.tidy()
    assert {file.name for file in tmp_path.glob("bars-*")} == {"bars-19999.z", "bars-20000.bin"}
    bars = PrintedBars(1, store)
    for minute in range(MIDNIGHT - 3, MIDNIGHT + 2):
        assert bars.get(minute) == candle(minute)
    assert bars.get(MIDNIGHT - 4) is None
    store.close()
