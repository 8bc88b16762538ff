"""The engine as a thread sees it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from candlewick.core.errors import EngineAway, UnknownSymbol
from candlewick.web.link import Engine
from tests.web.ground import FakeLink


class SlowLink(FakeLink):
    """An engine that never answers."""

    def ask(self, verb: str, arguments: bytes, answer: Future[bytes]) -> None:
        pass


async def test_a_thread_gets_the_answer() -> None:
    link = FakeLink()
    link.answers["book"] = lambda symbol: {"symbol": symbol}
    engine = Engine(link, asyncio.get_running_loop())
    assert await asyncio.to_thread(engine.request, "book", symbol="BTCUSDT") == b'{"symbol":"BTCUSDT"}'


async def test_a_thread_gets_the_engines_refusal() -> None:
    def refuse(symbol: str) -> None:
        raise UnknownSymbol(symbol)

    link = FakeLink()
    link.answers["book"] = refuse
    engine = Engine(link, asyncio.get_running_loop())
    with pytest.raises(UnknownSymbol):
        await asyncio.to_thread(engine.request, "book", symbol="NOPE")


async def test_an_engine_that_does_not_answer_is_away() -> None:
    link = SlowLink()
    engine = Engine(link, asyncio.get_running_loop())
    with pytest.raises(EngineAway, match="'book'"):
        await asyncio.to_thread(engine.request, "book", timeout_s=0.01)
    await asyncio.sleep(0)
    assert len(link.forgotten) == 1, "what comes after all is nobody's"


async def test_what_a_thread_calls_runs_on_the_loop() -> None:
    called: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    engine = Engine(FakeLink(), asyncio.get_running_loop())
    await asyncio.to_thread(engine.call, called.set_result, 7)
    assert await called == 7
