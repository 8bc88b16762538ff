"""Stream names."""

from __future__ import annotations

import pytest

from candlewick.venues.sim.model import Listing, Market
from candlewick.venues.sim.server.streams import parse
from tests.venues.sim.server.test_figures import listing


def find(symbol: str) -> Listing | None:
    return listing() if symbol == "BTCUSDT" else None


@pytest.mark.parametrize(
    ("market", "name", "kind", "period_ms", "detail"),
    [
        ("spot", "btcusdt@aggTrade", "aggTrade", 0, ""),
        ("spot", "btcusdt@trade", "trade", 0, ""),
        ("spot", "btcusdt@bookTicker", "bookTicker", 0, ""),
        ("spot", "btcusdt@depth", "depth", 1000, ""),
        ("spot", "btcusdt@depth@100ms", "depth", 100, ""),
        ("spot", "btcusdt@depth20@100ms", "partialDepth", 100, "20"),
        ("spot", "btcusdt@kline_1s", "kline", 1000, "1s"),
        ("spot", "btcusdt@kline_1w", "kline", 2000, "1w"),
        ("spot", "!miniTicker@arr", "miniTicker", 1000, ""),
        ("perp", "btcusdt@depth", "depth", 250, ""),
        ("perp", "btcusdt@depth@500ms", "depth", 500, ""),
        ("perp", "btcusdt@kline_1m", "kline", 250, "1m"),
        ("perp", "btcusdt_perpetual@continuousKline_1m", "continuousKline", 250, "1m"),
        ("perp", "btcusdt@markPrice", "markPrice", 3000, ""),
        ("perp", "btcusdt@markPrice@1s", "markPrice", 1000, ""),
        ("perp", "!markPrice@arr@1s", "markPrice", 1000, ""),
        ("perp", "!forceOrder@arr", "forceOrder", 1000, ""),
        ("perp", "!bookTicker", "bookTicker", 5000, ""),
    ],
)
def test_it_reads_a_name(market: Market, name: str, kind: str, period_ms: int, detail: str) -> None:
    stream = parse(name, market, find)
    assert stream is not None
    assert (stream.name, stream.kind, stream.period_ms, stream.detail) == (name, kind, period_ms, detail)
    assert (stream.listing is None) == name.startswith("!")


@pytest.mark.parametrize(
    ("market", "name"),
    [
        ("spot", "0"),
        ("spot", "btcusdt"),
        ("spot", "BTCUSDT@trade"),
        ("spot", "dogeusdt@trade"),
        ("spot", "btcusdt@depth7"),
        ("spot", "btcusdt@depth@250ms"),
        ("spot", "btcusdt@kline_7m"),
        ("spot", "btcusdt@markPrice"),
        ("spot", "!bookTicker"),
        ("perp", "btcusdt@kline_1s"),
        ("perp", "btcusdt@avgPrice"),
        ("perp", "!nonsense@arr"),
    ],
)
def test_it_knows_no_stream_of_another_name_or_market(market: Market, name: str) -> None:
    assert parse(name, market, find) is None
