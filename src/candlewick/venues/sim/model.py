"""The nouns inside the simulated exchange: everything counts in whole ticks and whole lots."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

Market = Literal["spot", "perp"]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument listed at one simulated venue.

    Attributes:
        symbol: Binance's spelling (`BTCUSDT` for spot and perpetual alike; `AAPL` for an equity).
        tick, lot: steps of price and quantity as Decimals; a price is `ticks × tick`.
        listed_ms: first moment with a market.
    """

    symbol: str
    market: Market
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    sector: str
    equity: bool
    listed_ms: int


class Print(NamedTuple):
    """A trade that printed. `seller_is_taker` is Binance's `m` ("buyer is maker")."""

    id: int
    ts_ms: int
    ticks: int
    lots: int
    seller_is_taker: bool


class Kline(NamedTuple):
    """A candle in ticks and lots; `quote` is Σ ticks × lots, `taker_*` the part bought by takers."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote: int
    count: int  # type: ignore[assignment]  # a column may take the name of tuple.count
    taker_volume: int
    taker_quote: int


class Depth(NamedTuple):
    """The whole book at `update_id`: (ticks, lots), best first."""

    update_id: int
    ts_ms: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class DepthDiff(NamedTuple):
    """Levels that changed in updates `first_id`..`last_id`; 0 lots removes a level."""

    first_id: int
    last_id: int
    prev_id: int
    ts_ms: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Premium(NamedTuple):
    """Mark and index in ticks (float: they need not lie on the grid), the funding estimate."""

    ts_ms: int
    mark: float
    index: float  # type: ignore[assignment]  # as may one that of tuple.index
    funding_rate: float
    next_funding_ms: int
    interest_rate: float


class ForcedOrder(NamedTuple):
    """A liquidation that the market executed."""

    ts_ms: int
    sells: bool
    ticks: int
    average: float
    lots: int
