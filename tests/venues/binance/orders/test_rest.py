"""Signed requests over a real socket: what is sent, how each way to end is told apart, and what waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import MalformedMessage
from candlewick.venues.binance.orders import wire
from candlewick.venues.binance.orders.endpoints import PrivateEndpoints
from candlewick.venues.binance.orders.refusals import Refusal, Silence, TurnedAway, Unreached
from candlewick.venues.binance.orders.requests import Request
from candlewick.venues.binance.orders.rest import SignedRest
from candlewick.venues.binance.orders.signing import Credentials

NOW_MS = 1_700_000_000_000
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
ASK = Request("GET", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
PLACE = Request("POST", "/api/v3/order", {"symbol": "BTCUSDT"}, waits=False)


@contextlib.asynccontextmanager
async def _venue(answer: Answer, *, weight: int = 6000, timeout_s: float = 5.0) -> AsyncIterator[SignedRest]:
    """A signed client, and a venue that answers its time by itself and all else by `answer`."""

    async def time(request: web.Request) -> web.Response:
        return web.json_response({"serverTime": NOW_MS + 40_000})

    application = web.Application()
    application.router.add_get("/api/v3/time", time)
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    endpoints = PrivateEndpoints("spot", f"http://{host}:{port}", "", weight)
    credentials = Credentials("test", "k" * 64, "s" * 64)
    clock = ManualClock(NOW_MS * NS_PER_S // 1000)
    rest = SignedRest(endpoints, credentials, clock, timeout_s=timeout_s)
    try:
        yield rest
    finally:
        await rest.close()
        await runner.cleanup()


def _always(status: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return answer


async def test_it_stamps_by_the_venues_clock_and_signs_what_it_sends() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=b"[]")

    async with _venue(answer) as rest:
        assert await rest.ask(ASK, wire.decode_orders) == []
    query = parse_qs(seen[0].query_string)
    assert query["timestamp"] == [str(NOW_MS + 40_000)]
    assert query["recvWindow"] == ["5000"]
    assert len(query["signature"][0]) == 64
    assert seen[0].headers["X-MBX-APIKEY"] == "k" * 64


async def test_a_public_question_shows_no_key() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=b"[]")

    async with _venue(answer) as rest:
        await rest.send(Request("GET", "/fapi/v1/fundingRate", signed=False, public=True))
    assert "X-MBX-APIKEY" not in seen[0].headers
    assert "signature" not in seen[0].query_string


async def test_no_error_shows_key_or_signature() -> None:
    async with _venue(_always(400, b'{"code":-2015,"msg":"Invalid API-key."}')) as rest:
        with pytest.raises(Refusal) as refused:
            await rest.send(ASK)
    async with _venue(_always(502, b"<html>")) as rest:
        with pytest.raises(Silence) as silent:
            await rest.send(ASK)
    for error in (refused.value, silent.value):
        assert "kkkk" not in str(error)
        assert "signature" not in str(error)


async def test_what_cannot_be_read_is_malformed() -> None:
    async with _venue(_always(200, b'{"orderId":"no number"}')) as rest:
        with pytest.raises(MalformedMessage):
            await rest.ask(ASK, wire.decode_order)


async def test_no_answer_in_time_is_silence() -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async with _venue(answer, timeout_s=0.5) as rest:
        with pytest.raises(Silence):
            await rest.send(ASK)


async def test_a_connection_that_breaks_is_silence_and_one_that_cannot_be_made_is_not() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with _venue(answer) as rest:
        with pytest.raises(Silence):
            await rest.send(PLACE)
    with pytest.raises(Unreached):  # nobody listens there any more
        await rest.send(PLACE)
    await rest.close()


async def test_after_429_nothing_is_asked_until_the_pause_is_over() -> None:
    asked = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        body = b'{"code":-1003,"msg":"Too many requests."}'
        return web.Response(status=429, body=body, headers={"Retry-After": "30"})

    async with _venue(answer) as rest:
        for _ in range(3):
            with pytest.raises(TurnedAway) as away:
                await rest.send(ASK)
            assert away.value.retry_after_s == pytest.approx(30.0)
    assert asked == 1


async def test_an_order_does_not_wait_for_weight() -> None:
    used = {"X-MBX-USED-WEIGHT-1M": "100"}
    async with _venue(_always(200, b"[]", used), weight=100) as rest:
        await rest.send(ASK)
        with pytest.raises(TurnedAway):
            await rest.send(PLACE)
