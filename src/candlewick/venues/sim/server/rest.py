"""REST requests: weighed, possibly disturbed, answered with the venue's headers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.bodies import Ask
from candlewick.venues.sim.server.front import Front
from candlewick.venues.sim.server.misbehave import RequestFaults
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.spot import Handler, Weight

CONTENT_TYPE = "application/json;charset=UTF-8"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def endpoint(
    front: Front, handler: Handler, weight: Weight, faults: RequestFaults, now_ms: Callable[[], int]
) -> Answer:
    """An aiohttp handler around one endpoint's function."""

    async def answer(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        await faults.delay()
        used: int | None = None
        try:
            faults.refuse(now_ms())
            if request.headers.get("X-MBX-TIME-UNIT", "MILLISECOND").upper() != "MILLISECOND":
                raise errors.invalid("X-MBX-TIME-UNIT")
            parameters = Parameters(request.query.items())
            cost = weight if isinstance(weight, int) else weight(parameters)
            used = front.limiter.spend(request.remote or "", cost, now_ms())
            found = handler(front, Ask(parameters, now_ms()))
            if isinstance(found, Awaitable):
                found = await found
            if front.market == "spot":
                parameters.done()
            response = web.Response(body=faults.touch(orjson.dumps(found)))
        except errors.Refusal as refusal:
            response = web.Response(body=refusal.body(), status=refusal.status)
            if refusal.retry_after_s is not None:
                response.headers["Retry-After"] = str(refusal.retry_after_s)
        response.headers["Content-Type"] = CONTENT_TYPE
        if used is not None:
            response.headers["x-mbx-used-weight"] = response.headers["x-mbx-used-weight-1m"] = str(used)
        if front.market == "perp":
            response.headers["x-response-time"] = f"{(time.perf_counter() - started) * 1000:.0f}ms"
        return response

    return answer
