"""What a file's name tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.store.lake.names import UNKNOWN_VENUE, Named, read_name


@pytest.mark.parametrize(
    ("path", "symbol", "interval", "kind", "venue"),
    [
        ("data/binance/XRP_ETH-5m.feather", "XRPETH", "5m", "candles", "binance"),
        ("data/binance/futures/BTC_USDT_USDT-1h-futures.feather", "BTCUSDT-PERP", "1h", "candles", "binance"),
        ("bybit_btc_2025/futures/BTC_USDT_USDT-4h-mark.feather", "BTCUSDT-PERP", "4h", "mark", "bybit"),
        ("okx/BTC_USDT_USDT-8h-funding_rate.feather", "BTCUSDT-PERP", "8h", "funding", "okx"),
        ("XRP_ETH-trades.json.gz", "XRPETH", None, "trades", UNKNOWN_VENUE),
        ("BTCUSDT-1m-2024-01.zip", "BTCUSDT", "1m", "candles", "binance"),
        ("futures/um/BTCUSDT-1m-2024-01-31.csv", "BTCUSDT-PERP", "1m", "candles", "binance"),
        ("futures/cm/BTCUSD_PERP-1m-2024-01.csv", "BTCUSD-PERP", "1m", "candles", "binance"),
        ("futures/um/markPriceKlines/BTCUSDT-1m-2024-01.csv", "BTCUSDT-PERP", "1m", "mark", "binance"),
        ("BTCUSDT-aggTrades-2024-01-31.zip", "BTCUSDT", None, "trades", "binance"),
        ("crypto/coinbase/minute/btcusd/20161007_trade.zip", "BTCUSD", "1m", "candles", "coinbase"),
        ("GOOG.csv", "GOOG", None, "candles", UNKNOWN_VENUE),
        ("BTC-USD_1h.csv", "BTCUSD", "1h", "candles", UNKNOWN_VENUE),
        ("BTC_USDT-1w.feather", "BTCUSDT", None, "candles", UNKNOWN_VENUE),
        ("BTC_USDT-1h-orderbook.feather", "BTCUSDT", "1h", None, UNKNOWN_VENUE),
        ("---.csv", None, None, "candles", UNKNOWN_VENUE),
    ],
)
def test_it_reads_what_the_path_tells(
    path: str, symbol: str | None, interval: str | None, kind: str | None, venue: str
) -> None:
    named = read_name(Path("/somewhere") / path)
    assert (named.symbol, named.interval, named.kind, named.venue) == (symbol, interval, kind, venue)


def test_it_knows_the_day_from_which_lean_counts() -> None:
    named = read_name(Path("/x/crypto/coinbase/second/btcusd/20161007_trade.zip"))
    assert named.midnight_ns == 1_475_798_400_000_000_000


def test_a_day_that_does_not_exist_is_a_plain_name() -> None:
    assert read_name(Path("/x/coinbase/second/btcusd/20161399_trade.zip")) == Named(
        "20161399TRADE", None, "candles", "coinbase"
    )
