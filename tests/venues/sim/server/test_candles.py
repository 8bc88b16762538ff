"""Long history in pieces."""

from __future__ import annotations

import asyncio

import pytest

from candlewick.venues.sim.server.candles import PIECE_MS, average, history
from candlewick.venues.sim.world import World

NOW = 1_700_000_123_456
DAY = 86_400_000


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, venue="sim-west", origin_ms=NOW)


@pytest.mark.parametrize(
    ("length_ms", "start_ms", "end_ms", "limit"),
    [
        (DAY, None, None, 95),
        (DAY, NOW - 200 * DAY, None, 95),
        (DAY, NOW - 200 * DAY, NOW - 120 * DAY, 500),
        (7 * DAY, None, NOW - 3 * DAY, 20),
        (DAY // 2, NOW - 3000 * DAY, None, 150),
        (DAY, None, None, 1),
    ],
)
async def test_pieces_give_what_the_whole_gives(
    world: World, length_ms: int, start_ms: int | None, end_ms: int | None, limit: int
) -> None:
    listing = world.listing("spot", "BTCUSDT")
    assert listing is not None
    found = await history(world, listing, length_ms, start_ms, end_ms, limit)
    assert found == world.klines(listing, length_ms, start_ms, end_ms, limit)


async def test_others_have_their_turn_between_two_pieces(world: World) -> None:
    listing = world.listing("spot", "ETHUSDT")
    assert listing is not None
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    days = 3 * PIECE_MS // DAY
    assert len(await history(world, listing, DAY, None, None, days)) == days
    other.cancel()
    assert turns >= 3


def test_the_average_is_of_the_last_minutes(world: World) -> None:
    listing = world.listing("spot", "BTCUSDT")
    assert listing is not None
    candles = world.klines(listing, 60_000, limit=5)
    quote, volume = average(world, listing, 5)
    assert (quote, volume) == (sum(each.quote for each in candles), sum(each.volume for each in candles))
