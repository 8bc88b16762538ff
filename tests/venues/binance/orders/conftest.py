"""A scripted venue, and a desk that trades on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.venues.binance.orders.running import Desk, ShiftedClock, running_on
from tests.venues.binance.orders.scripted import ScriptedVenue


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def exchange(clock: ShiftedClock) -> AsyncIterator[ScriptedVenue]:
    async with ScriptedVenue(clock).running() as exchange:
        yield exchange


@pytest.fixture
async def desk(exchange: ScriptedVenue, clock: ShiftedClock) -> AsyncIterator[Desk]:
    async with running_on(exchange, clock) as desk:
        yield desk
