"""Market messages: what a venue said, in our words.

Each is frozen and carries two times in integer nanoseconds, UTC: `ts_exchange` (when the venue says
it happened) and `ts_received` (when it reached us). `instrument` is the internal id. Prices and
quantities are float64 as decoded: for looking, marking and signals, never for what anybody owns.
`None` means "not in this message", never zero.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Side = Literal["buy", "sell"]
Level = tuple[float, float]


class Trade(msgspec.Struct, frozen=True, gc=False, tag="trade"):
    """A trade. `side` is the taker's. `id` grows by one a trade where the venue numbers them (int).

    `first_id`/`last_id` are the single trades an aggregate holds, None for a single trade.
    """

    instrument: str
    id: int | str
    price: float
    quantity: float
    side: Side
    ts_exchange: int
    ts_received: int
    first_id: int | None = None
    last_id: int | None = None


class Quote(msgspec.Struct, frozen=True, gc=False, tag="quote"):
    """Best bid and ask."""

    instrument: str
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float
    update_id: int | None
    ts_exchange: int
    ts_received: int


class BookChange(msgspec.Struct, frozen=True, tag="book_change"):
    """A whole book (`snapshot`) or changes to it; quantity 0 removes the level.

    `first_id`..`last_id` are the update ids this message covers; `prev_id`, where the venue sends
    one, is the `last_id` of the message before it.
    """

    instrument: str
    snapshot: bool
    bids: list[Level]
    asks: list[Level]
    first_id: int | None
    last_id: int | None
    prev_id: int | None
    ts_exchange: int
    ts_received: int


class Derivative(msgspec.Struct, frozen=True, gc=False, tag="derivative"):
    """What is known of a perpetual or future beside its trades.

    `funding_rate` is the estimate for the coming settlement, as a fraction; `next_funding` is its
    time in ns; `open_interest` is in the venue's contracts or base, as the venue states it.
    """

    instrument: str
    ts_exchange: int
    ts_received: int
    last: float | None = None
    mark: float | None = None
    index: float | None = None
    funding_rate: float | None = None
    next_funding: int | None = None
    open_interest: float | None = None


class Ticker(msgspec.Struct, frozen=True, gc=False, tag="ticker"):
    """The venue's rolling 24 h statistics. Volume in base, `quote_volume` in quote."""

    instrument: str
    last: float
    open: float
    high: float
    low: float
    volume: float
    quote_volume: float
    ts_exchange: int
    ts_received: int


class Liquidation(msgspec.Struct, frozen=True, gc=False, tag="liquidation"):
    """A forced order. `side` is the order's own side: `sell` closes a long."""

    instrument: str
    id: str | None
    price: float
    quantity: float
    side: Side
    ts_exchange: int
    ts_received: int


class Candle(msgspec.Struct, frozen=True, gc=False, tag="candle"):
    """Open, high, low, close of one interval.

    `time` is the open time in UTC seconds; `volume` in base, `quote_volume` in quote; `trades` the
    number of single trades (None unknown); `closed` says that no further trade belongs to it.
    """

    instrument: str
    interval: str
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: bool
    ts_exchange: int
    ts_received: int
    quote_volume: float | None = None
    trades: int | None = None


class Funding(msgspec.Struct, frozen=True, gc=False, tag="funding"):
    """A settled funding rate: longs paid `rate` × notional at `mark` (negative: they received)."""

    instrument: str
    rate: float
    mark: float | None
    ts_exchange: int
    ts_received: int


class OpenInterest(msgspec.Struct, frozen=True, gc=False, tag="open_interest"):
    """Open contracts at a moment; `value` in quote where the venue states it."""

    instrument: str
    quantity: float
    value: float | None
    ts_exchange: int
    ts_received: int


class Connected(msgspec.Struct, frozen=True, gc=False, tag="connected"):
    """A venue connection is up and its subscriptions stand. `stream` names the connection."""

    venue: str
    stream: str
    ts_received: int


class Disconnected(msgspec.Struct, frozen=True, gc=False, tag="disconnected"):
    """A venue connection was lost: what came over it is stale until it is whole again.

    `instruments` are those whose messages it carried; empty means all of the venue.
    """

    venue: str
    stream: str
    reason: str
    instruments: tuple[str, ...]
    ts_received: int


class TimePassed(msgspec.Struct, frozen=True, gc=False, tag="time_passed"):
    """Nothing happened, but time went on: bars close, and what is silent becomes stale."""

    ts_received: int


class History(msgspec.Struct, frozen=True, tag="history"):
    """Closed candles that the venue gave on request, oldest first: where open bars begin exact."""

    instrument: str
    interval: str
    candles: list[Candle]
    ts_received: int


class TradesKnown(msgspec.Struct, frozen=True, gc=False, tag="trades_known"):
    """Every trade of `instrument` since `from_s` (UTC seconds) has been, or is being, handed on."""

    instrument: str
    from_s: int
    ts_received: int


MarketEvent = (
    Trade
    | Quote
    | BookChange
    | Derivative
    | Ticker
    | Liquidation
    | Candle
    | Funding
    | OpenInterest
    | Connected
    | Disconnected
    | TimePassed
    | History
    | TradesKnown
)
