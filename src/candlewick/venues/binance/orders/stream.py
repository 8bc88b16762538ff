"""User-data streams: what happens to the account, as it happens. A stream that stays.

Spot: one WebSocket to the WebSocket API, and a signed `userDataStream.subscribe.signature` over it (the
listen keys of spot ended in 2026). USDⓈ-M: a listen key from REST is the stream's address, and is kept
alive; it is worth an hour. After every reconnect things were missed: `on_up` is the moment to ask for them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Final

import aiohttp
import msgspec

from candlewick.core.errors import VenueError
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.endpoints import PrivateEndpoints
from candlewick.venues.binance.orders.refusals import CLOCK, LISTEN_KEY_GONE, Refusal
from candlewick.venues.binance.orders.rest import SignedRest
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.connection import Policy

KEEP_EVERY_S: Final = 30 * 60.0  # a listen key is worth an hour
KEEP_AGAIN_S: Final = 60.0
MAX_BYTES: Final = 4 * 1024 * 1024


class StreamLost(VenueError):
    """The stream has ended, for the reason that it says."""


class UserStream:
    """One market's user stream.

    Attributes:
        is_up: it is open, and the venue has confirmed it.
    """

    def __init__(
        self,
        endpoints: PrivateEndpoints,
        credentials: Credentials,
        rest: SignedRest,
        *,
        on_event: Callable[[bytes], bool],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        random: Random,
        policy: Policy,
    ) -> None:
        """`on_event` gets every message, and answers whether more can come."""
        self.is_up = False
        self._endpoints = endpoints
        self._credentials = credentials
        self._rest = rest
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._random = random
        self._policy = policy

    async def run(self) -> None:
        """Keep the stream until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                async with asyncio.timeout(self._policy.lifetime_s):
                    await self._session()
                reason = "closed by the venue"
            except TimeoutError:
                reason = "renewed before the venue's limit of its life, or silent"
            except (VenueError, aiohttp.ClientError, OSError) as error:
                reason = str(error) or type(error).__name__
            self.is_up = False
            self._on_down(reason)
            failures = 0 if loop.time() - began >= self._policy.steady_s else failures + 1
            ceiling = self._policy.backoff_base_s * 2.0 ** min(failures, 30)
            await asyncio.sleep(self._random.uniform(0, min(self._policy.backoff_cap_s, ceiling)))

    async def _session(self) -> None:
        """Open it, and listen until it ends.

        Raises:
            VenueError, aiohttp.ClientError, OSError: it could not be opened, or was lost.
        """
        async with aiohttp.ClientSession() as session:
            if self._endpoints.market == "spot":
                async with self._connected(session, self._endpoints.user_stream) as socket:
                    await self._subscribe(socket)
                    await self._listen(socket)
                return
            key = await self._rest.ask(requests.listen_key("POST"), wire.decode_listen_key)
            async with self._connected(session, f"{self._endpoints.user_stream}/{key.listen_key}") as socket:
                keeping = asyncio.create_task(self._keep(socket))
                try:
                    await self._listen(socket)
                finally:
                    keeping.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await keeping

    @contextlib.asynccontextmanager
    async def _connected(
        self, session: aiohttp.ClientSession, url: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with asyncio.timeout(self._policy.connect_s):
            socket = await session.ws_connect(url, heartbeat=self._policy.ping_s, max_msg_size=MAX_BYTES)
        try:
            yield socket
        finally:
            await socket.close()

    async def _subscribe(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Sign in to the stream over the WebSocket API, and wait until it is confirmed."""
        if self._rest.time.offset_ms is None:
            await self._rest.measure_clock()
        parameters = self._credentials.signed_for_socket(self._rest.time.now_ms())
        request = {"id": 1, "method": "userDataStream.subscribe.signature", "params": parameters}
        await socket.send_str(msgspec.json.encode(request).decode())
        async with asyncio.timeout(self._policy.answer_s):
            while True:
                raw = await _message(socket)
                try:
                    envelope = wire.decode_envelope(raw)
                    if not envelope.id:
                        continue  # an event, before the answer: none of ours can be that early
                    answer = wire.decode_answer(raw)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise StreamLost(f"the answer to the subscription cannot be read: {error}") from None
                break
        if answer.error is not None:
            if answer.error.code == CLOCK:
                self._rest.time.forget()
            raise Refusal(answer.error.code, answer.error.msg)
        if answer.status != 200:
            raise StreamLost(f"the subscription was answered with status {answer.status}")

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.is_up = True
        self._on_up()
        while True:
            if not self._on_event(await _message(socket)):
                raise StreamLost("the venue has ended the stream")

    async def _keep(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Keep the listen key alive; without it the stream is silent, so it is closed and opened anew."""
        pause_s = KEEP_EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = KEEP_EVERY_S
            try:
                await self._rest.send(requests.listen_key("PUT"))
            except Refusal as refusal:
                if refusal.number == LISTEN_KEY_GONE:
                    await socket.close()
                    return
            except VenueError:
                pause_s = KEEP_AGAIN_S  # there is time for another try before the hour is over


async def _message(socket: aiohttp.ClientWebSocketResponse) -> bytes:
    """The next message.

    Raises:
        StreamLost: there will be none.
    """
    message = await socket.receive()
    match message.type:
        case aiohttp.WSMsgType.TEXT:
            text: str = message.data
            return text.encode()
        case aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        case aiohttp.WSMsgType.CLOSE:
            raise StreamLost(f"closed by the venue with code {message.data} ({message.extra or 'no reason'})")
        case aiohttp.WSMsgType.ERROR:
            raise StreamLost(f"broken: {message.data}")
    raise StreamLost("connection lost")
