"""The work behind `candlewick data download`: the venues' connectors, one series after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from candlewick.core.clock import NS_PER_S, SystemClock
from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument, parse_symbol
from candlewick.runtime.download import Downloaded, download, download_funding
from candlewick.runtime.settings import Settings
from candlewick.runtime.wiring import feeds
from candlewick.store.lake import Lake
from candlewick.store.lake.listed import remember

DEFAULT_SPAN_S: Final = 30 * 86_400


async def download_all(
    settings: Settings,
    lake: Lake,
    symbols: list[str],
    interval: str,
    start_s: int | None,
    end_s: int | None,
    progress: Callable[[float], None],
) -> list[Downloaded]:
    """Fetch each symbol's candles, and the funding of perpetuals; `progress` is told the part of the whole.

    Raises:
        UsageError, VenueError, StoreError: with a sentence; what was fetched until then is kept.
    """
    clock = SystemClock()
    end_s = clock.now_ns() // NS_PER_S if end_s is None else end_s
    start_s = end_s - DEFAULT_SPAN_S if start_s is None else start_s
    by_venue = {feed.venue.id: feed for feed in feeds(settings)}
    done: list[Downloaded] = []
    listed: dict[str, dict[str, Instrument]] = {}
    try:
        for symbol in symbols:
            instrument = parse_symbol(symbol, primary=next(iter(by_venue)))
            feed = by_venue.get(instrument.partition(":")[0])
            if feed is None:
                raise UsageError(f"{symbol!r} is of none of the venues {', '.join(by_venue)}.")
            if feed.venue.id not in listed:
                listed[feed.venue.id] = {each.id: each for each in await feed.instruments()}
                remember(lake.root, listed[feed.venue.id].values())
            told = partial(_told, progress, len(done), len(symbols))
            one = await download(lake, feed, instrument, interval, start_s, end_s, clock=clock, progress=told)
            if listed[feed.venue.id][instrument].kind == "perp":
                one.settlements = await download_funding(lake, feed, instrument, one.start_s, one.end_s)
            done.append(one)
    finally:
        for feed in by_venue.values():
            await feed.close()
    return done


def _told(progress: Callable[[float], None], before: int, count: int, part: float) -> None:
    progress((before + part) / count)
