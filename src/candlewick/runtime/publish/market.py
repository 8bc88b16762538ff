"""The market lane: of everything that moves, the newest value, as often as a window allows.

Nothing is computed for a channel that nobody looks at. A channel that is looked at and has changed is
encoded once a window of 10 ms, however many messages changed it and however many browsers look; the
web processes conflate further, to the 100 or 250 ms that a browser is promised. A window in which
nothing changed costs nothing: the timer is armed by the first change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from candlewick.core.errors import UsageError
from candlewick.core.events import Candle
from candlewick.core.instrument import public_symbol
from candlewick.runtime.publish.bodies import TICKER_ASPECTS, CandleSource, Source, price, ticker
from candlewick.runtime.publish.indicators import IndicatorSource, WarmUp
from candlewick.runtime.publish.sources import source_of
from candlewick.trading.effects import Updated
from candlewick.trading.engine import Engine

WINDOW_S: Final = 0.010
TICKERS_WINDOW_S: Final = 0.050  # the big map is worth a window of its own
MAPS: Final = frozenset({"prices", "tickers"})


class MarketLane:
    """Knows which channels are wanted, notes what changed, and sends it.

    Args:
        engine: the heart, whose state is read when a channel is encoded.
        send: takes the frames of one flush: `channel, body, channel, body, …`.
        warm_up: gives an indicator the closed bars it needs, some time later.
    """

    def __init__(
        self, engine: Engine, primary: str, send: Callable[[list[bytes]], None], warm_up: WarmUp
    ) -> None:
        self._engine = engine
        self._primary = primary
        self._send = send
        self._warm_up = warm_up
        self._sources: dict[str, Source] = {}
        self._by_update: dict[str, list[Source]] = {}
        self._by_closed: dict[str, list[CandleSource | IndicatorSource]] = {}
        self._wants_prices = self._wants_tickers = False
        self._moved: set[str] = set()  # instruments whose price changed since the last flush
        self._ticked: set[str] = set()  # instruments whose ticker changed since the last flush of tickers
        self._dirty: set[Source] = set()
        self._armed = False
        self._tickers_armed = False
        self._loop = asyncio.get_running_loop()
        self.flushes = 0
        self.bodies = 0

    def demand(self, channels: Iterable[str]) -> None:
        """Replace the set of wanted channels; what is newly wanted is sent whole at the next flush.

        A channel that cannot be (its symbol left the list, say) is passed over: the web process has
        checked what people ask for.
        """
        wanted = set(channels)
        self._wants_prices, self._wants_tickers = "prices" in wanted, "tickers" in wanted
        sources: dict[str, Source] = {}
        for channel in wanted - MAPS:
            try:
                sources[channel] = self._sources.get(channel) or source_of(
                    channel, self._engine, self._primary, self._warm_up
                )
            except UsageError:
                continue
        self._sources = sources
        self._by_update = {}
        self._by_closed = {}
        for source in sources.values():
            for key in source.update_keys:
                self._by_update.setdefault(key, []).append(source)
            if isinstance(source, CandleSource | IndicatorSource):
                self._by_closed.setdefault(source.closed_key, []).append(source)
            source.renew()
            self._dirty.add(source)
        if self._wants_prices:
            self._moved.update(self._engine.watches)
        if self._wants_tickers:
            self._ticked.update(self._engine.watches)
            self._arm_tickers()
        self._arm()

    def note(self, update: Updated) -> None:
        """Something changed. Called for every update of the heart: the hot path."""
        sources = self._by_update.get(update.key)
        if sources is not None:
            self._dirty.update(sources)
            if not self._armed:
                self._arm()
        if self._wants_prices and update.aspect == "trade":
            self._moved.add(update.instrument)
            if not self._armed:
                self._arm()
        if self._wants_tickers and update.aspect in TICKER_ASPECTS:
            self._ticked.add(update.instrument)
            if not self._tickers_armed:
                self._arm_tickers()

    def note_closed(self, candle: Candle) -> None:
        """A bar closed or was corrected."""
        for source in self._by_closed.get(f"{candle.instrument}/{candle.interval}", ()):
            source.take_closed(candle)
            self._dirty.add(source)
            self._arm()

    def refresh(self, source: Source) -> None:
        """A source has something new of its own to say."""
        self._dirty.add(source)
        self._arm()

    def send_now(self, channel: str, body: Any) -> None:
        """Send a body of a channel that is not folded from market messages (`feeds`)."""
        self._send([channel.encode(), orjson.dumps(body)])

    def flush(self) -> None:
        """Encode and send what changed and is wanted."""
        self._armed = False
        frames: list[bytes] = []
        dirty, self._dirty = self._dirty, set()
        for source in dirty:
            for channel, body in source.bodies():
                frames += (channel, body)
        if self._moved:
            moved, self._moved = self._moved, set()
            if self._wants_prices:
                frames += (b"prices", self._map(moved, price))
        self._send_frames(frames)

    def _flush_tickers(self) -> None:
        self._tickers_armed = False
        ticked, self._ticked = self._ticked, set()
        if ticked and self._wants_tickers:
            self._send_frames([b"tickers", self._map(ticked, ticker)])

    def _send_frames(self, frames: list[bytes]) -> None:
        if frames:
            self.flushes += 1
            self.bodies += len(frames) // 2
            self._send(frames)

    def _map(self, instruments: set[str], value: Callable[..., Any]) -> bytes:
        watches, primary = self._engine.watches, self._primary
        found = {}
        for instrument in instruments:
            one = value(watches[instrument], primary)
            if one is not None:
                found[public_symbol(instrument, primary=primary)] = one
        return orjson.dumps(found)

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            self._loop.call_later(WINDOW_S, self.flush)

    def _arm_tickers(self) -> None:
        if not self._tickers_armed:
            self._tickers_armed = True
            self._loop.call_later(TICKERS_WINDOW_S, self._flush_tickers)
