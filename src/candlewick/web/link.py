"""What the web needs of its link to the engine; `candlewick.runtime.gateway.client` offers it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, ParamSpec, Protocol

import orjson

from candlewick.runtime.gateway.client import unanswered

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

    def ask(self, verb: str, arguments: bytes, answer: Future[bytes]) -> None: ...

    def forget(self, answer: Future[bytes]) -> None: ...


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
        answer: Future[bytes] = Future()  # not one of the loop's, with a task: this costs half
        self._loop.call_soon_threadsafe(self.link.ask, verb, orjson.dumps(arguments), answer)
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            self._loop.call_soon_threadsafe(self.link.forget, answer)
            raise unanswered(verb, timeout_s) from None
