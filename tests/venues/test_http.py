"""REST below a venue's weight limit, and its refusals as our errors."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import RateLimited, VenueUnavailable
from candlewick.venues.http import Rest, WeightBudget

MINUTE_BEGINS_NS = 1_700_000_040 * NS_PER_S


def test_it_lets_requests_through_until_the_minutes_weight_is_spent() -> None:
    clock = ManualClock(MINUTE_BEGINS_NS)
    budget = WeightBudget(100, clock)
    assert [budget.wait_s(40), budget.wait_s(40), budget.wait_s(20)] == [0, 0, 0]
    clock.advance(15)
    assert budget.wait_s(1) == 45
    clock.advance(45)
    assert budget.wait_s(100) == 0


def test_it_believes_the_venue_rather_than_its_own_count() -> None:
    budget = WeightBudget(100, ManualClock(MINUTE_BEGINS_NS))
    assert budget.wait_s(1) == 0
    budget.told(95)  # somebody else at this address
    assert budget.wait_s(10) == 60
    budget.told(3)  # an older answer came late
    assert budget.used == 95


def test_it_does_not_wait_for_ever_with_a_request_that_outweighs_the_limit() -> None:
    assert WeightBudget(10, ManualClock(MINUTE_BEGINS_NS)).wait_s(50) == 0


def test_it_asks_nothing_while_the_venue_wants_a_pause() -> None:
    clock = ManualClock(MINUTE_BEGINS_NS)
    budget = WeightBudget(100, clock)
    budget.cool_down(90)
    clock.advance(89)
    with pytest.raises(RateLimited) as caught:
        budget.wait_s(1)
    assert caught.value.retry_after_s == 1
    clock.advance(1)
    assert budget.wait_s(1) == 0


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 90)), max_size=60))
def test_it_never_spends_more_than_the_limit_in_a_minute(requests: list[tuple[int, float]]) -> None:
    clock = ManualClock(MINUTE_BEGINS_NS)
    budget = WeightBudget(100, clock)
    spent: dict[int, int] = {}
    for weight, pause_s in requests:
        while (wait_s := budget.wait_s(weight)) > 0:
            clock.set(clock.now_ns() + int(wait_s * NS_PER_S) + 1)
        minute = clock.now_ns() // (60 * NS_PER_S)
        spent[minute] = spent.get(minute, 0) + weight
        clock.advance(pause_s)
    assert all(weight <= 100 for weight in spent.values())


@contextlib.asynccontextmanager
async def _serving(handler: object, *, timeout_s: float = 5.0) -> AsyncIterator[tuple[Rest, WeightBudget]]:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    budget = WeightBudget(1000, ManualClock(MINUTE_BEGINS_NS))
    rest = Rest(
        f"http://{host}:{port}",
        budget,
        weight_header="X-Used",
        explain=lambda body: body.decode(),
        timeout_s=timeout_s,
    )
    try:
        yield rest, budget
    finally:
        await rest.close()
        await runner.cleanup()


async def test_it_reads_the_weight_that_the_venue_counts() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"ok", headers={"X-Used": "321"})

    async with _serving(handler) as (rest, budget):
        assert await rest.get("/x", {"a": 1}, weight=2) == b"ok"
        assert budget.used == 321


async def test_it_pauses_a_minute_when_the_venue_does_not_say_how_long() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, body=b"Slow down.")

    async with _serving(handler) as (rest, _):
        with pytest.raises(RateLimited, match="Slow down") as caught:
            await rest.get("/x")
        assert caught.value.retry_after_s == 60


async def test_it_gives_up_on_a_venue_that_does_not_answer() -> None:
    answered = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await answered.wait()
        return web.Response()

    async with _serving(handler, timeout_s=0.05) as (rest, _):
        with pytest.raises(VenueUnavailable, match=r"did not answer within 0\.05 s"):
            await rest.get("/slow")
        answered.set()


async def test_a_venue_that_is_not_up_yet_costs_nothing_however_often_it_is_asked() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        budget = WeightBudget(100, ManualClock(MINUTE_BEGINS_NS))
        rest = Rest(address, budget, weight_header="X-Weight", explain=bytes.decode)
        for _ in range(20):  # of which each weighs a fifth of the minute
            with pytest.raises(VenueUnavailable, match="cannot be reached"):
                await rest.get("/exchangeInfo", weight=20)
        await rest.close()
    assert budget.wait_s(100) == 0


def test_what_is_given_back_late_is_not_taken_off_the_next_minute() -> None:
    clock = ManualClock(MINUTE_BEGINS_NS)
    budget = WeightBudget(100, clock)
    assert budget.wait_s(40) == 0
    before = budget.window
    clock.advance(60)
    assert budget.wait_s(70) == 0
    budget.give_back(40, before)
    assert budget.used == 70


async def test_it_says_so_when_the_answer_breaks_off() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with _serving(handler) as (rest, _):
        with pytest.raises(VenueUnavailable, match="cannot be reached"):
            await rest.get("/half")
