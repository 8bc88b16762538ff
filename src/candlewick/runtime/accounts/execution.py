"""What the heart decides about accounts, carried out: first to disk, then to venues and people.

The effects of one `process` call are one batch, written in one transaction. Only when it is on disk are its
orders sent, its events told and its request answered. A disk that is full or locked holds all of that up, in
order; the writer keeps trying, and new orders are refused until it has caught up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

import msgspec

from candlewick.core.clock import NS_PER_S, Clock, iso
from candlewick.core.errors import CandlewickError, EngineAway, OrderRefused, VenueError
from candlewick.core.order import Order
from candlewick.core.reports import Refused, Report
from candlewick.runtime.accounts import audit
from candlewick.runtime.accounts.bodies import Bodies
from candlewick.runtime.accounts.figures import Figures
from candlewick.runtime.accounts.lanes import AccountLanes
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.writer import JournalWriter
from candlewick.trading.commands import Command
from candlewick.trading.effects import (
    AccountChanged,
    Alert,
    AskVenue,
    Booked,
    Denied,
    Journal,
    Moved,
    OrderChanged,
    PositionChanged,
    RiskNews,
    SendAmend,
    SendCancel,
    SendLeverage,
    SendOrder,
    Severity,
)
from candlewick.trading.engine import Engine
from candlewick.venues.execution import OrderVenue

log = logging.getLogger(__name__)

SAMPLED_AFTER_S: Final = 1.0  # a booking shows in the account's curve so soon, and several at once
PATIENCE_S: Final = 15.0  # who asked for an order has been told by then that there was no answer
ASK_AGAIN_S: Final = 5.0  # a venue that did not say what it has of an account is asked again


class Execution:
    """Carries out the account effects of one heart. Lives on the engine's event loop.

    Args:
        take: hands a command or report to the heart, and its effects back to `carry_out`.
        venue_of: the order venue of an account.
        follow: has the market data of an instrument come.
        start: does work beside the stream.
        position_changed: called with account and instrument once a change of a position is on disk.
        compared: called with an account once it has been compared with its venue.
        on_failure: called when disk and memory contradict each other: the engine must begin again.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        writer: JournalWriter,
        bodies: Bodies,
        figures: Figures,
        take: Callable[[Command | Report], None],
        venue_of: Callable[[int], OrderVenue],
        follow: Callable[[str], None],
        start: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        position_changed: Callable[[int, str], None],
        compared: Callable[[int], None],
        on_failure: Callable[[Exception], None],
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._bodies = bodies
        self._figures = figures
        self._take = take
        self._venue_of = venue_of
        self._follow = follow
        self._start = start
        self._tell_position_changed = position_changed
        self._compared = compared
        self._on_failure = on_failure
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._batch: _Pending | None = None
        self._to_sample: set[int] = set()
        self._is_closed = False
        self._unwritten: deque[_Pending] = deque()
        self.on_order: Callable[[OrderChanged], None] = lambda news: None  # once it is on disk
        self.on_booked: Callable[[Booked], None] = lambda booked: None  # the same
        self.lanes = AccountLanes(bodies.snapshot, self.when_settled)
        self.carry_out: dict[type, Callable[[Any], None]] = {
            Journal: self._write,
            OrderChanged: self._order_changed,
            Booked: self._booked,
            PositionChanged: self._position_changed,
            AccountChanged: self._account_changed,
            Alert: self._alert,
            RiskNews: self._risk_news,
            SendOrder: self._send_order,
            SendCancel: self._send_cancel,
            SendAmend: self._send_amend,
            SendLeverage: self._send_leverage,
            AskVenue: self._ask_venue,
            Moved: self._moved,
            Denied: self._denied,
        }

    async def do(self, command: Command, origin: str = "") -> None:
        """Have the heart decide on a command, and return when what it decided is on disk.

        What was asked is on disk with it, for the audit: by whom, and from which address (`origin`).

        Raises:
            EngineAway: the journal cannot be written now.
            CandlewickError: whatever the heart answers.
        """
        self._require_disk()
        asked = audit.row(command, origin, self._engine.desk)
        self._batch = _Pending()
        self._batch.batch.audit.append(asked)
        try:
            self._take(command)
        except OrderRefused as refusal:
            self._batch.batch.audit[:] = [audit.refused(asked, refusal)]
            self.seal()
            raise
        except CandlewickError:
            self._batch = None
            raise
        await self.settled()

    async def readable(self) -> None:
        """Return when all that was decided so far is on disk, and may be shown.

        Raises:
            EngineAway: it cannot be written now. Who only looks does not wait for that, and holds nobody up.
        """
        if self._unwritten:
            self._require_disk()
        await self.settled()

    def _require_disk(self) -> None:
        if self._writer.trouble:
            raise EngineAway(
                f"Nothing can be written down now: {self._writer.trouble} Try again in a moment."
            )

    async def settled(self) -> None:
        """Return when all that was decided so far is on disk."""
        if self._unwritten:
            done = asyncio.Event()
            self.when_settled(done.set)
            await done.wait()

    def when_settled(self, call: Callable[[], None]) -> None:
        """Call back when all that was decided so far is on disk; at once if it is."""
        if self._unwritten:
            self._unwritten[-1].afterwards.append(call)
        else:
            call()

    def seal(self) -> None:
        """One answer of the heart is complete: hand its batch to the writer."""
        pending, self._batch = self._batch, None
        if pending is None:
            return
        now = self._clock.now_ns()
        for account, instrument in pending.positions:
            data = self._bodies.position(account, instrument)
            pending.tell(self.lanes, account, "positions", "position_changed", data, now)
            self._figures.note(account)
            pending.afterwards.append(partial(self._tell_position_changed, account, instrument))
        for account in pending.accounts:
            data = self._bodies.portfolio(account)
            pending.tell(self.lanes, account, "portfolio", "balance_changed", data, now)
            self._figures.note(account)
        for account in pending.ruled:
            pending.tell(self.lanes, account, "risk", "risk_state", self._bodies.risk(account), now)
        for account in {booked.account for _, booked in pending.batch.booked} - self._to_sample:
            self._to_sample.add(account)
            self._loop.call_later(SAMPLED_AFTER_S, self._sample_booked, account)
        self._unwritten.append(pending)
        self._writer.submit(pending.batch, self._heard)

    def _sample_booked(self, account: int) -> None:
        self._to_sample.discard(account)
        if not self._is_closed:
            self.sample_equity(self._clock.now_ns(), [account])

    def close(self) -> None:
        """Note nothing more by itself: the journal is about to be closed."""
        self._is_closed = True

    def sample_equity(self, ts: int, accounts: Iterable[int] | None = None) -> None:
        """Note what accounts (all of them, unless named) are worth now, for their curves."""
        named = self._engine.desk.accounts if accounts is None else accounts
        points = [self._bodies.equity(account, ts) for account in named]
        known = [each for each in points if each is not None]
        if known:
            self._pending().batch.equity.extend(known)
            self.seal()

    async def thin_curves(self, now: int) -> None:
        """Leave out of what accounts were worth what is too old to be shown so finely; one after another."""
        for account in list(self._engine.desk.accounts):
            self._pending().batch.thin.append((account, now))
            self.seal()
            await self.settled()

    def write_snapshot(self, body: bytes) -> None:
        """Keep the state of all accounts as it is now."""
        self._pending().batch.snapshot = body
        self.seal()

    def notice(
        self, severity: str, title: str, message: str, ts: int, accounts: Iterable[int] | None = None
    ) -> None:
        """A sentence of the system, for the people of every account, or of those that are named."""
        data = {"severity": severity, "title": title, "message": message, "timestamp": iso(ts)}
        for account in self._engine.desk.accounts if accounts is None else accounts:
            self._pending().tell(self.lanes, account, "alerts", "alert", data, ts)
        self.seal()

    def tell(self, account: int, severity: Severity, title: str, message: str) -> None:
        """A sentence of the system, for the people of one account."""
        ts = self._clock.now_ns()
        self._alert(Alert(account=account, severity=severity, title=title, message=message, ts=ts))
        self.seal()

    def news(self, account: int, channel: str, type: str, data: Any) -> None:
        """An event of an account's lane that follows from no entry of the journal."""
        self._pending().tell(self.lanes, account, channel, type, data, self._clock.now_ns())
        self.seal()

    def _pending(self) -> _Pending:
        if self._batch is None:
            self._batch = _Pending()
        return self._batch

    def _heard(self, error: Exception | None) -> None:
        """On the writer's thread: a batch is on disk, or never will be."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: we have stopped
            self._loop.call_soon_threadsafe(self._written, error)

    def _written(self, error: Exception | None) -> None:
        pending = self._unwritten.popleft()
        if error is not None:  # nothing of this may get out
            log.critical("A batch of the journal was not written: %s", error)
            self._on_failure(error)
            return
        for event in pending.batch.lane:
            self.lanes.publish(event)
        for call in pending.afterwards:
            call()

    # --- effects, in the order the heart gave them

    def _write(self, effect: Journal) -> None:
        self._pending().batch.add(effect)

    def _order_changed(self, effect: OrderChanged) -> None:
        pending, order = self._pending(), effect.order
        pending.batch.add(effect)
        data = self._bodies.order_news(effect)
        pending.tell(self.lanes, order.account, "orders", f"order_{effect.what}", data, order.updated_at)
        pending.afterwards.append(partial(self._tell_order, effect))

    def _booked(self, effect: Booked) -> None:
        pending = self._pending()
        pending.batch.add(effect)
        pending.accounts[effect.account] = None
        pending.afterwards.append(partial(self._tell_booked, effect))

    def _tell_order(self, effect: OrderChanged) -> None:
        self.on_order(effect)

    def _tell_booked(self, effect: Booked) -> None:
        self.on_booked(effect)

    def _position_changed(self, effect: PositionChanged) -> None:
        self._pending().positions[effect.account, effect.instrument] = None

    def _account_changed(self, effect: AccountChanged) -> None:
        pending = self._pending()
        pending.accounts[effect.account] = pending.ruled[effect.account] = None

    def _alert(self, effect: Alert) -> None:
        level = logging.INFO if effect.severity == "INFO" else logging.WARNING
        log.log(level, "Account %d: %s: %s", effect.account, effect.title, effect.message)
        data = {
            "severity": effect.severity,
            "title": effect.title,
            "message": effect.message,
            "timestamp": iso(effect.ts),
        }
        self._pending().tell(self.lanes, effect.account, "alerts", "alert", data, effect.ts)

    def _risk_news(self, effect: RiskNews) -> None:
        data = {
            "level": effect.level,
            "code": effect.code,
            "text": effect.text,
            "limit": effect.limit,
            "value": effect.value,
            "ts": iso(effect.ts),
        }
        self._pending().tell(self.lanes, effect.account, "risk", "risk_breach", data, effect.ts)

    def _send_order(self, effect: SendOrder) -> None:
        order = effect.order
        self._follow(order.terms.instrument)
        self._pending().afterwards.append(partial(self._place, order, self._clock.now_ns()))

    def _place(self, order: Order, decided: int) -> None:
        """Send an order that is on disk; one that a person gave up waiting for is ended instead.

        The heart's own orders protect and close: they are sent however late it is.
        """
        now = self._clock.now_ns()
        own = order.origin == "system" or order.leg is not None
        if own or now - decided <= PATIENCE_S * NS_PER_S:
            self._venue_of(order.account).place(order)
            return
        late = f"It could not be written down within {PATIENCE_S:.0f} s, and was not sent."
        self._take(Refused(order.account, order.id, "late", late, now))

    def _send_cancel(self, effect: SendCancel) -> None:
        order = effect.order
        self._pending().afterwards.append(lambda: self._venue_of(order.account).cancel(order))

    def _send_amend(self, effect: SendAmend) -> None:
        order, terms = effect.order, effect.terms
        self._pending().afterwards.append(lambda: self._venue_of(order.account).amend(order, terms))

    def _send_leverage(self, asked: SendLeverage) -> None:
        account, terms = asked.account, (asked.instrument, asked.leverage, asked.margin_mode)
        self._pending().afterwards.append(lambda: self._venue_of(account).set_leverage(account, *terms))

    def _ask_venue(self, effect: AskVenue) -> None:
        self._pending().afterwards.append(partial(self.reconcile, effect.account))

    def reconcile(self, account: int) -> None:
        """Ask the account's venue what it has of it, until it says, and have the heart compare."""

        async def ask() -> None:
            while True:
                while self._unwritten:  # of what is still to be sent the venue cannot know
                    await self.settled()
                working = tuple(self._engine.desk.accounts[account].orders.values())
                try:
                    state = await self._venue_of(account).state(account, working)
                except VenueError as error:
                    log.warning("Account %d cannot be compared with its venue yet: %s", account, error)
                    await asyncio.sleep(ASK_AGAIN_S)
                else:
                    asked = frozenset(order.id for order in working)
                    self._take(msgspec.structs.replace(state, asked=asked))
                    self._compared(account)
                    return

        self._start(ask)

    def _moved(self, effect: Moved) -> None:
        self._figures.note(effect.account)

    def _denied(self, effect: Denied) -> None:
        log.info("Account %d: refused: %s", effect.account, effect.refusal.reason)


class _Pending:
    """A batch on its way: what is written, and what is done afterwards."""

    __slots__ = ("accounts", "afterwards", "batch", "positions", "ruled")

    def __init__(self) -> None:
        self.batch = Batch()
        self.positions: dict[tuple[int, str], None] = {}
        self.accounts: dict[int, None] = {}
        self.ruled: dict[int, None] = {}  # those whose limits, settings or state changed
        self.afterwards: list[Callable[[], None]] = []

    def tell(self, lanes: AccountLanes, account: int, channel: str, type: str, data: Any, ts: int) -> None:
        self.batch.lane.append(lanes.number(account, channel, type, data, ts))
