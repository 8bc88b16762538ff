"""All strategies at work in one engine, kept as their rows say."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from candlewick.core.clock import NS_PER_S, Clock, iso
from candlewick.core.errors import CandlewickError, StoreBusy, StoreError, VenueError
from candlewick.core.events import Candle
from candlewick.core.interval import seconds
from candlewick.core.order import Order
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.contract import is_spot
from candlewick.market.bars import Bars, followed_by
from candlewick.runtime.strategies.at_work import AtWork
from candlewick.runtime.strategies.bodies import body, final_figures
from candlewick.runtime.strategies.drift import plain
from candlewick.runtime.strategies.drifting import DriftUnknown, compare, expected_of, request, settlements
from candlewick.runtime.strategies.drifts import Drifts
from candlewick.runtime.strategies.expected_process import Settled
from candlewick.runtime.strategies.feed import Fetch
from candlewick.runtime.strategies.host import source_file
from candlewick.runtime.strategies.rates import Settlements
from candlewick.runtime.strategies.rows import Kind, Line, Rows, State, Wanted
from candlewick.runtime.strategies.running import WINDOW
from candlewick.runtime.strategies.spec import read
from candlewick.store.databases import Place
from candlewick.store.journal.records import SentOrder
from candlewick.trading import commands
from candlewick.trading.effects import Booked, OrderChanged
from candlewick.trading.engine import Engine

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0  # how soon a change is seen that nobody told us of
RETRY_S: Final = 0.5
WRITE_S: Final = 0.5  # how long lines of a log are gathered
LINES_WAITING: Final = 200  # of one strategy; what it prints beyond them is dropped
FOLDER: Final = "strategies-at-work"

T = TypeVar("T")
Booking = tuple[Fill | FundingPaid, bool]
Past = Callable[[int, str, list[str], int], list[Booking]]


class Strategies:
    """Starts and ends strategies as their rows change. Lives on the engine's event loop.

    Args:
        do: hands the heart a command with its audit, and returns when what it decided is on disk.
        set_leverage: the same for leverage, and returns when it is so.
        fetch: the newest closed bars of an instrument, interval and number.
        follow: has an instrument's market data come.
        ready: returns once orders of an account can be taken.
        settled: returns when all that the heart decided so far is on disk.
        past: what was booked for an account in instruments since a time, and whether under a tag.
        sent: orders of an account and a tag since a time, as they passed the door.
        history: bars of an instrument and interval from a UTC second on.
        open_bar: the one that is under way; None: there is none.
        funding: what its venue has settled of an instrument from one UTC second until another.
        tell: an event for an account: its number, channel, type and data.
        note: called with an account when a strategy's figures are new.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        place: Place,
        data_dir: Path,
        do: Callable[[commands.Command], Coroutine[Any, Any, None]],
        set_leverage: Callable[[commands.SetLeverage], Coroutine[Any, Any, None]],
        fetch: Fetch,
        follow: Callable[[str], None],
        ready: Callable[[int], Coroutine[Any, Any, None]],
        settled: Callable[[], Coroutine[Any, Any, None]],
        past: Past,
        sent: Callable[[int, str, int], dict[str, SentOrder]],
        history: Callable[[str, str, int], Bars],
        open_bar: Callable[[str, str], Awaitable[Candle | None]],
        funding: Settlements,
        tell: Callable[[int, str, str, Any], None],
        note: Callable[[int], None],
        primary: str,
        clock: Clock,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.folder = data_dir / FOLDER
        self.do = do
        self.set_leverage = set_leverage
        self.fetch = fetch
        self.follow = follow
        self.ready = ready
        self.settled = settled
        self._past = past
        self._sent = sent
        self._history = history
        self._open_bar = open_bar
        self.funding = funding
        self._drifts = Drifts()
        self._tell = tell
        self._note = note
        self._primary = primary
        self._told: dict[str, tuple[str, ...]] = {}
        self._rows = Rows(place)
        self._thread = ThreadPoolExecutor(1, "strategies")  # the rows' connection is one thread's at a time
        self.known: dict[str, Wanted] = {}
        self.at_work: dict[str, AtWork] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lines: list[Line] = []
        self._seqs: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._look = asyncio.Event()

    # --- its life

    async def run(self) -> None:
        """Do as the rows say until cancelled; then end every process."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_up())
                group.create_task(self._write_lines())
        finally:
            await self._end(list(self._tasks))
            await self._drifts.close()

    async def close(self) -> None:
        """Write what the logs still have to say, and let go of the database."""
        with contextlib.suppress(StoreError):
            await self._flush()
        await self._call(self._rows.close)
        self._thread.shutdown()

    def look(self) -> None:
        """A row has changed."""
        self._look.set()

    async def _keep_up(self) -> None:
        while True:
            self._look.clear()
            try:
                if await self._call(self._rows.is_ready):
                    await self._compare()
            except StoreBusy as error:
                log.warning("Strategies cannot be looked up: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):  # `wait_for` may swallow a cancellation (Python 3.11)
                    await self._look.wait()

    async def _compare(self) -> None:
        revisions = await self._call(self._rows.wanted)
        for id in self.known.keys() - revisions.keys():
            await self._forget(id)
        for id, revision in revisions.items():
            known = self.known.get(id)
            if known is not None and known.revision == revision:
                continue
            wanted = await self._call(partial(self._rows.find, id))
            if wanted is not None:
                await self._take(wanted)
        for id in await self._call(self._rows.forbidden):
            if id in self.known:
                await self._move(self.known[id], "paused", "Nobody may trade with this account any more.")
        for wanted in list(self.known.values()):
            account = self.engine.desk.accounts.get(wanted.account)
            if wanted.state == "running" and account is not None and account.state == "HALTED":
                why = f": {account.reason}" if account.reason else ""
                reason = f"The account does not trade: {account.name} is halted{why}."
                await self._move(wanted, "paused", reason)

    async def _take(self, wanted: Wanted) -> None:
        """Do as a row says that is new or has changed."""
        before = self.known.get(wanted.id)
        if before is None:
            self._seqs[wanted.id] = await self._call(partial(self._rows.last_line, wanted.id))
        self.known[wanted.id] = wanted
        at_work = self.at_work.get(wanted.id)
        if at_work is not None:
            at_work.wanted = wanted
        if before is None or before.state != wanted.state:
            await self._end([wanted.id])
            if before is not None:
                self.log(wanted.id, "state", _told(wanted))
            self._tasks[wanted.id] = asyncio.get_running_loop().create_task(self._live(wanted))
        self._news(wanted.id)

    async def _forget(self, id: str) -> None:
        await self._end([id])
        gone, self._told[id] = self.known.pop(id), ()
        self.at_work.pop(id, None)
        self._drifts.forget(id)
        if gone.account in self.engine.desk.accounts:
            self._tell(gone.account, "strategies", "strategy_ended", {"id": id, "state": "stopped"})

    async def _end(self, ids: list[str]) -> None:
        tasks = [task for id in ids if (task := self._tasks.pop(id, None)) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _live(self, wanted: Wanted) -> None:
        """Be what the row says, as long as it says so; what goes wrong pauses the strategy and is told."""
        id = wanted.id
        try:
            at_work = self.at_work.get(id)
            if at_work is None:
                at_work = self.at_work[id] = AtWork(
                    wanted, read(wanted.spec), self, partial(self.log, id), partial(self._news, id)
                )
            match wanted.state:
                case "running":
                    await at_work.run()
                case "paused":
                    await at_work.rest()
                case "stopping":
                    await self._close(at_work)
        except CandlewickError as error:
            await self._pause(wanted, str(error))
        except Exception as error:  # the outermost edge of one strategy: the others go on
            log.exception("Strategy %s failed", wanted.tag)
            await self._pause(wanted, f"It failed for a reason of our own: {type(error).__name__}: {error}.")

    async def _close(self, at_work: AtWork) -> None:
        wanted = at_work.wanted
        keeps = read(wanted.spec).keep_position
        if await (at_work.leave() if keeps else at_work.close_all()):
            figures = msgspec.json.encode(final_figures(at_work.ownings, self.engine))
            await self._move(wanted, "stopped", wanted.reason, figures)
            if wanted.begun_ns is not None:
                last = partial(self._compare_with_backtest, at_work)
                self._drifts.keep_last(wanted.id, last, partial(self._keep_drift, wanted.id))
        else:
            await self._move(wanted, "paused", "Its position could not be closed; its log says why.")

    async def _pause(self, wanted: Wanted, reason: str) -> None:
        self.log(wanted.id, "error", reason)
        at_work = self.at_work.get(wanted.id)
        if at_work is not None:
            with contextlib.suppress(CandlewickError):
                await at_work.withdraw()
        if wanted.state != "paused":
            await self._move(wanted, "paused", reason)

    async def _move(self, wanted: Wanted, to: State, reason: str, figures: bytes | None = None) -> None:
        """Write a state down. It is seen as any other change of a row is."""
        while True:
            try:
                await self._call(
                    partial(
                        self._rows.move, wanted.id, wanted.state, to, reason, self.clock.now_ns(), figures
                    )
                )
                break
            except StoreBusy as error:
                log.warning("The state of %s cannot be written: %s", wanted.tag, error)
                await asyncio.sleep(RETRY_S)
        self._look.set()

    # --- how far it is from its backtest

    async def drift(self, id: str) -> dict[str, Any]:
        """What a strategy did, beside what its backtest would have done on the same bars, up to the last one.

        Raises:
            DriftUnknown: it has not begun, or its backtest fails.
            NotYet: its backtest is still running; what it finds is kept for who asks again.
        """
        wanted, at_work = self.known[id], self.at_work.get(id)
        if at_work is None or wanted.begun_ns is None or wanted.capital is None:
            raise DriftUnknown(f"{wanted.name} has not begun yet: there is nothing to compare.")
        newest = at_work.health.last_bar
        return await self._drifts.of(id, newest, partial(self._compare_with_backtest, at_work))

    async def _compare_with_backtest(self, at_work: AtWork) -> dict[str, Any]:
        wanted, spec = at_work.wanted, at_work.spec
        account = self.engine.desk.accounts[wanted.account]
        assert wanted.begun_ns is not None
        assert wanted.capital is not None
        start_s = wanted.begun_ns // NS_PER_S - WINDOW * seconds(spec.timeframe)
        bars = [await self._up_to_now(symbol, spec.timeframe, start_s) for symbol in spec.symbols]
        now, booked = self.clock.now_ns(), await self.fills(wanted, spec.symbols)
        asked = request(
            strategy=spec.strategy,
            file=source_file(self.folder, wanted.id, wanted.source),
            parameters=spec.parameters,
            timeframe=spec.timeframe,
            bars=bars,
            instruments=[self.engine.market.instruments[symbol] for symbol in spec.symbols],
            account=account,
            funding=[await self._settlements(symbol, wanted.begun_ns, booked) for symbol in spec.symbols],
            begun_ns=wanted.begun_ns,
            capital=float(wanted.capital),
        )
        sent = await self._call(partial(self._sent, wanted.account, wanted.tag, wanted.begun_ns))
        told = plain(compare(await expected_of(asked), booked, sent, bars, wanted.id))
        return {"as_of": iso(now)} | told

    async def _up_to_now(self, symbol: str, timeframe: str, start_s: int) -> Bars:
        """Its bars with the one that is under way: at its open the backtest has filled what was signalled."""
        await self.fetch(symbol, timeframe, WINDOW)  # has the newest in the lake
        bars = await asyncio.to_thread(self._history, symbol, timeframe, start_s)
        try:
            bar = await self._open_bar(symbol, timeframe)
        except VenueError as error:
            log.info("The open bar of %s is not known: %s", symbol, error)
            bar = None
        if bar is None or not len(bars) or not 0 <= bar.time - bars.time[-1] <= seconds(timeframe):
            return bars  # none follows: the one before may have closed since
        return followed_by(bars, [(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume)])

    async def _settlements(self, symbol: str, begun_ns: int, booked: Sequence[Booking]) -> list[Settled]:
        if is_spot(self.engine.market.instruments[symbol]):
            return []
        now_s = self.clock.now_ns() // NS_PER_S
        try:
            told = await self.funding(symbol, begun_ns // NS_PER_S, now_s + 1)
        except VenueError as error:
            log.info("Funding of %s is known from the account alone: %s", symbol, error)
            told = []
        return settlements(symbol, told, booked)

    # --- what it hears

    def take_candle(self, candle: Candle) -> None:
        """A bar has closed."""
        for each in self.at_work.values():
            each.take(candle)

    def hear_order(self, news: OrderChanged) -> None:
        """An order has changed, and that is on disk."""
        if news.order.tag:
            for each in self.at_work.values():
                if each.wanted.tag == news.order.tag:
                    each.hear_order(news.order)

    def hear_booked(self, booked: Booked) -> None:
        """Money moved, and that is on disk."""
        money = booked.fill or booked.funding
        if money is None:
            return
        order = None
        if booked.fill is not None:
            order = self._order(booked.account, booked.fill.order_id)
        for each in self.at_work.values():
            if each.wanted.account == booked.account and money.instrument in each.spec.symbols:
                each.hear_money(money, own=order is not None and order.tag == each.wanted.tag)

    def _order(self, account: int, id: str) -> Order | None:
        state = self.engine.desk.accounts.get(account)
        return None if state is None else state.find(id)

    # --- what it tells

    def of_account(self, account: int) -> list[dict[str, Any]]:
        """The strategies of an account that are not at their end, oldest first."""
        named = [each for each in self.known.values() if each.account == account and each.state != "stopped"]
        return [self.body(each.id) for each in sorted(named, key=lambda each: (each.created_ns, each.id))]

    def body(self, id: str) -> dict[str, Any]:
        """A strategy as it is now.

        Raises:
            KeyError: there is none of that name that is not at its end.
        """
        return body(self.known[id], self.at_work.get(id), self.engine, self._primary)

    def _news(self, id: str) -> None:
        """Something about a strategy is new: its figures, or (that is told as an event) its state."""
        known = self.known.get(id)
        if known is None or known.account not in self.engine.desk.accounts:
            return
        at_work = self.at_work.get(id)
        phase = "" if at_work is None else at_work.health.phase
        now = (known.state, known.reason, phase)
        if self._told.get(id) != now:
            self._told[id] = now
            self._tell(known.account, "strategies", "strategy_changed", self.body(id))
        self._note(known.account)

    # --- what strategies need

    async def fills(self, wanted: Wanted, symbols: list[str]) -> list[tuple[Fill | FundingPaid, bool]]:
        """What was booked since it began."""
        since = wanted.begun_ns
        if since is None:
            return []
        return await self._call(partial(self._past, wanted.account, wanted.tag, symbols, since))

    async def begin(self, wanted: Wanted, capital: Decimal, now_ns: int) -> None:
        """Note with how much it began."""
        await self._persist(partial(self._rows.begin, wanted.id, capital, now_ns))

    async def restarted(self, wanted: Wanted) -> None:
        """Count a restart of its process."""
        await self._persist(partial(self._rows.restarted, wanted.id))

    async def _keep_drift(self, id: str, drift: dict[str, Any]) -> None:
        await self._persist(partial(self._rows.keep_drift, id, msgspec.json.encode(drift)))

    async def _persist(self, write: Callable[[], None]) -> None:
        while True:
            try:
                await self._call(write)
                return
            except StoreBusy:
                await asyncio.sleep(RETRY_S)

    # --- logs

    def log(self, id: str, kind: Kind, text: str) -> None:
        """A line of a strategy's log, soon on disk."""
        waiting = sum(line.strategy == id for line in self._lines)
        if waiting >= LINES_WAITING and kind == "print":
            self._dropped[id] = self._dropped.get(id, 0) + 1
            return
        if dropped := self._dropped.pop(id, 0):
            self._add(id, "missed", f"{dropped:,} lines were printed faster than they can be kept.")
        self._add(id, kind, text)

    def _add(self, id: str, kind: Kind, text: str) -> None:
        seq = self._seqs[id] = self._seqs.get(id, 0) + 1
        self._lines.append(Line(id, seq, self.clock.now_ns(), kind, text))

    async def _write_lines(self) -> None:
        while True:
            await asyncio.sleep(WRITE_S)
            try:
                await self._flush()
            except StoreBusy as error:
                log.warning("Logs of strategies cannot be written: %s", error)

    async def _flush(self) -> None:
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        try:
            await self._call(partial(self._rows.add, lines))
        except StoreBusy:
            self._lines = lines + self._lines
            raise
        for id in {line.strategy for line in lines}:
            self._news(id)

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _told(wanted: Wanted) -> str:
    return (
        f"{wanted.state.capitalize()}: {wanted.reason}" if wanted.reason else f"{wanted.state.capitalize()}."
    )
