"""Compaction: moves what is final and old, loses nothing, whenever it dies."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from candlewick.core.clock import ManualClock
from candlewick.core.errors import StoreError, StoreLocked
from candlewick.store.lake import Lake, compact
from candlewick.store.lake.layout import folder
from tests.store.lake.samples import BTC, NS, candle, trade

DAY = 86_400
CLOCK = ManualClock(100 * DAY * NS)


def files(lake: Lake) -> list[str]:
    return sorted(path.relative_to(lake.root).as_posix() for path in lake.root.rglob("*.parquet"))


def hot_rows(lake: Lake) -> int:
    with lake.database.read() as connection:
        return sum(
            int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("hot_rows", "hot_trades")
        )


def test_it_moves_old_rows_into_one_file_a_partition(lake: Lake) -> None:
    lake.put_candles(candle(month * 31 * DAY + 60 * i) for month in range(2) for i in range(3))
    report = compact.compact(lake, clock=CLOCK)
    assert (report.rows, report.files_written) == (6, 2)
    assert files(lake) == [
        "candles/sim/BTCUSDT/1m/197001.g1.parquet",
        "candles/sim/BTCUSDT/1m/197002.g2.parquet",
    ]
    assert hot_rows(lake) == 0
    assert len(lake.candles(BTC, "1m")) == 6


def test_what_is_young_or_open_stays_hot(lake: Lake) -> None:
    lake.put_candles([candle(0), candle(60, closed=False), candle(99 * DAY)])
    assert compact.compact(lake, older_than_s=2 * DAY, clock=CLOCK).rows == 1
    assert hot_rows(lake) == 2
    assert lake.candles(BTC, "1m").time.tolist() == [0, 60, 99 * DAY]


def test_an_open_row_whose_closed_form_lies_in_the_file_leaves_the_hot_table(lake: Lake) -> None:
    lake.put_candles([candle(0)])
    compact.compact(lake, clock=CLOCK)
    lake.put_candles([candle(0, 5.0, closed=False)])
    compact.compact(lake, clock=CLOCK)
    assert hot_rows(lake) == 0
    assert lake.candles(BTC, "1m").close.tolist() == [100.0]


def test_a_second_run_over_the_same_rows_writes_nothing(lake: Lake) -> None:
    lake.put_candles([candle(0)])
    compact.compact(lake, clock=CLOCK)
    lake.put_candles([candle(0)])
    report = compact.compact(lake, clock=CLOCK)
    assert (report.rows, report.files_written) == (1, 0)
    assert hot_rows(lake) == 0


def test_a_replaced_file_stays_for_its_readers_until_the_grace_period_is_over(lake: Lake) -> None:
    lake.put_candles([candle(0)])
    compact.compact(lake, clock=CLOCK)
    lake.put_candles([candle(60)])
    compact.compact(lake, clock=CLOCK, grace_s=600)
    assert len(files(lake)) == 2
    compact.compact(lake, clock=ManualClock((100 * DAY + 601) * NS), grace_s=600)
    assert files(lake) == ["candles/sim/BTCUSDT/1m/197001.g2.parquet"]
    assert lake.candles(BTC, "1m").time.tolist() == [0, 60]


def test_trades_of_a_batch_that_spans_midnight_lie_in_both_days(lake: Lake) -> None:
    put = [trade(i, (DAY - 2 + i) * NS, 100.0 + i) for i in range(4)]
    lake.put_trades(BTC, put)
    compact.compact(lake, clock=CLOCK)
    assert [Path(path).name for path in files(lake)] == ["19700101.g1.parquet", "19700102.g2.parquet"]
    assert lake.trades(BTC) == put
    assert lake.trades(BTC, DAY * NS) == put[2:]


def test_trades_past_keeping_are_forgotten_and_candles_are_not(lake: Lake) -> None:
    lake.put_trades(BTC, [trade(1, 10 * DAY * NS)])
    lake.put_trades(BTC, [trade(2, 90 * DAY * NS)])
    lake.put_candles([candle(10 * DAY)])
    compact.compact(lake, clock=CLOCK)
    lake.put_trades(BTC, [trade(3, 11 * DAY * NS)])
    compact.compact(lake, keep_trades_s=30 * DAY, clock=CLOCK)
    assert [t.id for t in lake.trades(BTC)] == [2]
    assert lake.candles(BTC, "1m").time.tolist() == [10 * DAY]


def test_it_touches_only_the_instruments_it_is_told(lake: Lake) -> None:
    lake.put_candles([candle(0), candle(0, instrument="sim:ETHUSDT")])
    compact.compact(lake, instruments=frozenset({"sim:ETHUSDT"}), clock=CLOCK)
    assert files(lake) == ["candles/sim/ETHUSDT/1m/197001.g1.parquet"]


def test_two_at_once_do_not_meet(lake: Lake) -> None:
    with (lake.root / "compact.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreLocked, match="Another compaction"):
            compact.compact(lake)


def test_a_file_that_cannot_be_written_leaves_the_rows_hot_and_says_so(lake: Lake) -> None:
    lake.put_candles([candle(0)])
    place = lake.root / folder("candles", BTC, "1m")
    place.parent.mkdir(parents=True)
    place.write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        compact.compact(lake, clock=CLOCK)
    assert lake.candles(BTC, "1m").time.tolist() == [0]
    place.unlink()
    compact.compact(lake, clock=CLOCK)
    assert hot_rows(lake) == 0


DIE = """
import os, sys
from pathlib import Path
from candlewick.core.clock import ManualClock
from candlewick.store.lake import Lake, cold, compact, hot, manifest
module, name, after = sys.argv[2:]
module = {"cold": cold, "hot": hot, "manifest": manifest, "os": os}[module]
real = getattr(module, name)
def die(*arguments, **named):
    if after == "after":
        real(*arguments, **named)
    os._exit(9)
setattr(module, name, die)
compact.compact(Lake(Path(sys.argv[1])), clock=ManualClock(100 * 86_400 * 10**9))
"""


@pytest.mark.parametrize(
    ("module", "name", "when"),
    [
        ("manifest", "reserve_file", "after"),
        ("os", "fsync", "before"),
        ("cold", "write_table", "before"),
        ("cold", "write_table", "after"),
        ("manifest", "put_in_force", "before"),
        ("manifest", "put_in_force", "after"),
        ("hot", "remove", "after"),
        ("hot", "remove_trades", "after"),
    ],
)
def test_dying_at_any_step_loses_nothing_and_leaves_nothing(
    lake: Lake, module: str, name: str, when: str
) -> None:
    lake.put_candles([candle(0, 1.0), candle(60, 1.0)])
    lake.put_trades(BTC, [trade(1, 5)])
    compact.compact(lake, clock=CLOCK, grace_s=0)
    lake.put_candles([candle(60, 2.0, rev=10**15), candle(120, 3.0)])
    lake.put_trades(BTC, [trade(2, 6)])

    process = subprocess.run([sys.executable, "-c", DIE, str(lake.root), module, name, when], check=False)
    assert process.returncode == 9

    def whole() -> bool:
        return lake.candles(BTC, "1m").close.tolist() == [1.0, 2.0, 3.0] and [
            t.id for t in lake.trades(BTC)
        ] == [1, 2]

    assert whole()
    compact.compact(lake, clock=CLOCK, grace_s=0)
    assert whole()
    assert hot_rows(lake) == 0
    assert len(files(lake)) == 2
    assert not list(lake.root.rglob("*.tmp"))


def test_the_process_says_in_a_sentence_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lake").write_text("not a folder")
    assert compact.main([str(tmp_path / "lake")]) == 1
    assert "cannot be made" in capsys.readouterr().err


def test_the_process_compacts(lake: Lake) -> None:
    lake.put_candles([candle(0)])
    command = [
        sys.executable,
        "-m",
        "candlewick.store.lake.compact",
        str(lake.root),
        "--keep-trades-days",
        "30",
    ]
    assert subprocess.run(command, check=False).returncode == 0
    assert hot_rows(lake) == 0
    np.testing.assert_array_equal(lake.candles(BTC, "1m").time, [0])
