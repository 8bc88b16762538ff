"""A venue that only sends: Binance's protocol at a steady rate, each trade stamped with when it was sent.

Run as a process of its own: `python -m benchmarks.load_venue PORT MESSAGES_PER_S`. It answers the few REST
paths that the connector asks for. A trade's quantity is the monotonic clock in milliseconds at its sending
(modulo 10⁷), so that a reader on the same machine can tell how long it was under way.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import orjson
import uvloop
from aiohttp import WSMsgType, web

SYMBOLS: Final = tuple(f"S{n:02}USDT" for n in range(40))
VIEWED: Final = SYMBOLS[0]
MID: Final = 50_000.0
TICK_S: Final = 0.002
CLOCK_MODULUS_MS: Final = 10_000_000
DEPTH: Final = {
    "lastUpdateId": 1,
    "bids": [[f"{MID - 10 - n / 10:.2f}", "1.00000"] for n in range(500)],
    "asks": [[f"{MID + 10 + n / 10:.2f}", "1.00000"] for n in range(500)],
}


DIFF: Final = (
    b'{"stream":"%b@depth@100ms","data":{"e":"depthUpdate","s":"%b",'
    % (VIEWED.lower().encode(), VIEWED.encode())
    + b'"E":%d,"U":%d,"u":%d,"b":[%b],"a":[%b]}}'
)
TRADE: Final = (
    b'{"stream":"%b@aggTrade","data":{"e":"aggTrade","E":%d,"s":"%b","a":%d,"p":"%.2f","q":"%.3f",'
    b'"f":%d,"l":%d,"T":%d,"m":false,"M":true}}'
)
QUOTE: Final = (
    b'{"stream":"%b@bookTicker","data":{"u":%d,"s":"%b","b":"%.2f","B":"1.50000","a":"%.2f","A":"0.20000"}}'
)


def sent_ms() -> float:
    """The clock that stamps trades."""
    return time.monotonic_ns() / 1e6 % CLOCK_MODULUS_MS


def listing(market: str) -> dict[str, Any]:
    """What `exchangeInfo` says: everything on spot, nothing elsewhere."""
    steps = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    ]
    symbols = [
        {"symbol": symbol, "status": "TRADING", "baseAsset": symbol.removesuffix("USDT")}
        | {"quoteAsset": "USDT", "isSpotTradingAllowed": True, "filters": steps}
        for symbol in SYMBOLS
    ]
    return {
        "timezone": "UTC",
        "serverTime": _now_ms(),
        "rateLimits": [],
        "symbols": symbols if market == "spot" else [],
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Stream:
    """The messages in their mix: of ten, six quotes, three trades; each tenth is the viewed book's diff."""

    def __init__(self) -> None:
        self._trade_ids = dict.fromkeys(SYMBOLS, 0)
        self._update_id = 1
        self._n = 0
        self.trades: dict[str, list[tuple[int, int, float, float]]] = {symbol: [] for symbol in SYMBOLS}

    def next(self) -> bytes:
        self._n = n = self._n + 1
        symbol = SYMBOLS[n * 7 % len(SYMBOLS)] if n % 3 else VIEWED
        ms = _now_ms()
        price = MID + (n * 37 % 19 - 9) / 10
        match n % 10:
            case 0:
                first, self._update_id = self._update_id + 1, self._update_id + 8
                return DIFF % (ms, first, self._update_id, _levels(n, -0.1), _levels(n, 0.1))
            case 1 | 4 | 7:
                id = self._trade_ids[symbol] = self._trade_ids[symbol] + 1
                quantity = round(sent_ms(), 3)
                self.trades[symbol].append((id, ms, price, quantity))
                name = symbol.encode()
                return TRADE % (name.lower(), ms, name, id, price, quantity, id, id, ms)
            case _:
                name = symbol.encode()
                return QUOTE % (name.lower(), n, name, price - 0.1, price)


def _levels(n: int, step: float) -> bytes:
    """Four levels away from the mid price, never across it."""
    levels = (f'["{MID + step * (100 + (n + k) % 300):.2f}","{k + n % 9}.50000"]' for k in range(4))
    return ",".join(levels).encode()


class LoadVenue:
    """Serves one stream to whoever subscribes first; the others are answered, and hear nothing."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._stream = Stream()
        self._pumping = False

    def application(self) -> web.Application:
        app = web.Application()
        for base, market in (("/api/v3", "spot"), ("/fapi/v1", "usdm")):
            app.router.add_get(f"{base}/exchangeInfo", self._json(lambda request, m=market: listing(m)))
            app.router.add_get(
                f"{base}/time", self._json(lambda request: {"serverTime": time.time_ns() // 1_000_000})
            )
            app.router.add_get(f"{base}/depth", self._json(lambda request: DEPTH))
            app.router.add_get(f"{base}/klines", self._json(lambda request: []))
            app.router.add_get(f"{base}/aggTrades", self._json(self._agg_trades))
        for path in ("/stream", "/fapi/stream"):
            app.router.add_get(path, self._websocket)
        return app

    def _agg_trades(self, request: web.Request) -> list[dict[str, Any]]:
        query = request.query
        trades: Iterator[tuple[int, int, float, float]] = iter(self._stream.trades[query["symbol"]])
        if "fromId" in query:
            trades = (each for each in trades if each[0] >= int(query["fromId"]))
        else:
            start, end = int(query.get("startTime", 0)), int(query.get("endTime", 1 << 60))
            trades = (each for each in trades if start <= each[1] <= end)
        limit = int(query.get("limit", 500))
        return [
            {
                "a": id,
                "p": f"{price:.2f}",
                "q": f"{quantity:.3f}",
                "f": id,
                "l": id,
                "T": ms,
                "m": False,
                "M": True,
            }
            for (id, ms, price, quantity), _ in zip(trades, range(limit), strict=False)
        ]

    @staticmethod
    def _json(answer: Any) -> Any:
        async def handler(request: web.Request) -> web.Response:
            return web.Response(body=orjson.dumps(answer(request)), content_type="application/json")

        return handler

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        pump = None
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            command = orjson.loads(message.data)
            await socket.send_str(orjson.dumps({"result": None, "id": command.get("id")}).decode())
            wants_all = any("@bookTicker" in each for each in command.get("params", []))
            if wants_all and not self._pumping and request.path == "/stream":
                self._pumping = True
                pump = asyncio.create_task(self._pump(socket))
        if pump is not None:
            pump.cancel()
            self._pumping = False
        return socket

    async def _pump(self, socket: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        while True:
            owed = int((loop.time() - begun) * self._rate) - sent
            for _ in range(owed):
                await socket.send_str(self._stream.next().decode())
            sent += owed
            await asyncio.sleep(TICK_S)


def main() -> None:
    port, rate = int(sys.argv[1]), int(sys.argv[2])
    uvloop.install()
    web.run_app(LoadVenue(rate).application(), host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
