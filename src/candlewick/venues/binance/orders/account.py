"""One live account: its orders on their way, its streams, and what is asked again until it is known.

An order is sent once. Where the venue does not say whether it took it, it is asked for the order by our id
until it knows it, or until the request that carried the order is worthless: the venue takes none later than
the window which the request itself states. Only then is the order refused as lost, and never sent again.

What was missed is asked for after every reconnect, whenever the streams' own arithmetic does not add up, and
every minute besides (a silent loss of the last message of an order has no arithmetic to betray it).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

import msgspec

from candlewick.core.clock import NS_PER_MS, Clock
from candlewick.core.errors import MalformedMessage, RateLimited, VenueError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import (
    AmendRefused,
    CancelRefused,
    Fill,
    Refused,
    Report,
    Triggered,
    VenueBalance,
    VenueOrder,
    VenueState,
)
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.endpoints import PrivateEndpoints, PrivateMarket, PrivateSides
from candlewick.venues.binance.orders.mapper import Mapper, Said
from candlewick.venues.binance.orders.reconcile import Collected, Side, ask_about, collect, lost
from candlewick.venues.binance.orders.refusals import UNKNOWN_ORDER, Refusal, TurnedAway, Unreached
from candlewick.venues.binance.orders.rest import SignedRest
from candlewick.venues.binance.orders.signing import RECV_WINDOW_MS, Credentials
from candlewick.venues.binance.orders.stream import UserStream
from candlewick.venues.binance.orders.terms import Unsupported, is_algo, market_of
from candlewick.venues.binance.orders.tracker import Tracked, Tracker
from candlewick.venues.connection import Policy
from candlewick.venues.execution import Tell

log = logging.getLogger(__name__)

GRACE_MS: Final = 5_000  # beyond the window: what the venue's own parts may take among themselves
QUIET_TRIES: Final = 3
REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what. Seconds throughout.

    Attributes:
        ask_again_s, ask_again_cap_s: between two questions about an order whose fate is unknown.
        settle_s: after a message that does not add up, before the venue is asked: the rest may be under way.
        audit_s: between two looks at the whole account, when nothing seems amiss.
    """

    ask_again_s: float = 0.25
    ask_again_cap_s: float = 10.0
    settle_s: float = 0.5
    audit_s: float = 60.0


@dataclass(slots=True)
class Health:
    """How the account's connection to the venue is doing; `up` names the markets whose stream stands."""

    up: set[PrivateMarket] = field(default_factory=set)
    reconnects: int = 0
    last_error: str | None = None
    malformed: int = 0


class LiveAccount:
    """One account at the venue. `number` is the heart's; `since_ms`: what happened before is booked."""

    def __init__(
        self,
        number: int,
        credentials: Credentials,
        sides: PrivateSides,
        *,
        venue_id: str,
        instruments: Mapping[str, Instrument],
        knows: Callable[[str], bool],
        since_ms: int,
        clock: Clock,
        random: Random,
        policy: Policy,
        patience: Patience,
    ) -> None:
        self.number = number
        self.health = Health()
        self.tracker = Tracker(number, knows, since_ms)
        self._venue_id = venue_id
        self._instruments = instruments
        self._clock = clock
        self._patience = patience
        self._tell: Tell | None = None
        self._group: asyncio.TaskGroup | None = None
        self._waiting: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._untold: list[Report] = []
        self._fundings: dict[tuple[str, str], None] = {}
        self._undecided = False
        self._began_ns = clock.now_ns()
        self._look = asyncio.Event()
        self._begun = asyncio.Event()
        self._collecting = asyncio.Lock()
        self._sides: dict[PrivateMarket, Side] = {}
        self._streams: list[UserStream] = []
        for each in sides:
            rest = SignedRest(each, credentials, clock)
            side = Side(each.market, rest, Mapper(venue_id, each.market), instruments, since_ms)
            self._sides[each.market] = side
            self._streams.append(self._stream(each, side, credentials, random, policy))

    # What the heart asks for.

    def place(self, order: Order) -> None:
        """Send an order."""
        if self.tracker.get(order.id) is not None:
            return  # it is on its way, or was: never a second time
        try:
            side, instrument = self._where(order)
            request = requests.place(instrument, order, self._clock.now_ns())
        except Unsupported as cannot:
            self._report([Refused(self.number, order.id, cannot.code, cannot.reason, self._clock.now_ns())])
            return
        algo = is_algo(side.market, order.terms)
        tracked = self.tracker.follow(order, side.market, instrument.native, algo=algo)
        tracked.is_accepted = False
        tracked.is_sending = True
        self._do(order.id, lambda: self._place(side, request, tracked))

    def cancel(self, order: Order) -> None:
        """Ask for an order's end."""
        self._do(order.id, lambda: self._cancel(order))

    def amend(self, order: Order, terms: Terms) -> None:
        """Ask for new terms of an order."""
        self._do(order.id, lambda: self._amend(order, terms))

    async def state(self, working: Iterable[Order]) -> VenueState:
        """The account as the venue has it.

        Raises:
            VenueError: it does not say.
        """
        for order in working:
            try:
                side, instrument = self._where(order)
            except Unsupported:
                continue  # it never was sent, for it could not be
            algo = is_algo(side.market, order.terms)
            self.tracker.follow(order, side.market, instrument.native, algo=algo)
        state = await self._collect()
        while self._undecided:
            # sent by the process before this one: it may still be on its way
            await asyncio.sleep(self._patience.ask_again_s)
            state = await self._collect()
        self._begun.set()
        return state

    async def run(self, tell: Tell) -> None:
        """Follow the streams and hand on reports, until cancelled."""
        self._tell = tell
        self._report([])
        try:
            async with asyncio.TaskGroup() as self._group:
                waiting, self._waiting = self._waiting, []
                for order_id, act in waiting:
                    self._do(order_id, act)
                for stream in self._streams:
                    self._group.create_task(stream.run())
                self._group.create_task(self._watch())
        finally:
            self._group = None

    async def close(self) -> None:
        """Release connections."""
        for side in self._sides.values():
            await side.rest.close()

    async def set_leverage(self, instrument: Instrument, leverage: int, *, isolated: bool) -> None:
        """Set leverage and margin mode of one contract at the venue.

        Raises:
            VenueError: it refuses.
        """
        rest = self._sides["usdm"].rest
        try:
            await rest.send(requests.margin_type(instrument.native, isolated=isolated))
        except Refusal as refusal:
            if refusal.number not in (-4046, -4059):  # it is so already
                raise
        await rest.send(requests.leverage(instrument.native, leverage))

    # Orders out.

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

        task = self._group.create_task(then())
        self._lanes[order_id] = task
        task.add_done_callback(lambda done: self._left(order_id, done))

    def _left(self, order_id: str, task: asyncio.Task[None]) -> None:
        if self._lanes.get(order_id) is task:
            del self._lanes[order_id]

    async def _place(self, side: Side, request: requests.Request, tracked: Tracked) -> None:
        try:
            await self._send(side, request, tracked)
        finally:
            tracked.is_sending = False

    async def _send(self, side: Side, request: requests.Request, tracked: Tracked) -> None:
        try:
            body = await side.rest.send(request)
        except Refusal as refusal:
            if not refusal.is_duplicate:
                self._refuse(tracked, refusal.code, str(refusal))
                return
        except TurnedAway as away:
            self._refuse(tracked, "rate_limited", str(away))
            return
        except Unreached as unreached:
            self._refuse(tracked, "unreachable", str(unreached))
            return
        except VenueError as silence:
            self.health.last_error = str(silence)
        else:
            try:
                self._report(self._acknowledged(tracked, body))
                return
            except (msgspec.DecodeError, MalformedMessage, UnicodeDecodeError) as unread:
                self.health.last_error = f"The answer to order {tracked.id} cannot be read: {unread}"
        await self._find_out(side, tracked, side.rest.time.now_ms() + RECV_WINDOW_MS + GRACE_MS)

    def _acknowledged(self, tracked: Tracked, body: bytes) -> list[Report]:
        if tracked.waits:
            algo = wire.decode_algo(body)
            return self.tracker.acknowledged(tracked.id, f"algo-{algo.algo_id}", self._clock.now_ns())
        row = wire.decode_order(body)
        return self.tracker.acknowledged(tracked.id, str(row.order_id), self._clock.now_ns())

    def _refuse(self, tracked: Tracked, code: str, reason: str) -> None:
        if not tracked.is_accepted:  # else the stream told that it is there, whatever the answer was
            self._report(self.tracker.refused(tracked.id, code, reason, self._clock.now_ns()))

    async def _find_out(self, side: Side, tracked: Tracked, worthless_ms: int) -> None:
        """Ask for an order until it is known whether the venue has it."""
        pause_s = self._patience.ask_again_s
        while not tracked.is_accepted and not tracked.is_done:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._patience.ask_again_cap_s)
            # before asking: an answer to a question that was asked in time proves nothing
            too_late = side.rest.time.now_ms() > worthless_ms
            try:
                said = await ask_about(side, self.tracker, tracked)
            except RateLimited as away:
                pause_s = max(pause_s, away.retry_after_s)
            except VenueError as error:
                self.health.last_error = str(error)
            else:
                if said is not None:
                    self._hear(said)
                elif too_late:
                    self._refuse(tracked, "lost", "The order never reached the venue.")

    # Cancelling and amending.

    async def _cancel(self, order: Order) -> None:
        side, instrument = self._where(order)
        algo = is_algo(side.market, order.terms)
        tracked = self.tracker.follow(order, side.market, instrument.native, algo=algo)
        pause_s = self._patience.ask_again_s
        while not tracked.is_done:
            request = requests.cancel(instrument, _names(tracked), algo=tracked.waits)
            try:
                body = await side.rest.send(request)
            except Refusal as refusal:
                if refusal.number not in UNKNOWN_ORDER:
                    self._refuse_cancel(tracked, refusal.code, str(refusal))
                    return
                if await self._is_settled(side, tracked, str(refusal)):
                    return
            except RateLimited as away:
                pause_s = max(pause_s, away.retry_after_s)
            except VenueError as error:  # not answered: to cancel once more does no harm
                self.health.last_error = str(error)
            else:
                self._cancelled(side, tracked, body)
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._patience.ask_again_cap_s)

    def _cancelled(self, side: Side, tracked: Tracked, body: bytes) -> None:
        if tracked.waits:
            self._report(self.tracker.gone(tracked.id, "", self._clock.now_ns()))
            return
        try:
            self._hear(side.mapper.order(wire.decode_order(body)))
        except (msgspec.DecodeError, MalformedMessage, UnicodeDecodeError) as error:
            self.health.last_error = f"The answer to a cancellation cannot be read: {error}"
            self._look.set()

    async def _is_settled(self, side: Side, tracked: Tracked, reason: str) -> bool:
        """The venue does not find what is to be cancelled: see what became of it. False: it still stands."""
        try:
            said = await ask_about(side, self.tracker, tracked)
        except VenueError as error:
            self.health.last_error = str(error)
            return False
        if said is None:
            self._refuse_cancel(tracked, "unknown", reason, unknown=True)
            return True
        self._hear(said)
        return said.status not in ("OPEN", "PARTLY_FILLED")

    def _refuse_cancel(self, tracked: Tracked, code: str, reason: str, *, unknown: bool = False) -> None:
        now_ns = self._clock.now_ns()
        self._report([CancelRefused(self.number, tracked.id, code, reason, now_ns, unknown)])

    async def _amend(self, order: Order, terms: Terms) -> None:
        side, instrument = self._where(order)
        algo = is_algo(side.market, order.terms)
        tracked = self.tracker.follow(order, side.market, instrument.native, algo=algo)
        try:
            request = requests.amend(instrument, order, terms, _names(tracked), waits=tracked.waits)
        except Unsupported as cannot:
            self._refuse_amend(tracked, cannot.code, cannot.reason)
            return
        worthless_ms = side.rest.time.now_ms() + RECV_WINDOW_MS + GRACE_MS
        try:
            await side.rest.send(request)
        except Refusal as refusal:
            self._refuse_amend(tracked, refusal.code, str(refusal))
        except TurnedAway as away:
            self._refuse_amend(tracked, "rate_limited", str(away))
        except Unreached as unreached:
            self._refuse_amend(tracked, "unreachable", str(unreached))
        except VenueError as silence:
            self.health.last_error = str(silence)
            await self._find_out_terms(side, tracked, terms, worthless_ms)
        else:
            self._report(self.tracker.amended(tracked.id, terms, self._clock.now_ns()))

    async def _find_out_terms(self, side: Side, tracked: Tracked, terms: Terms, worthless_ms: int) -> None:
        """Ask for an order until it is known whether its amendment was taken."""
        pause_s = self._patience.ask_again_s
        while not tracked.is_done and tracked.terms != terms:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._patience.ask_again_cap_s)
            too_late = side.rest.time.now_ms() > worthless_ms
            try:
                said = await ask_about(side, self.tracker, tracked)
            except RateLimited as away:
                pause_s = max(pause_s, away.retry_after_s)
                continue
            except VenueError as error:
                self.health.last_error = str(error)
                continue
            if said is not None and _has(said.terms, terms):
                self._report(self.tracker.amended(tracked.id, terms, self._clock.now_ns()))
                return
            if too_late:
                self._refuse_amend(tracked, "lost", "The amendment never reached the venue.")
                return

    def _refuse_amend(self, tracked: Tracked, code: str, reason: str) -> None:
        self._report([AmendRefused(self.number, tracked.id, code, reason, self._clock.now_ns())])

    # What the venue says.

    def _stream(
        self,
        endpoints: PrivateEndpoints,
        side: Side,
        credentials: Credentials,
        random: Random,
        policy: Policy,
    ) -> UserStream:
        def up() -> None:
            self.health.up.add(side.market)
            self._look.set()

        def down(reason: str) -> None:
            if side.market in self.health.up:
                self.health.reconnects += 1
            self.health.up.discard(side.market)
            self.health.last_error = f"{side.market} user stream: {reason}"
            log.warning("The %s user stream of account %s is down: %s", side.market, self.number, reason)

        return UserStream(
            endpoints,
            credentials,
            side.rest,
            on_event=lambda raw: self._event(side, raw),
            on_up=up,
            on_down=down,
            random=random,
            policy=policy,
        )

    def _event(self, side: Side, raw: bytes) -> bool:
        """Take a message of a user stream in; False: nothing further will come."""
        try:
            said = side.mapper.event(raw)
        except MalformedMessage as error:
            self.health.malformed += 1
            self.health.last_error = str(error)
            self._look.set()  # whatever it said is asked for instead
            return True
        if isinstance(said, Said):
            self._hear(said)
        elif said in ("funding", "money"):
            self._look.set()
        return said != "ended"

    def _hear(self, said: Said) -> None:
        self._report(self.tracker.heard(said))
        if self.tracker.is_missing:
            self._look.set()

    def _report(self, reports: Iterable[Report]) -> None:
        self._untold += reports
        if self._tell is not None:
            told, self._untold = self._untold, []
            for each in told:
                self._tell(each)

    async def _watch(self) -> None:
        """Look at the whole account when something was missed, and every so often."""
        await self._begun.wait()  # until then the heart's own orders are not known here
        pause_s = self._patience.ask_again_s
        while True:
            try:
                async with asyncio.timeout(self._patience.audit_s):
                    await self._look.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(self._patience.settle_s)
            try:
                state = await self._collect()
            except VenueError as error:
                self.health.last_error = str(error)
                self._look.set()
                wait_s = max(pause_s, error.retry_after_s if isinstance(error, RateLimited) else 0.0)
                await asyncio.sleep(wait_s)
                pause_s = min(2 * pause_s, self._patience.ask_again_cap_s)
                continue
            self._report([state])
            # what still does not add up is not in the venue's list yet
            pause_s = min(2 * pause_s, self._patience.ask_again_cap_s)
            if self.tracker.is_missing:
                await asyncio.sleep(pause_s)
                self._look.set()
            else:
                pause_s = self._patience.ask_again_s

    async def _collect(self) -> VenueState:
        """Ask every market, until nothing happened meanwhile."""
        async with self._collecting:
            began_ns, reports = self._clock.now_ns(), list[Report]()
            for _ in range(QUIET_TRIES):
                self._look.clear()
                self.tracker.is_missing = False
                news, parts = self.tracker.news, list[Collected]()
                said_of_us = 0
                for side in self._sides.values():
                    parts.append(await collect(side, self.tracker))
                    said_of_us += len(parts[-1].said)
                    reports += parts[-1].reports
                if any(each.is_missing for each in self.tracker.missing()):
                    self.tracker.is_missing = True
                if self.tracker.news - news <= said_of_us:
                    break
            quiet = self.tracker.news - news <= said_of_us
            self._pay(parts)
            return self._state(began_ns, parts, reports, quiet=quiet)

    def _state(
        self, began_ns: int, parts: list[Collected], reports: list[Report], *, quiet: bool
    ) -> VenueState:
        # Triggers are told by themselves: a state has no word for them. All else follows from it.
        self._report([each for each in reports if isinstance(each, Triggered)])
        worthless = self._clock.now_ns() > self._began_ns + (RECV_WINDOW_MS + GRACE_MS) * NS_PER_MS
        self._undecided = False
        orders: list[VenueOrder] = []
        for part in parts:
            orders += part.orders
            for tracked in part.lost:
                if tracked.is_accepted or worthless:
                    tracked.is_done = True
                    orders.append(lost(tracked, began_ns))
                else:
                    self._undecided = True
        fills = sorted(
            (each for each in reports if isinstance(each, Fill)), key=lambda fill: (fill.ts, int(fill.id))
        )
        return VenueState(
            account=self.number,
            venue=self._venue_id,
            orders=tuple(orders),
            fills=tuple(fills),
            balances=_together(parts) if quiet else None,
            positions=tuple(each for part in parts for each in part.positions) if quiet else None,
            ts=began_ns,
        )

    def _pay(self, parts: list[Collected]) -> None:
        """Hand on funding that was not told yet."""
        for part in parts:
            for paid in part.fundings:
                key = (paid.instrument, paid.id)
                if key not in self._fundings:
                    self._fundings[key] = None
                    self._report([paid])
        while len(self._fundings) > REMEMBERED:
            del self._fundings[next(iter(self._fundings))]


def _names(tracked: Tracked) -> dict[str, str | int]:
    """What the venue knows an order by: its own id once it is known, ours until then."""
    if tracked.venue_id is not None:
        return requests.by_id(tracked.venue_id)
    if tracked.algo_id:
        return requests.by_id(tracked.algo_id)
    return requests.by_client_id(tracked.id, algo=tracked.waits)


def _has(terms: Terms, wanted: Terms) -> bool:
    return terms.quantity == wanted.quantity and terms.limit_price == wanted.limit_price


def _together(parts: list[Collected]) -> tuple[VenueBalance, ...]:
    """Balances of all markets: the account is one, in however many wallets its money lies."""
    found: dict[str, VenueBalance] = {}
    for each in (balance for part in parts for balance in part.balances):
        before = found.get(each.currency, VenueBalance(each.currency, each.free * 0, each.locked * 0))
        found[each.currency] = VenueBalance(
            each.currency, before.free + each.free, before.locked + each.locked
        )
    return tuple(found.values())
