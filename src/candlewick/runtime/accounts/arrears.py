"""Funding that fell due while no engine ran: charged to paper accounts as their venue settled it, or told.

A paper position pays what the real one would have paid. The rates and the marks are the venue's own history;
of a settlement that it does not tell, nothing is charged, and the account is told so. Nothing is filled on
paper while no engine runs, so what was held at each settlement is what is held at the start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from candlewick.core.clock import NS_PER_S, Clock, iso
from candlewick.core.errors import VenueError
from candlewick.core.events import Funding
from candlewick.core.instrument import Instrument
from candlewick.core.reports import FundingPaid
from candlewick.trading.account import AccountState
from candlewick.trading.effects import Severity
from candlewick.venues.paper.funding import paid

log = logging.getLogger(__name__)

ASK_AGAIN_S: Final = 5.0
TOLD_AFTER: Final = 6  # questions that a venue did not answer
LONGEST_NS: Final = 8 * 3_600 * NS_PER_S  # between two settlements anywhere: in so long there was one
TITLE: Final = "Funding while the engine was away"
History = Callable[[str, int, int], Awaitable[list[Funding]]]


class _Held(NamedTuple):
    """A position as it was found at the start, and since when nobody looked after it (ns UTC)."""

    account: AccountState
    instrument: Instrument
    quantity: Decimal
    since: int


class Arrears:
    """Brings paper accounts' funding up to date after a start. Lives on the engine's event loop.

    Args:
        history: settled rates of an instrument from one UTC second until another.
        last_seen: when an engine last noted what an account was worth (ns UTC); None: none ever did.
        take: hands a report to the heart.
        tell: a notice to one account: severity, title, message.
        start: does work beside the stream.
    """

    def __init__(
        self,
        *,
        history: History,
        last_seen: Callable[[int], int | None],
        take: Callable[[FundingPaid], None],
        tell: Callable[[int, Severity, str, str], None],
        start: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        clock: Clock,
    ) -> None:
        self._history = history
        self._last_seen = last_seen
        self._take = take
        self._tell = tell
        self._start = start
        self._clock = clock
        self._until = 0
        self._waiting: dict[str, list[_Held]] = {}

    def note(self, accounts: Iterable[AccountState]) -> None:
        """What paper accounts hold as the engine starts."""
        self._until = self._clock.now_ns()
        for state in accounts:
            seen = self._last_seen(state.number)
            if seen is None:
                continue
            for position in state.book.positions.values():
                if position.instrument.kind != "perp":
                    continue
                since = max(seen, position.opened_at)
                held = _Held(state, position.instrument, position.quantity, since)
                self._waiting.setdefault(position.instrument.id, []).append(held)

    def catch_up(self, venues: Collection[str]) -> None:
        """Ask these venues, which have said what they list, for what was missed; each instrument once."""
        for id in [each for each in self._waiting if each.partition(":")[0] in venues]:
            self._ask(id, self._waiting.pop(id))

    def _ask(self, id: str, holders: list[_Held]) -> None:
        begin = min(each.since for each in holders)

        async def ask() -> None:
            tries = 0
            while True:
                try:
                    rates = await self._history(id, begin // NS_PER_S, self._until // NS_PER_S + 1)
                except VenueError as error:
                    tries += 1
                    log.warning("What funding of %s was missed is not known yet: %s", id, error)
                    if tries == TOLD_AFTER:
                        self._tell_of_silence(holders)
                    await asyncio.sleep(ASK_AGAIN_S)
                else:
                    break
            for held in holders:
                self._settle(held, rates)

        self._start(ask)

    def _tell_of_silence(self, holders: list[_Held]) -> None:
        for held in holders:
            text = f"{held.instrument.symbol}: its venue does not tell yet what was settled; it is asked on."
            self._tell(held.account.number, "WARNING", TITLE, text)

    def _settle(self, held: _Held, rates: list[Funding]) -> None:
        account, id = held.account.number, held.instrument.id
        settled = [each for each in rates if held.since < _settled_at(each) <= self._until]
        booked = held.account.known_funding.get(id, {})
        due = [each for each in settled if str(_settled_at(each)) not in booked]
        for each in due:
            if each.mark is not None:
                rate, mark = Decimal(repr(each.rate)), Decimal(repr(each.mark))
                at = _settled_at(each)
                self._take(paid(account, held.instrument, held.quantity, rate, mark, at, at))
        unknown = sum(each.mark is None for each in due)
        name, span = held.instrument.symbol, f"from {iso(held.since)} to {iso(self._until)}"
        if len(due) > unknown:
            text = f"{name}: {len(due) - unknown} settlements {span} were charged as the venue made them."
            self._tell(account, "INFO", TITLE, text)
        if unknown:
            text = f"{name}: of {unknown} settlements {span} the venue does not tell the mark: not charged."
            self._tell(account, "WARNING", TITLE, text)
        if not settled and self._until - held.since > LONGEST_NS:
            text = f"{name}: the venue tells of no settlement {span}: nothing was charged."
            self._tell(account, "WARNING", TITLE, text)


def _settled_at(funding: Funding) -> int:
    """The full second: venues stamp a settlement some milliseconds after its hour."""
    return funding.ts_exchange // NS_PER_S * NS_PER_S
