"""Binance's protocol on the loopback, as a test tells it to behave."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from candlewick.venues.binance.endpoints import MarketEndpoints

Handler = Callable[[Mapping[str, str]], Any]

FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "stepSize": "0.00001000"},
    {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
]
BTCUSDT = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "filters": FILTERS,
}
DELISTED = {**BTCUSDT, "symbol": "GONEUSDT", "status": "BREAK"}
TICKERS = orjson.dumps(
    {
        "stream": "!miniTicker@arr",
        "data": [
            {
                "e": "24hrMiniTicker",
                "E": 1_700_000_000_000,
                "s": "BTCUSDT",
                **dict.fromkeys("coh", "37000.0"),
                "l": "36000.0",
                "v": "1.0",
                "q": "37000.0",
            }
        ],
    }
)


class Loopback:
    """A scripted venue.

    Attributes:
        routes: REST path → what its answer is made of; a test may replace any.
        control: every control message as it came.
        upgrades: sockets that were opened.
    """

    def __init__(self) -> None:
        self.base = ""
        self.routes: dict[str, Handler] = {
            "/exchangeInfo": lambda query: {"symbols": [BTCUSDT, DELISTED]},
            "/time": lambda query: {"serverTime": 1_700_000_000_000},
        }
        self.asked: Counter[str] = Counter()
        self.control: list[dict[str, Any]] = []
        self.upgrades = 0
        self.answers_control = True
        self.pongs = True
        self.refusals = 0
        self.talks = True
        self.used_weight = 1
        self._forced: tuple[int, dict[str, str], bytes] | None = None
        self._sockets: dict[web.WebSocketResponse, set[str]] = {}
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}

    def endpoints(self, **changed: Any) -> MarketEndpoints:
        fields: dict[str, Any] = {
            "market": "spot",
            "rest": f"http://{self.base}/api",
            "routes": {"all": f"ws://{self.base}/stream"},
            "streams_per_connection": 1024,
            "control_interval_s": 0.001,
            "weight_per_minute": 6000,
        }
        return MarketEndpoints(**fields | changed)

    def streams(self) -> set[str]:
        return set().union(*self._sockets.values())

    def loads(self) -> list[int]:
        """How many streams each connection carries."""
        return [len(streams) for streams in self._sockets.values()]

    async def say(self, raw: bytes) -> None:
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionError):
                await socket.send_str(raw.decode())

    async def say_in_fragments(self, raw: bytes) -> None:
        """Send a message as two frames, which aiohttp's own interface cannot."""
        half = len(raw) // 2
        for transport in self._transports.values():
            for opcode, part in ((0x01, raw[:half]), (0x80, raw[half:])):
                assert len(part) < 126
                transport.write(bytes((opcode, len(part))) + part)

    async def hang_up(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"maintenance")

    def fall_silent(self) -> None:
        self.talks = False

    def refuse_sockets(self, times: int) -> None:
        self.refusals = times

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._forced = (status, headers, body)

    @property
    def requests(self) -> int:
        return self.asked.total() - self.asked["/time"]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Loopback]:
        application = web.Application()
        application.router.add_get("/stream", self._stream)
        application.router.add_get("/api{path:.*}", self._rest)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.base = f"{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _rest(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        self.asked[path] += 1
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.used_weight)}
        if self._forced is not None and path not in ("/time", "/exchangeInfo"):
            status, more, body = self._forced
            return web.Response(status=status, headers=headers | more, body=body)
        if path not in self.routes:
            return web.Response(status=404, body=b"<html>")
        return web.Response(body=orjson.dumps(self.routes[path](request.query)), headers=headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=self.pongs)
        await socket.prepare(request)
        self.upgrades += 1
        streams = self._sockets[socket] = set[str]()
        if request.transport is not None:
            self._transports[socket] = request.transport
        talking = asyncio.create_task(self._talk(socket, streams))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(socket, streams, orjson.loads(message.data))
        finally:
            talking.cancel()
            del self._sockets[socket]
            self._transports.pop(socket, None)
        return socket

    async def _talk(self, socket: web.WebSocketResponse, streams: set[str]) -> None:
        while True:
            await asyncio.sleep(0.02)
            if self.talks and "!miniTicker@arr" in streams:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(TICKERS.decode())

    async def _take(self, socket: web.WebSocketResponse, streams: set[str], asked: dict[str, Any]) -> None:
        self.control.append(asked)
        if not self.answers_control:
            return
        if any("bad" in stream for stream in asked["params"]):
            refusal = {"code": 2, "msg": "Invalid request: unknown stream"}
            await socket.send_str(orjson.dumps({"error": refusal, "id": asked["id"]}).decode())
            return
        if asked["method"] == "SUBSCRIBE":
            streams.update(asked["params"])
        else:
            streams.difference_update(asked["params"])
        await socket.send_str(orjson.dumps({"result": None, "id": asked["id"]}).decode())
