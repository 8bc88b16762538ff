"""Binance's messages as typed structs: what stands on the wire, under the venue's own field names.

Numbers arrive as strings; the decoders run with `strict=False`, so that they come out as floats in
one step, and the bounds below turn NaN, infinity, negative and absurd values away inside msgspec.
A field that we do not use is not declared: msgspec skips it without making an object of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

Price = Annotated[float, Meta(gt=0, lt=1e12)]
MaybePrice = Annotated[float, Meta(ge=0, lt=1e12)]  # 0 where the venue means "none yet"
Quantity = Annotated[float, Meta(ge=0, lt=1e18)]
Positive = Annotated[float, Meta(gt=0, lt=1e18)]
Millis = Annotated[int, Meta(ge=0, lt=4_102_444_800_000)]  # up to the year 2100
Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Rate = Annotated[float, Meta(gt=-1, lt=1)]  # of funding, a fraction
Absent = Literal[""]  # how the venue leaves a number out
Levels = list[tuple[Price, Quantity]]


class AggTrade(Struct, gc=False, tag_field="e", tag="aggTrade"):
    """Trades of one taker order at one price. `m`: the buyer is the maker.

    USDⓈ-M did not number its aggregates (`a`) in 2019:

        {"e":"aggTrade","E":1568693103463,"s":"BTCUSDT","p":"10223.74","q":"0.236","f":181349,"l":181349,
         "T":1568693103463,"m":false}
    """

    s: str
    p: Price
    q: Positive
    f: Id
    l: Id  # noqa: E741 (the venue's name)
    T: Millis
    m: bool
    a: Id | None = None


class SingleTrade(Struct, gc=False, tag_field="e", tag="trade"):
    """One trade. Futures add `X`: anything but MARKET is no trade of the market's."""

    s: str
    t: Id
    p: MaybePrice
    q: Quantity
    T: Millis
    m: bool
    X: str | None = None


class BookTicker(Struct, gc=False, tag_field="e", tag="bookTicker"):
    """Best bid and ask; on spot without event type and time."""

    s: str
    u: Id
    b: MaybePrice
    B: Quantity
    a: MaybePrice
    A: Quantity
    E: Millis | None = None


class DepthUpdate(Struct, tag_field="e", tag="depthUpdate"):
    """Levels that changed in updates `U`..`u`; futures chain them by `pu`."""

    E: Millis
    s: str
    U: Id
    u: Id
    b: Levels
    a: Levels
    pu: Annotated[int, Meta(ge=-1, le=2**63 - 1)] | None = None


class DepthSnapshot(Struct, rename="camel"):
    """A whole book (REST) or its best levels (partial depth stream of spot)."""

    last_update_id: Id
    bids: Levels
    asks: Levels
    E: Millis | None = None
    symbol: str | None = None


class KlineBody(Struct, gc=False):
    """A candle. `v` is base volume, on COIN-M contracts; `q` quote volume, on COIN-M base."""

    t: Millis
    i: str
    o: Price
    h: Price
    l: Price  # noqa: E741 (the venue's name)
    c: Price
    v: Quantity
    q: Quantity
    n: Id
    x: bool


class Kline(Struct, gc=False, tag_field="e", tag="kline"):
    """A candle as it forms (`x` false) or closed."""

    E: Millis
    s: str
    k: KlineBody


class MarkPrice(Struct, gc=False, tag_field="e", tag="markPriceUpdate"):
    """Mark, index and the funding estimate. `r` is empty and `T` 0 where there is no funding."""

    E: Millis
    s: str
    p: MaybePrice
    r: Rate | Absent = ""
    T: Millis = 0
    i: MaybePrice | None = None


class Ticker24h(Struct, gc=False, tag_field="e", tag="24hrTicker"):
    """Rolling 24 h statistics."""

    E: Millis
    s: str
    c: MaybePrice
    o: MaybePrice
    h: MaybePrice
    l: MaybePrice  # noqa: E741 (the venue's name)
    v: Quantity
    q: Quantity


class MiniTicker24h(Struct, gc=False, tag_field="e", tag="24hrMiniTicker"):
    """The same without best prices and changes."""

    E: Millis
    s: str
    c: MaybePrice
    o: MaybePrice
    h: MaybePrice
    l: MaybePrice  # noqa: E741 (the venue's name)
    v: Quantity
    q: Quantity


class ForcedOrder(Struct, gc=False):
    """The order of a liquidation: `p` its limit, `z` what was filled of it."""

    s: str
    S: str
    p: Price
    z: Quantity
    X: str
    T: Millis


class ForceOrder(Struct, gc=False, tag_field="e", tag="forceOrder"):
    """A liquidation."""

    o: ForcedOrder


class OpenInterestNow(Struct, gc=False, rename="camel"):
    """REST `openInterest`; recordings wrap it like a stream and leave the time out."""

    symbol: str
    open_interest: Quantity
    time: Millis | None = None


Streamed = (
    AggTrade
    | SingleTrade
    | BookTicker
    | DepthUpdate
    | Kline
    | MarkPrice
    | Ticker24h
    | MiniTicker24h
    | ForceOrder
)


Payload = Streamed | list[Streamed]


class Envelope(Struct, gc=False):
    """A message of a combined stream."""

    stream: str
    data: Payload


class BookTickerEnvelope(Struct, gc=False):
    """The same of a bookTicker stream, which on spot carries no event type."""

    data: BookTicker


class Probe(Struct, rename="camel"):
    """Just enough of any message to tell what it is. Absent fields are empty."""

    stream: str = ""
    data: Raw = msgspec.field(default_factory=Raw)
    e: str = ""
    s: str = ""
    u: Raw = msgspec.field(default_factory=Raw)
    last_update_id: Raw = msgspec.field(default_factory=Raw)
    open_interest: Raw = msgspec.field(default_factory=Raw)
    id: Raw = msgspec.field(default_factory=Raw)
    symbols: Raw = msgspec.field(default_factory=Raw)
    result: Raw = msgspec.field(default_factory=Raw)
    error: Raw = msgspec.field(default_factory=Raw)
    code: Raw = msgspec.field(default_factory=Raw)
    msg: str = ""


def _decoder(type_: object) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(type_, strict=False).decode


decode_message: Callable[[bytes], Envelope] = _decoder(Envelope)
decode_spot_quote: Callable[[bytes], BookTickerEnvelope] = _decoder(BookTickerEnvelope)
decode_probe: Callable[[bytes], Probe] = _decoder(Probe)
decode_payload: Callable[[bytes], Any] = _decoder(Payload)
decode_quote: Callable[[bytes], BookTicker] = _decoder(BookTicker)
decode_snapshot: Callable[[bytes], DepthSnapshot] = _decoder(DepthSnapshot)
decode_open_interest: Callable[[bytes], OpenInterestNow] = _decoder(OpenInterestNow)
