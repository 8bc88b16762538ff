"""Orders, cancellations and amendments on their way, each until its fate is known.

An order is sent once. Where the venue does not say whether it took it, it is asked for the order by our id
until it knows it, or until the request that carried the order is worthless: the venue takes none later than
the window which the request itself states. Only then is the order refused as lost; it is never sent again.
A cancellation does no harm when it is sent twice, and is repeated until the order is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from candlewick.core.account import MarginMode
from candlewick.core.clock import Clock
from candlewick.core.errors import MalformedMessage, VenueError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import AmendRefused, CancelRefused, LeverageRefused, Refused, Report
from candlewick.venues.binance.orders import leverage, requests, wire
from candlewick.venues.binance.orders.asking import Answers, Patience, Pause
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.mapper import Said
from candlewick.venues.binance.orders.reconcile import ask_about
from candlewick.venues.binance.orders.refusals import UNKNOWN_ORDER, Refusal, TurnedAway, Unreached
from candlewick.venues.binance.orders.side import Side
from candlewick.venues.binance.orders.terms import Unsupported, is_algo, market_of
from candlewick.venues.binance.orders.tracker import Tracked, Tracker


class Outgoing:
    """What one account sends. One thing after the other for each order, all orders beside each other.

    Attributes:
        leverages_asked: grows with each change of leverage when it is asked for, and when it is answered.
    """

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
        self.leverages_asked = 0
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
            side, instrument = self._where(order.terms.instrument)
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

    def set_leverage(self, instrument: str, wanted: Decimal, mode: MarginMode) -> None:
        """Ask for another leverage and margin mode of a contract, after those that were asked for before."""
        try:
            side, contract = self._where(instrument)
        except Unsupported as cannot:
            now_ns = self._clock.now_ns()
            self._report([LeverageRefused(self._account, instrument, cannot.code, cannot.reason, now_ns)])
            return
        self.leverages_asked += 1
        self._do(instrument, lambda: self._change_leverage(side, contract, wanted, mode))

    def bury(self, tracked: Tracked) -> None:
        """Cancel an order that everybody was told is lost, and that stands at the venue after all."""
        self._complain(f"Order {tracked.id} was given up as lost and stands at the venue. It is cancelled.")
        self._do(tracked.id, lambda: self._bury(tracked))

    def follow(self, order: Order) -> Tracked:
        """Follow an order of the heart's.

        Raises:
            Unsupported: it stands in no market of ours.
        """
        side, instrument = self._where(order.terms.instrument)
        algo = is_algo(side.market, order.terms)
        return self._tracker.follow(order, side.market, instrument.native, algo=algo)

    def _where(self, id: str) -> tuple[Side, Instrument]:
        instrument = self._instruments.get(id)
        if instrument is None:
            raise Unsupported("instrument", f"{id} is not listed at the venue.")
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
        answers = self._ask_about(side, tracked, until=lambda: tracked.is_accepted or tracked.is_done)
        async for said, too_late in answers:
            if said is not None:
                self._hear(said)
                if self._tracker.by_venue_id(side.market, said.venue_id) is not tracked:
                    self._refuse(tracked, "duplicate", "Somebody else's order has this id at the venue.")
            elif too_late:
                self._refuse(tracked, "lost", "The order never reached the venue.")

    def _ask_about(self, side: Side, tracked: Tracked, *, until: Callable[[], bool]) -> Answers[Said | None]:
        return Answers(
            side,
            self._patience,
            lambda: ask_about(side, self._tracker, tracked),
            until=until,
            complain=self._complain,
        )

    # Cancelling.

    async def _cancel(self, order: Order) -> None:
        try:
            tracked = self.follow(order)
            side, instrument = self._where(order.terms.instrument)
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
            side, instrument = self._where(order.terms.instrument)
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
        answers = self._ask_about(side, tracked, until=lambda: tracked.is_done or tracked.terms == terms)
        async for said, too_late in answers:
            if said is not None and _has(said.terms, terms):
                self._amended(side, tracked, terms)
            elif too_late:
                self._refuse_amend(tracked.id, "lost", "The amendment never reached the venue.")
                return

    def _amended(self, side: Side, tracked: Tracked, terms: Terms) -> None:
        at_ns = side.rest.time.now_ns()
        self._report(self._tracker.amended(tracked.id, terms, at_ns))

    # Leverage.

    async def _change_leverage(
        self, side: Side, instrument: Instrument, wanted: Decimal, mode: MarginMode
    ) -> None:
        told = await leverage.change(
            side,
            self._account,
            instrument,
            wanted,
            mode,
            patience=self._patience,
            complain=self._complain,
            now_ns=self._clock.now_ns,
        )
        self.leverages_asked += 1
        self._report([told])

    def _refuse_amend(self, order_id: str, code: str, reason: str) -> None:
        self._report([AmendRefused(self._account, order_id, code, reason, self._clock.now_ns())])


def _names(tracked: Tracked) -> dict[str, str | int]:
    """What the venue knows an order by: its own id once it is known, ours until then."""
    if tracked.venue_id is not None:
        return requests.by_id(tracked.venue_id)
    if tracked.algo_id:
        return requests.by_id(tracked.algo_id)
    return requests.by_client_id(tracked.id, algo=tracked.waits)


def _has(terms: Terms, wanted: Terms) -> bool:
    return terms.quantity == wanted.quantity and terms.limit_price == wanted.limit_price
