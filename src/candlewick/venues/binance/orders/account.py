"""One live account: what it sends, what its streams say, and what is asked for when something was missed.

The venue is asked for the whole account after every reconnect, whenever the streams' own arithmetic does not
add up, and every minute besides: the silent loss of an order's last message has no arithmetic to betray it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Final

from msgspec.structs import replace

from candlewick.core.clock import NS_PER_MS, Clock
from candlewick.core.errors import MalformedMessage, VenueError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.core.reports import (
    Fill,
    FundingPaid,
    LeverageRefused,
    Report,
    VenueBalance,
    VenueOrder,
    VenueState,
)
from candlewick.venues.binance.orders.asking import WORTHLESS_MS, Patience, Pause
from candlewick.venues.binance.orders.endpoints import PrivateEndpoints, PrivateMarket, PrivateSides
from candlewick.venues.binance.orders.mapper import Mapper, Said
from candlewick.venues.binance.orders.outgoing import Outgoing
from candlewick.venues.binance.orders.reconcile import Collected, collect, fill_in, lost
from candlewick.venues.binance.orders.rest import SignedRest
from candlewick.venues.binance.orders.sequence import Sequence
from candlewick.venues.binance.orders.side import Side
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.binance.orders.stream import UserStream
from candlewick.venues.binance.orders.terms import Unsupported
from candlewick.venues.binance.orders.tracker import Tracked, Tracker
from candlewick.venues.connection import Policy
from candlewick.venues.execution import OrderHealth, Tell

log = logging.getLogger(__name__)

QUIET_TRIES: Final = 4
WHOLE_EVERY: Final = 10  # looks at what is known; every tenth at every symbol that there is
REMEMBERED_FUNDINGS: Final = 10_000


class LiveAccount:
    """One account at the venue. `number` is the heart's; what happened there before `since_ms` is booked."""

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
        self.health = OrderHealth(frozenset(each.market for each in sides))
        self._venue_id = venue_id
        self._clock = clock
        self._patience = patience
        self._tracker = Tracker(number, knows, since_ms)
        self._sides: dict[PrivateMarket, Side] = {}
        self._streams: list[UserStream] = []
        for each in sides:
            rest = SignedRest(each, credentials, clock)
            side = Side(each.market, rest, Mapper(venue_id, each.market), instruments, since_ms)
            self._sides[each.market] = side
            self._streams.append(self._stream(each, side, credentials, random, policy))
        self.outgoing = Outgoing(
            number,
            self._sides,
            instruments,
            self._tracker,
            clock,
            patience,
            report=self._report,
            hear=self._hear,
            complain=self._complain,
        )
        self._tell: Tell | None = None
        self._untold: list[Report] = []
        self._behind: set[PrivateMarket] = set(self._sides)  # of these something may have been missed
        self._sequence = Sequence(self._instrument_of, self._must_wait)
        self._paid: dict[tuple[str, str], None] = {}
        self._born_ns = clock.now_ns()
        self._look = asyncio.Event()
        self._all_of_it = self._whole = True
        self._begun = asyncio.Event()
        self._collecting = asyncio.Lock()

    async def state(self, working: Iterable[Order]) -> VenueState:
        """The account as the venue has it, with what became of `working`.

        Raises:
            VenueError: it does not say.
        """
        asked = []
        for order in working:
            with contextlib.suppress(Unsupported):  # it never was sent, for it could not be
                asked.append(self.outgoing.follow(order))
        self._whole = True
        state = await self._collect(asked)
        self._begun.set()
        # before the streams are followed, the fills go with the state; afterwards they were told before it
        fills = [each for each in self._untold if isinstance(each, Fill)]
        self._untold = [each for each in self._untold if not isinstance(each, Fill)]
        return replace(state, fills=tuple(sorted(fills, key=lambda fill: (fill.ts, int(fill.id)))))

    async def run(self, tell: Tell) -> None:
        """Follow the streams and hand on reports, until cancelled."""
        self._tell = tell
        self._report([])
        try:
            async with asyncio.TaskGroup() as group:
                self.outgoing.begin(group)
                for stream in self._streams:
                    group.create_task(stream.run())
                group.create_task(self._watch())
        finally:
            self.outgoing.end()

    async def close(self) -> None:
        """Release connections."""
        for side in self._sides.values():
            await side.rest.close()

    # What the streams say.

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
            self._look_at_all()  # things happened while nobody listened

        def down(reason: str) -> None:
            if side.market in self.health.up:
                self.health.reconnects += 1
                log.warning("The %s user stream of account %s is lost: %s", side.market, self.number, reason)
            self.health.up.discard(side.market)
            self._behind.add(side.market)
            self._complain(f"{side.market} user stream: {reason}")

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
            self._complain(str(error))
            self._look_at_all()  # whatever it said is asked for instead
            return True
        if isinstance(said, Said):
            self._hear(said)
        elif said in ("funding", "money", "settings"):
            self._look_at_all()
        return said != "ended"

    def _hear(self, said: Said) -> None:
        self._report(self._tracker.heard(said))
        self._bury()
        if self._tracker.is_missing:
            self._look.set()

    def _bury(self) -> None:
        ghosts, self._tracker.ghosts = self._tracker.ghosts, []
        for each in ghosts:
            self.outgoing.bury(each)

    def _report(self, reports: Iterable[Report]) -> None:
        news = self._sequence.take(reports)
        self._hand_on(news)
        if any(isinstance(each, LeverageRefused) for each in news):
            self._look_at_all()  # the margin mode, which was asked for before, may be another all the same

    def _hand_on(self, reports: Iterable[Report]) -> None:
        self._untold += reports
        if self._tell is not None:
            told, self._untold = self._untold, []
            for each in told:
                self._tell(each)

    def _instrument_of(self, order_id: str) -> str:
        tracked = self._tracker.get(order_id)
        return "" if tracked is None else tracked.terms.instrument

    def _must_wait(self, instrument: str) -> bool:
        """Whether fills of an instrument may come before others that were missed."""
        symbol = instrument.partition(":")[2]
        market: PrivateMarket = "usdm" if "-" in symbol else "spot"
        return market in self._behind or self._tracker.lacks(instrument)

    def _complain(self, sentence: str) -> None:
        self.health.last_error = sentence

    def _look_at_all(self) -> None:
        self._all_of_it = self._whole = True
        self._look.set()

    # What is asked for.

    async def _watch(self) -> None:
        """Ask for what was missed: of some orders, or of the whole account, and of that every so often."""
        await self._begun.wait()  # until then the heart's own orders are not known here
        pause, audits = Pause(self._patience), 0
        while True:
            try:
                async with asyncio.timeout(self._patience.audit_s):
                    await self._look.wait()
            except TimeoutError:
                self._all_of_it = True
                audits += 1
                self._whole = self._whole or audits % WHOLE_EVERY == 0
            await asyncio.sleep(self._patience.settle_s)
            try:
                if not self._all_of_it:
                    await self._fill_in()
                if self._all_of_it:
                    self._hand_on([await self._collect()])
            except VenueError as error:
                self._complain(str(error))
                pause.at_least(error)
                self._look_at_all()
                self._behind.clear()
                self._hand_on(self._sequence.let_go(at_any_rate=True))
            if self._look.is_set() or self._tracker.is_missing:
                await pause.over()  # what does not add up yet is not in the venue's lists yet
                self._look.set()
            else:
                pause = Pause(self._patience)

    async def _fill_in(self) -> None:
        """Ask for the fills that are missing of single orders; if that is not enough, for all of it."""
        self._look.clear()
        self._tracker.is_missing = False
        for side in self._sides.values():
            await fill_in(side, self._tracker, self._report)
        if self._tracker.is_missing or self._tracker.holds_back or any(self._tracker.missing()):
            self._look_at_all()

    async def _collect(self, asked: Iterable[Tracked] | None = None) -> VenueState:
        """The account as it is; what is news in that is told before.

        Every market is asked again if something happened meanwhile. With `asked` also while the fate of one
        of these is being found out, or an order may be on its way there from the process before this one.
        """
        async with self._collecting:
            began_ns, tries, pause = self._clock.now_ns(), 0, Pause(self._patience)
            orders: dict[str, VenueOrder] = {}
            while True:
                whole, self._whole = self._whole, False
                self._look.clear()
                self._all_of_it = self._tracker.is_missing = False
                news, fills = self._tracker.news, self._sequence.fills
                changes = self.outgoing.leverages_asked
                parts = []
                for side in self._sides.values():
                    parts.append(await collect(side, self._tracker, self._report, whole=whole))
                    self._behind.discard(side.market)
                    self._hand_on(self._sequence.let_go())
                    self._bury()
                orders |= {order.order_id: order for part in parts for order in part.orders}
                # money was read before the fills: what is news in them may not be in it
                quiet = self._sequence.fills == fills and not self._pay(parts)
                quiet &= self._tracker.news - news == sum(part.heard for part in parts)
                undecided = self._judge(parts, orders)
                tries += 1
                if asked is not None and (undecided or any(each.is_sending for each in asked)):
                    await pause.over()
                elif quiet or tries >= QUIET_TRIES:
                    break
            self._tracker.is_missing = any(self._tracker.missing())
            self._hand_on(self._sequence.let_go(at_any_rate=True))
            if any(isinstance(each, FundingPaid) for each in self._untold):
                quiet = False  # before money is compared, what moved it must be told
                self._look_at_all()
            return VenueState(
                account=self.number,
                venue=self._venue_id,
                orders=tuple(orders.values()),
                fills=(),
                balances=_together(parts) if quiet else None,
                positions=tuple(each for part in parts for each in part.positions) if quiet else None,
                ts=began_ns,
                # what was read before a change was answered may be older than the answer
                leverages=tuple(each for part in parts for each in part.leverages)
                if self.outgoing.leverages_asked == changes
                else (),
            )

    def _judge(self, parts: list[Collected], orders: dict[str, VenueOrder]) -> bool:
        """Put down as lost what the venue does not know; whether any of it may still be on its way there."""
        now_ns, undecided = self._clock.now_ns(), False
        for tracked in (each for part in parts for each in part.lost):
            if tracked.is_accepted or now_ns > self._born_ns + WORTHLESS_MS * NS_PER_MS:
                tracked.is_done = True
                orders[tracked.id] = lost(tracked, now_ns)
            else:
                undecided = True
        return undecided

    def _pay(self, parts: list[Collected]) -> bool:
        """Hand on funding that was not told yet; whether there was any."""
        news = [
            paid for part in parts for paid in part.fundings if (paid.instrument, paid.id) not in self._paid
        ]
        self._report(news)
        self._paid.update({(paid.instrument, paid.id): None for paid in news})
        while len(self._paid) > REMEMBERED_FUNDINGS:
            del self._paid[next(iter(self._paid))]
        return bool(news)


def _together(parts: list[Collected]) -> tuple[VenueBalance, ...]:
    """Balances of all markets: the account is one, in however many wallets its money lies."""
    found: dict[str, VenueBalance] = {}
    for each in (balance for part in parts for balance in part.balances):
        before = found.get(each.currency)
        free, locked = (before.free, before.locked) if before else (each.free * 0, each.locked * 0)
        found[each.currency] = VenueBalance(each.currency, free + each.free, locked + each.locked)
    return tuple(found.values())
