"""REST requests to a venue: within its weight limit, and its refusals as our errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from candlewick.core.clock import NS_PER_S, Clock
from candlewick.core.errors import RateLimited, VenueError, VenueUnavailable

WINDOW_S: Final = 60
Parameters = Mapping[str, str | int]


class WeightBudget:
    """What may still be asked in this minute of the venue's clock.

    The venue tells after every answer what was used; until it does, our own count stands in. After
    a 429 or 418 nothing is asked until the time it named has passed: asking on lengthens a ban.

    Attributes:
        window: the minute that is being spent.
        used: what of it is spent.
    """

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self.used = 0
        self._clock = clock
        self.window = 0
        self._cool_until_ns = 0

    def wait_s(self, weight: int) -> float:
        """How long to wait before `weight` may be spent; spends it if that is 0.

        Raises:
            RateLimited: the venue has told us to stay away for a while.
        """
        now_ns = self._clock.now_ns()
        if now_ns < self._cool_until_ns:
            left_s = (self._cool_until_ns - now_ns) / NS_PER_S
            raise RateLimited(f"The venue asked for a pause; {left_s:.0f} s of it are left.", left_s)
        window = now_ns // NS_PER_S // WINDOW_S
        if window != self.window:
            self.window, self.used = window, 0
        if self.used and self.used + weight > self.limit:
            # in whole nanoseconds: as floats the difference may come out as 0, which means "go"
            return ((window + 1) * WINDOW_S * NS_PER_S - now_ns) / NS_PER_S
        self.used += weight
        return 0.0

    def told(self, used: int) -> None:
        """The venue says so much is used: others at this address spend from the same purse."""
        self.used = max(self.used, used)

    def give_back(self, weight: int, window: int) -> None:
        """What was spent in a `window` never came to the venue."""
        if window == self.window:
            self.used = max(0, self.used - weight)

    def cool_down(self, seconds: float) -> None:
        self._cool_until_ns = self._clock.now_ns() + round(seconds * NS_PER_S)


class Rest:
    """GET requests below one base address."""

    def __init__(
        self,
        base: str,
        budget: WeightBudget,
        *,
        weight_header: str,
        explain: Callable[[bytes], str],
        timeout_s: float = 10.0,
        at_once: int = 8,
    ) -> None:
        """`weight_header` carries what was used; `explain` reads the venue's error body as a sentence."""
        self._base = base
        self._budget = budget
        self._weight_header = weight_header
        self._explain = explain
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._at_once = asyncio.Semaphore(at_once)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, parameters: Parameters | None = None, *, weight: int = 1) -> bytes:
        """The body of the answer.

        Raises:
            RateLimited: 429 or 418, now or while the pause that it asked for lasts.
            VenueUnavailable: no answer in time, or 5xx.
            VenueError: the venue refused; its code and sentence are in ours.
        """
        async with self._at_once:
            while True:
                wait_s = self._budget.wait_s(weight)
                if wait_s <= 0:
                    break
                await asyncio.sleep(wait_s)
            window = self._budget.window
            if self._session is None:
                self._session = aiohttp.ClientSession(timeout=self._timeout)
            try:
                async with self._session.get(self._base + path, params=parameters) as response:
                    body = await response.read()
            except TimeoutError:
                raise VenueUnavailable(
                    f"{self._base}{path} did not answer within {self._timeout.total:g} s."
                ) from None
            except aiohttp.ClientConnectorError as error:
                # one that is not up yet is asked again and again: that must not use up its minute
                self._budget.give_back(weight, window)
                raise VenueUnavailable(f"{self._base}{path} cannot be reached: {error}") from None
            except aiohttp.ClientError as error:
                raise VenueUnavailable(f"{self._base}{path} cannot be reached: {error}") from None
        return self._judge(path, response, body)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _judge(self, path: str, response: aiohttp.ClientResponse, body: bytes) -> bytes:
        used = response.headers.get(self._weight_header, "")
        if used.isdecimal():
            self._budget.told(int(used))
        status = response.status
        if status == 200:
            return body
        if status in (418, 429):
            text = response.headers.get("Retry-After", "")
            pause_s = float(text) if text.isdecimal() else WINDOW_S
            self._budget.cool_down(pause_s)
            raise RateLimited(
                f"{self._base}{path} answered {status}: {self._explain(body)} Next try in {pause_s:g} s.",
                pause_s,
            )
        sentence = f"{self._base}{path} answered {status}: {self._explain(body)}"
        raise VenueUnavailable(sentence) if status >= 500 else VenueError(sentence)
