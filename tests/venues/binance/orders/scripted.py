"""The private side of both markets on the loopback: keeps what it is sent, and errs where a test says so.

It decides no prices. A test says what happens (`fill`, `cancel`, `trigger`, `stranger`), the venue keeps the
books of it, answers questions from them and tells its streams, unless the test has them miss it.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from aiohttp import WSMsgType, web

from candlewick.core.clock import NS_PER_MS, Clock
from candlewick.venues.binance.orders.endpoints import PrivateEndpoints, PrivateMarket, PrivateSides

ZERO = Decimal(0)
# before: the request is lost on its way; after: it is carried out, and the answer is lost
Fault = Literal["cut before", "cut after"] | tuple[Literal["before", "after"], int, dict[str, Any]]


@dataclass
class Entry:
    """An order in the books of the venue."""

    market: PrivateMarket
    id: int
    client_id: str
    sent: dict[str, str]
    algo: bool = False
    status: str = "NEW"
    filled: Decimal = ZERO
    spent: Decimal = ZERO
    actual: int | None = None
    updated_ms: int = 0

    @property
    def quantity(self) -> Decimal:
        return Decimal(self.sent["quantity"])

    @property
    def is_open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")


@dataclass
class Book:
    """One market's books."""

    orders: dict[int, Entry] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)


class ScriptedVenue:
    """The venue. `faults` hold, by `METHOD path`, what goes wrong with the next requests of that kind."""

    def __init__(self, clock: Clock) -> None:
        self.base = ""
        self.books: dict[PrivateMarket, Book] = {"spot": Book(), "usdm": Book()}
        self.faults: dict[str, list[Fault]] = {}
        self.asked: Counter[str] = Counter()
        self.keys_made = 0
        self.skew_ms = 0
        self.balances = [{"asset": "USDT", "free": "1000", "locked": "0"}]
        self.wallet = [{"asset": "USDT", "walletBalance": "500", "initialMargin": "20"}]
        self.positions: list[dict[str, Any]] = []
        self.configs = [{"symbol": "BTCUSDT", "marginType": "CROSSED", "leverage": 20}]
        self.income: list[dict[str, Any]] = []
        self.funding_rates: list[dict[str, Any]] = []
        self.deaf = False  # the streams miss what happens
        self.doubled = False  # the streams tell everything twice
        self._clock = clock
        self._numbers = 100

    @property
    def sides(self) -> PrivateSides:
        http, ws = f"http://{self.base}", f"ws://{self.base}"
        return (
            PrivateEndpoints("spot", http, f"{ws}/ws-api/v3", 6000),
            PrivateEndpoints("usdm", http, f"{ws}/private/ws", 2400),
        )

    def now_ms(self) -> int:
        return self._clock.now_ns() // NS_PER_MS + self.skew_ms

    def find(self, client_id: str) -> Entry:
        return next(
            each
            for book in self.books.values()
            for each in book.orders.values()
            if each.client_id == client_id
        )

    def count(self, client_id: str) -> int:
        """How many orders of this id ever came here."""
        return sum(
            each.client_id == client_id for book in self.books.values() for each in book.orders.values()
        )

    # What a test makes happen.

    async def fill(self, entry: Entry, quantity: str, price: str = "100", *, told: bool = True) -> int:
        """A trade of an order; its id."""
        number, size = self._number(), Decimal(quantity)
        entry.filled += size
        entry.spent += size * Decimal(price)
        entry.status = "FILLED" if entry.filled == entry.quantity else "PARTIALLY_FILLED"
        entry.updated_ms = self.now_ms()
        buys = entry.sent["side"] == "BUY"
        self.books[entry.market].trades.append(
            {
                "symbol": entry.sent["symbol"],
                "id": number,
                "orderId": entry.id,
                "price": price,
                "qty": quantity,
                "commission": "0.01",
                "commissionAsset": "USDT",
                "time": entry.updated_ms,
                **(
                    {"isBuyer": buys, "isMaker": False}
                    if entry.market == "spot"
                    else {"buyer": buys, "maker": False}
                ),
            }
        )
        if told:
            last = {"l": quantity, "L": price, "n": "0.01", "N": "USDT", "t": number}
            await self._tell(entry, "TRADE", last)
        return number

    async def cancel(self, entry: Entry, *, told: bool = True) -> None:
        entry.status = "CANCELED"
        entry.updated_ms = self.now_ms()
        if told:
            await self._tell(entry, "CANCELED", {})

    async def trigger(self, entry: Entry, *, client_id: str | None = None, told: bool = True) -> Entry:
        """A conditional order of futures becomes one in the matching engine, under another number."""
        sent = {**entry.sent, "type": "MARKET"}
        actual = self._enter("usdm", client_id or entry.client_id, sent)
        entry.status, entry.actual = "TRIGGERED", actual.id
        if told:
            await self._tell(entry, "TRIGGERED", {})
            await self._tell(actual, "NEW", {})
        return actual

    async def stranger(
        self, market: PrivateMarket, client_id: str, *, told: bool = True, **sent: str
    ) -> Entry:
        """An order that somebody places by other means."""
        wanted = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "1", "price": "90"}
        entry = self._enter(market, client_id, wanted | sent)
        if told:
            await self._tell(entry, "NEW", {})
        return entry

    async def say(self, market: PrivateMarket, event: dict[str, Any]) -> None:
        """Tell a stream."""
        text = json.dumps({"subscriptionId": 0, "event": event} if market == "spot" else event)
        for socket in list(self.books[market].sockets):
            for _ in range(1 + self.doubled):
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(text)

    async def hang_up(self) -> None:
        """Cut all streams."""
        for book in self.books.values():
            for socket in list(book.sockets):
                await socket.close()

    # Orders in and out.

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _enter(
        self, market: PrivateMarket, client_id: str, sent: dict[str, str], *, algo: bool = False
    ) -> Entry:
        entry = Entry(market, self._number(), client_id, sent, algo, updated_ms=self.now_ms())
        self.books[market].orders[entry.id] = entry
        return entry

    async def _tell(self, entry: Entry, what: str, last: dict[str, Any]) -> None:
        if not self.deaf:
            await self.say(entry.market, self._event(entry, what, last))

    def _event(self, entry: Entry, what: str, last: dict[str, Any]) -> dict[str, Any]:
        sent, now = entry.sent, self.now_ms()
        if entry.algo:
            order = {
                "caid": entry.client_id,
                "aid": entry.id,
                "o": sent["type"],
                "s": sent["symbol"],
                "S": sent["side"],
                "f": sent.get("timeInForce", "GTC"),
                "q": sent["quantity"],
                "X": entry.status,
                "ai": str(entry.actual or ""),
                "tp": sent.get("triggerPrice", "0"),
                "p": sent.get("price", "0"),
            }
            return {"e": "ALGO_UPDATE", "E": now, "T": now, "o": order}
        order = {
            "s": sent["symbol"],
            "c": entry.client_id,
            "S": sent["side"],
            "o": sent["type"],
            "f": sent.get("timeInForce", "GTC"),
            "q": sent["quantity"],
            "p": sent.get("price", "0"),
            "x": what,
            "X": entry.status,
            "i": entry.id,
            "z": str(entry.filled),
            "T": now,
            **last,
        }
        if entry.market == "usdm":
            return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": now, "o": {**order, "ot": sent["type"]}}
        if what == "CANCELED":
            order |= {"c": "the-cancellation", "C": entry.client_id}
        return {
            "e": "executionReport",
            "E": now,
            "P": sent.get("stopPrice", "0"),
            "Z": str(entry.spent),
            **order,
        }

    def _row(self, entry: Entry) -> dict[str, Any]:
        sent = entry.sent
        if entry.algo:
            return {
                "algoId": entry.id,
                "clientAlgoId": entry.client_id,
                "symbol": sent["symbol"],
                "side": sent["side"],
                "orderType": sent["type"],
                "quantity": sent["quantity"],
                "algoStatus": entry.status,
                "actualOrderId": str(entry.actual or ""),
                "triggerPrice": sent.get("triggerPrice", ""),
                "price": sent.get("price", "0"),
                "updateTime": entry.updated_ms,
            }
        return {
            "symbol": sent["symbol"],
            "orderId": entry.id,
            "clientOrderId": entry.client_id,
            "status": entry.status,
            "side": sent["side"],
            "type": sent["type"],
            "timeInForce": sent.get("timeInForce", "GTC"),
            "origQty": sent["quantity"],
            "executedQty": str(entry.filled),
            "price": sent.get("price", "0"),
            "stopPrice": sent.get("stopPrice", "0"),
            "cummulativeQuoteQty": str(entry.spent),
            "updateTime": entry.updated_ms,
        }

    # The server.

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[ScriptedVenue]:
        application = web.Application()
        for path, market in (("/ws-api/v3", "spot"), ("/private/ws/{key}", "usdm")):
            application.router.add_get(path, self._streaming(market))  # type: ignore[arg-type]
        application.router.add_route("*", "/{path:.*}", self._rest)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.base = f"{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _streaming(self, market: PrivateMarket) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def stream(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            if market == "usdm":
                self.books[market].sockets.add(socket)
            try:
                async for message in socket:
                    if message.type is WSMsgType.TEXT:  # of spot: the subscription
                        asked = json.loads(message.data)
                        assert asked["method"] == "userDataStream.subscribe.signature"
                        answer = {"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}}
                        await socket.send_str(json.dumps(answer))
                        self.books[market].sockets.add(socket)
            finally:
                self.books[market].sockets.discard(socket)
            return socket

        return stream

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        kind = f"{request.method} {request.path}"
        self.asked[kind] += 1
        waiting = self.faults.get(kind, [])
        fault = waiting.pop(0) if waiting else None
        if fault == "cut before":
            return self._cut(request)
        if isinstance(fault, tuple) and fault[0] == "before":
            return web.json_response(fault[2], status=fault[1], headers={"Retry-After": "0"})
        status, body = await self._answer(request, dict(request.query))
        if fault == "cut after":
            return self._cut(request)
        if isinstance(fault, tuple):
            return web.json_response(fault[2], status=fault[1])
        return web.json_response(body, status=status)

    @staticmethod
    def _cut(request: web.Request) -> web.StreamResponse:
        """Close the connection without an answer."""
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async def _answer(self, request: web.Request, sent: dict[str, str]) -> tuple[int, Any]:
        if "timestamp" in sent:
            age_ms = self.now_ms() - int(sent["timestamp"])
            if not -1000 <= age_ms <= int(sent["recvWindow"]):
                return 400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
        market: PrivateMarket = "usdm" if request.path.startswith("/fapi") else "spot"
        book = self.books[market]
        match request.method, request.path.rsplit("/", 1)[1]:
            case _, "time":
                return 200, {"serverTime": self.now_ms()}
            case "POST", "listenKey":
                self.keys_made += 1
                return 200, {"listenKey": f"key{self.keys_made}"}
            case "POST", "order" | "algoOrder" as where:
                return await self._placed(market, sent, algo=where == "algoOrder")
            case method, "order" | "algoOrder" | "keepPriority" as where:
                return await self._about(method, market, sent, algo=where == "algoOrder")
            case _, "openOrders" | "openAlgoOrders" as where:
                algo = where == "openAlgoOrders"
                found = [
                    each
                    for each in book.orders.values()
                    if each.is_open
                    and each.algo == algo
                    and sent.get("symbol") in (None, each.sent["symbol"])
                ]
                return 200, [self._row(each) for each in found]
            case _, "myTrades" | "userTrades":
                return 200, self._trades(book, sent)
            case _, "account":
                return 200, {"balances": self.balances} if market == "spot" else {"assets": self.wallet}
            case _, "positionRisk":
                return 200, self.positions
            case _, "symbolConfig":
                return 200, [row for row in self.configs if sent.get("symbol") in (None, row["symbol"])]
            case "POST", "leverage":
                self._config(sent["symbol"])["leverage"] = int(sent["leverage"])
                return 200, {"symbol": sent["symbol"], "leverage": int(sent["leverage"])}
            case "POST", "marginType":
                config = self._config(sent["symbol"])
                if config["marginType"] == sent["marginType"]:
                    return 400, {"code": -4046, "msg": "No need to change margin type."}
                config["marginType"] = sent["marginType"]
                return 200, {"code": 200, "msg": "success"}
            case _, "income":
                start, end = int(sent["startTime"]), int(sent["endTime"])
                return 200, [row for row in self.income if start <= row["time"] <= end]
            case _, "fundingRate":
                return 200, self.funding_rates
        return 404, {"code": -5000, "msg": f"There is no {request.path}."}

    def _config(self, symbol: str) -> dict[str, Any]:
        return next(each for each in self.configs if each["symbol"] == symbol)

    async def _placed(self, market: PrivateMarket, sent: dict[str, str], *, algo: bool) -> tuple[int, Any]:
        client_id = sent["clientAlgoId" if algo else "newClientOrderId"]
        if any(each.client_id == client_id and each.is_open for each in self.books[market].orders.values()):
            return 400, {"code": -2010, "msg": "Duplicate order sent."}
        entry = self._enter(market, client_id, sent, algo=algo)
        await self._tell(entry, "NEW", {})
        if algo:
            return 200, self._row(entry)
        return 200, {"symbol": sent["symbol"], "orderId": entry.id, "clientOrderId": client_id}

    async def _about(
        self, method: str, market: PrivateMarket, sent: dict[str, str], *, algo: bool
    ) -> tuple[int, Any]:
        id, client = ("algoId", "clientAlgoId") if algo else ("orderId", "origClientOrderId")
        number, name = int(sent.get(id, 0)), sent.get(client)
        found = [
            each
            for each in self.books[market].orders.values()
            if each.algo == algo and (each.id == number or each.client_id == name)
        ]
        if not found or (method != "GET" and not found[-1].is_open):
            code = -2013 if method == "GET" else -2011
            return 400, {"code": code, "msg": "Order does not exist."}
        entry = found[-1]
        if method == "DELETE":
            await self.cancel(entry)
            if algo:
                return 200, {
                    "algoId": entry.id,
                    "clientAlgoId": entry.client_id,
                    "code": "200",
                    "msg": "success",
                }
        if method == "PUT":
            entry.sent |= {"quantity": sent.get("newQty") or sent["quantity"]}
            entry.sent |= {"price": sent.get("price", entry.sent["price"])}
            entry.updated_ms = self.now_ms()
            await self._tell(entry, "REPLACED" if market == "spot" else "AMENDMENT", {})
        return 200, self._row(entry)

    @staticmethod
    def _trades(book: Book, sent: dict[str, str]) -> list[dict[str, Any]]:
        found = [row for row in book.trades if row["symbol"] == sent["symbol"]]
        if "orderId" in sent:
            return [row for row in found if row["orderId"] == int(sent["orderId"])]
        if "fromId" in sent:
            return [row for row in found if row["id"] >= int(sent["fromId"])][: int(sent["limit"])]
        if "startTime" not in sent:
            return found[-int(sent["limit"]) :]
        start, end = int(sent["startTime"]), int(sent["endTime"])
        return [row for row in found if start <= row["time"] <= end][: int(sent["limit"])]
