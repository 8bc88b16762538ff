"""All accounts of one engine: recovered at the start, carried through the run, closed with nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from candlewick.core.clock import NS_PER_S, Clock
from candlewick.core.errors import CandlewickError, ConfigError, EngineAway, StoreError
from candlewick.core.events import MarketEvent
from candlewick.core.instrument import instrument_id
from candlewick.core.order import Order
from candlewick.core.reports import Fill, FundingPaid, Report
from candlewick.runtime.accounts.arrears import Arrears, History
from candlewick.runtime.accounts.bodies import Bodies
from candlewick.runtime.accounts.connections import Connections
from candlewick.runtime.accounts.disk import DiskWatch, Notice
from candlewick.runtime.accounts.execution import Execution
from candlewick.runtime.accounts.figures import Figures
from candlewick.runtime.accounts.lanes import KEPT_EVENTS
from candlewick.runtime.accounts.leverage import Leverage
from candlewick.runtime.accounts.live_trading import LiveTrading
from candlewick.runtime.accounts.recovery import recover
from candlewick.runtime.accounts.requests import AccountRequests
from candlewick.runtime.accounts.views import HeartAccounts, HeartMarket
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import SentOrder
from candlewick.store.journal.writer import JournalWriter
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Command, SetTradingState
from candlewick.trading.engine import Engine
from candlewick.venues.execution import OrderVenue, Tell
from candlewick.venues.paper.venue import PaperVenue

log = logging.getLogger(__name__)

SAMPLE_S: Final = 60
THIN_EVERY_S: Final = 86_400
OVERLAP_NS: Final = 3_600 * NS_PER_S  # of what is asked of a venue again after a start
READY_WITHIN_S: Final = 10.0  # less than a request lasts
SNAPSHOT_AFTER: Final = 5_000  # entries: what a start has to fold again at most
Knows = Callable[[int, str], bool]


class Accounts:
    """The accounts' side of the engine process.

    Args:
        take: hands a command or report to the heart, and its effects to `execution.carry_out`.
        send: takes frames of the market lane.
        start: does work beside the stream.
        follow: has an instrument's market data come for as long as the engine runs.
        live: where orders of live accounts go.
        records: reads orders that the heart has forgotten.
        funding: settled rates of an instrument from one UTC second until another.
        tell_all: a notice in the system's lane.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        journal: Journal,
        records: Records,
        take: Callable[[Command | Report], None],
        send: Callable[[list[bytes]], None],
        start: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        follow: Callable[[str], None],
        live: Callable[[Knows, Tell], LiveTrading],
        funding: History,
        tell_all: Notice,
        primary: str,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._records = records
        self._obey = take
        self._follow = follow
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._failed: asyncio.Future[None] = self._loop.create_future()
        self._entries_at_snapshot = 0
        self._warming: asyncio.Task[None] | None = None
        self._is_closing = False
        self._uncompared: set[int] = set()  # live accounts whose venue has not listed yet
        self._recover()
        self._writer = JournalWriter(journal, self._hear_trouble)
        self._paper = PaperVenue(HeartMarket(engine), HeartAccounts(engine))
        self._live = live(self._knows_order, self._take)
        self.bodies = Bodies(engine, primary, clock)
        self.figures = Figures(self.bodies, send, clock)
        self.execution = Execution(
            engine=engine,
            writer=self._writer,
            bodies=self.bodies,
            figures=self.figures,
            take=self._take,
            venue_of=self.venue_of,
            follow=follow,
            start=start,
            position_changed=self._position_changed,
            compared=lambda account: self._follow_coins(engine.desk.accounts[account]),
            on_failure=self._fail,
            clock=clock,
        )
        self.leverage = Leverage(
            self.execution.do, self.execution.settled, lambda account: account in self._live.accounts
        )
        self.connections = Connections(self._live.health, self.execution.notice, clock)
        self.disk = DiskWatch(self.figures, tell_all, self.execution.notice, clock)
        self._arrears = Arrears(
            history=funding,
            last_seen=records.last_sampled,
            take=self._take,
            tell=self.execution.tell,
            start=start,
            clock=clock,
        )
        self.requests = AccountRequests(
            engine=engine,
            execution=self.execution,
            bodies=self.bodies,
            find_order=self._find_order,
            open_lanes=self._open_lanes,
            go_live=self._go_live,
            follow=follow,
            set_leverage=self.leverage.set,
            warm=self.warm_for,
            ready=self.ready,
            primary=primary,
            clock=clock,
        )
        for account, state in engine.desk.accounts.items():
            self._open_lanes(account)
            if state.kind == "live":
                try:
                    self._live.admit(account, state.name, state.venue or "", self._booked_until(account))
                except (ConfigError, StoreError) as error:
                    self._live.close_to(account, error)

    @property
    def lanes(self) -> Any:
        """The lanes of all accounts, for the gateway."""
        return self.execution.lanes

    def booked(
        self, account: int, tag: str, instruments: list[str], since: int
    ) -> list[tuple[Fill | FundingPaid, bool]]:
        """What was booked in some instruments since a time, and whether under this tag; on any thread."""
        found = self._records.booked(account, instruments, since)
        return [(each.money, each.tag == tag) for each in found]

    def sent(self, account: int, tag: str, since: int) -> dict[str, SentOrder]:
        """Orders of a tag since a time, as they passed the door; on any thread."""
        return self._records.sent(account, tag, since)

    def on_event(self, event: MarketEvent) -> None:
        """A market event that the heart has folded: the paper venue looks at it."""
        self._paper.on_event(event)

    def venue_of(self, account: int) -> OrderVenue:
        """Where an account's orders go."""
        return self._live.venue_of(account) or self._paper

    def begin(self) -> None:
        """Resume what was at work: paper orders and positions; compare live accounts with their venue."""
        self._check_books()
        paper = self._on_paper()
        self._arrears.note(paper)
        if any(each.orders or each.book.positions for each in paper):
            self.warm()
        self._uncompared = set(self._live.accounts)
        self._compare_listed()

    def _compare_listed(self) -> None:
        """Compare live accounts with their venue, each once it is known what that lists.

        Before, its answer could not be read whole: what was filled of an order on an instrument that nobody
        knows of yet would seem to be money from nowhere.
        """
        for account in sorted(self._uncompared):
            state = self._engine.desk.accounts.get(account)
            if state is not None and (state.venue is None or state.venue in self._engine.market.venues):
                self._uncompared.discard(account)
                self.execution.reconcile(account)

    def warm(self) -> asyncio.Task[None]:
        """Load the compiled core that fills paper orders, beside the stream; begun by who first needs it."""
        failed = self._warming is not None and self._warming.done() and self._warming.exception() is not None
        if self._warming is None or failed:
            self._warming = asyncio.create_task(self._warm())
        return self._warming

    def warm_for(self, account: int) -> None:
        """`warm`, if it is the core that fills this account's orders."""
        if account not in self._live.accounts:
            self.warm()

    async def ready(self, account: int) -> None:
        """Return once an order of the account can be taken.

        Raises:
            EngineAway: it still cannot. Told while whoever asks still listens, and before anything is
                written: an order that nobody knows of must not come to stand after all.
        """
        if account in self._live.accounts:
            return
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await asyncio.shield(self.warm())
        except TimeoutError:
            raise EngineAway(
                "Paper trading is still being made ready: nothing was ordered. Try again in a moment."
            ) from None

    async def _warm(self) -> None:
        from candlewick.fills.warm import warm_up

        await asyncio.to_thread(warm_up)
        paper = self._on_paper()
        self._paper.restore((order for each in paper for order in each.orders.values()), self._clock.now_ns())
        self._paper.listen(self._take)
        for each in paper:
            if each.orders:
                self.execution.reconcile(each.number)

    def follow_held(self) -> None:
        """Have the market data of all that is held or worked on come; called after each new listing."""
        self._live.know(self._engine.market.instruments.values())
        self._compare_listed()
        self._arrears.catch_up(self._engine.market.venues)
        for state in self._engine.desk.accounts.values():
            named = {order.terms.instrument for order in state.orders.values()}
            for instrument in {*state.book.positions, *named} & self._engine.market.instruments.keys():
                self._follow(instrument)
            self._follow_coins(state)

    def _follow_coins(self, state: AccountState) -> None:
        """Have come what prices the coins that an account has at its venue, bought here or not."""
        if state.venue is not None:
            for currency in state.book.balances:
                self._follow(instrument_id(state.venue, f"{currency}{state.currency}"))

    async def run(self) -> None:
        """Follow the venues, and note what accounts are worth each minute, until cancelled.

        Raises:
            StoreError: disk and memory contradict each other: the engine must begin again from the disk.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._live.run())
            group.create_task(self.connections.run())
            group.create_task(self._sample())
            group.create_task(self._thin())

    async def _sample(self) -> None:
        while True:
            now_s = self._clock.now_ns() / NS_PER_S
            await asyncio.wait([self._failed], timeout=SAMPLE_S - now_s % SAMPLE_S)
            if self._failed.done():
                self._failed.result()
            self.execution.sample_equity(self._clock.now_ns())
            if self._journal.last_seq - self._entries_at_snapshot >= SNAPSHOT_AFTER:
                self._save_snapshot()

    async def _thin(self) -> None:
        while True:
            await self.execution.thin_curves(self._clock.now_ns())
            await asyncio.sleep(THIN_EVERY_S)

    async def close(self) -> None:
        """Write what waits, and a snapshot, so that the next start is short."""
        self._is_closing = True
        if self._warming is not None:
            self._warming.cancel()
        self.execution.close()
        if not self._failed.done():
            self._save_snapshot()
        await self._live.close()
        await asyncio.to_thread(self._writer.close)
        self._journal.close()
        self._records.close()

    def _take(self, event: Command | Report) -> None:
        """Hand something to the heart, which refuses with errors of its own.

        Any other error means that it stopped half-way: what is in memory is not to be trusted any more.
        """
        try:
            self._obey(event)
        except CandlewickError:
            raise
        except Exception as error:
            self._fail(error)
            raise
        self.leverage.hear(event)

    def _on_paper(self) -> list[AccountState]:
        accounts = self._engine.desk.accounts.values()
        return [each for each in accounts if each.number not in self._live.accounts]

    def _booked_until(self, account: int) -> int | None:
        """From when on a venue is asked what happened: too early does no harm. None: nothing was booked."""
        newest = self._records.transactions(account, limit=1).items
        return newest[0].ts - OVERLAP_NS if newest else None

    def _check_books(self) -> None:
        """Halt an account whose books do not add up: nobody trades on figures that cannot be explained."""
        for account in list(self._engine.desk.accounts):
            for fault in self._engine.checks(account):
                text = f"The books do not add up: {fault.text}"
                log.critical("Account %d: %s", account, text)
                now = self._clock.now_ns()
                self._take(
                    SetTradingState(account=account, state="HALTED", reason=text, actor="system", ts=now)
                )

    def _recover(self) -> None:
        folded = recover(self._engine.desk, self._journal)
        self._entries_at_snapshot = self._journal.last_seq - folded
        if folded:
            log.info("Recovered %d accounts from %d entries.", len(self._engine.desk.accounts), folded)

    def _save_snapshot(self) -> None:
        self._entries_at_snapshot = self._journal.last_seq
        self.execution.write_snapshot(self._engine.desk.snapshot())

    def _open_lanes(self, account: int) -> None:
        if f"orders@{account}" not in self.lanes.channels():
            self.lanes.open(account, lambda channel: self._journal.newest(account, channel, KEPT_EVENTS))

    def _go_live(self, account: int, name: str, venue: str) -> None:
        """Before a live account is opened: it is one that may trade.

        Raises:
            ConfigError, StoreError: it may not, or nobody can tell.
        """
        self._live.admit(account, name, venue)
        self._live.know(self._engine.market.instruments.values())

    def _knows_order(self, account: int, order_id: str) -> bool:
        state = self._engine.desk.accounts.get(account)
        if state is not None and state.find(order_id) is not None:
            return True
        return self._records.order(account, order_id) is not None

    async def _find_order(self, account: int, order_id: str) -> Order | None:
        return await asyncio.to_thread(self._records.order, account, order_id)

    def _position_changed(self, account: int, instrument: str) -> None:
        if self._warming is not None and self._warming.done() and account not in self._live.accounts:
            self._paper.position_changed(account, instrument)

    def _hear_trouble(self, trouble: str) -> None:
        """On the writer's thread: what keeps it from writing has changed."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: we have stopped
            self._loop.call_soon_threadsafe(self._take_trouble, trouble)

    def _take_trouble(self, trouble: str) -> None:
        if not self._is_closing:
            self.disk.take(trouble)

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_exception(StoreError(f"The journal cannot go on: {error}"))
