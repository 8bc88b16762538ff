"""REST requests: weighed, possibly disturbed, answered with the venue's headers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import orjson
from aiohttp import web

from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.bodies import Ask
from candlewick.venues.sim.server.front import Front
from candlewick.venues.sim.server.keys import Sent
from candlewick.venues.sim.server.market_data import Handler, Weight
from candlewick.venues.sim.server.misbehave import RequestFaults
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.routes import Route
from candlewick.venues.sim.server.sides import Side
from candlewick.venues.sim.server.timekeeping import Now

FORM = "application/x-www-form-urlencoded"
CONTENT_TYPE = "application/json;charset=UTF-8"
MILLISECOND = "MILLISECOND"  # the one unit of time there is here; the real venue knows microseconds too

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that can be asked of a market, over HTTP or over its WebSocket API."""

    front: Front
    handler: Handler
    weight: Weight
    now_ms: Now

    async def ask(self, sent: Iterable[tuple[str, str]], address: str) -> object:
        """The body of the answer to the parameters `sent`.

        Raises:
            Refusal: a parameter is wrong, or the address has used up its weight.
        """
        parameters = Parameters(sent)
        cost = self.weight if isinstance(self.weight, int) else self.weight(parameters)
        self.front.limiter.spend(address, cost, self.now_ms())
        found = self.handler(self.front, Ask(parameters, self.now_ms()))
        if isinstance(found, Awaitable):
            found = await found
        if self.front.market == "spot":
            parameters.done()
        return found


def over_http(endpoint: Endpoint, faults: RequestFaults) -> Answer:
    """An aiohttp handler around an endpoint."""

    async def answer(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        address, front = request.remote or "", endpoint.front
        await faults.delay()
        try:
            faults.refuse(endpoint.now_ms())
            _check_unit(request)
            found = await endpoint.ask(request.query.items(), address)
            response = web.Response(body=faults.touch(orjson.dumps(found)))
        except errors.Refusal as refusal:
            response = _refused(refusal)
        _head(response, front, address, endpoint.now_ms(), started)
        return response

    return answer


def signed_over_http(side: Side, route: Route, faults: RequestFaults, now_ms: Now) -> Answer:
    """An aiohttp handler around a private request."""

    async def answer(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        address = request.remote or ""
        body = await request.read()
        await faults.delay()
        key = request.headers.get("X-MBX-APIKEY")
        try:
            faults.refuse(now_ms())
            _check_unit(request)
            if route.security == "trade" and faults.lose():
                raise errors.unknown_status()
            # the query as it was sent, which is what was signed: aiohttp's own is decoded
            query = request.raw_path.partition("?")[2]
            sent = Sent.over_http(
                query, body.decode(errors="replace") if request.content_type == FORM else ""
            )
            found = side.ask(route, sent, key, address)
            if route.security == "trade" and faults.forget():
                raise errors.unknown_status()
            response = web.Response(body=faults.touch(orjson.dumps(found)))
        except errors.Refusal as refusal:
            response = _refused(refusal)
        _head(response, side.front, address, now_ms(), started)
        if route.security == "trade":
            for name, count in side.counted(key, now_ms()):
                response.headers[f"x-mbx-order-count-{name}"] = str(count)
        return response

    return answer


def _check_unit(request: web.Request) -> None:
    if request.headers.get("X-MBX-TIME-UNIT", MILLISECOND).upper() != MILLISECOND:
        raise errors.invalid("X-MBX-TIME-UNIT")


def _refused(refusal: errors.Refusal) -> web.Response:
    response = web.Response(body=refusal.body(), status=refusal.status)
    if refusal.retry_after_s is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response


def _head(response: web.Response, front: Front, address: str, now_ms: int, started: float) -> None:
    used = str(front.limiter.used(address, now_ms))
    response.headers["Content-Type"] = CONTENT_TYPE
    response.headers["x-mbx-used-weight"] = response.headers["x-mbx-used-weight-1m"] = used
    if front.market == "perp":
        response.headers["x-response-time"] = f"{(time.perf_counter() - started) * 1000:.0f}ms"
