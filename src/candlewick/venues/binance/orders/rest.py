"""Signed requests, within the venue's limits, stamped by its clock.

Every way in which a request can end is a type of its own (`refusals`), for the callers' next step hangs
on it: `Refusal`, `TurnedAway` and `Unreached` say that nothing happened, `Silence` that nobody knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from candlewick.core.clock import Clock
from candlewick.core.errors import MalformedMessage, RateLimited
from candlewick.venues.binance.history import ServerTime
from candlewick.venues.binance.orders import requests
from candlewick.venues.binance.orders.clock import VenueClock
from candlewick.venues.binance.orders.endpoints import PrivateEndpoints
from candlewick.venues.binance.orders.refusals import CLOCK, Refusal, Silence, TurnedAway, Unreached, judge
from candlewick.venues.binance.orders.requests import Request
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.http import WeightBudget

TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 5.0
CLOCK_TRIES: Final = 3
_WEIGHT_HEADER: Final = "X-MBX-USED-WEIGHT-1M"
_DECODE_TIME: Final = msgspec.json.Decoder(ServerTime).decode


class SignedRest:
    """One market's private REST side, with one key.

    Attributes:
        time: the venue's clock.
    """

    def __init__(
        self,
        endpoints: PrivateEndpoints,
        credentials: Credentials,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.time = VenueClock(clock)
        self._market = endpoints.market
        self._base = endpoints.rest
        self._credentials = credentials
        self._clock = clock
        self._budget = WeightBudget(endpoints.weight_per_minute, clock)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_S, timeout_s))
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, request: Request, decode: Callable[[bytes], Any]) -> Any:
        """The answer, decoded.

        Raises:
            Refusal, TurnedAway, Unreached: nothing happened.
            Silence: the venue does not say whether it acted.
            MalformedMessage: it answered, but not so that it could be read.
        """
        body = await self.send(request)
        try:
            return decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedMessage(
                "bad_answer", f"the body of {request.path} cannot be read: {error}"
            ) from None

    async def send(self, request: Request) -> bytes:
        """The answer's body; raises as `ask`."""
        for _ in range(CLOCK_TRIES - 1):
            try:
                return await self._send(request)
            except Refusal as refusal:
                if refusal.number != CLOCK:
                    raise
                # it was not looked at, so the same request may be stamped anew
                self.time.forget()
        return await self._send(request)

    async def measure_clock(self) -> None:
        """Ask the venue what time it is; raises as `ask`."""
        asked_ns = self._clock.now_ns()
        said: ServerTime = await self._ask_time()
        self.time.note(asked_ns, said.server_time, self._clock.now_ns())

    async def close(self) -> None:
        """Release connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask_time(self) -> ServerTime:
        try:
            return _DECODE_TIME(await self._exchange(requests.time(self._market), ""))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedMessage("bad_answer", f"the venue's time cannot be read: {error}") from None

    async def _send(self, request: Request) -> bytes:
        if request.signed:
            if self.time.offset_ms is None:
                try:
                    await self.measure_clock()
                except (Silence, MalformedMessage) as error:  # of the request itself nothing was sent
                    raise Unreached(f"The venue's clock cannot be read: {error}") from None
            return await self._exchange(
                request, self._credentials.signed(request.parameters, self.time.now_ms())
            )
        return await self._exchange(request, urlencode(request.parameters))

    async def _exchange(self, request: Request, query: str) -> bytes:
        where = f"{request.method} {self._base}{request.path}"
        await self._wait_for_weight(request)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        # encoded: the signature is over these very bytes
        url = URL(f"{self._base}{request.path}?{query}" if query else self._base + request.path, encoded=True)
        headers = {} if request.public else self._credentials.header
        try:
            async with self._session.request(request.method, url, headers=headers) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreached(f"{where} cannot be reached: {error}") from None
        except TimeoutError:
            raise Silence(f"{where} did not answer within {self._timeout.total:g} s.") from None
        except aiohttp.ClientError as error:
            raise Silence(f"{where} broke off: {str(error) or type(error).__name__}") from None
        used = response.headers.get(_WEIGHT_HEADER, "")
        if used.isdecimal():
            self._budget.told(int(used))
        if response.status == 200:
            return body
        text = response.headers.get("Retry-After", "")
        judged = judge(response.status, body, where, float(text) if text.isdecimal() else None)
        if isinstance(judged, TurnedAway) and response.status in (418, 429):
            self._budget.cool_down(judged.retry_after_s)
        raise judged

    async def _wait_for_weight(self, request: Request) -> None:
        while True:
            try:
                wait_s = self._budget.wait_s(request.weight)
            except RateLimited as error:
                raise TurnedAway(str(error), error.retry_after_s) from None
            if wait_s <= 0:
                return
            if not request.waits:
                raise TurnedAway(
                    f"All requests of this minute are used; {wait_s:.0f} s of it are left.", wait_s
                )
            await asyncio.sleep(wait_s)
