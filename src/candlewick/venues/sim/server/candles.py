"""Candles out of a world, without stopping it."""

from __future__ import annotations

import asyncio

from candlewick.venues.sim.model import Kline, Listing
from candlewick.venues.sim.server.parameters import floor_interval
from candlewick.venues.sim.world import World

MINUTE_MS = 60_000
# Years of days take a second to generate. In pieces of this many days, each well under a market step,
# the live market goes on between them.
PIECE_MS = 40 * 86_400_000
SKEWED_PIECE = 100  # candles by a clock that is wrong: each is cut out of the trades at its ends


async def history(
    world: World,
    listing: Listing,
    length_ms: int,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
    ahead_ms: int = 0,
) -> list[Kline]:
    """Candles opening in [start, end]: the first `limit` from a start, else the last ones.

    All by a clock that is `ahead_ms` ahead of the true time.
    """
    piece_of = min(max(1, PIECE_MS // length_ms), SKEWED_PIECE if ahead_ms else limit)
    if limit <= piece_of:
        return world.klines(listing, length_ms, start_ms, end_ms, limit, ahead_ms)
    if start_ms is None:
        now_ms = world.now_ms + ahead_ms
        newest = now_ms if end_ms is None else min(end_ms, now_ms)
        start_ms = floor_interval(newest, length_ms) - (limit - 1) * length_ms
    found: list[Kline] = []
    while len(found) < limit:
        most = min(limit - len(found), piece_of)
        piece = world.klines(listing, length_ms, start_ms, end_ms, most, ahead_ms)
        found += piece
        if len(piece) < most:
            break
        start_ms = piece[-1].open_ms + length_ms
        await asyncio.sleep(0)
    return found


def average(world: World, listing: Listing, minutes: int) -> tuple[int, int]:
    """Quote and volume of the last `minutes`, in tick-lots and lots."""
    candles = world.klines(listing, MINUTE_MS, limit=minutes)
    return sum(candle.quote for candle in candles), sum(candle.volume for candle in candles)
