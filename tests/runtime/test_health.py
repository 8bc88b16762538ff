"""Feed health for people: a change of state is kept at once, figures follow every second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from candlewick.runtime.health import HealthWatch
from tests.runtime.ground import Ground, ground, until


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Ground]:
    async with ground(folder) as g:
        health = HealthWatch([g.feed], g.lanes, g.market, g.clock, clock_skew_warning_ms=1_000.0)
        watching = asyncio.create_task(health.run())
        try:
            yield g
        finally:
            watching.cancel()
            await asyncio.wait([watching])


async def test_each_change_of_state_is_one_numbered_event(tmp_path: Path) -> None:
    async with watched(tmp_path) as g:
        await until(lambda: len(g.told) == 1)
        g.feed.health.state = "disconnected"
        await until(lambda: len(g.told) == 2)
        assert [(each["channel"], each["seq"]) for each in g.told] == [("feeds", 1), ("feeds", 2)]
        assert [each["data"]["sim"]["state"] for each in g.told] == ["live", "disconnected"]


async def test_figures_come_without_a_number_for_nothing_is_lost_with_them(tmp_path: Path) -> None:
    async with watched(tmp_path) as g:
        await until(lambda: g.frames)
        channel, body = g.frames[0]
        assert (channel, body["type"], "seq" in body) == ("feeds", "feed_health", False)
        assert body["data"]["sim"]["messages_s"] == 0


async def test_a_skewed_clock_is_told_once_and_again_only_after_it_was_right(tmp_path: Path) -> None:
    async with watched(tmp_path) as g:

        def warnings() -> list[str]:
            return [each["data"]["message"] for each in g.told if each["channel"] == "alerts"]

        g.feed.health.clock_skew_ms = -2_500.0
        await until(lambda: len(warnings()) == 1)
        assert "2.50 s behind this machine's" in warnings()[0]
        g.feed.health.state = "stale"
        await until(lambda: len(g.told) == 3)  # looked at once more, and not told again
        assert len(warnings()) == 1
        g.feed.health.clock_skew_ms, g.feed.health.state = 0.0, "live"
        await until(lambda: len(g.told) == 4)
        g.feed.health.clock_skew_ms = 2_500.0
        await until(lambda: len(warnings()) == 2)
        assert "2.50 s ahead of this machine's" in warnings()[1]


async def test_the_snapshot_of_the_channel_is_every_feed_as_it_is_now(tmp_path: Path) -> None:
    async with watched(tmp_path) as g:
        await until(lambda: len(g.told) == 1)
        g.feed.health.gaps = 3
        told: list[tuple[int, bytes]] = []
        g.lanes.snapshot("feeds", lambda seq, message: told.append((seq, message)))
        assert told[0][0] == 1
        assert b'"gaps":3' in told[0][1]
