"""Orders, cancellations and amendments on their way, each until its fate is known.

An order is sent once. Where the venue does not say whether it took it, it is asked for the order by our id
until it knows it, or until the request that carried the order is worthless: the venue takes none later than
the window which the request itself states. Only then is the order refused as lost; it is never sent again.
A cancellation does no harm when it is sent twice, and is repeated until the order is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from candlewick.core.clock import Clock
from candlewick.core.errors import MalformedMessage, RateLimited, VenueError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import AmendRefused, CancelRefused, Refused, Report
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.mapper import Said
from candlewick.venues.binance.orders.reconcile import ask_about
from candlewick.venues.binance.orders.refusals import UNKNOWN_ORDER, Refusal, TurnedAway, Unreached
from candlewick.venues.binance.orders.side import Side
from candlewick.venues.binance.orders.signing import RECV_WINDOW_MS
from candlewick.venues.binance.orders.terms import Unsupported, is_algo, market_of
from candlewick.venues.binance.orders.tracker import Tracked, Tracker

GRACE_MS: Final = 5_000  # beyond the window: what the venue's own parts may take among themselves
WORTHLESS_MS: Final = RECV_WINDOW_MS + GRACE_MS


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


class Outgoing:
    """What one account sends. One thing after the other for each order, all orders beside each other."""

    def __init__(
        self,
        account: int,
        sides: Mapping[PrivateMarket, Side],
        instruments: Mapping[str, Instrument],
        tracker: Tracker,
        clock: Clock,
        patience: Patience,
        *,
        report: Callable[[Iterable[Report]], None],
        hear: Callable[[Said], None],
        complain: Callable[[str], None],
    ) -> None:
        """`report` hands reports on, `hear` takes in what the venue says, `complain` what went wrong."""
        self._account = account
        self._sides = sides
        self._instruments = instruments
        self._tracker = tracker
        self._clock = clock
        self._patience = patience
        self._report = report
        self._hear = hear
        self._complain = complain
        self._group: asyncio.TaskGroup | None = None
        self._waiting: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._lanes: dict[str, asyncio.Task[None]] = {}

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Send from now on, what waits first."""
        self._group = group
        waiting, self._waiting = self._waiting, []
        for order_id, act in waiting:
            self._do(order_id, act)

    def end(self) -> None:
        """Send no more: what comes waits for the next `begin`."""
        self._group = None
        self._lanes.clear()

    def place(self, order: Order) -> None:
        """Send an order; one that was sent is not sent again."""
        if self._tracker.get(order.id) is not None:
            return
        now_ns = self._clock.now_ns()
        try:
            side, instrument = self._where(order)
            request = requests.place(instrument, order, now_ns)
        except Unsupported as cannot:
            self._report([Refused(self._account, order.id, cannot.code, cannot.reason, now_ns)])
            return
        tracked = self.follow(order)
        tracked.is_accepted = False
        tracked.is_sending = True
        self._do(order.id, lambda: self._place(side, request, tracked))

    def cancel(self, order: Order) -> None:
        """Ask for an order's end."""
        self._do(order.id, lambda: self._cancel(order))

    def amend(self, order: Order, terms: Terms) -> None:
        """Ask for new terms of an order."""
        self._do(order.id, lambda: self._amend(order, terms))

    def bury(self, tracked: Tracked) -> None:
        """Cancel an order that everybody was told is lost, and that stands at the venue after all."""
        self._complain(f"Order {tracked.id} was given up as lost and stands at the venue. It is cancelled.")
        self._do(tracked.id, lambda: self._bury(tracked))

    def follow(self, order: Order) -> Tracked:
        """Follow an order of the heart's.

        Raises:
            Unsupported: it stands in no market of ours.
        """
        side, instrument = self._where(order)
        algo = is_algo(side.market, order.terms)
        return self._tracker.follow(order, side.market, instrument.native, algo=algo)

    def _where(self, order: Order) -> tuple[Side, Instrument]:
        instrument = self._instruments.get(order.terms.instrument)
        if instrument is None:
            raise Unsupported("instrument", f"{order.terms.instrument} is not listed at the venue.")
        market = market_of(instrument)
        if market not in self._sides:
            raise Unsupported("instrument", f"This account does not trade {market} markets.")
        return self._sides[market], instrument

    def _do(self, order_id: str, act: Callable[[], Awaitable[None]]) -> None:
        """Do it after what is under way for the same order."""
        if self._group is None:
            self._waiting.append((order_id, act))
            return
        before = self._lanes.get(order_id)

        async def then() -> None:
            if before is not None:
                await asyncio.wait((before,))
            await act()

        task = self._lanes[order_id] = self._group.create_task(then())
        task.add_done_callback(lambda done: self._left(order_id, done))

    def _left(self, order_id: str, task: asyncio.Task[None]) -> None:
        if self._lanes.get(order_id) is task:
            del self._lanes[order_id]

    # Placing.

    async def _place(self, side: Side, request: requests.Request, tracked: Tracked) -> None:
        try:
            body = await side.rest.send(request)
            self._report(self._acknowledged(tracked, body))
        except Refusal as refusal:
            if refusal.is_duplicate:  # of an order that came there although nobody said so
                await self._find_out(side, tracked)
            else:
                self._refuse(tracked, refusal.code, str(refusal))
        except TurnedAway as away:
            self._refuse(tracked, "rate_limited", str(away))
        except Unreached as unreached:
            self._refuse(tracked, "unreachable", str(unreached))
        except VenueError as silence:
            self._complain(str(silence))
            await self._find_out(side, tracked)
        finally:
            tracked.is_sending = False

    def _acknowledged(self, tracked: Tracked, body: bytes) -> list[Report]:
        """What an ACK says.

        Raises:
            MalformedMessage: it cannot be read.
        """
        try:
            if tracked.waits:
                venue_id = f"algo-{wire.decode_algo(body).algo_id}"
            else:
                venue_id = str(wire.decode_order(body).order_id)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedMessage("bad_answer", f"the answer to order {tracked.id}: {error}") from None
        return self._tracker.acknowledged(tracked.id, venue_id, self._clock.now_ns())

    def _refuse(self, tracked: Tracked, code: str, reason: str) -> None:
        if not tracked.is_accepted:  # else the stream has told that it is there, whatever the answer was
            self._report(self._tracker.refused(tracked.id, code, reason, self._clock.now_ns()))

    async def _find_out(self, side: Side, tracked: Tracked) -> None:
        """Ask for an order until it is known whether the venue has it."""
        worthless_ms = side.rest.time.now_ms() + WORTHLESS_MS
        pause = Pause(self._patience)
        while not tracked.is_accepted and not tracked.is_done:
            await pause.over()
            # looked at before the question: an answer to one that was asked in time would prove nothing
            too_late = side.rest.time.now_ms() > worthless_ms
            try:
                said = await ask_about(side, self._tracker, tracked)
            except VenueError as error:
                self._complain(str(error))
                pause.at_least(error)
                continue
            if said is not None:
                self._hear(said)
                if self._tracker.by_venue_id(side.market, said.venue_id) is not tracked:
                    self._refuse(tracked, "duplicate", "Somebody else's order has this id at the venue.")
            elif too_late:
                self._refuse(tracked, "lost", "The order never reached the venue.")

    # Cancelling.

    async def _cancel(self, order: Order) -> None:
        try:
            tracked = self.follow(order)
            side, instrument = self._where(order)
        except Unsupported as cannot:
            now_ns = self._clock.now_ns()
            report = CancelRefused(self._account, order.id, cannot.code, cannot.reason, now_ns, unknown=True)
            self._report([report])
            return
        pause = Pause(self._patience)
        while not tracked.is_done:
            request = requests.cancel(instrument, _names(tracked), algo=tracked.waits)
            try:
                self._cancelled(side, tracked, await side.rest.send(request))
                return
            except Refusal as refusal:
                if refusal.number not in UNKNOWN_ORDER:
                    self._refuse_cancel(tracked, refusal.code, str(refusal))
                    return
                if await self._is_settled(side, tracked, str(refusal)):
                    return
            except VenueError as error:
                self._complain(str(error))
                pause.at_least(error)
            await pause.over()

    async def _bury(self, tracked: Tracked) -> None:
        instrument = self._instruments[tracked.terms.instrument]
        request = requests.cancel(instrument, _names(tracked), algo=tracked.waits)
        pause = Pause(self._patience)
        while True:
            try:
                await self._sides[tracked.market].rest.send(request)
            except Refusal:  # it is gone
                return
            except VenueError as error:
                self._complain(str(error))
                pause.at_least(error)
                await pause.over()
            else:
                return

    def _cancelled(self, side: Side, tracked: Tracked, body: bytes) -> None:
        if tracked.waits:
            self._report(self._tracker.gone(tracked.id, "", self._clock.now_ns()))
            return
        try:
            said = side.mapper.order(wire.decode_order(body))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedMessage("bad_answer", f"the answer to a cancellation: {error}") from None
        self._hear(said)

    async def _is_settled(self, side: Side, tracked: Tracked, reason: str) -> bool:
        """The venue does not find what is to be cancelled: see what became of it. False: it still stands."""
        try:
            said = await ask_about(side, self._tracker, tracked)
        except VenueError as error:
            self._complain(str(error))
            return False
        if said is None:
            self._refuse_cancel(tracked, "unknown", reason, unknown=True)
            return True
        self._hear(said)
        return said.status not in ("OPEN", "PARTLY_FILLED")

    def _refuse_cancel(self, tracked: Tracked, code: str, reason: str, *, unknown: bool = False) -> None:
        now_ns = self._clock.now_ns()
        self._report([CancelRefused(self._account, tracked.id, code, reason, now_ns, unknown)])

    # Amending.

    async def _amend(self, order: Order, terms: Terms) -> None:
        try:
            tracked = self.follow(order)
            side, instrument = self._where(order)
            request = requests.amend(instrument, order, terms, _names(tracked), waits=tracked.waits)
        except Unsupported as cannot:
            self._refuse_amend(order.id, cannot.code, cannot.reason)
            return
        try:
            await side.rest.send(request)
            self._amended(side, tracked, terms)
        except Refusal as refusal:
            self._refuse_amend(tracked.id, refusal.code, str(refusal))
        except TurnedAway as away:
            self._refuse_amend(tracked.id, "rate_limited", str(away))
        except Unreached as unreached:
            self._refuse_amend(tracked.id, "unreachable", str(unreached))
        except VenueError as silence:
            self._complain(str(silence))
            await self._find_out_terms(side, tracked, terms)

    async def _find_out_terms(self, side: Side, tracked: Tracked, terms: Terms) -> None:
        """Ask for an order until it is known whether its amendment was taken."""
        worthless_ms = side.rest.time.now_ms() + WORTHLESS_MS
        pause = Pause(self._patience)
        while not tracked.is_done and tracked.terms != terms:
            await pause.over()
            too_late = side.rest.time.now_ms() > worthless_ms
            try:
                said = await ask_about(side, self._tracker, tracked)
            except VenueError as error:
                self._complain(str(error))
                pause.at_least(error)
                continue
            if said is not None and _has(said.terms, terms):
                self._amended(side, tracked, terms)
            elif too_late:
                self._refuse_amend(tracked.id, "lost", "The amendment never reached the venue.")
                return

    def _amended(self, side: Side, tracked: Tracked, terms: Terms) -> None:
        at_ns = side.rest.time.now_ns()
        self._report(self._tracker.amended(tracked.id, terms, at_ns))

    def _refuse_amend(self, order_id: str, code: str, reason: str) -> None:
        self._report([AmendRefused(self._account, order_id, code, reason, self._clock.now_ns())])


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


def _names(tracked: Tracked) -> dict[str, str | int]:
    """What the venue knows an order by: its own id once it is known, ours until then."""
    if tracked.venue_id is not None:
        return requests.by_id(tracked.venue_id)
    if tracked.algo_id:
        return requests.by_id(tracked.algo_id)
    return requests.by_client_id(tracked.id, algo=tracked.waits)


def _has(terms: Terms, wanted: Terms) -> bool:
    return terms.quantity == wanted.quantity and terms.limit_price == wanted.limit_price
