"""The server as a whole: faults switched at run time, and a clean end."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from candlewick.core.errors import ConfigError, StoreLocked
from candlewick.venues.sim.server.app import Exchange, Settings, running
from candlewick.venues.sim.server.misbehave import Faults
from tests.venues.sim.server.conftest import Running, one_venue, run_exchange

WAIT_S = 60.0


async def misbehave(client: aiohttp.ClientSession, faults: Any, status: int = 200, venue: str = "") -> Any:
    query = {"venue": venue} if venue else {}
    async with client.post("/sim/misbehave", json=faults, params=query) as response:
        body = await response.json()
        assert response.status == status, body
        return body


async def test_faults_are_switched_on_and_off_while_it_runs() -> None:
    with run_exchange(one_venue(pace=30.0)) as alone:
        async with aiohttp.ClientSession(alone.http) as client:
            assert await misbehave(client, {"drop": 0.5, "delay": "1ms"}) == {
                "sim-west": {"drop": 0.5, "delay": 1.0}
            }
            async with client.ws_connect("/ws/btcusdt@aggTrade") as ws:
                ids = [(await ws.receive_json(timeout=WAIT_S))["a"] for _ in range(40)]
            assert ids == sorted(ids)
            assert ids[-1] - ids[0] > 50
            assert await misbehave(client, {}) == {"sim-west": {}}
            async with client.ws_connect("/ws/btcusdt@aggTrade") as ws:
                ids = [(await ws.receive_json(timeout=WAIT_S))["a"] for _ in range(40)]
            assert ids == list(range(ids[0], ids[0] + 40))
            # what the wire lost, the market kept
            async with client.get(f"/api/v3/aggTrades?symbol=BTCUSDT&fromId={ids[0]}&limit=40") as response:
                assert [each["a"] for each in await response.json(content_type=None)] == ids


async def test_a_slow_line_delays_but_never_swaps() -> None:
    with run_exchange(one_venue(pace=25.0, faults=Faults(delay_ms=3))) as alone:
        async with (
            aiohttp.ClientSession(alone.http) as client,
            client.ws_connect("/ws/btcusdt@aggTrade") as ws,
        ):
            ids = [(await ws.receive_json(timeout=WAIT_S))["a"] for _ in range(300)]
            await misbehave(client, {})
            ids += [(await ws.receive_json(timeout=WAIT_S))["a"] for _ in range(50)]
    assert ids == list(range(ids[0], ids[0] + 350))


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"drop": 7}, "a share from 0 to 1"),
        ({"explode": 1}, "Unknown fault"),
        (["drop"], "Send an object"),
    ],
)
async def test_it_refuses_unknown_faults_with_a_sentence(
    client: aiohttp.ClientSession, faults: Any, words: str
) -> None:
    assert words in (await misbehave(client, faults, 400))["error"]


async def test_it_refuses_faults_from_a_foreign_page(client: aiohttp.ClientSession) -> None:
    async with client.post(
        "/sim/misbehave", data=b'{"drop":1}', headers={"Content-Type": "text/plain"}
    ) as reply:
        assert reply.status == 403
    assert "nosuch" in (await misbehave(client, {}, 404, venue="nosuch"))["error"]


async def test_a_skewed_clock_shows_in_every_stamp_and_candle() -> None:
    with run_exchange(one_venue(faults=Faults(skew_ms=60_000), pace=5.0)) as alone:
        async with aiohttp.ClientSession(alone.http) as client:
            async with client.get("/api/v3/time") as response:
                ahead_ms = (await response.json(content_type=None))["serverTime"] - time.time() * 1000
            assert ahead_ms == pytest.approx(60_000, abs=20_000)
            async with client.ws_connect("/ws/btcusdt@aggTrade") as ws:
                trade = await ws.receive_json(timeout=WAIT_S)
            assert trade["T"] / 1000 - time.time() == pytest.approx(60, abs=20)
            query = {"symbol": "BTCUSDT", "startTime": trade["T"], "limit": 1}
            async with client.get("/api/v3/aggTrades", params=query) as response:
                (told,) = await response.json(content_type=None)
            assert told["a"] <= trade["a"]
            assert told["T"] == trade["T"]
            async with client.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1") as response:
                ((opened, *_),) = await response.json(content_type=None)
            assert opened % 60_000 == 0
            assert opened == pytest.approx((time.time() + 60) * 1000 - 30_000, abs=50_000)
            query = {"symbol": "BTCUSDT", "interval": "1m", "startTime": opened, "limit": 1}
            async with client.get("/api/v3/klines", params=query) as response:
                ((first, *_),) = await response.json(content_type=None)
            assert first == opened


async def test_a_candle_of_a_skewed_clock_is_told_with_the_trades_that_the_clock_puts_into_it() -> None:
    with run_exchange(one_venue(faults=Faults(skew_ms=-1_700), pace=5.0)) as alone:
        async with aiohttp.ClientSession(alone.http) as client:
            async with client.ws_connect("/ws/btcusdt@kline_1s") as ws:
                while not ((candle := (await ws.receive_json(timeout=WAIT_S))["k"])["x"] and candle["n"]):
                    pass
            query = {"symbol": "BTCUSDT", "startTime": candle["t"], "endTime": candle["T"], "limit": 1000}
            async with client.get("/api/v3/aggTrades", params=query) as response:
                trades = await response.json(content_type=None)
            told = [trades[0]["a"], trades[-1]["a"], len(trades), trades[0]["p"], trades[-1]["p"]]
            assert told == [candle[key] for key in ("f", "L", "n", "o", "c")]


async def test_requests_are_refused_at_the_stated_share() -> None:
    with run_exchange(one_venue(faults=Faults(too_many=0.5))) as alone:
        async with aiohttp.ClientSession(alone.http) as client:
            statuses = []
            for _ in range(60):
                async with client.get("/api/v3/ping") as response:
                    statuses.append(response.status)
            assert set(statuses) == {200, 429}
            assert 10 < statuses.count(429) < 50


async def test_malformed_messages_are_sent_and_their_stream_lives_on() -> None:
    with run_exchange(one_venue(faults=Faults(malformed=0.5), pace=30.0)) as alone:
        async with (
            aiohttp.ClientSession(alone.http) as client,
            client.ws_connect("/ws/btcusdt@aggTrade") as ws,
        ):
            whole, broken = 0, 0
            while min(whole, broken) < 5:
                text = await ws.receive_str(timeout=WAIT_S)
                try:
                    whole += orjson.loads(text).get("e") == "aggTrade"
                except orjson.JSONDecodeError:
                    broken += 1


async def test_connections_are_cut_after_their_life() -> None:
    with run_exchange(one_venue()) as alone:
        async with (
            aiohttp.ClientSession(alone.http) as client,
            client.ws_connect("/ws/btcusdt@aggTrade") as ws,
        ):
            await misbehave(client, {"disconnect": "20ms"})
            async for _ in ws:
                pass
            assert ws.close_code == 1006 or ws.exception() is not None


async def test_it_says_goodbye_to_its_listeners() -> None:
    async with aiohttp.ClientSession() as client:
        with run_exchange(one_venue()) as alone:
            ws = await client.ws_connect(f"{alone.ws}/ws/btcusdt@aggTrade")
        async for _ in ws:
            pass
        assert ws.close_code == 1001


async def test_it_tells_its_state(client: aiohttp.ClientSession, exchange: Running) -> None:
    async with client.get("/sim/status") as response:
        status = await response.json()
    assert status["seed"] == exchange.exchange.settings.seed
    assert status["venues"]["sim"]["instruments"]["spot"] >= 40


def test_it_names_a_taken_port() -> None:
    with (
        run_exchange(one_venue()) as alone,
        pytest.raises(ConfigError, match=r"Port \d+ .* is taken"),
    ):
        _run_another(alone.port)


def _run_another(port: int) -> None:
    async def start() -> None:
        async with running(Settings(port=port, venues=("sim-west",))):
            raise AssertionError("two exchanges on one port")

    asyncio.run(start())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(venues=()), "at least one"),
        (Settings(venues=("sim", "sim")), "each simulated venue once"),
        (Settings(venues=("mars",)), "mars"),
        (Settings(pace=0), "pace"),
    ],
)
def test_it_refuses_settings_with_a_sentence(settings: Settings, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Exchange(settings)


async def test_two_exchanges_never_keep_their_prints_in_one_folder(tmp_path: Path) -> None:
    async with running(one_venue(data_dir=tmp_path)):
        with pytest.raises(StoreLocked, match=str(tmp_path)):
            async with running(one_venue(data_dir=tmp_path)):
                pass
    async with running(one_venue(data_dir=tmp_path)):
        pass


async def test_what_printed_is_told_again_after_a_restart(tmp_path: Path) -> None:
    settings = one_venue(data_dir=tmp_path, pace=30.0)
    with run_exchange(settings) as first:
        async with (
            aiohttp.ClientSession(first.http) as client,
            client.ws_connect("/ws/btcusdt@aggTrade") as ws,
        ):
            streamed = [await ws.receive_json(timeout=WAIT_S) for _ in range(20)]
    with run_exchange(settings) as second:
        async with aiohttp.ClientSession(second.http) as client:
            query = {"symbol": "BTCUSDT", "fromId": streamed[0]["a"], "limit": 20}
            async with client.get("/api/v3/aggTrades", params=query) as response:
                told = await response.json(content_type=None)
    assert [(row["a"], row["p"], row["q"]) for row in told] == [
        (row["a"], row["p"], row["q"]) for row in streamed
    ]


async def test_a_market_that_fails_stops_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = asyncio.Event()
    async with running(one_venue(), stopped.set) as (exchange, _):

        def fail() -> None:
            raise ArithmeticError("the market is broken")

        monkeypatch.setattr(exchange.venues[0], "step", fail)
        await asyncio.wait_for(stopped.wait(), WAIT_S)
        assert isinstance(exchange.failure, ArithmeticError)
