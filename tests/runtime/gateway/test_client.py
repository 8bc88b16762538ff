"""A web process's end of the wire: what it hears, asks, and makes of silence."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson
import pytest

from candlewick.core.errors import EngineAway, UnknownSymbol, UsageError
from candlewick.runtime.gateway import client
from tests.runtime.gateway.ground import link, office, until


async def test_a_link_learns_what_the_engine_knows(tmp_path: Path) -> None:
    async with office(tmp_path), link(tmp_path) as web:
        await until(lambda: web.connected)
        assert web.primary == "sim"
        assert list(web.instruments) == ["sim:BTCUSDT"]


async def test_it_carries_requests_and_their_errors(tmp_path: Path) -> None:
    async with office(tmp_path), link(tmp_path) as web:
        await until(lambda: web.connected)
        assert orjson.loads(await web.request("echo", a=1, b=None)) == {"a": 1, "b": None}
        with pytest.raises(UnknownSymbol, match="NOPE"):
            await web.request("unknown", symbol="NOPE")
        with pytest.raises(UsageError, match="no verb nonsense"):
            await web.request("nonsense")


async def test_a_thread_may_wait_for_an_answer_of_its_own(tmp_path: Path) -> None:
    async with office(tmp_path), link(tmp_path) as web:
        refused: Future[bytes] = Future()
        web.ask("echo", b'{"a":1}', refused)
        with pytest.raises(EngineAway, match="being restarted"):
            refused.result(0)
        await until(lambda: web.connected)
        answer: Future[bytes] = Future()
        web.ask("echo", b'{"a":1}', answer)
        assert orjson.loads(await asyncio.to_thread(answer.result, 10)) == {"a": 1}
        forgotten: Future[bytes] = Future()
        web.ask("echo", b'{"a":2}', forgotten)
        web.forget(forgotten)
        await web.request("echo")  # asked and answered after it
        assert not forgotten.done()


async def test_a_fault_of_ours_answers_with_a_sentence_and_the_engine_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path), link(tmp_path) as web:
        await until(lambda: web.connected)
        with pytest.raises(Exception, match="The engine failed at 'broken'"):
            await web.request("broken")
        assert "a fault of ours" in caplog.text
        assert orjson.loads(await web.request("echo", still="here")) == {"still": "here"}


async def test_an_absent_engine_is_away_at_once_and_not_after_a_time_out(tmp_path: Path) -> None:
    async with link(tmp_path) as web:
        with pytest.raises(EngineAway):
            await web.request("echo")


async def test_market_bodies_arrive_in_order_for_everybody(tmp_path: Path) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as one, link(tmp_path) as other:
        heard: dict[str, list[tuple[str, bytes]]] = {"one": [], "other": []}
        one.on_market = lambda channel, body: heard["one"].append((channel, body))
        other.on_market = lambda channel, body: heard["other"].append((channel, body))
        await until(lambda: one.connected and other.connected)
        while not (heard["one"] and heard["other"]):  # a SUB socket joins a moment after it connects
            engine.gateway.send_market([b"book:BTCUSDT", b"first"])
            await asyncio.sleep(0.01)
        heard["one"].clear()
        heard["other"].clear()
        await asyncio.sleep(0.05)
        heard["one"].clear()
        heard["other"].clear()
        engine.gateway.send_market([b"prices", b"{}", b"book:BTCUSDT", b"[]"])
        await until(lambda: len(heard["one"]) == len(heard["other"]) == 2)
        assert heard["one"] == heard["other"] == [("prices", b"{}"), ("book:BTCUSDT", b"[]")]


async def test_a_link_whose_market_lane_joins_late_gets_all_that_it_wants_again(tmp_path: Path) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as web:
        heard: list[bytes] = []
        web.on_market = lambda channel, body: heard.append(body)
        await until(lambda: web.connected)
        web.demand(frozenset({"book:BTCUSDT"}))
        await until(lambda: engine.fresh)
        engine.fresh.clear()
        market = web._market._socket
        market.disconnect(web._market_address)
        market.connect(web._market_address)
        while not engine.fresh:  # it is noticed with the next flush, and the engine flushes every second
            engine.gateway.send_market([b"feeds", b"{}"])
            await asyncio.sleep(0.01)
        assert engine.fresh[-1] == {"book:BTCUSDT"}
        engine.gateway.send_market([b"book:BTCUSDT", b"whole"])
        await until(lambda: heard and heard[-1] == b"whole")


async def test_lane_events_arrive_numbered_and_a_newcomer_gets_a_snapshot(tmp_path: Path) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as early:
        events: list[tuple[str, int]] = []
        early.on_lane = lambda channel, seq, message: events.append((channel, seq))
        await until(lambda: early.connected)
        for n in range(50):
            engine.lanes.notice("INFO", f"notice {n}", "text", 1_000_000_000 * n)
        await until(lambda: len(events) == 50)
        assert events == [("alerts", n) for n in range(1, 51)]
        snapshots: dict[str, dict[str, Any]] = {}
        async with link(tmp_path) as late:
            late.on_snapshot = lambda channel, seq, message: snapshots.update(
                {channel: orjson.loads(message)}
            )
            await until(lambda: "alerts" in snapshots)
            assert snapshots["alerts"]["seq"] == 50
            assert [each["title"] for each in snapshots["alerts"]["data"]] == [
                f"notice {n}" for n in range(50)
            ]


async def test_numbers_go_on_after_the_engine_was_restarted_and_links_find_it_again(tmp_path: Path) -> None:
    async with link(tmp_path) as web:
        states: list[bool] = []
        seen: dict[str, int] = {}
        web.on_state = states.append
        web.on_snapshot = lambda channel, seq, message: seen.update({channel: seq})
        async with office(tmp_path) as engine:
            await until(lambda: web.connected)
            engine.lanes.notice("INFO", "before", "text", 0)
            await until(lambda: engine.lanes.last_seqs()["alerts"] == 1)
        await until(lambda: not web.connected)
        async with office(tmp_path) as engine:
            await until(lambda: web.connected)
            engine.lanes.notice("INFO", "after", "text", 0)
            await until(lambda: engine.lanes.last_seqs()["alerts"] == 2)
        assert states == [True, False, True]
        assert seen["alerts"] >= 1


async def test_requests_under_way_fail_when_the_engine_goes(tmp_path: Path) -> None:
    async with link(tmp_path) as web:
        async with office(tmp_path):
            await until(lambda: web.connected)
            waiting = asyncio.create_task(web.request("slow"))
            await asyncio.sleep(0.1)
        with pytest.raises(EngineAway, match="went away"):
            await waiting


@pytest.mark.parametrize("another_follows", [True, False])
async def test_an_event_that_was_lost_on_the_way_comes_with_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another_follows: bool
) -> None:
    if another_follows:  # it shows the gap; else the next heartbeat does
        monkeypatch.setattr(client, "PING_S", 3_600.0)
    async with office(tmp_path) as engine, link(tmp_path) as web:
        snapshots: list[int] = []
        await until(lambda: web.connected and "alerts" in web._last_seq)
        web.on_snapshot = lambda channel, seq, message: snapshots.append(seq)
        on_event, engine.lanes.on_event = engine.lanes.on_event, lambda channel, seq, message: None
        engine.lanes.notice("INFO", "lost", "text", 0)
        await until(lambda: engine.lanes.last_seqs()["alerts"] == 1)
        engine.lanes.on_event = on_event
        if another_follows:
            engine.lanes.notice("INFO", "after it", "text", 0)
        await until(lambda: snapshots and snapshots[-1] == 1 + another_follows)


async def test_what_was_asked_goes_on_waiting_while_the_engine_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PING_S", 0.01)
    async with office(tmp_path) as engine, link(tmp_path) as web:
        states: list[bool] = []
        await until(lambda: web.connected)
        web.on_state = states.append
        waiting = asyncio.create_task(web.request("held", a=1))
        await until(lambda: engine.asked == ["held"])
        with engine.silence():
            await until(lambda: not web.connected)
            with pytest.raises(EngineAway, match="is away"):
                await web.request("echo")
            assert not waiting.done()
        await until(lambda: web.connected)
        engine.release.set()
        assert orjson.loads(await waiting) == {"a": 1}
        assert states == [False, True]
        assert engine.asked == ["held"]


async def test_a_new_list_of_instruments_is_read_and_disturbs_no_request(tmp_path: Path) -> None:
    async with office(tmp_path) as engine, link(tmp_path) as web:
        states: list[bool] = []
        await until(lambda: web.connected)
        web.on_state = states.append
        waiting = asyncio.create_task(web.request("held", a=1))
        await until(lambda: engine.asked == ["held"])
        engine.instruments.append("sim:ETHUSDT")
        engine.gateway.welcome_again()
        await until(lambda: list(web.instruments) == ["sim:BTCUSDT", "sim:ETHUSDT"])
        engine.release.set()
        assert orjson.loads(await waiting) == {"a": 1}
        assert states == []


async def test_a_list_that_was_lost_on_the_way_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PING_S", 0.01)
    async with office(tmp_path) as engine, link(tmp_path) as web:
        await until(lambda: web.connected)
        engine.instruments.append("sim:ETHUSDT")
        engine.gateway._list += 1
        await until(lambda: list(web.instruments) == ["sim:BTCUSDT", "sim:ETHUSDT"])


async def test_what_was_asked_of_an_engine_fails_once_another_answers_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PING_S", 0.01)
    async with office(tmp_path) as engine, link(tmp_path) as web:
        states: list[bool] = []
        await until(lambda: web.connected)
        web.on_state = states.append
        waiting = asyncio.create_task(web.request("held"))
        await until(lambda: engine.asked == ["held"])
        engine.gateway._name = b"another"
        with pytest.raises(EngineAway, match="went away"):
            await waiting
        await until(lambda: web.connected)
        assert states == [False, True]
