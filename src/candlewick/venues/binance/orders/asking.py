"""Asking the venue again and again, and from when on its silence proves that a request never arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from candlewick.core.errors import RateLimited, VenueError
from candlewick.venues.binance.orders.side import Side
from candlewick.venues.binance.orders.signing import RECV_WINDOW_MS

GRACE_MS: Final = 5_000  # beyond the window: what the venue's own parts may take among themselves
WORTHLESS_MS: Final = RECV_WINDOW_MS + GRACE_MS
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what. Seconds throughout.

    Attributes:
        ask_again_s, ask_again_cap_s: between two questions about an order whose fate is unknown; the
            pause doubles from one to the other.
        settle_s: after a message that does not add up, before the venue is asked: the rest may be under way.
        audit_s: between two looks at the whole account, when nothing seems amiss.
    """

    ask_again_s: float = 0.25
    ask_again_cap_s: float = 10.0
    settle_s: float = 0.5
    audit_s: float = 60.0


class Pause:
    """Pauses that double, and last at least as long as the venue asks."""

    def __init__(self, patience: Patience) -> None:
        self._next_s = patience.ask_again_s
        self._cap_s = patience.ask_again_cap_s
        self._least_s = 0.0

    def at_least(self, error: VenueError) -> None:
        """Take heed of what the venue said, if it named a time."""
        if isinstance(error, RateLimited):
            self._least_s = error.retry_after_s

    async def over(self) -> None:
        """Wait for the next pause to be over."""
        await asyncio.sleep(max(self._next_s, self._least_s))
        self._next_s, self._least_s = min(2 * self._next_s, self._cap_s), 0.0


class Answers(Generic[T]):
    """The venue's answers to one question, asked again and again `until` it need not be asked any more.

    With each goes whether the request whose fate is asked for was worthless by then: what an answer does not
    know of then will never come.
    """

    def __init__(
        self,
        side: Side,
        patience: Patience,
        ask: Callable[[], Awaitable[T]],
        *,
        until: Callable[[], bool],
        complain: Callable[[str], None],
    ) -> None:
        self._side = side
        self._ask = ask
        self._until = until
        self._complain = complain
        self._pause = Pause(patience)
        self._worthless_ms = side.rest.time.now_ms() + WORTHLESS_MS

    def __aiter__(self) -> Answers[T]:
        return self

    async def __anext__(self) -> tuple[T, bool]:
        while not self._until():
            await self._pause.over()
            # looked at before the question: an answer to one that was asked in time would prove nothing
            too_late = self._side.rest.time.now_ms() > self._worthless_ms
            try:
                return await self._ask(), too_late
            except VenueError as error:
                self._complain(str(error))
                self._pause.at_least(error)
        raise StopAsyncIteration
