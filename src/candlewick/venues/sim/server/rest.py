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
from candlewick.venues.sim.server.misbehave import RequestFaults
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.spot import Handler, Weight
from candlewick.venues.sim.server.timekeeping import Now

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
            if request.headers.get("X-MBX-TIME-UNIT", MILLISECOND).upper() != MILLISECOND:
                raise errors.invalid("X-MBX-TIME-UNIT")
            found = await endpoint.ask(request.query.items(), address)
            response = web.Response(body=faults.touch(orjson.dumps(found)))
        except errors.Refusal as refusal:
            response = web.Response(body=refusal.body(), status=refusal.status)
            if refusal.retry_after_s is not None:
                response.headers["Retry-After"] = str(refusal.retry_after_s)
        used = str(front.limiter.used(address, endpoint.now_ms()))
        response.headers["Content-Type"] = CONTENT_TYPE
        response.headers["x-mbx-used-weight"] = response.headers["x-mbx-used-weight-1m"] = used
        if front.market == "perp":
            response.headers["x-response-time"] = f"{(time.perf_counter() - started) * 1000:.0f}ms"
        return response

    return answer
