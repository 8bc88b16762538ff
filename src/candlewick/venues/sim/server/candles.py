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


async def history(
    world: World, listing: Listing, length_ms: int, start_ms: int | None, end_ms: int | None, limit: int
) -> list[Kline]:
    """Candles opening in [start, end]: the first `limit` from a start, else the last ones."""
    if limit * length_ms <= PIECE_MS:
        return world.klines(listing, length_ms, start_ms, end_ms, limit)
    if start_ms is None:
        newest = world.now_ms if end_ms is None else min(end_ms, world.now_ms)
        start_ms = floor_interval(newest, length_ms) - (limit - 1) * length_ms
    found: list[Kline] = []
    while len(found) < limit:
        most = min(limit - len(found), max(1, PIECE_MS // length_ms))
        piece = world.klines(listing, length_ms, start_ms, end_ms, most)
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
