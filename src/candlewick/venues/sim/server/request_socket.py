"""The WebSocket API's public half: the questions of REST, asked and answered over one socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import aiohttp
import orjson
from aiohttp import web

from candlewick.venues.sim.model import Market
from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.rest import Endpoint

# Which endpoint answers a method. Futures know fewer methods.
METHODS: dict[Market, dict[str, str]] = {
    "spot": {
        "ping": "/api/v3/ping",
        "time": "/api/v3/time",
        "exchangeInfo": "/api/v3/exchangeInfo",
        "depth": "/api/v3/depth",
        "trades.recent": "/api/v3/trades",
        "trades.historical": "/api/v3/historicalTrades",
        "trades.aggregate": "/api/v3/aggTrades",
        "klines": "/api/v3/klines",
        "uiKlines": "/api/v3/uiKlines",
        "avgPrice": "/api/v3/avgPrice",
        "ticker.24hr": "/api/v3/ticker/24hr",
        "ticker.price": "/api/v3/ticker/price",
        "ticker.book": "/api/v3/ticker/bookTicker",
    },
    "perp": {
        "depth": "/fapi/v1/depth",
        "ticker.price": "/fapi/v1/ticker/price",
        "ticker.book": "/fapi/v1/ticker/bookTicker",
    },
}
# Clients sign public questions too, which changes nothing; the limits are in every answer.
UNREAD = frozenset({"apiKey", "signature", "timestamp", "recvWindow", "returnRateLimits"})
PING_S = 60.0
MOST_BYTES = 64 * 1024


async def serve(request: web.Request, endpoints: Mapping[str, Endpoint]) -> web.StreamResponse:
    """Answer questions, one after the other, until the client leaves. `endpoints` are by method."""
    websocket = web.WebSocketResponse(heartbeat=PING_S, compress=False, max_msg_size=MOST_BYTES)
    if not websocket.can_prepare(request):
        return web.Response(status=400, text="This address speaks WebSocket.\n")
    with contextlib.suppress(ConnectionResetError):  # the client may be gone before its answer
        await websocket.prepare(request)
        async for message in websocket:
            if message.type is aiohttp.WSMsgType.TEXT:
                found = await answer(message.data, endpoints, request.remote or "")
                await websocket.send_str(found.decode())
    return websocket


async def answer(text: str, endpoints: Mapping[str, Endpoint], address: str) -> bytes:
    """The answer to one question."""
    id: object = None
    limits: list[dict[str, object]] = []
    try:
        try:
            question = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise errors.Refusal(-1135, "Invalid JSON Request") from None
        if not isinstance(question, dict):
            raise errors.Refusal(-1135, "Invalid JSON Request; expected an object.")
        id = question.get("id")
        endpoint = endpoints.get(str(question.get("method")))
        if endpoint is None:
            raise errors.Refusal(-1020, "This operation is not supported.")
        parameters = question.get("params", {})
        if not isinstance(parameters, dict):
            raise errors.Refusal(-1135, "Invalid 'params' in JSON request; expected an object.")
        try:
            result = await endpoint.ask(_texts(parameters), address)
        finally:
            limits = [_limit(endpoint, address)]
        return orjson.dumps({"id": id, "status": 200, "result": result, "rateLimits": limits})
    except errors.Refusal as refusal:
        error = {"code": refusal.code, "msg": refusal.message}
        return orjson.dumps({"id": id, "status": refusal.status, "error": error, "rateLimits": limits})


def _texts(parameters: dict[str, object]) -> Iterator[tuple[str, str]]:
    """JSON values as a query string would carry them."""
    for name, value in parameters.items():
        if name not in UNREAD:
            yield name, value if isinstance(value, str) else orjson.dumps(value).decode()


def _limit(endpoint: Endpoint, address: str) -> dict[str, object]:
    limiter = endpoint.front.limiter
    return {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": limiter.limit,
        "count": limiter.used(address, endpoint.now_ms()),
    }
