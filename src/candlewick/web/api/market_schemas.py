"""What the answers about markets look like, for the documentation. Market data are floats, as decoded."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

Level = Annotated[list[float], Field(min_length=2, max_length=2)]


class Candle(Schema):
    """`time` is when it opens, in UTC seconds; a volume that a source does not tell is null."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None


class Point(Schema):
    """An indicator's value; null where there are too few bars."""

    time: int
    value: float | None


class Profile(Schema):
    """Volume by price; empty and null where no bars are known, or their volume is not.

    `start` is the first bar's time, `edges` are the prices between the bins (one more than `volume` has),
    `poc` is the point of control, and between `value_low` and `value_high` lies the share that was asked for.
    """

    start: int | None
    edges: list[float]
    volume: list[float]
    poc: float | None
    value_low: float | None
    value_high: float | None


class IndicatorParameter(Schema):
    """A number that an indicator takes: whole unless `fraction`."""

    name: str
    default: float
    low: float
    high: float
    fraction: bool


class IndicatorLine(Schema):
    """A line of an indicator and how it is drawn.

    `band` lines are the edges of an area, `candle` lines the prices of candles, `none` is not drawn. A line
    with `drawn_back_by` is drawn so many bars further left than its time as that parameter says.
    """

    name: str
    draw: Literal["line", "band", "histogram", "dots", "marker", "candle", "none"]
    drawn_back_by: str | None


class IndicatorKind(Schema):
    """An indicator that a chart can show.

    `levels` are customary lines across its pane. The level of a `relative` one depends on the first bar that
    was read; only its changes mean something. `warm_up` and `lookback` are those of the usual numbers: bars
    before its first value (null: that depends on the time of day), and bars that its values depend on.
    """

    name: str
    title: str
    group: Literal["trend", "momentum", "volatility", "volume", "statistics", "patterns"]
    pane: Literal["price", "own"]
    key: str
    parameters: list[IndicatorParameter]
    outputs: list[IndicatorLine]
    levels: list[float]
    relative: bool
    columns: list[str]
    warm_up: int | None
    lookback: int
    convention: str


class Instrument(Schema):
    """Something that can be watched, and its grid."""

    symbol: str
    instrument: str
    venue: str
    venue_title: str
    simulated: bool
    kind: str
    base: str
    quote: str
    settle: str
    tick: float | None
    lot: float | None
    min_notional: float | None
    sector: str | None


class Instruments(Schema):
    """A page of instruments."""

    items: list[Instrument]
    next: str | None


class Ticker(Schema):
    """Last price, best prices and the rolling day; of derivatives mark, index and funding too."""

    symbol: str
    instrument: str
    last: float | None
    bid: float | None
    ask: float | None
    change: float | None
    change_pct: float | None
    high: float | None
    low: float | None
    volume: float | None
    vwap: float | None
    stale: bool
    mark: float | None = None
    index: float | None = None
    funding_rate: float | None = None
    next_funding: str | None = None
    open_interest: float | None = None


class Tickers(Schema):
    """A page of tickers."""

    items: list[Ticker]
    next: str | None


class OrderBook(Schema):
    """Levels as [price, quantity], best first. One that is not synchronised has none, and a `reason`."""

    symbol: str
    instrument: str
    bids: list[Level]
    asks: list[Level]
    synchronised: bool
    update_id: int | None
    spread: float | None = None
    reason: str | None = None


class MarketTrade(Schema):
    """A trade; `side` is the taker's."""

    symbol: str
    instrument: str
    time: str
    price: float
    quantity: float
    side: Literal["buy", "sell"] | None
    id: str | None


class MarketTrades(Schema):
    """The newest trades."""

    items: list[MarketTrade]
    next: None


class FundingRate(Schema):
    """A funding rate that was settled, and the mark it was settled at where the venue tells it."""

    symbol: str
    instrument: str
    time: str
    rate: float
    mark: float | None


class FundingRates(Schema):
    """A page of funding rates."""

    items: list[FundingRate]
    next: str | None


class OpenInterest(Schema):
    """How much is open now."""

    symbol: str
    instrument: str
    time: str
    quantity: float
    value: float | None


class Replay(Schema):
    """How a replayed recording stands; `position` is the moment it has come to."""

    paused: bool
    speed: float
    position: str
    messages: int
    done: bool
