"""Files into the lake: recorded ones exactly, dirty ones by line."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.feather as feather
import pytest

from candlewick.core.clock import ManualClock
from candlewick.core.errors import UsageError
from candlewick.store.lake import Lake
from candlewick.store.lake.check import check
from candlewick.store.lake.compact import compact
from candlewick.store.lake.importing import Imported, import_file
from tests.store.lake.samples import NS

HEADER = "date,open,high,low,close,volume\n"
HOUR = 3600
START = 1_704_067_200
NOW = ManualClock((START + 100 * HOUR) * NS)


def bar(hour: int, close: float = 1.5, volume: object = 10) -> str:
    return f"{START + hour * HOUR},1,2,0.5,{close},{volume}\n"


def take(lake: Lake, path: Path, text: str) -> Imported:
    path.write_text(text)
    return import_file(lake, path, clock=NOW)


CANDLE_FILES = [
    ("binance_spot_1h/BTC_USDT-1h.feather", "binance:BTCUSDT", "1h"),
    ("binance_perp_1m/LAYER_USDT_USDT-1m-futures.feather", "binance:LAYERUSDT-PERP", "1m"),
    ("freqtrade_testdata/XRP_ETH-1m.feather", "file:XRPETH", "1m"),
]


@pytest.mark.parametrize(("file", "instrument", "interval"), CANDLE_FILES)
def test_recorded_candles_come_back_bit_for_bit_hot_and_cold(
    lake: Lake, recordings: Path, file: str, instrument: str, interval: str
) -> None:
    path = recordings / "ohlcv" / file
    table = feather.read_table(path)
    done = import_file(lake, path)
    assert (done.instrument, done.interval, done.new) == (instrument, interval, table.num_rows)
    assert not done.refused
    for _ in ("hot", "cold"):
        bars = lake.candles(instrument, interval)
        for name in ("open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(bars, name), table[name].to_numpy())
        compact(lake)
    with lake.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM hot_rows").fetchone() == (0,)


def test_a_second_import_changes_nothing(lake: Lake, recordings: Path) -> None:
    path = recordings / "ohlcv/hyperliquid_perp/BTC_USDC_USDC-1m-futures.feather"
    first = import_file(lake, path)
    again = import_file(lake, path)
    assert first.new == again.unchanged == first.rows
    assert (again.new, again.corrected) == (0, 0)


def test_recorded_trades_come_once_out_of_all_their_forms(lake: Lake, recordings: Path) -> None:
    folder = recordings / "ohlcv/freqtrade_testdata"
    files = [folder / f"XRP_ETH-trades.{form}" for form in ("feather", "json.gz", "parquet")]
    assert [import_file(lake, path).new for path in files] == [12_477, 0, 0]
    compact(lake)
    trades = lake.trades("file:XRPETH")
    table = feather.read_table(files[0])
    assert [t.price for t in trades] == table["price"].to_pylist()
    assert [t.quantity for t in trades] == table["amount"].to_pylist()
    assert [t.side for t in trades] == table["side"].to_pylist()
    assert [t.ts_exchange for t in trades] == [ms * 1_000_000 for ms in table["timestamp"].to_pylist()]


def test_one_settlement_in_two_recordings_is_kept_once(lake: Lake, recordings: Path) -> None:
    long = import_file(lake, recordings / "ohlcv/binance_perp_1h/BTC_USDT_USDT-1h-funding_rate.feather")
    short = import_file(lake, recordings / "ohlcv/binance_perp_1m/BTC_USDT_USDT-8h-funding_rate.feather")
    assert (long.new, short.new, short.unchanged) == (7_323, 0, 266)
    rates = lake.funding("binance:BTCUSDT-PERP")
    assert (rates[0].rate, rates[0].ts_exchange) == (0.0001, 1_568_102_400 * NS)


def test_leans_seconds_from_midnight_become_times(lake: Lake, recordings: Path) -> None:
    path = recordings / "ohlcv/lean_crypto/crypto/coinbase/minute/btcusd/20161007_trade.zip"
    done = import_file(lake, path)
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.reader(io.TextIOWrapper(archive.open(archive.namelist()[0]))))
    bars = lake.candles("coinbase:BTCUSD", "1m")
    assert done.new == len(bars) == len(rows)
    assert bars.time.tolist() == [1_475_798_400 + int(row[0]) // 1000 for row in rows]
    assert bars.close.tolist() == [float(row[4]) for row in rows]


def test_it_takes_the_interval_from_the_spacing_where_the_name_does_not_tell(
    lake: Lake, recordings: Path
) -> None:
    assert import_file(lake, recordings / "ohlcv/backtesting_py/EURUSD.csv").interval == "1h"
    done = import_file(lake, recordings / "ohlcv/backtesting_py/GOOG.csv")
    assert (done.instrument, done.interval) == ("file:GOOG", "1d")
    with pytest.raises(UsageError, match="--timeframe"):
        import_file(lake, recordings / "ohlcv/backtesting_py/BTCUSD.csv")


def test_what_is_said_overrides_what_the_name_tells(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1m.csv"
    path.write_text(HEADER + bar(0) + bar(1))
    done = import_file(lake, path, venue="Kraken", symbol="xbtusd", interval="1h", clock=NOW)
    assert (done.instrument, done.interval) == ("kraken:XBTUSD", "1h")
    assert len(lake.candles("kraken:XBTUSD", "1h")) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{START},1,0.4,0.5,0.45,10\n", "high is below low"),
        (f"{START},3,2,0.5,1.5,10\n", "open is outside high and low"),
        (f"{START},1,2,0.5,2.5,10\n", "close is outside high and low"),
        (f"{START},nan,2,0.5,1.5,10\n", "open is not a number"),
        (f"{START},1,inf,0.5,1.5,10\n", "high is not a number"),
        (f"{START},1,2,-0.5,1.5,10\n", "low is not above zero"),
        (f"{START},1,2,0.5,1.5,-1\n", "volume is negative"),
        (f"{START},1,2,0.5,1.5,nan\n", "volume is not a number"),
        (f"{START + 1},1,2,0.5,1.5,10\n", "time is not a multiple of the interval"),
    ],
)
def test_a_bar_that_cannot_be_true_is_left_out_and_told(
    lake: Lake, tmp_path: Path, row: str, reason: str
) -> None:
    done = take(lake, tmp_path / "BTC_USDT-1h.csv", HEADER + bar(1) + row + bar(2))
    assert [(bad.line, bad.reason) for bad in done.refused] == [(3, reason)]
    assert lake.candles("file:BTCUSDT", "1h").time.tolist() == [START + HOUR, START + 2 * HOUR]


def test_a_repeated_row_is_taken_once_and_a_contradicting_one_is_refused(lake: Lake, tmp_path: Path) -> None:
    done = take(lake, tmp_path / "BTC_USDT-1h.csv", HEADER + bar(1) + bar(0) + bar(1) + bar(1, 1.75))
    assert done.new == 2
    assert [(row.line, row.reason) for row in done.repeated] == [(4, "repeats line 2")]
    assert [(row.line, row.reason) for row in done.refused] == [
        (5, "contradicts line 2: same time, other values")
    ]
    assert lake.candles("file:BTCUSDT", "1h").close.tolist() == [1.5, 1.5]
    (report,) = check(lake)
    assert [(row.line, row.duplicate) for row in report.duplicates] == [(4, True), (5, True)]


def test_importing_the_mended_file_forgets_what_was_refused_before(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.csv"
    take(lake, path, HEADER + bar(0) + bar(1, 9.0))
    assert len(check(lake)[0].refused) == 1
    assert take(lake, path, HEADER + bar(0) + bar(1)).new == 1
    assert check(lake)[0].whole


def test_a_row_that_differs_from_the_lake_replaces_it(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.csv"
    take(lake, path, HEADER + bar(0) + bar(1))
    compact(lake, older_than_s=0, clock=NOW)
    path.write_text(HEADER + bar(0) + bar(1, 1.75))
    done = import_file(lake, path, clock=ManualClock(NOW.now_ns() + 1))
    assert (done.unchanged, done.corrected, done.new) == (1, 1, 0)
    assert lake.candles("file:BTCUSDT", "1h").close.tolist() == [1.5, 1.75]


def test_unknown_volume_stays_unknown(lake: Lake, recordings: Path) -> None:
    import_file(lake, recordings / "ohlcv/bybit_btc_202510/futures/BTC_USDT_USDT-4h-mark.feather")
    for _ in ("hot", "cold"):
        bars = lake.candles("bybit:BTCUSDT-PERP", "4h", kind="mark")
        assert len(bars) == 184
        assert np.isnan(bars.volume).all()
        compact(lake)


def test_the_bar_that_is_not_over_yet_is_open(lake: Lake, tmp_path: Path) -> None:
    take(lake, tmp_path / "BTC_USDT-1h.csv", HEADER + bar(99) + bar(100))
    assert [c.closed for c in lake.candle_events("file:BTCUSDT", "1h")] == [True, False]


def test_an_open_bar_is_closed_by_importing_it_again_when_it_is_over(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.csv"
    take(lake, path, HEADER + bar(100))
    import_file(lake, path, clock=ManualClock(NOW.now_ns() + HOUR * NS))
    assert [c.closed for c in lake.candle_events("file:BTCUSDT", "1h")] == [True]


def test_bars_of_a_file_need_no_fetching_and_its_holes_do(lake: Lake, tmp_path: Path) -> None:
    take(lake, tmp_path / "BTC_USDT-1h.csv", HEADER + bar(0) + bar(1) + bar(4))
    assert lake.missing("file:BTCUSDT", "1h", START, START + 6 * HOUR) == [
        (START + 2 * HOUR, START + 4 * HOUR),
        (START + 5 * HOUR, START + 6 * HOUR),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7,x,0.5,1,1,1704067200000,true,true", "price is not a number: 'x'"),
        ("7,-1,0.5,1,1,1704067200000,true,true", "price is not above zero"),
        ("7,1,nan,1,1,1704067200000,true,true", "quantity is not above zero"),
        (",1,0.5,1,1,1704067200000,true,true", "id is missing"),
        ("7,1,0.5,1,1,1704067200000,maybe,true", "side is neither buy nor sell"),
        ("6,1,0.75,1,1,1704067200000,true,true", "contradicts an earlier line on trade 6"),
    ],
)
def test_a_trade_that_cannot_be_true_is_left_out_and_told(
    lake: Lake, tmp_path: Path, row: str, reason: str
) -> None:
    first = "6,1,0.5,1,1,1704067200000,true,true\n"
    done = take(lake, tmp_path / "BTCUSDT-aggTrades-2024-01-01.csv", first + row + "\n" + first)
    assert [(bad.line, bad.reason) for bad in done.refused] == [(2, reason)]
    assert [bad.line for bad in done.repeated] == [3]
    (trade,) = lake.trades("binance:BTCUSDT")
    assert (trade.id, trade.side, trade.first_id) == (6, "sell", 1)


def test_it_says_what_it_is_not_told(lake: Lake, tmp_path: Path) -> None:
    for name, words in (
        ("---.csv", "--symbol"),
        ("BTC_USDT-1h-orderbook.csv", "not known"),
        ("BTC.csv", "--timeframe"),
    ):
        (tmp_path / name).write_text(HEADER + bar(0))
        with pytest.raises(UsageError, match=words):
            import_file(lake, tmp_path / name)
    assert lake.series() == []
