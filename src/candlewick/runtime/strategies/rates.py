"""Funding of a strategy's perpetuals as their venue settled it, asked for as it falls due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import VenueError
from candlewick.core.events import Funding

HOUR_S: Final = 3_600  # the shortest span between settlements that venues have; they change it without notice
BACK_S: Final = 48 * HOUR_S  # what is asked for first: two settlements at least, wherever they are daily
KEPT: Final = 3
AGAIN_S: Final = 60  # until a settlement that its venue has not told yet is asked for again
WITHIN_S: Final = 1.0  # a bar waits no longer for an answer

Settlements = Callable[[str, int, int], Awaitable[list[Funding]]]
"""What a venue has settled of an instrument from one UTC second until another."""
Settlement = tuple[int, float]
"""When (UTC seconds), and at which rate."""


class Rates:
    """The newest settlements of some perpetuals."""

    def __init__(self, perpetuals: Sequence[str], settlements: Settlements) -> None:
        self._settlements = settlements
        self._known: dict[str, list[Settlement]] = {each: [] for each in perpetuals}
        self._asked: dict[str, int] = {}

    async def ask(self, ended: int) -> None:
        """Ask for what may have been settled before a bar ended."""
        due = [each for each in self._known if self._is_due(each, ended)]
        await asyncio.gather(*(self._ask(each, ended) for each in due))

    def known(self, ended: int) -> dict[str, list[Settlement]]:
        """What is known to have been settled before a bar ended, by perpetual."""
        return {each: [one for one in known if one[0] < ended] for each, known in self._known.items()}

    def _is_due(self, perpetual: str, ended: int) -> bool:
        asked = self._asked.get(perpetual, 0)
        if ended - asked < AGAIN_S:
            return False
        if (ended - 1) // HOUR_S > (asked - 1) // HOUR_S:
            return True
        times = [time for time, _ in self._known[perpetual]]
        return len(times) < 2 or 2 * times[-1] - times[-2] < ended

    async def _ask(self, perpetual: str, ended: int) -> None:
        self._asked[perpetual] = ended
        known = dict(self._known[perpetual])
        start = max(known) + 1 if len(known) > 1 else ended - BACK_S
        try:
            async with asyncio.timeout(WITHIN_S):
                told = await self._settlements(perpetual, start, ended)
        except (VenueError, TimeoutError):
            return  # a rate that is overdue is told as not known
        known |= {minute_of(each.ts_exchange): each.rate for each in told}
        self._known[perpetual] = sorted(known.items())[-KEPT:]


def minute_of(ts: int) -> int:
    """When it was due, UTC seconds: venues stamp a settlement some milliseconds after its hour."""
    return ts // NS_PER_S // 60 * 60
