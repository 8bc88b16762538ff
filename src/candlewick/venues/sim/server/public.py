"""The public questions: which path and which method of the WebSocket API asks for what, at what weight."""

from __future__ import annotations

from typing import NamedTuple

from candlewick.venues.sim.model import Market
from candlewick.venues.sim.server import futures, market_data, spot
from candlewick.venues.sim.server.market_data import Handler, Weight

# The venue charges no weight for these, but counts 500 (1,000) requests in five minutes.
UNWEIGHED = 0


class Public(NamedTuple):
    """One question of one market; `method` names it on the WebSocket API, where it can be asked there."""

    market: Market
    path: str
    handler: Handler
    weight: Weight
    method: str = ""


PUBLIC: tuple[Public, ...] = (
    Public("spot", "/api/v3/ping", market_data.ping, 1, "ping"),
    Public("spot", "/api/v3/time", market_data.time, 1, "time"),
    Public("spot", "/api/v3/exchangeInfo", spot.info, 20, "exchangeInfo"),
    Public("spot", "/api/v3/depth", spot.depth, spot.depth_weight, "depth"),
    Public("spot", "/api/v3/trades", market_data.trades, 25, "trades.recent"),
    Public("spot", "/api/v3/historicalTrades", market_data.historical_trades, 25, "trades.historical"),
    Public("spot", "/api/v3/aggTrades", market_data.aggregate_trades, 4, "trades.aggregate"),
    Public("spot", "/api/v3/klines", market_data.klines, 2, "klines"),
    Public("spot", "/api/v3/uiKlines", market_data.klines, 2, "uiKlines"),
    Public("spot", "/api/v3/avgPrice", spot.average_price, 2, "avgPrice"),
    Public("spot", "/api/v3/ticker/24hr", spot.daily, spot.daily_weight, "ticker.24hr"),
    Public("spot", "/api/v3/ticker/price", spot.price_ticker, spot.price_weight, "ticker.price"),
    Public("spot", "/api/v3/ticker/bookTicker", spot.book_ticker, spot.price_weight, "ticker.book"),
    Public("perp", "/fapi/v1/ping", market_data.ping, 1),
    Public("perp", "/fapi/v1/time", market_data.time, 1),
    Public("perp", "/fapi/v1/exchangeInfo", futures.info, 1),
    Public("perp", "/fapi/v1/depth", futures.depth, futures.depth_weight, "depth"),
    Public("perp", "/fapi/v1/trades", market_data.trades, 5),
    Public("perp", "/fapi/v1/historicalTrades", market_data.historical_trades, 20),
    Public("perp", "/fapi/v1/aggTrades", market_data.aggregate_trades, 20),
    Public("perp", "/fapi/v1/klines", market_data.klines, futures.candles_weight),
    Public("perp", "/fapi/v1/continuousKlines", futures.continuous_klines, futures.candles_weight),
    Public("perp", "/fapi/v1/markPriceKlines", futures.mark_price_klines, futures.candles_weight),
    Public("perp", "/fapi/v1/indexPriceKlines", futures.index_price_klines, futures.candles_weight),
    Public("perp", "/fapi/v1/premiumIndex", futures.premium_index, futures.by_symbol(1, 10)),
    Public("perp", "/fapi/v1/fundingRate", futures.funding_rates, UNWEIGHED),
    Public("perp", "/fapi/v1/fundingInfo", futures.funding_info, UNWEIGHED),
    Public("perp", "/fapi/v1/openInterest", futures.open_interest, 1),
    Public("perp", "/fapi/v1/allForceOrders", futures.forced_orders, futures.by_symbol(20, 50)),
    Public("perp", "/fapi/v1/ticker/24hr", futures.daily, futures.by_symbol(1, 40)),
    Public("perp", "/fapi/v1/ticker/price", futures.price_ticker, futures.by_symbol(1, 2), "ticker.price"),
    Public("perp", "/fapi/v2/ticker/price", futures.price_ticker, futures.by_symbol(1, 2)),
    Public("perp", "/fapi/v1/ticker/bookTicker", futures.book_ticker, futures.by_symbol(2, 5), "ticker.book"),
    Public("perp", "/futures/data/openInterestHist", futures.open_interest_history, UNWEIGHED),
)
