"""What the web needs of its link to the engine; `candlewick.runtime.gateway.client` offers it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any, Final, ParamSpec, Protocol

from candlewick.core.errors import EngineAway

P = ParamSpec("P")

ANSWER_WITHIN_S: Final = 15.0


class Link(Protocol):
    """The engine, as the web process's event loop sees it. See `EngineLink` for what each means."""

    connected: bool
    primary: str
    mode: str
    venues: dict[str, dict[str, Any]]
    instruments: dict[str, dict[str, Any]]
    on_market: Callable[[str, bytes], None]
    on_lane: Callable[[str, int, bytes], None]
    on_snapshot: Callable[[str, int, bytes], None]
    on_state: Callable[[bool], None]

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def demand(self, channels: frozenset[str]) -> None: ...

    def resync(self, channel: str) -> None: ...

    async def request(self, verb: str, *, timeout_s: float = ..., **arguments: Any) -> bytes: ...


class Engine:
    """The engine, as the bridge's threads see it."""

    def __init__(self, link: Link, loop: asyncio.AbstractEventLoop) -> None:
        self.link = link
        self._loop = loop

    def call(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have a function called on the event loop, without waiting for it."""
        self._loop.call_soon_threadsafe(functools.partial(function, *args, **kwargs))

    def request(self, verb: str, *, timeout_s: float = ANSWER_WITHIN_S, **arguments: Any) -> bytes:
        """Ask the engine, wait for its JSON answer, and return it.

        Raises:
            EngineAway: it does not answer.
            UsageError: it says what is wrong with the request.
        """
        asking = self.link.request(verb, timeout_s=timeout_s, **arguments)
        future = asyncio.run_coroutine_threadsafe(asking, self._loop)
        try:
            return future.result(timeout_s + 1)
        except TimeoutError:
            future.cancel()
            raise EngineAway(f"The engine did not answer {verb!r} within {timeout_s:.0f} s.") from None
