"""The JSON of each market channel, read from the heart's state at the moment it is sent.

A *source* stands behind one wanted channel: it names the updates that make it new, and gives bodies.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import orjson

from candlewick.core.clock import iso
from candlewick.core.errors import UnknownSymbol
from candlewick.core.events import Candle, Trade
from candlewick.core.instrument import parse_symbol, public_symbol
from candlewick.market.bars import tidy_sum
from candlewick.market.derivatives import DerivativeState
from candlewick.trading.effects import Aspect
from candlewick.trading.engine import Engine
from candlewick.trading.watch import Watch

BOOK_LEVELS: Final = 25
PRICE_ASPECTS: Final[frozenset[Aspect]] = frozenset({"trade", "price"})
FUNDING_ASPECTS: Final[frozenset[Aspect]] = frozenset({"derivative"})
TICKER_ASPECTS: Final[frozenset[Aspect]] = frozenset({"trade", "quote", "derivative", "session", "price"})
Body = tuple[bytes, bytes]


class Source(Protocol):
    """What stands behind a wanted channel."""

    update_keys: tuple[str, ...]

    def renew(self) -> None:
        """Somebody new looks: the next bodies must be whole."""
        ...

    def bodies(self) -> list[Body]:
        """What is to be sent now."""
        ...


def _tidied(value: float | None) -> float | None:
    return None if value is None else tidy_sum(value)


def candle_json(candle: Candle) -> dict[str, Any]:
    return {
        "time": candle.time,
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": tidy_sum(candle.volume),
        "closed": candle.closed,
    }


def trade_json(trade: Trade) -> dict[str, Any]:
    return {
        "time": iso(trade.ts_exchange),
        "price": trade.price,
        "quantity": trade.quantity,
        "side": trade.side,
        "id": str(trade.id),
    }


def book_json(watch: Watch, levels: int = BOOK_LEVELS) -> dict[str, Any]:
    """A book that is not synchronised has no levels, and says why."""
    book = watch.book
    data: dict[str, Any] = {
        "bids": book.bids(levels),
        "asks": book.asks(levels),
        "synchronised": book.synchronised,
        "update_id": book.last_id,
    }
    if not book.synchronised:
        data["reason"] = book.reason
    elif book.best_bid and book.best_ask:
        data["spread"] = round(book.best_ask[0] - book.best_bid[0], 10)
    return data


def price(watch: Watch, _primary: str) -> float | None:
    """The last price; None before there was one."""
    return watch.last


def ticker(watch: Watch, primary: str) -> dict[str, Any] | None:
    """Last price, best bid and ask, and the rolling day; None before anything is known."""
    if watch.last is None and watch.quote is None:
        return None
    quote, session, derivative = watch.quote, watch.session, watch.derivative
    data = {
        "symbol": public_symbol(watch.id, primary=primary),
        "instrument": watch.id,
        "last": watch.last,
        "bid": quote.bid if quote else None,
        "ask": quote.ask if quote else None,
        "change": _tidied(session.change),
        "change_pct": _tidied(session.change_pct),
        "high": session.high,
        "low": session.low,
        "volume": _tidied(session.volume),
        "vwap": _tidied(session.vwap),
        "stale": bool(watch.stale),
    }
    return data if derivative.mark is None else data | _derivative_json(derivative)


def funding(watch: Watch, primary: str) -> dict[str, Any] | None:
    """Mark, index, funding estimate and open interest; None for what has no funding."""
    if watch.derivative.funding_rate is None:
        return None
    names = {"symbol": public_symbol(watch.id, primary=primary), "instrument": watch.id}
    return names | _derivative_json(watch.derivative)


def _derivative_json(derivative: DerivativeState) -> dict[str, Any]:
    next_funding = derivative.next_funding
    return {
        "mark": derivative.mark,
        "index": derivative.index,
        "funding_rate": derivative.funding_rate,
        "next_funding": iso(next_funding) if next_funding else None,
        "open_interest": derivative.open_interest,
    }


class StateSource:
    """A channel whose body is one message about one instrument, and whose newest message wins."""

    type: str

    def __init__(self, watch: Watch, primary: str, channel: str, aspects: tuple[Aspect, ...]) -> None:
        self._watch = watch
        self._primary = primary
        self._channel = channel
        self.update_keys = tuple(f"{watch.id}/{aspect}" for aspect in aspects)

    def renew(self) -> None:
        pass

    def bodies(self) -> list[Body]:
        data = self.data()
        return [] if data is None else [self.message(data)]

    def data(self) -> Any:
        raise NotImplementedError

    def message(self, data: Any) -> Body:
        message = {
            "type": self.type,
            "channel": self._channel,
            "instrument": self._watch.id,
            "data": data,
        }
        return self._channel.encode(), orjson.dumps(message)


class BookSource(StateSource):
    """`book:<symbol>`"""

    type = "book"

    def data(self) -> Any:
        names = {"symbol": public_symbol(self._watch.id, primary=self._primary), "instrument": self._watch.id}
        return names | book_json(self._watch)


class TickerSource(StateSource):
    """`ticker:<symbol>`"""

    type = "ticker"

    def data(self) -> Any:
        return ticker(self._watch, self._primary)


class PriceSource(StateSource):
    """`prices:<symbol>`"""

    type = "price_tick"

    def bodies(self) -> list[Body]:
        if self._watch.last is None:
            return []
        symbol = public_symbol(self._watch.id, primary=self._primary)
        message = {
            "type": self.type,
            "channel": self._channel,
            "data": {symbol: self._watch.last},
            "instrument": self._watch.id,
            "timestamp": iso(self._watch.last_ts),
        }
        return [(self._channel.encode(), orjson.dumps(message))]


class CandleSource(StateSource):
    """`candles:<symbol>:<interval>`: the open bar, and each bar once more when it closed or was corrected."""

    type = "candle"

    def __init__(self, watch: Watch, primary: str, channel: str, interval: str) -> None:
        super().__init__(watch, primary, channel, ("trade", "candle"))
        self._interval = interval
        self._closed: list[Candle] = []
        self.closed_key = f"{watch.id}/{interval}"

    def take_closed(self, candle: Candle) -> None:
        """A bar of this channel closed or was corrected: its last word goes out before the open bar's."""
        self._closed.append(candle)

    def bodies(self) -> list[Body]:
        bars, self._closed = self._closed, []
        # an open bar of which trades are missing is no number to stand behind; they are being fetched
        if self._watch.candles.seeded(self._interval):
            bar = self._watch.candles.current(self._interval)
            assert bar is not None
            bars.append(bar)
        return [self.message(candle_json(each)) for each in bars]


class TapeSource(StateSource):
    """`tape:<symbol>`: a JSON array of the trades since the last body; the hub makes the message."""

    def __init__(self, watch: Watch, primary: str, channel: str) -> None:
        super().__init__(watch, primary, channel, ("trade",))
        self._seen = 0

    def renew(self) -> None:
        self._seen = 0

    def bodies(self) -> list[Body]:
        fresh = self._watch.tape.since(self._seen)
        self._seen = self._watch.tape.count
        return (
            [(self._channel.encode(), orjson.dumps([trade_json(trade) for trade in fresh]))] if fresh else []
        )


def watch_of(engine: Engine, symbol: str, primary: str) -> Watch:
    """The state of the instrument that `symbol` names.

    Raises:
        UnknownSymbol: there is none.
    """
    watch = engine.watches.get(parse_symbol(symbol, primary=primary))
    if watch is None:
        raise UnknownSymbol(symbol)
    return watch
