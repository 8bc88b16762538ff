"""Stream messages, field by field as the real venue's recorded ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from candlewick.venues.sim.live import Best
from candlewick.venues.sim.model import DepthDiff, ForcedOrder, Kline, Market, Premium, Print
from candlewick.venues.sim.server import messages
from candlewick.venues.sim.server.figures import Figures
from candlewick.venues.sim.world import Day
from tests.venues.sim.server.test_figures import listing

NOW = 1_700_000_000_123
TRADE = Print(42, NOW - 5, 6_543_210, 250, True)
BEST = Best(99, NOW - 3, 100, 7, 101, 8)
DIFF = DepthDiff(11, 14, 10, NOW - 2, [(100, 7), (99, 0)], [(101, 8)])
CANDLE = Kline(NOW - NOW % 60_000, 5, 9, 4, 8, 300, 2100, 12, 120, 900)
DAY = Day(
    open_ms=NOW - 86_400_000,
    close_ms=NOW,
    previous=98,
    open=100,
    high=130,
    low=90,
    last=125,
    last_lots=3,
    volume=1000,
    quote=110_000,
    count=50,
    first_id=1,
    last_id=50,
)


def ours(market: Market) -> dict[str, bytes]:
    """One message of each kind that the recordings hold."""
    spot = market == "spot"
    figures = Figures(listing() if spot else listing("perp", "0.10", "0.001"))
    common = (figures, "BTCUSDT", spot)
    return {
        "aggTrade": messages.aggregate_trade(*common, TRADE, NOW, NOW - 5),
        "trade": messages.trade(*common, TRADE, NOW, NOW - 5),
        "bookTicker": messages.book_ticker(*common, BEST, NOW, NOW - 3),
        "depthUpdate": messages.depth_update(*common, DIFF, NOW, NOW - 2),
        "kline": messages.kline(figures, "BTCUSDT", "1m", CANDLE, NOW, (31, 42), False, NOW),
    }


def recorded(folder: Path, market: Market) -> Iterator[dict[str, Any]]:
    """What the venue really sent."""
    wire = folder / "wire/cryptofeed"
    if market == "spot":
        lines = (wire / "BINANCE.ws.1.0").read_bytes().splitlines()
        with gzip.open(folder / "ticks_l2/hftbacktest_binance_raw/spot/ethusdt_20240808.gz") as file:
            lines += [next(file) for _ in range(500)]
    else:
        lines = gzip.decompress((wire / "BINANCE_FUTURES.ws.1.0.gz").read_bytes()).splitlines()
    for line in lines:
        brace = line.find(b"{")
        if brace >= 0:
            message = orjson.loads(line[brace:])
            yield message.get("data", message)


def shape(message: Any) -> Any:
    """Names in their order, and of what kind each value is."""
    if isinstance(message, dict):
        return [(name, shape(value)) for name, value in message.items()]
    return "levels" if isinstance(message, list) else type(message).__name__


@pytest.mark.parametrize(
    ("market", "kinds"),
    [
        ("spot", {"aggTrade", "trade", "bookTicker", "depthUpdate", "kline"}),
        ("perp", {"aggTrade", "bookTicker", "depthUpdate", "kline"}),
    ],
)
def test_they_have_the_shape_of_the_real_venues(recordings: Path, market: Market, kinds: set[str]) -> None:
    shapes = {kind: shape(orjson.loads(message)) for kind, message in ours(market).items()}
    seen = set()
    for message in recorded(recordings, market):
        kind = message.get("e", "bookTicker" if "B" in message else None)
        if kind in shapes:
            assert shape(message) == shapes[kind]
            seen.add(kind)
    assert seen == kinds


def test_a_trade_says_who_took() -> None:
    figures = Figures(listing())
    for sells in (True, False):
        trade = TRADE._replace(seller_is_taker=sells)
        message = orjson.loads(messages.aggregate_trade(figures, "BTCUSDT", True, trade, NOW, NOW))
        assert message["m"] is sells
        assert (message["p"], message["q"], message["f"], message["l"]) == (
            "65432.10000000",
            "0.00250000",
            42,
            42,
        )


def test_a_diff_removes_a_level_with_zero() -> None:
    message = orjson.loads(ours("perp")["depthUpdate"])
    assert message["b"] == [["10.0", "0.007"], ["9.9", "0.000"]]
    assert (message["U"], message["u"], message["pu"]) == (11, 14, 10)


def test_a_ticker_tells_change_and_average() -> None:
    figures = Figures(listing())
    times = (DAY.open_ms, DAY.close_ms)
    spot = orjson.loads(messages.ticker(figures, "BTCUSDT", DAY, NOW, times, BEST))
    futures = orjson.loads(messages.ticker(figures, "BTCUSDT", DAY, NOW, times, None))
    assert (spot["p"], spot["P"], spot["w"], spot["x"]) == (
        "0.25000000",
        "25.000",
        "1.10000000",
        "0.98000000",
    )
    assert (spot["b"], spot["a"]) == ("1.00000000", "1.01000000")
    assert futures == {name: value for name, value in spot.items() if name not in "xbBaA"}


def test_a_mark_price_is_finer_than_the_tick() -> None:
    figures = Figures(listing("perp", "0.10", "0.001"))
    premium = Premium(NOW, 650_001.25, 650_000.5, -0.000125, NOW + 1, 0.0001)
    message = orjson.loads(messages.mark_price(figures, "BTCUSDT", premium, NOW))
    assert (message["p"], message["i"], message["r"]) == ("65000.12500000", "65000.05000000", "-0.00012500")


def test_a_liquidation_says_its_own_side() -> None:
    figures = Figures(listing("perp", "0.10", "0.001"))
    order = ForcedOrder(NOW, True, 650_000, 650_010.0, 1500)
    message = orjson.loads(messages.forced_order(figures, "BTCUSDT", order, NOW, NOW))
    assert (message["o"]["S"], message["o"]["q"], message["o"]["ap"]) == ("SELL", "1.500", "65001.0")
