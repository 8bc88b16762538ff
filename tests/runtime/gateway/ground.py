"""Both ends of the wire in one loop, over a real socket pair."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from candlewick.core.errors import UnknownSymbol, UsageError
from candlewick.runtime.gateway.client import EngineLink
from candlewick.runtime.gateway.server import Gateway
from candlewick.runtime.publish.lanes import Lanes
from candlewick.store.lane_log import LaneLog


class Office:
    """The engine's end, with what it was asked."""

    def __init__(self, data_dir: Path) -> None:
        self.demands: list[frozenset[str]] = []
        self.fresh: list[frozenset[str]] = []
        self.asked: list[str] = []
        self.release = asyncio.Event()  # lets what was asked to be held go on
        self.instruments = ["sim:BTCUSDT"]
        self.lanes = Lanes(LaneLog(data_dir / "lanes.sqlite3"), ("alerts", "feeds"))
        self.gateway = Gateway(
            data_dir,
            lanes=[self.lanes],
            welcome=lambda: {
                "primary": "sim",
                "mode": "sim",
                "venues": {},
                "instruments": [{"instrument": each} for each in self.instruments],
            },
            answer=self.answer,
            on_demand=self.note_demand,
        )

    def note_demand(self, channels: frozenset[str], fresh: frozenset[str]) -> None:
        self.demands.append(channels)
        self.fresh.append(fresh)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """It hears nothing, as a process that gets no processor; afterwards all at once."""
        commands, heard = self.gateway._commands, list[list[bytes]]()
        take, commands._on_message = commands._on_message, heard.append
        yield
        commands._on_message = take
        for frames in heard:
            take(frames)

    async def answer(self, verb: str, arguments: dict[str, Any]) -> Any:
        self.asked.append(verb)
        match verb:
            case "held":
                await self.release.wait()
                return arguments
            case "echo":
                return arguments
            case "slow":
                await asyncio.sleep(60)
            case "unknown":
                raise UnknownSymbol(arguments["symbol"])
            case "broken":
                raise RuntimeError("a fault of ours")
        raise UsageError(f"no verb {verb}")


@asynccontextmanager
async def office(data_dir: Path) -> AsyncIterator[Office]:
    open_office = Office(data_dir)
    await open_office.gateway.start()
    try:
        yield open_office
    finally:
        await open_office.lanes.close()
        await open_office.gateway.stop()


@asynccontextmanager
async def link(data_dir: Path) -> AsyncIterator[EngineLink]:
    made = EngineLink(data_dir)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def until(condition: Any, timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
