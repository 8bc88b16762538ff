"""The engine's end of the wire: who listens, what they want, and whom it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from candlewick.core.errors import EngineAway, RateLimited
from candlewick.runtime.gateway import client, server
from tests.runtime.gateway.ground import link, office, until


async def test_the_demand_is_the_union_of_all_web_processes(tmp_path: Path) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as one, link(tmp_path) as other:
        await until(lambda: one.connected and other.connected)
        one.demand(frozenset({"prices"}))
        other.demand(frozenset({"book:BTCUSDT"}))
        await until(lambda: engine.demands and engine.demands[-1] == {"prices", "book:BTCUSDT"})
        one.demand(frozenset({"prices", "book:BTCUSDT"}))
        await until(lambda: engine.fresh[-1] == {"book:BTCUSDT"})  # new to this one, though others have it
        one.demand(frozenset({"prices"}))
        other.demand(frozenset())
        await until(lambda: engine.demands[-1] == {"prices"})


async def test_all_that_a_link_wants_is_new_again_when_the_list_of_instruments_has_changed(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as web:
        await until(lambda: web.connected)
        web.demand(frozenset({"book:BTCUSDT"}))  # which the engine may not have known when it was asked
        await until(lambda: engine.fresh and engine.fresh[-1] == {"book:BTCUSDT"})
        engine.fresh.clear()
        engine.gateway.welcome_again()
        await until(lambda: engine.fresh)
        assert engine.fresh[-1] == {"book:BTCUSDT"}


async def test_too_many_requests_at_once_are_refused_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUESTS_AT_ONCE", 2)
    async with office(tmp_path), link(tmp_path) as web:
        await until(lambda: web.connected)
        waiting = [asyncio.create_task(web.request("slow")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RateLimited):
            await web.request("echo")
        assert not any(each.done() for each in waiting)
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)


async def test_what_a_web_process_that_is_gone_wanted_is_wanted_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SWEEP_S", 0.02)
    async with office(tmp_path) as engine:
        async with link(tmp_path) as web:
            await until(lambda: web.connected)
            web.demand(frozenset({"prices"}))
            await until(lambda: engine.demands)
        await until(lambda: engine.gateway.peers == 0)
        assert engine.demands[-1] == frozenset()


async def test_a_web_process_that_was_taken_for_gone_is_asked_again_what_it_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SWEEP_S", 0.02)
    monkeypatch.setattr(client, "PING_S", 0.5)  # longer than the engine waits for it
    async with office(tmp_path) as engine, link(tmp_path) as web:
        await until(lambda: web.connected)
        web.demand(frozenset({"book:BTCUSDT"}))
        await until(lambda: engine.demands and engine.demands[-1] == {"book:BTCUSDT"})
        await until(lambda: engine.demands[-1] == frozenset())
        engine.fresh.clear()
        await until(lambda: engine.fresh and engine.fresh[-1] == {"book:BTCUSDT"})


async def test_a_web_process_is_not_gone_as_long_as_it_waits_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SWEEP_S", 0.01)
    monkeypatch.setattr(client, "PING_S", 3_600.0)
    async with office(tmp_path) as engine, link(tmp_path) as web:
        await until(lambda: web.connected)
        waiting = asyncio.create_task(web.request("held", a=1))
        await until(lambda: engine.asked == ["held"])
        (peer,) = engine.gateway._peers.values()
        await until(lambda: peer.silent_sweeps > server.SILENT_SWEEPS)
        assert engine.gateway.peers == 1
        engine.release.set()
        assert orjson.loads(await waiting) == {"a": 1}
        await until(lambda: engine.gateway.peers == 0)


async def test_it_does_nothing_that_was_asked_of_the_engine_before_it(tmp_path: Path) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as web:
        await until(lambda: web.connected)
        engine.gateway._name = b"another"
        with pytest.raises(EngineAway):
            await web.request("echo")
        assert engine.asked == []
