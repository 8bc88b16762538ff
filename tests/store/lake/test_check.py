"""Gaps, impossible bars, and what is known of recorded series."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from candlewick.core.clock import ManualClock
from candlewick.core.errors import UsageError
from candlewick.core.events import Funding
from candlewick.store.lake import Lake
from candlewick.store.lake.check import Gap, SeriesReport, check
from candlewick.store.lake.compact import compact
from candlewick.store.lake.importing import import_file
from tests.store.lake.samples import BTC, NS, candle, trade

HOUR = 3600


def only(lake: Lake) -> SeriesReport:
    (report,) = check(lake)
    return report


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_it_finds_the_hours_that_binance_was_away(lake: Lake, recordings: Path, coin: str) -> None:
    import_file(lake, recordings / f"ohlcv/binance_spot_1h/{coin}_USDT-1h.feather")
    report = only(lake)
    assert (report.missing, len(report.gaps)) == (122, 27)
    assert max(report.gaps, key=lambda gap: gap.missing) == Gap(1_518_051_600, 1_518_170_400, 33, False)
    assert not report.faults


@pytest.mark.parametrize(
    ("file", "missing"),
    [
        ("binance_perp_1h/BTC_USDT_USDT-1h-futures", 0),
        ("binance_perp_1h/ETH_USDT_USDT-1h-mark", 0),
        ("binance_perp_1h/BTC_USDT_USDT-1h-funding_rate", 0),
        ("binance_perp_1m/LAYER_USDT_USDT-8h-funding_rate", 0),  # 4 h, then 1 h
        ("hyperliquid_perp/BTC_USDC_USDC-1h-funding_rate", 570),
        ("freqtrade_testdata/XRP_ETH-5m", 6),
    ],
)
def test_it_knows_the_gaps_of_the_recordings(lake: Lake, recordings: Path, file: str, missing: int) -> None:
    import_file(lake, recordings / f"ohlcv/{file}.feather")
    assert only(lake).missing == missing


def test_a_whole_series_is_whole(lake: Lake) -> None:
    lake.put_candles(candle(60 * i) for i in range(5))
    assert only(lake).whole


def test_a_gap_that_the_venue_has_too_is_told_apart(lake: Lake) -> None:
    lake.put_candles([candle(0), candle(180), candle(300)])
    lake.mark_covered(BTC, "1m", 0, 200)
    assert only(lake).gaps == [Gap(60, 180, 2, True), Gap(240, 300, 1, False)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"high": 1.0}, "high is below low"),
        ({"open": 500.0}, "open is outside high and low"),
        ({"close": 1.0}, "close is outside high and low"),
        ({"low": -1.0}, "low is not above zero"),
        ({"open": 0.0}, "open is not above zero"),
        ({"close": math.nan}, "close is not a number"),
        ({"high": math.inf}, "high is not a number"),
        ({"volume": -1.0}, "volume is negative"),
        ({"time": 61}, "time is not a multiple of the interval"),
    ],
)
def test_it_finds_a_bar_that_cannot_be_true(lake: Lake, change: dict[str, float], reason: str) -> None:
    bad = msgspec.structs.replace(candle(60), **change)
    lake.put_candles([candle(0), bad, candle(120)])
    assert [(fault.time_s, fault.reason) for fault in only(lake).faults] == [(bad.time, reason)]
    assert not only(lake).gaps


def test_jitter_is_no_gap_and_a_lost_settlement_is(lake: Lake) -> None:
    hours = [0, 8, 16, 24, 40, 48]
    lake.put_funding(Funding(BTC, 0.1, None, h * HOUR * NS + h * 1_000_000, 5) for h in hours)
    assert only(lake).gaps == [Gap(32 * HOUR, 40 * HOUR, 1, False)]


def test_a_damaged_file_is_named_and_does_not_stop_the_check_of_others(lake: Lake) -> None:
    lake.put_candles(candle(60 * i) for i in range(100))
    lake.put_candles(candle(60 * i, instrument="sim:ETHUSDT") for i in range(3))
    lake.put_trades(BTC, [trade(1, 5)])
    compact(lake, clock=ManualClock(100 * 86_400 * NS))
    for path in lake.root.rglob("BTCUSDT/**/*.parquet"):
        path.write_bytes(b"nonsense")
    candles, trades, other = check(lake)
    assert "197001.g1.parquet" in str(candles.damaged)
    assert "19700101.g" in str(trades.damaged)
    assert (candles.whole, trades.whole, other.whole) == (False, False, True)


def test_it_finds_a_trade_that_cannot_be_true(lake: Lake) -> None:
    lake.put_trades(BTC, [trade(1, 5), trade(2, 6, -1.0), trade(3, 86_400 * NS)])
    report = only(lake)
    assert report.rows == 3
    assert [fault.reason for fault in report.faults] == ["trade 2 is of 0.25 at -1"]


def test_it_checks_what_it_is_asked_for_and_says_when_there_is_no_such_series(lake: Lake) -> None:
    lake.put_candles([candle(0), candle(0, interval="1h"), candle(0, instrument="sim:ETHUSDT")])
    assert [report.interval for report in check(lake, BTC)] == ["1h", "1m"]
    assert [report.instrument for report in check(lake, interval="1m")] == [BTC, "sim:ETHUSDT"]
    with pytest.raises(UsageError, match="no sim:NOPE"):
        check(lake, "sim:NOPE")
