"""Leverage, as people and strategies set it: of a live account the venue has the last word, and is heard."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final

from candlewick.core.errors import Conflict, VenueUnavailable
from candlewick.core.reports import LeverageRefused, LeverageTaken
from candlewick.trading.commands import SetLeverage

ANSWER_WITHIN_S: Final = 10.0  # less than a request lasts
UNHEARD: Final = ("unreachable", "lost", "rate_limited")  # what to try again may help against

Answer = LeverageTaken | LeverageRefused


class Leverage:
    """Sets leverage, and returns when it is so. Lives on the engine's event loop.

    Args:
        do: hands the heart a command, and returns when what it decided is on disk.
        settled: returns when all that the heart decided so far is on disk.
        is_live: whether a venue is asked about an account.
    """

    def __init__(
        self,
        do: Callable[[SetLeverage, str], Awaitable[None]],
        settled: Callable[[], Awaitable[None]],
        is_live: Callable[[int], bool],
        *,
        within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._do = do
        self._settled = settled
        self._is_live = is_live
        self._within_s = within_s
        # by account and contract, in the order in which a venue was asked: it is asked for one after another
        self._asked: defaultdict[tuple[int, str], list[asyncio.Future[Answer]]] = defaultdict(list)

    async def set(self, command: SetLeverage, origin: str = "") -> None:
        """Have leverage and margin mode set.

        Raises:
            Conflict: the venue does not want it.
            VenueUnavailable: it could not be asked, or has not answered yet.
            CandlewickError: whatever the heart answers.
        """
        if not self._is_live(command.account):
            await self._do(command, origin)
            return
        waiting = self._asked[command.account, command.instrument]
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting.append(answer)
        try:
            await self._do(command, origin)
        except BaseException:
            waiting.remove(answer)
            raise
        try:
            async with asyncio.timeout(self._within_s):
                said = await asyncio.shield(answer)
        except TimeoutError:
            raise VenueUnavailable(
                f"The venue was asked for {command.leverage:f}x and has not answered yet. "
                "What it takes shows in the position; if it takes nothing, ask again."
            ) from None
        await self._settled()
        if isinstance(said, LeverageRefused):
            failed = VenueUnavailable if said.code in UNHEARD else Conflict
            raise failed(f"The leverage is not changed: {said.reason}")

    def hear(self, report: object) -> None:
        """What a venue has reported, once the heart knows of it."""
        if isinstance(report, Answer) and (waiting := self._asked.get((report.account, report.instrument))):
            answer = waiting.pop(0)
            if not answer.done():
                answer.set_result(report)
