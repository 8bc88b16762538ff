"""Prices of short windows, from candles."""

from __future__ import annotations

from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.world import World

MINUTE_MS = 60_000


def average(world: World, listing: Listing, minutes: int) -> tuple[int, int]:
    """Quote and volume of the last `minutes`, in tick-lots and lots."""
    candles = world.klines(listing, MINUTE_MS, limit=minutes)
    return sum(candle.quote for candle in candles), sum(candle.volume for candle in candles)
