"""The engine as a process: a stop that loses nothing, and what the next start says of the last run."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import msgspec
import pytest

from candlewick.core.clock import SystemClock
from candlewick.core.instrument import Instrument
from candlewick.runtime.engine_process import EngineProcess, _until_stopped
from candlewick.runtime.settings import Settings
from candlewick.store.lake import Lake
from candlewick.store.lake.listed import known
from candlewick.store.lane_log import LaneLog
from tests.runtime.ground import BTC, INSTRUMENT, ScriptedFeed, trade, until


class SlowlyClosing(ScriptedFeed):
    """A feed that lets go of its venue only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = asyncio.Event()
        self.may_close = asyncio.Event()

    async def close(self) -> None:
        self.closing.set()
        await self.may_close.wait()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def engine(settings: Settings, feed: ScriptedFeed) -> EngineProcess:
    return EngineProcess(settings, [feed], SystemClock(), "sim")


def alerts(settings: Settings) -> list[bytes]:
    log = LaneLog(settings.market_dir / "lanes.sqlite3")
    try:
        return [message for _, message in log.newest("alerts", 10)]
    finally:
        log.close()


async def test_a_start_after_a_proper_stop_is_no_news(settings: Settings) -> None:
    for _ in range(2):
        process = engine(settings, ScriptedFeed())
        running = asyncio.create_task(process.run())
        await until(lambda process=process: BTC in process.live.instruments)
        running.cancel()
        await asyncio.wait([running])
    assert alerts(settings) == []


class Growing(ScriptedFeed):
    """A venue that lists one more instrument when it is asked again."""

    def __init__(self) -> None:
        super().__init__()
        self.listings = 0

    async def instruments(self) -> list[Instrument]:
        self.listings += 1
        newer = msgspec.structs.replace(INSTRUMENT, id="sim:NEWUSDT", symbol="NEWUSDT", native="NEWUSDT")
        return [INSTRUMENT] if self.listings == 1 else [INSTRUMENT, newer]


async def test_what_a_venue_lists_anew_is_noticed_and_followed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.engine_process.LISTING_EVERY_S", 0.01)
    feed = Growing()
    process = engine(settings, feed)
    running = asyncio.create_task(process.run())
    await until(lambda: "sim:NEWUSDT" in process.live.instruments)
    assert "trades" in feed.wanted["sim:NEWUSDT"]
    await until(lambda: known(process.lake.root).keys() == {BTC, "sim:NEWUSDT"})
    running.cancel()
    await asyncio.wait([running])


async def test_a_start_after_a_run_that_was_cut_off_is_told(settings: Settings) -> None:
    (settings.market_dir / "engine.running").touch()
    process = engine(settings, ScriptedFeed())
    running = asyncio.create_task(process.run())
    await until(lambda: process.lanes.last_seqs()["alerts"] == 1)
    running.cancel()
    await asyncio.wait([running])
    assert b"The engine was restarted" in alerts(settings)[0]


async def test_a_second_signal_does_not_cut_the_stop_short(settings: Settings) -> None:
    feed = SlowlyClosing()
    process = engine(settings, feed)
    stopped = asyncio.create_task(_until_stopped(process))
    try:
        await until(lambda: BTC in process.live.instruments)
        process.live.take(trade(1))
        os.kill(os.getpid(), signal.SIGINT)
        await feed.closing.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(feed.may_close.set)
        await stopped
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)
    with Lake(settings.market_dir / "lake") as lake:
        assert [each.id for each in lake.trades(BTC)] == [1]
    assert not (settings.market_dir / "engine.running").exists()
