"""`Drifts`: how far each strategy is from its backtest, worked out beside whoever asks, and kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from candlewick.core.errors import CandlewickError, NotYet

ANSWER_WITHIN_S: Final = 1.0
ANEW_AFTER_S: Final = 10.0  # on short bars it is not worked out anew for each of them
OLD_AFTER_S: Final = 60.0  # inside a long bar there are fills too

log = logging.getLogger(__name__)
Drift = dict[str, Any]
Work = Coroutine[Any, Any, Drift]


@dataclass(slots=True)
class _Kept:
    """What is known of one strategy's drift, since when, and after which closed bar."""

    told: Drift | None = None
    error: CandlewickError | None = None
    newest: int | None = None
    at: float = float("-inf")
    task: asyncio.Task[Drift] | None = None

    def take(self) -> None:
        """Take what was under way, if it is done."""
        task = self.task
        if task is None or not task.done():
            return
        self.task, self.at = None, asyncio.get_running_loop().time()
        try:
            self.told, self.error = task.result(), None
        except CandlewickError as error:
            self.told, self.error = None, error


class Drifts:
    """Works drifts out, one at a time for each strategy, and answers with the newest that is done."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._last: set[asyncio.Task[None]] = set()

    async def of(self, id: str, newest: int | None, work_out: Callable[[], Work]) -> Drift:
        """The drift of a strategy whose newest bar is this. While it is worked out anew, the one before.

        Raises:
            NotYet: the first is still being worked out.
            CandlewickError: it cannot be told; says why.
        """
        kept = self._kept.setdefault(id, _Kept())
        kept.take()
        now = asyncio.get_running_loop().time()
        is_new = kept.told is not None and kept.newest == newest and now - kept.at < OLD_AFTER_S
        if kept.task is None and not is_new and now - kept.at > ANEW_AFTER_S:
            kept.task, kept.newest = asyncio.create_task(work_out()), newest
            kept.task.add_done_callback(_noted)
        if kept.task is not None and kept.told is None:
            await asyncio.wait([kept.task], timeout=ANSWER_WITHIN_S)
            kept.take()
        if kept.told is not None:
            return kept.told
        if kept.error is not None and kept.task is None:
            raise kept.error
        raise NotYet("Its backtest is still running. Ask again in a moment.")

    def keep_last(
        self, id: str, work_out: Callable[[], Work], keep: Callable[[Drift], Awaitable[None]]
    ) -> None:
        """A strategy is at its end: work its drift out a last time, beside, and have it kept."""

        async def last() -> None:
            try:
                await keep(await work_out())
            except CandlewickError as error:
                log.info("Of strategy %s no drift is kept: %s", id, error)

        task = asyncio.get_running_loop().create_task(last())
        self._last.add(task)
        task.add_done_callback(self._last.discard)

    def forget(self, id: str) -> None:
        """There is no such strategy any more."""
        kept = self._kept.pop(id, None)
        if kept is not None and kept.task is not None:
            kept.task.cancel()

    async def close(self) -> None:
        """End what is under way."""
        tasks = [*self._last, *(each.task for each in self._kept.values() if each.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _noted(task: asyncio.Task[Drift]) -> None:
    """Whether it failed is for who asks next: nobody else is to be told that nobody asked."""
    if not task.cancelled():
        task.exception()
