"""Binance's messages become our events. Pure: bytes in, events out, no socket and no clock.

A message of a combined stream looks like this (spot, 2021):

    {"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1616176861895,"s":"BTCUSDT",
     "a":640283266,"p":"58942.01000000","q":"0.00035600","f":716849523,"l":716849523,
     "T":1616176861893,"m":false,"M":true}}

One decoder over the union of all event types reads it in one step. Spot's bookTicker has no event
type, so it is told by its last bytes and has a decoder of its own. Whatever is not like that (a
bare payload, a REST body, the answer to a subscription) is looked at twice: once to tell what it
is, once to decode it.

Meaning of the times: a trade's and a liquidation's is when it happened (`T`); of all else when the
venue sent it (`E`). Spot's bookTicker and REST snapshots carry none, and take the received time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from candlewick.core.errors import MalformedMessage
from candlewick.core.events import (
    BookChange,
    Candle,
    Derivative,
    Liquidation,
    OpenInterest,
    Quote,
    Ticker,
    Trade,
)
from candlewick.core.instrument import instrument_id
from candlewick.venues.binance import wire
from candlewick.venues.contract import VenueEvent

Market = Literal["spot", "usdm", "coinm"]
Events = tuple[VenueEvent, ...]

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_SYMBOLS: Final = 20_000
KLINE_INTERVALS: Final = frozenset(
    ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
)
# Known, and nothing of ours: about a pair, an asset or the venue, not about one instrument.
IGNORED: Final = frozenset(
    (
        "indexPriceUpdate",
        "continuous_kline",
        "indexPrice_kline",
        "markPrice_kline",
        "compositeIndex",
        "assetIndexUpdate",
        "contractInfo",
        "avgPrice",
        "tradingSession",
        "serverShutdown",
    )
)
_NS_PER_MS: Final = 1_000_000
_PARTIAL_DEPTH: Final = re.compile(r"@depth\d")  # the best 5, 10 or 20 levels whole, not what changed
_QUOTE: Final = ord('"')
_NATIVE: Final = re.compile(r"\w[\w.-]{0,39}")


def native_symbol(market: Market, native: str) -> str:
    """Our spelling of the venue's `native` name: the perpetual of BTCUSDT is `BTCUSDT-PERP`."""
    if market == "usdm" and "_" not in native:
        return f"{native}-PERP"
    return native.replace("_", "-")


def contract_usd(native: str) -> int:
    """USD in one COIN-M contract: 100 for BTC, 10 for all others (Binance, contract specification)."""
    return 100 if native.startswith("BTCUSD_") else 10


class _Instruments(dict[str, str]):
    """Native name → internal id, made on first sight so that every event shares one string."""

    def __init__(self, venue: str, market: Market) -> None:
        super().__init__()
        self.native: dict[str, str] = {}
        self._venue = venue
        self._market = market

    def __missing__(self, native: str) -> str:
        if not _NATIVE.fullmatch(native):
            raise MalformedMessage("bad_symbol", f"{native[:40]!r} is no symbol")
        if len(self) >= MAX_SYMBOLS:
            raise MalformedMessage("too_many_symbols", f"more than {MAX_SYMBOLS} different symbols")
        id = instrument_id(self._venue, native_symbol(self._market, native))
        self[native] = id
        self.native[id] = native
        return id


class Mapper:
    """Maps the messages of one market (`spot`, `usdm`, `coinm`) of one venue."""

    def __init__(self, venue_id: str, market: Market) -> None:
        self.venue_id = venue_id
        self.market = market
        self._ids = _Instruments(venue_id, market)
        self._spot = market == "spot"
        self._decode = wire.decode_message
        self._decode_spot_quote = wire.decode_spot_quote
        self._by_type: dict[type, Callable[[Any, int, str], Events]] = {
            list: self._from_list,
            wire.AggTrade: self._from_agg_trade,
            wire.SingleTrade: self._from_trade,
            wire.BookTicker: self._from_book_ticker,
            wire.DepthUpdate: self._from_depth,
            wire.Kline: self._from_kline,
            wire.MarkPrice: self._from_mark,
            wire.Ticker24h: self._from_ticker,
            wire.MiniTicker24h: self._from_ticker,
            wire.ForceOrder: self._from_force_order,
        }

    def events(self, raw: bytes, ts_received: int, symbol: str | None = None) -> Events:
        """The events that `raw` holds; empty for acknowledgements and what is nobody's.

        `symbol` (native) names the instrument of a REST snapshot, which does not name it itself.

        Raises:
            MalformedMessage: it cannot be read; `reason` is one of bad_json, bad_utf8, too_large,
                too_deep, missing_field, wrong_type, out_of_range, unknown_event, bad_symbol,
                no_symbol, too_many_symbols, bad_interval, bad_side, impossible_candle.
        """
        if not 2 < len(raw) <= MAX_BYTES:
            raise MalformedMessage(*_size_fault(len(raw)))
        try:
            try:
                # Of spot's events the bookTicker alone ends in a quoted number; if this guess is
                # wrong, the decoder says so and the message is looked at twice.
                if self._spot and raw[-3] == _QUOTE:
                    ticker = self._decode_spot_quote(raw).data
                    return self._from_book_ticker(ticker, ts_received, "")
                message = self._decode(raw)
            except msgspec.ValidationError:
                return self._look_twice(raw, ts_received, symbol)
            data = message.data
            return self._by_type[type(data)](data, ts_received, message.stream)
        except msgspec.ValidationError as error:
            raise MalformedMessage(_reason(str(error)), _printable(error)) from None
        except msgspec.DecodeError as error:
            raise MalformedMessage("bad_json", _printable(error)) from None
        except UnicodeDecodeError as error:
            raise MalformedMessage("bad_utf8", _printable(error)) from None
        except RecursionError:
            raise MalformedMessage("too_deep", "nested too deeply to be read") from None

    def native(self, instrument: str) -> str:
        """The venue's own name of an instrument that this mapper has named."""
        return self._ids.native[instrument]

    def instrument(self, native: str) -> str:
        """The internal id of the venue's `native` name."""
        return self._ids[native]

    def _look_twice(self, raw: bytes, ts_received: int, symbol: str | None) -> Events:
        """Tell what a message is that is no enveloped event, then decode it as that."""
        stream = ""
        if not _is_array(raw):
            probe = wire.decode_probe(raw)
            if probe.data and probe.stream:
                stream, raw = probe.stream, bytes(probe.data)
                symbol = stream.partition("@")[0].upper()
        if not _is_array(raw):
            probe = wire.decode_probe(raw)
            if probe.e in IGNORED:
                return ()
            if not probe.e:
                return self._untyped(raw, probe, ts_received, symbol, answers=not stream)
        try:
            payload = wire.decode_payload(raw)
        except msgspec.ValidationError as error:
            if str(error).startswith("Invalid value"):
                raise MalformedMessage("unknown_event", _printable(error)) from None
            raise
        return self._by_type[type(payload)](payload, ts_received, stream)

    def _untyped(
        self, raw: bytes, probe: wire.Probe, ts_received: int, symbol: str | None, *, answers: bool
    ) -> Events:
        """A payload without event type: told by the fields that it has."""
        if probe.last_update_id:
            return self._from_snapshot(wire.decode_snapshot(raw), ts_received, symbol)
        if probe.open_interest:
            return self._from_open_interest(wire.decode_open_interest(raw), ts_received)
        if probe.s and probe.u:
            return self._from_book_ticker(wire.decode_quote(raw), ts_received, "")
        if answers and (probe.result or probe.error or probe.code or probe.symbols):
            return ()  # of a subscription, an error, exchangeInfo
        raise MalformedMessage("unknown_event", "no event type, and no shape that is known")

    # One struct each; `stream` is empty where the message came without.

    def _from_list(self, messages: list[Any], ts_received: int, stream: str) -> Events:
        by_type = self._by_type
        return tuple(event for m in messages for event in by_type[type(m)](m, ts_received, stream))

    def _from_agg_trade(self, m: wire.AggTrade, ts_received: int, stream: str) -> Events:
        if m.a is None:
            if self.market == "usdm":
                return ()  # of 2019: without a number nobody could tell a gap or a repetition
            raise MalformedMessage("missing_field", "an aggregate trade without its number `a`")
        side: Literal["buy", "sell"] = "sell" if m.m else "buy"
        return (Trade(self._ids[m.s], m.a, m.p, m.q, side, m.T * _NS_PER_MS, ts_received, m.f, m.l),)

    def _from_trade(self, m: wire.SingleTrade, ts_received: int, stream: str) -> Events:
        # Insurance fund, ADL and settlement (`X`) take no part in the market; "NA" comes with price 0.
        if m.X is not None and m.X != "MARKET":
            return ()
        if m.p <= 0 or m.q <= 0:
            raise MalformedMessage("out_of_range", f"trade of {m.q} at {m.p}")
        side: Literal["buy", "sell"] = "sell" if m.m else "buy"
        return (Trade(self._ids[m.s], m.t, m.p, m.q, side, m.T * _NS_PER_MS, ts_received),)

    def _from_book_ticker(self, m: wire.BookTicker, ts_received: int, stream: str) -> Events:
        # An empty side is sent as price 0: half a quote would make a wrong mid, so there is none.
        if m.b == 0 or m.a == 0:
            return ()
        ts = ts_received if m.E is None else m.E * _NS_PER_MS
        return (Quote(self._ids[m.s], m.b, m.B, m.a, m.A, m.u, ts, ts_received),)

    def _from_depth(self, m: wire.DepthUpdate, ts_received: int, stream: str) -> Events:
        snapshot = "@depth@" not in stream and _PARTIAL_DEPTH.search(stream) is not None
        ts = m.E * _NS_PER_MS
        return (BookChange(self._ids[m.s], snapshot, m.b, m.a, m.U, m.u, m.pu, ts, ts_received),)

    def _from_snapshot(self, m: wire.DepthSnapshot, ts_received: int, symbol: str | None) -> Events:
        native = m.symbol or symbol
        if native is None:
            raise MalformedMessage("no_symbol", "a book snapshot that does not say of what")
        ts = ts_received if m.E is None else m.E * _NS_PER_MS
        id = self._ids[native]
        return (BookChange(id, True, m.bids, m.asks, None, m.last_update_id, None, ts, ts_received),)

    def _from_kline(self, m: wire.Kline, ts_received: int, stream: str) -> Events:
        k = m.k
        if k.i not in KLINE_INTERVALS:
            raise MalformedMessage("bad_interval", f"{k.i[:20]!r} is no interval")
        if not (k.l <= k.o <= k.h and k.l <= k.c <= k.h):
            raise MalformedMessage("impossible_candle", f"open {k.o} high {k.h} low {k.l} close {k.c}")
        volume, quote_volume = self._volumes(m.s, k.v, k.q)
        id, ts = self._ids[m.s], m.E * _NS_PER_MS
        return (
            Candle(id, k.i, k.t // 1000, k.o, k.h, k.l, k.c, volume, k.x, ts, ts_received, quote_volume, k.n),
        )

    def _from_mark(self, m: wire.MarkPrice, ts_received: int, stream: str) -> Events:
        if m.p == 0:
            return ()
        rate: float | None = None
        settles: int | None = None
        if m.T and m.r != "":  # a dated future sends "" and 0: it knows no funding
            rate, settles = m.r, m.T * _NS_PER_MS
        ts = m.E * _NS_PER_MS
        return (Derivative(self._ids[m.s], ts, ts_received, None, m.p, m.i or None, rate, settles),)

    def _from_ticker(self, m: wire.Ticker24h | wire.MiniTicker24h, ts_received: int, stream: str) -> Events:
        if not (m.c and m.o and m.h and m.l):  # listed, never traded
            return ()
        volume, quote_volume = self._volumes(m.s, m.v, m.q)
        id, ts = self._ids[m.s], m.E * _NS_PER_MS
        return (Ticker(id, m.c, m.o, m.h, m.l, volume, quote_volume, ts, ts_received),)

    def _from_force_order(self, m: wire.ForceOrder, ts_received: int, stream: str) -> Events:
        o = m.o
        if o.X != "FILLED":
            return ()
        side: Literal["buy", "sell"]
        if o.S == "BUY":
            side = "buy"
        elif o.S == "SELL":
            side = "sell"
        else:
            raise MalformedMessage("bad_side", f"{o.S[:20]!r} is no side")
        return (Liquidation(self._ids[o.s], None, o.p, o.z, side, o.T * _NS_PER_MS, ts_received),)

    def _from_open_interest(self, m: wire.OpenInterestNow, ts_received: int) -> Events:
        ts = ts_received if m.time is None else m.time * _NS_PER_MS
        return (OpenInterest(self._ids[m.symbol], m.open_interest, None, ts, ts_received),)

    def _volumes(self, native: str, v: float, q: float) -> tuple[float, float]:
        """(base, quote) volume of a venue's `v` and `q`, which COIN-M counts in contracts and base."""
        return (q, v * contract_usd(native)) if self.market == "coinm" else (v, q)


def _size_fault(size: int) -> tuple[str, str]:
    if size <= 2:
        return "bad_json", f"{size} bytes are no message"
    return "too_large", f"{size} bytes, at most {MAX_BYTES} are read"


def _is_array(raw: bytes) -> bool:
    return raw.lstrip()[:1] == b"["


def _printable(error: Exception) -> str:
    """The error in one short line: it may quote what the venue sent, line ends and all."""
    return "".join(c if c.isprintable() else "?" for c in str(error)[:200])


def _reason(text: str) -> str:
    """A stable word for msgspec's sentence, so that counters survive its next version's wording."""
    if "missing required" in text:
        return "missing_field"
    if "out of range" in text or "` >" in text or "` <" in text:
        return "out_of_range"
    return "wrong_type"
