"""Control messages, limits and the bounded way out, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import aiohttp
import pytest

from candlewick.venues.sim.server import connection
from candlewick.venues.sim.server.misbehave import Faults
from tests.venues.sim.server.conftest import Running, one_venue, run_exchange

WAIT_S = 60.0


async def answer_to(socket: aiohttp.ClientWebSocketResponse, request: Any) -> Any:
    """The answer to a control message; stream messages in between are passed over."""
    if isinstance(request, str):
        await socket.send_str(request)
    else:
        await socket.send_json(request)
    while True:
        message = await socket.receive_json(timeout=WAIT_S)
        if "result" in message or "error" in message:
            return message


async def test_it_subscribes_lists_and_unsubscribes(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws") as ws:
        names = ["btcusdt@aggTrade", "btcusdt@bookTicker"]
        subscribed = await answer_to(ws, {"method": "SUBSCRIBE", "params": names, "id": 1})
        assert subscribed == {"result": None, "id": 1}
        assert await answer_to(ws, {"method": "LIST_SUBSCRIPTIONS", "id": "b"}) == {
            "result": names,
            "id": "b",
        }
        await answer_to(ws, {"method": "UNSUBSCRIBE", "params": names[:1], "id": None})
        assert (await answer_to(ws, {"method": "LIST_SUBSCRIPTIONS", "id": 3}))["result"] == names[1:]


async def test_it_sends_raw_on_ws_and_combined_on_stream(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws/btcusdt@bookTicker") as ws:
        assert (await ws.receive_json(timeout=WAIT_S))["s"] == "BTCUSDT"
    async with client.ws_connect("/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker") as ws:
        seen = {(await ws.receive_json(timeout=WAIT_S))["stream"] for _ in range(40)}
        assert seen == {"btcusdt@bookTicker", "ethusdt@bookTicker"}


async def test_it_changes_to_combined_on_request(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws/btcusdt@bookTicker") as ws:
        assert (await answer_to(ws, {"method": "GET_PROPERTY", "params": ["combined"], "id": 1}))[
            "result"
        ] is False
        await answer_to(ws, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 2})
        assert (await ws.receive_json(timeout=WAIT_S))["stream"] == "btcusdt@bookTicker"


async def test_it_lives_on_after_a_message_it_refuses(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws") as ws:
        assert (await answer_to(ws, "{oops"))["error"]["code"] == 3
        await ws.send_bytes(b"\x00")
        assert (await ws.receive_json(timeout=WAIT_S))["error"]["code"] == 3
        assert (await answer_to(ws, {"method": "SHOUT", "id": 1}))["error"]["code"] == 2
        assert "result" in await answer_to(ws, {"method": "LIST_SUBSCRIPTIONS", "id": 9})


async def test_it_takes_streams_nobody_publishes_in_silence(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws/0") as ws:
        reply = await answer_to(ws, {"method": "SUBSCRIBE", "params": ["nosuch@trade"], "id": 1})
        assert reply == {"result": None, "id": 1}


@pytest.mark.parametrize(("path", "limit"), [("/ws", 5), ("/fapi/ws", 10)])
async def test_it_hangs_up_on_who_sends_too_much(
    client: aiohttp.ClientSession, path: str, limit: int
) -> None:
    async with client.ws_connect(path) as ws:
        for _ in range(limit + 1):
            await ws.ping()
        async for _ in ws:
            pass
        assert ws.close_code == connection.POLICY_VIOLATION


@pytest.mark.parametrize(("path", "limit"), [("/ws", 1024), ("/fapi/ws", 200)])
async def test_it_grants_so_many_streams_and_no_more(
    client: aiohttp.ClientSession, path: str, limit: int
) -> None:
    async with client.ws_connect(path) as ws:
        names = [f"x{n}@trade" for n in range(limit)]
        assert "result" in await answer_to(ws, {"method": "SUBSCRIBE", "params": names, "id": 1})
        more = await answer_to(ws, {"method": "SUBSCRIBE", "params": ["one@trade"], "id": 2})
        assert str(limit) in more["error"]["msg"]
        assert len((await answer_to(ws, {"method": "LIST_SUBSCRIPTIONS", "id": 3}))["result"]) == limit


async def test_it_answers_a_ping_with_its_payload(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws", autoping=False) as ws:
        await ws.ping(b"are you there")
        message = await ws.receive(timeout=WAIT_S)
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"are you there")


async def test_it_pings_and_cuts_who_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = connection.Rules(control_per_s=5, streams=10, ping_s=0.05, pong_within_s=0.1)
    monkeypatch.setitem(connection.RULES, "spot", quick)
    with run_exchange(one_venue()) as alone:
        async with (
            aiohttp.ClientSession(alone.http) as client,
            client.ws_connect("/ws", autoping=False) as ws,
        ):
            kinds = [message.type async for message in ws]
            assert aiohttp.WSMsgType.PING in kinds
            assert ws.close_code == 1006 or ws.exception() is not None


async def test_a_plain_request_is_told_to_speak_websocket(client: aiohttp.ClientSession) -> None:
    async with client.get("/ws") as response:
        assert response.status == 400
        assert "WebSocket" in await response.text()


async def test_a_reader_who_stands_still_is_cut_and_slows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_QUEUED_BYTES", 64 * 1024)
    with run_exchange(one_venue(pace=40.0)) as alone:
        deaf = await _stands_still(alone)
        try:
            async with aiohttp.ClientSession(alone.http) as client:
                async with client.ws_connect("/ws/btcusdt@aggTrade") as ws:
                    ids = []
                    while alone.exchange.venues[0].traffic.too_slow == 0:
                        ids.append((await ws.receive_json(timeout=WAIT_S))["a"])
                assert ids == list(range(ids[0], ids[0] + len(ids)))
                assert len(ids) > 10
        finally:
            deaf.close()


async def _stands_still(alone: Running) -> socket.socket:
    """A connection that subscribes to everything and never reads."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, ("127.0.0.1", alone.port))
    symbols = [symbol.lower() for symbol in alone.exchange.venues[0].fronts["spot"].lines]
    streams = "/".join(f"{symbol}@{what}" for symbol in symbols for what in ("depth@100ms", "bookTicker"))
    head = (
        f"GET /stream?streams={streams} HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(deaf, head.encode())
    return deaf


async def test_a_giant_message_ends_its_own_connection_alone(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws/btcusdt@bookTicker") as other, client.ws_connect("/ws") as ws:
        with contextlib.suppress(ConnectionError):  # it may be cut before all is sent
            await ws.send_str("x" * 10_000_000)
        async for _ in ws:
            pass
        assert ws.closed
        assert (await other.receive_json(timeout=WAIT_S))["s"] == "BTCUSDT"


async def test_it_refuses_microseconds_rather_than_send_what_looks_like_them(
    client: aiohttp.ClientSession,
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="400"):
        await client.ws_connect("/stream?streams=btcusdt@trade&timeUnit=MICROSECOND")


async def test_what_waits_for_a_slow_line_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_QUEUED_BYTES", 16 * 1024)
    faults = Faults(delay_ms=60_000)
    with run_exchange(one_venue(pace=25.0, faults=faults)) as alone:
        names = "btcusdt@bookTicker/ethusdt@bookTicker/btcusdt@trade"
        async with aiohttp.ClientSession(alone.http) as client:
            async with client.ws_connect(f"/stream?streams={names}") as ws:
                async for _ in ws:
                    pass
            await misbehave_no_more(client)
            async with client.ws_connect("/ws/btcusdt@bookTicker") as ws:
                assert (await ws.receive_json(timeout=WAIT_S))["s"] == "BTCUSDT"
        assert alone.exchange.venues[0].traffic.too_slow == 1


async def misbehave_no_more(client: aiohttp.ClientSession) -> None:
    async with client.post("/sim/misbehave", json={}) as response:
        assert response.status == 200
