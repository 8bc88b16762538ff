"""`cw.load`, `cw.load_market`, `cw.read` and `cw.read_funding` as people call them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import candlewick as cw
from candlewick.core.errors import BadData, UsageError
from candlewick.core.events import Candle, Funding
from candlewick.market.bars import resample
from candlewick.store.lake import Lake

START, NS = 1_704_067_200, 1_000_000_000  # 2024-01-01
HEADER = "date,open,high,low,close,volume\n"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Two days of hours of a perpetual, with funding."""
    name = "binance:BTCUSDT-PERP"
    with Lake(tmp_path / "lake") as lake:
        lake.put_candles(
            Candle(name, "1h", at, 100.0, 101.0, 99.0, 100.5, 7.0, True, at * NS, at * NS)
            for at in range(START, START + 48 * 3600, 3600)
        )
        lake.put_funding(
            Funding(name, 0.0001, None, at * NS, at * NS) for at in range(START, START + 48 * 3600, 8 * 3600)
        )
    return tmp_path


def test_it_loads_bars_out_of_a_data_folder(data_dir: Path) -> None:
    bars = cw.load("BTCUSDT-PERP", "1h", timerange="20240102-", data_dir=data_dir)
    assert (len(bars), bars.symbol, bars.timeframe) == (24, "binance:BTCUSDT-PERP", "1h")
    assert len(cw.load("BTC/USDT:USDT", "4h", data_dir=str(data_dir))) == 12


def test_it_loads_from_the_usual_folder_unless_told(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATA_DIR", str(data_dir))
    assert len(cw.load("BTCUSDT-PERP", "1d")) == 2


def test_a_market_brings_its_funding_with_it(data_dir: Path) -> None:
    market = cw.load_market("BTCUSDT-PERP", "1h", timerange="-20240102", data_dir=data_dir)
    assert market.funding is not None
    assert market.funding.time.tolist() == [START, START + 8 * 3600, START + 16 * 3600]


class Holds(cw.Strategy):
    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        return cw.Signals(enter_long=np.arange(len(bars)) == 0)


def test_bars_that_were_loaded_pay_the_funding_of_their_market(data_dir: Path) -> None:
    market = cw.load_market("BTCUSDT-PERP", "1h", data_dir=data_dir)
    bars = cw.load("BTCUSDT-PERP", "1h", data_dir=data_dir)
    wanted = cw.backtest(Holds, market)
    assert wanted.metrics["funding"] is not None
    assert wanted.metrics["funding"] < 0
    np.testing.assert_array_equal(cw.backtest(Holds, bars).equity, wanted.equity)
    shorter, longer = cw.backtest(Holds, bars[:30]), cw.backtest(Holds, resample(bars, "4h"))
    assert shorter.funding == pytest.approx(wanted.funding * 3 / 5)
    assert longer.funding == pytest.approx(wanted.funding)
    sent = pickle.loads(pickle.dumps(bars))
    np.testing.assert_array_equal(cw.backtest(Holds, sent).equity, wanted.equity)


@pytest.mark.parametrize("suffix", ["csv", "feather", "parquet"])
def test_it_reads_what_is_exported(data_dir: Path, tmp_path: Path, suffix: str) -> None:
    from candlewick.store.lake.exporting import export_bars

    bars = cw.load("BTCUSDT-PERP", "1h", data_dir=data_dir)
    path = tmp_path / f"BTCUSDT-1h.{suffix}"
    export_bars(bars, path)
    found = cw.read(path)
    assert (found.symbol, found.timeframe) == ("BTCUSDT", "1h")
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(found, name), getattr(bars, name))
    assert len(cw.read(path, timeframe="4h", timerange="20240102-")) == 6


def test_a_file_may_leave_its_symbol_its_timeframe_and_its_volume_unsaid(tmp_path: Path) -> None:
    path = tmp_path / "GOOG.csv"
    path.write_text("date,open,high,low,close\n2024-01-02,1,2,0.5,1.5\n2024-01-03,1,2,0.5,1.5\n")
    bars = cw.read(path)
    assert (bars.symbol, bars.timeframe, len(bars)) == ("GOOG", "1d", 2)
    assert np.isnan(bars.volume).all()
    assert cw.read(path, symbol="ALPHABET").symbol == "ALPHABET"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2024-01-01,1,2,0.5,1.5,9\n2024-01-01T01:00,1,2,0.5,x,9\n", "row 3: close .*Mend or remove it"),
        ("2024-01-01T01:00,1,2,0.5,1.5,9\n2024-01-01,1,2,0.5,1.5,9\n", "row 1 .*: sort the bars"),
        ("2024-01-01,1,2,0.5,1.5,9\n2024-01-01,1,2,0.5,1.5,9\n", "stands there again: .*remove duplicates"),
        ("2024-01-01,1,0.4,0.5,1.5,9\n", "The high in row 0 of BTCUSDT"),
        ("2024-01-01,1,2,0.5,-1,9\n", "close in row 0 .* is -1"),
    ],
)
def test_a_row_that_cannot_be_true_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "BTCUSDT-1h.csv"
    path.write_text(HEADER + text)
    with pytest.raises(BadData, match=sentence):
        cw.read(path)


def test_it_says_what_a_file_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1h.csv"
    path.write_text(HEADER + "2024-01-01,1,2,0.5,1.5,9\n")
    with pytest.raises(UsageError, match=r"no bars in 20250101-: it reaches from 2024-01-01 00:00 to"):
        cw.read(path, timerange="20250101-")
    with pytest.raises(UsageError, match="Bars of 1h cannot become bars of 30m"):
        cw.read(path, timeframe="30m")
    with pytest.raises(UsageError, match="There is no file"):
        cw.read(tmp_path / "nowhere.csv")
    rates = tmp_path / "BTC_USDT_USDT-8h-funding_rate.csv"
    rates.write_text("date,funding_rate\n2024-01-01,0.0001\n")
    with pytest.raises(UsageError, match="holds no candles"):
        cw.read(rates)
    assert cw.read_funding(rates).rate.tolist() == [0.0001]


def test_it_reads_the_layouts_that_imports_know(recordings: Path) -> None:
    folder = recordings / "ohlcv"
    bars = cw.read(folder / "binance_perp_1h/BTC_USDT_USDT-1h-futures.feather", timerange="20240101-20240201")
    assert (bars.symbol, bars.timeframe, len(bars)) == ("BTCUSDT-PERP", "1h", 31 * 24)
    goog = cw.read(folder / "backtesting_py/GOOG.csv")
    assert (goog.symbol, goog.timeframe, len(goog)) == ("GOOG", "1d", 2148)
    rates = cw.read_funding(folder / "binance_perp_1m/BTC_USDT_USDT-8h-funding_rate.feather")
    assert len(rates.time) == 266
