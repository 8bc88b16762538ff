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
from candlewick.runtime.publish import bodies
from candlewick.runtime.publish.bodies import (
    FUNDING_ASPECTS,
    PRICE_ASPECTS,
    TICKER_ASPECTS,
    CandleSource,
    Source,
)
from candlewick.runtime.publish.indicators import IndicatorSource, WarmUp
from candlewick.runtime.publish.sources import source_of
from candlewick.trading.effects import Aspect, Updated
from candlewick.trading.engine import Engine
from candlewick.trading.watch import Watch

WINDOW_S: Final = 0.010


class MapChannel:
    """A channel of values by symbol, whose bodies hold those that changed.

    Args:
        aspects: the updates that change a value.
        value: the value of an instrument; None: nothing is known yet.
        window_s: a big map is worth a longer window of its own.
    """

    def __init__(
        self, name: str, aspects: frozenset[Aspect], value: Callable[[Watch, str], Any], window_s: float
    ) -> None:
        self.name = name
        self.aspects = aspects
        self.value = value
        self.window_s = window_s
        self.changed: set[str] = set()
        self.is_due = False


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
        self._dirty: set[Source] = set()
        self._is_due = False
        self._maps = {
            each.name: each
            for each in (
                MapChannel("prices", PRICE_ASPECTS, bodies.price, WINDOW_S),
                MapChannel("tickers", TICKER_ASPECTS, bodies.ticker, 0.050),
                MapChannel("funding", FUNDING_ASPECTS, bodies.funding, 0.100),
            )
        }
        self._maps_of: dict[Aspect, list[MapChannel]] = {}
        self._loop = asyncio.get_running_loop()
        self.flushes = 0
        self.bodies = 0

    def demand(self, channels: Iterable[str], fresh: Iterable[str] | None = None) -> None:
        """Replace the set of wanted channels; of these the `fresh` (all, if not given) are sent whole.

        A channel that cannot be (its symbol left the list, say) is passed over: the web process has
        checked what people ask for.
        """
        wanted = set(channels)
        whole = wanted if fresh is None else wanted & set(fresh)
        sources: dict[str, Source] = {}
        for channel in wanted - self._maps.keys():
            try:
                sources[channel] = self._sources.get(channel) or source_of(
                    channel, self._engine, self._primary, self._warm_up
                )
            except UsageError:
                continue
        self._sources, self._by_update, self._by_closed = sources, {}, {}
        for source in sources.values():
            for key in source.update_keys:
                self._by_update.setdefault(key, []).append(source)
            if isinstance(source, CandleSource | IndicatorSource):
                self._by_closed.setdefault(source.closed_key, []).append(source)
        for channel in whole & sources.keys():
            sources[channel].renew()
            self.refresh(sources[channel])
        self._maps_of = {}
        for name in wanted & self._maps.keys():
            map_ = self._maps[name]
            for aspect in map_.aspects:
                self._maps_of.setdefault(aspect, []).append(map_)
            if name in whole:
                map_.changed.update(self._engine.watches)
                self._arm_map(map_)

    def note(self, update: Updated) -> None:
        """Something changed. Called for every update of the heart: the hot path."""
        sources = self._by_update.get(update.key)
        if sources is not None:
            self._dirty.update(sources)
            if not self._is_due:
                self._arm()
        for map_ in self._maps_of.get(update.aspect, ()):
            map_.changed.add(update.instrument)
            if not map_.is_due:
                self._arm_map(map_)

    def note_closed(self, candle: Candle) -> None:
        """A bar closed or was corrected."""
        for source in self._by_closed.get(f"{candle.instrument}/{candle.interval}", ()):
            source.take_closed(candle)
            self.refresh(source)

    def refresh(self, source: Source) -> None:
        """A source has something new of its own to say."""
        self._dirty.add(source)
        if not self._is_due:
            self._arm()

    def send_now(self, channel: str, body: Any) -> None:
        """Send a body of a channel that is not folded from market messages (`feeds`)."""
        self._send([channel.encode(), orjson.dumps(body)])

    def flush(self) -> None:
        """Encode and send what changed and is wanted."""
        self._is_due = False
        dirty, self._dirty = self._dirty, set()
        self._send_frames([part for source in dirty for body in source.bodies() for part in body])

    def flush_map(self, name: str) -> None:
        """Send the values of a map that changed."""
        map_ = self._maps[name]
        map_.is_due = False
        changed, map_.changed = map_.changed, set()
        found = {}
        for instrument in changed:
            value = map_.value(self._engine.watches[instrument], self._primary)
            if value is not None:
                found[public_symbol(instrument, primary=self._primary)] = value
        if found:
            self._send_frames([name.encode(), orjson.dumps(found)])

    def _send_frames(self, frames: list[bytes]) -> None:
        if frames:
            self.flushes += 1
            self.bodies += len(frames) // 2
            self._send(frames)

    def _arm(self) -> None:
        self._is_due = True
        self._loop.call_later(WINDOW_S, self.flush)

    def _arm_map(self, map_: MapChannel) -> None:
        if not map_.is_due:
            map_.is_due = True
            self._loop.call_later(map_.window_s, self.flush_map, map_.name)
