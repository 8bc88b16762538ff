"""The WebSocket API: the questions of REST, asked and answered over one socket, and users' events on it.

A question is public, or signed (by parameters of its own, or once for all by `session.logon`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import aiohttp
import orjson
from aiohttp import web

from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.keys import Key, Sent
from candlewick.venues.sim.server.misbehave import Faults, RequestFaults, StreamFaults
from candlewick.venues.sim.server.rest import Endpoint
from candlewick.venues.sim.server.routes import Route
from candlewick.venues.sim.server.sides import Side
from candlewick.venues.sim.server.timekeeping import Now

# Clients sign public questions too, which changes nothing; the limits are in every answer.
UNREAD = frozenset({"apiKey", "signature", "timestamp", "recvWindow", "returnRateLimits"})
PING_S = 60.0
MOST_BYTES = 64 * 1024
MOST_WAITING = 10_000  # events that a session may be behind; beyond, it is cut off
SUBSCRIBE = "userDataStream.subscribe"


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers at one address: public endpoints and private routes, both by method."""

    endpoints: Mapping[str, Endpoint]
    routes: Mapping[str, Route]
    side: Side
    request_faults: RequestFaults
    faults: Callable[[], Faults]
    now_ms: Now
    seed: str


class Session:
    """One connection: who signed on, what it subscribed to, and its way out."""

    def __init__(self, websocket: web.WebSocketResponse, answering: Answering, request: web.Request) -> None:
        self._websocket = websocket
        self._answering = answering
        self._transport = request.transport
        self._address = request.remote or ""
        self._key: Key | None = None
        self._since_ms = 0
        self._connected_ms = answering.now_ms()
        self._subscriptions: dict[int, str] = {}
        self._next_subscription = 0
        self._out: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_WAITING)
        self._faults = StreamFaults(answering.seed)
        self._cut: asyncio.TimerHandle | None = None
        self._own = {
            "session.logon": self._log_on,
            "session.status": self._status,
            "session.logout": self._log_out,
            "session.subscriptions": self._list,
            SUBSCRIBE: self._subscribe,
            f"{SUBSCRIBE}.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    # the way out -------------------------------------------------------------------------------

    def push(self, account: str, event: dict[str, object]) -> None:
        """Send an event of the account, once for each subscription to it, as the faults leave it."""
        loop = asyncio.get_running_loop()
        faults = self._answering.faults().of_users
        for id in [id for id, name in self._subscriptions.items() if name == account]:
            payload = orjson.dumps({"subscriptionId": id, "event": event})
            for delivery in self._faults.apply(faults, "user", payload):
                self._send(delivery.payload, loop.time() + delivery.delay_ms / 1000)

    def _send(self, payload: bytes, due: float = 0.0) -> None:
        try:
            self._out.put_nowait((due, payload))
        except asyncio.QueueFull:
            self.abort()

    async def write(self) -> None:
        """Send what is queued, in order, until the connection ends."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):  # the client may be gone before its answer
            while True:
                due, payload = await self._out.get()
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                await self._websocket.send_str(payload.decode())

    def abort(self) -> None:
        """Hang up without a word."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """The connection has ended: listen no longer."""
        for account in set(self._subscriptions.values()):
            self._answering.side.streams.ignore(account, self)
        self._subscriptions.clear()
        if self._cut is not None:
            self._cut.cancel()

    # questions ---------------------------------------------------------------------------------

    async def answer(self, text: str) -> None:
        """Answer one question."""
        id: object = None
        limits: list[dict[str, object]] = []
        try:
            question = _read(text)
            id = question.get("id")
            parameters = question.get("params", {})
            if not isinstance(parameters, dict):
                raise errors.Refusal(-1135, "Invalid 'params' in JSON request; expected an object.")
            try:
                result = await self._ask(str(question.get("method")), parameters)
            finally:
                limits = self._limits(parameters)
            self._send(orjson.dumps({"id": id, "status": 200, "result": result, "rateLimits": limits}))
        except errors.Refusal as refusal:
            body = {"id": id, "status": refusal.status, "error": refusal.content(), "rateLimits": limits}
            self._send(orjson.dumps(body))

    async def _ask(self, method: str, parameters: dict[str, object]) -> object:
        answering = self._answering
        endpoint = answering.endpoints.get(method)
        if endpoint is not None:
            read = ((name, text) for name, text in _texts(parameters) if name not in UNREAD)
            return await endpoint.ask(read, self._address)
        own = self._own.get(method)
        sent = Sent.over_socket(_texts(parameters))
        if own is not None:
            return own(sent, parameters)
        route = answering.routes.get(method)
        if route is None:
            raise errors.Refusal(-1020, "This operation is not supported.")
        faults = answering.request_faults
        await faults.delay()
        faults.refuse(answering.now_ms())
        if route.security == "trade" and faults.lose():
            raise errors.unknown_status()
        name = parameters.get("apiKey")
        trusted = self._key if name is None and sent.signature is None else None
        result = answering.side.ask(route, sent, str(name) if name else None, self._address, trusted)
        if route.security == "trade" and faults.forget():
            raise errors.unknown_status()
        return result

    def _limits(self, parameters: dict[str, object]) -> list[dict[str, object]]:
        side, now_ms = self._answering.side, self._answering.now_ms()
        limiter = side.front.limiter
        weight: dict[str, object] = {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": limiter.limit,
            "count": limiter.used(self._address, now_ms),
        }
        name = parameters.get("apiKey")
        key = side.accounts.keys.named(str(name)) if name else self._key
        return [weight, *(side.order_counts(key.account, now_ms) if key else ())]

    # the session's own -------------------------------------------------------------------------

    def _signed(self, sent: Sent, parameters: dict[str, object]) -> Key:
        side = self._answering.side
        name = parameters.get("apiKey")
        key = side.accounts.keys.find(str(name) if name else None, "read")
        sent.check(key, side.front.stamp(self._answering.now_ms()))
        return key

    def _log_on(self, sent: Sent, parameters: dict[str, object]) -> object:
        key = self._signed(sent, parameters)
        if key.public is None:
            raise errors.Refusal(-4056, "HMAC_SHA256 API key is not supported.")
        self._key, self._since_ms = key, self._answering.now_ms()
        return self._status(sent, parameters)

    def _status(self, sent: Sent, parameters: dict[str, object]) -> object:
        stamp = self._answering.side.front.stamp
        return {
            "apiKey": self._key.name if self._key else None,
            "authorizedSince": stamp(self._since_ms) if self._key else None,
            "connectedSince": stamp(self._connected_ms),
            "returnRateLimits": True,
            "serverTime": stamp(self._answering.now_ms()),
            "userDataStream": bool(self._subscriptions),
        }

    def _log_out(self, sent: Sent, parameters: dict[str, object]) -> object:
        self._key = None
        return self._status(sent, parameters)

    def _list(self, sent: Sent, parameters: dict[str, object]) -> object:
        return [{"subscriptionId": id} for id in self._subscriptions]

    def _subscribe(self, sent: Sent, parameters: dict[str, object]) -> object:
        if self._key is None:
            raise errors.Refusal(-1002, "You are not authorized to execute this request.", status=401)
        return self._listen(self._key.account)

    def _subscribe_signed(self, sent: Sent, parameters: dict[str, object]) -> object:
        return self._listen(self._signed(sent, parameters).account)

    def _listen(self, account: str) -> object:
        if account in self._subscriptions.values():
            raise errors.Refusal(-2035, "User Data Stream subscription already active.")
        side = self._answering.side
        side.streams.listen(side.accounts.make(account).name, self)
        id = self._next_subscription
        self._next_subscription += 1
        self._subscriptions[id] = account
        self.limit_life()
        return {"subscriptionId": id}

    def _unsubscribe(self, sent: Sent, parameters: dict[str, object]) -> object:
        wanted = sent.parameters().number("subscriptionId")
        ids = list(self._subscriptions) if wanted is None else [wanted]
        for id in ids:
            if id not in self._subscriptions:
                raise errors.Refusal(-2036, "User Data Stream subscription not found.")
            self._answering.side.streams.ignore(self._subscriptions.pop(id), self)
        return {}

    def limit_life(self) -> None:
        """Cut the connection after a while, where the faults say so and it carries a user's events."""
        faults = self._answering.faults().of_users
        if self._cut is not None:
            self._cut.cancel()
        if faults.disconnect_ms and self._subscriptions:
            life_s = self._faults.life_ms(faults) / 1000
            self._cut = asyncio.get_running_loop().call_later(life_s, self.abort)


async def serve(request: web.Request, answering: Answering, sessions: set[Session]) -> web.StreamResponse:
    """Answer questions, one after the other, until the client leaves."""
    websocket = web.WebSocketResponse(heartbeat=PING_S, compress=False, max_msg_size=MOST_BYTES)
    if not websocket.can_prepare(request):
        return web.Response(status=400, text="This address speaks WebSocket.\n")
    session = Session(websocket, answering, request)
    with contextlib.suppress(ConnectionError):
        await websocket.prepare(request)
        writer = asyncio.create_task(session.write())
        sessions.add(session)
        try:
            async for message in websocket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await session.answer(message.data)
        finally:
            sessions.discard(session)
            session.close()
            writer.cancel()
    return websocket


def _read(text: str) -> dict[str, object]:
    try:
        question = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise errors.Refusal(-1135, "Invalid JSON Request") from None
    if not isinstance(question, dict):
        raise errors.Refusal(-1135, "Invalid JSON Request; expected an object.")
    return question


def _texts(parameters: dict[str, object]) -> Iterator[tuple[str, str]]:
    """JSON values as a query string would carry them."""
    for name, value in parameters.items():
        yield name, value if isinstance(value, str) else orjson.dumps(value).decode()
