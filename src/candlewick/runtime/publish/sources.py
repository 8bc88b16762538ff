"""Which source stands behind a channel's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.runtime.publish.bodies import (
    TICKER_ASPECTS,
    BookSource,
    CandleSource,
    PriceSource,
    Source,
    TapeSource,
    TickerSource,
    watch_of,
)
from candlewick.runtime.publish.indicators import IndicatorSource, WarmUp
from candlewick.trading.engine import Engine
from candlewick.trading.watch import Watch

_OF_SYMBOL: Final[dict[str, Callable[[Watch, str, str], Source]]] = {
    "book": lambda watch, primary, channel: BookSource(watch, primary, channel, ("book",)),
    "tape": TapeSource,
    "prices": lambda watch, primary, channel: PriceSource(watch, primary, channel, ("trade", "price")),
    "ticker": lambda watch, primary, channel: TickerSource(watch, primary, channel, tuple(TICKER_ASPECTS)),
}


def source_of(channel: str, engine: Engine, primary: str, warm_up: WarmUp) -> Source:
    """The source of a channel's bodies.

    Raises:
        UsageError: there is no such channel, symbol, interval or live indicator.
    """
    kind, _, rest = channel.partition(":")
    if kind == "candles":
        symbol, _, interval = rest.rpartition(":")
        seconds(interval)
        return CandleSource(watch_of(engine, symbol, primary), primary, channel, interval)
    if kind == "indicators":
        symbol = rest.rsplit(":", 2)[0]
        return IndicatorSource(watch_of(engine, symbol, primary), primary, channel, rest, warm_up)
    make = _OF_SYMBOL.get(kind)
    if make is None:
        raise UsageError(f"There is no channel {channel!r}.")
    return make(watch_of(engine, rest, primary), primary, channel)
