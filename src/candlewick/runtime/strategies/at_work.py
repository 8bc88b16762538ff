"""`AtWork`: one strategy at work, from its history to its end: its past, the lives of its process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import CandlewickError, EngineAway, StrategyError, VenueError
from candlewick.core.events import Candle
from candlewick.core.interval import seconds
from candlewick.core.order import Order
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.contract import is_spot
from candlewick.market.bars import Bars
from candlewick.runtime.strategies import messages
from candlewick.runtime.strategies.closes import Closes, answer_within
from candlewick.runtime.strategies.course import Course, Point, curve
from candlewick.runtime.strategies.feed import BarFeed
from candlewick.runtime.strategies.health import Health, Phase
from candlewick.runtime.strategies.host import Host, HostDied, source_file
from candlewick.runtime.strategies.means import Means
from candlewick.runtime.strategies.orders import Log, Orders
from candlewick.runtime.strategies.ownings import Ownings
from candlewick.runtime.strategies.protection import Protection, way_of
from candlewick.runtime.strategies.rows import Wanted
from candlewick.runtime.strategies.rules import Rules
from candlewick.runtime.strategies.running import WINDOW
from candlewick.runtime.strategies.spec import Spec
from candlewick.trading import commands
from candlewick.trading.account import AccountState

MOST_HISTORY: Final = 5_000
DEATHS: Final = 5  # of its process within the hour, after which it is paused
HOUR_S: Final = 3_600.0
RETRY_S: Final = 5.0
REPLACED_S: Final = 5.0  # how soon another stands in a stop's place, or its position is gone too


class AtWork:
    """One strategy, as long as it is to run.

    Attributes:
        ownings, orders, closes: what is its own of the account, and what it does there; None until its past
            has been read.
    """

    def __init__(
        self, wanted: Wanted, spec: Spec, means: Means, log: Log, changed: Callable[[], None]
    ) -> None:
        self.wanted = wanted
        self.spec = spec
        self.health = Health()
        self.ownings: Ownings | None = None
        self.orders: Orders | None = None
        self.closes: Closes | None = None
        self._past: list[Fill] = []  # its own, since it began
        self._means = means
        self._log = log
        self._changed = changed
        self._feed: BarFeed | None = None
        self._host: Host | None = None
        self._early: list[tuple[Fill | FundingPaid, bool]] | None = None
        self._following: set[asyncio.Task[None]] = set()

    # --- what it is told

    def take(self, candle: Candle) -> None:
        """A bar has closed."""
        if self._feed is not None:
            self._feed.take(candle)

    def hear_order(self, order: Order) -> None:
        """One of its orders has changed, and that is on disk."""
        if self.orders is None:
            return
        self.orders.hear()
        if order.is_working:
            return
        if order.filled:
            self._start(self._follow(order))
        if not self.orders.took_back(order):
            self._start(self._miss(order))

    def hear_money(self, booked: Fill | FundingPaid, *, own: bool) -> None:
        """Something was booked in one of its instruments, and that is on disk."""
        if self._early is not None:
            self._early.append((booked, own))
        elif self.ownings is not None:
            self._book(booked, own)
            if self.orders is not None:
                self.orders.hear()
            self._changed()

    # --- its life

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            StrategyError, TooLate, HostDied: it cannot go on; says why, for its people.
            CandlewickError: it cannot even begin.
        """
        try:
            await self.prepare()
            while True:
                try:
                    await self._work()
                except HostDied as error:
                    await self._bear(error)
        finally:
            await self._end_host()
            for task in list(self._following):
                task.cancel()

    async def prepare(self) -> None:
        """Read what it holds and has earned; the first time, set its capital aside."""
        if self.orders is not None:
            return
        account = await self._account()
        now = self._means.clock.now_ns()
        if self.wanted.capital is None or self.wanted.begun_ns is None:
            capital = self.spec.capital(await self._equity(account))
            for symbol in self.spec.symbols:
                if account.position(symbol):
                    raise StrategyError(
                        f"The account holds {symbol} already: close that first, or use another account."
                    )
            await self._means.begin(self.wanted, capital, now)
        else:
            capital, now = self.wanted.capital, self.wanted.begun_ns
        ownings = Ownings(account.number, account.currency, capital, account.settings.leverage, now)
        for symbol in self.spec.symbols:
            instrument = self._means.engine.market.instruments[symbol]
            ownings.know(instrument)
            if not is_spot(instrument):
                ownings.set_leverage(symbol, account.book.leverage_of(symbol)[0])
        self._early = []  # what is booked from now on is heard; what was before is read
        past = await self._means.fills(self.wanted, self.spec.symbols)
        heard, self._early = self._early, None
        self.ownings = ownings
        known = set()
        for booked, own in [*past, *heard]:
            key = (type(booked), booked.instrument, booked.id)
            if key not in known:
                known.add(key)
                self._book(booked, own)
        self.orders = orders = Orders(
            id=self.wanted.id,
            tag=self.wanted.tag,
            account=account,
            ownings=ownings,
            engine=self._means.engine,
            symbols=self.spec.symbols,
            do=self._means.do,
            log=self._log,
            clock=self._means.clock,
        )
        self._protection = Protection(orders)
        self.closes = Closes(self.spec.timeframe, self._means, orders, self._protection, self.health)
        await asyncio.to_thread(_load_sizing)

    async def rest(self) -> None:
        """Be paused: nothing new is entered; stops and targets go on protecting what is held."""
        await self.prepare()
        self._be("paused")
        await self.withdraw()
        await asyncio.Event().wait()

    async def close_all(self) -> bool:
        """Take back its orders and close what it holds; whether nothing is left."""
        self._be("stopping")
        await self.prepare()
        assert self.orders is not None
        await self._ready()
        return await self.orders.close_all(f"stop{self.wanted.revision}")

    async def withdraw(self) -> None:
        """Take back what could still open or add to a position."""
        if self.orders is not None:
            await self.orders.withdraw_entries()

    async def leave(self) -> bool:
        """Take back what could still open or add; the rest is the account's from now on."""
        self._be("stopping")
        await self.prepare()
        await self.withdraw()
        return True

    async def _work(self) -> None:
        """One life of its process."""
        assert self.closes is not None
        self._be("starting")
        for symbol in self.spec.symbols:
            self._means.follow(symbol)
        await self._ready()
        history, newest, last = self._unanswered(await self._history(WINDOW))
        host, ready = await self._begin(history)
        if not ready.settled and len(history[0]) >= WINDOW - 1:
            await host.end()
            history, newest, last = self._unanswered(await self._history(min(ready.wants + 2, MOST_HISTORY)))
            host, ready = await self._begin(history)
        self.closes.begin(ready.rules, self._course(ready.rules, history), sees_funding=ready.sees_funding)
        await self._agree_on_leverage(Decimal(repr(ready.leverage)))
        await self._protection.catch_up()
        self._feed = BarFeed(
            self.spec.symbols,
            self.spec.timeframe,
            last,
            fetch=self._means.fetch,
            tell=lambda sentence: self._log("missed", sentence),
            clock=self._means.clock,
        )
        self._feed.give(newest)
        if not ready.settled:
            self._log(
                "state",
                f"It waits for bars: it has {len(history[0]):,} of the {ready.wants:,} that it needs.",
            )
        self._be("running")
        while True:
            await self.closes.act(host, await host.while_alive(self._feed.next()))
            self._changed()

    async def _bear(self, error: HostDied) -> None:
        """Its process died: start it again, but not for ever.

        Raises:
            HostDied: it died too often.
        """
        await self._end_host()
        now = asyncio.get_running_loop().time()
        deaths = [each for each in self.health.deaths if each > now - HOUR_S]
        self.health.deaths = [*deaths, now]
        if len(self.health.deaths) >= DEATHS:
            raise HostDied(f"{error} That was {DEATHS} times within the hour.")
        self._log("error", f"{error} It is started again.")
        await self._means.restarted(self.wanted)
        await asyncio.sleep(0.2 * 2 ** len(deaths))

    async def _end_host(self) -> None:
        host, self._host, self._feed = self._host, None, None
        self.health.pid = None
        if host is not None:
            await host.end()

    # --- parts

    async def _account(self) -> AccountState:
        """The account, once the engine knows it and all that is to be traded."""
        engine = self._means.engine
        while True:
            account = engine.desk.accounts.get(self.wanted.account)
            unlisted = [each for each in self.spec.symbols if each not in engine.market.instruments]
            if account is not None and not unlisted:
                return account
            self._be("waiting", f"{unlisted[0]} to be listed" if unlisted else "the account to be opened")
            await asyncio.sleep(0.2)

    async def _ready(self) -> None:
        """Return once orders of the account can be taken."""
        while True:
            try:
                await self._means.ready(self.wanted.account)
                return
            except EngineAway:
                await asyncio.sleep(0.2)

    async def _equity(self, account: AccountState) -> Decimal:
        while True:
            equity = self._means.engine.desk.valuation(account.number).total_value
            if equity is not None:
                return equity
            self._be("waiting", "the account's worth to be known")
            await asyncio.sleep(0.2)

    async def _history(self, count: int) -> list[Bars]:
        """The closed bars so far, as many as there are."""
        self._be("warming")
        found = []
        for symbol in self.spec.symbols:
            while True:
                try:
                    found.append(await self._means.fetch(symbol, self.spec.timeframe, count))
                    break
                except VenueError as error:
                    self._be("waiting", f"bars of {symbol}: {error}")
                    await asyncio.sleep(RETRY_S)
        return found

    def _unanswered(self, history: list[Bars]) -> tuple[list[Bars], list[Bars], int]:
        """History that was surely answered, the bar behind it, and the open time of the last one before that.

        The newest bar may have closed just before the engine, or the process, was killed: it is told again,
        and what it had led to is not sent twice. A strategy that begins starts with the first bar after it.
        """
        length = seconds(self.spec.timeframe)
        newest = max((int(bars.time[-1]) for bars in history if len(bars)), default=0)
        ended, now_s = newest + length, self._means.clock.now_ns() / NS_PER_S
        begun_s = (self.wanted.begun_ns or self._means.clock.now_ns()) / NS_PER_S
        if ended <= begun_s or now_s - ended > answer_within(self.spec.timeframe):
            return history, [], newest
        cut = [int(bars.time.searchsorted(newest)) for bars in history]
        parts = list(zip(history, cut, strict=True))
        return [bars[:n] for bars, n in parts], [bars[n:] for bars, n in parts], newest - length

    async def _begin(self, history: list[Bars]) -> tuple[Host, messages.Ready]:
        """Its process, with the strategy loaded."""
        instruments = self._means.engine.market.instruments
        self._host = host = await Host.start(lambda line: self._log("print", line))
        self.health.pid = host.pid
        begin = messages.Begin(
            strategy=self.spec.strategy,
            file=source_file(self._means.folder, self.wanted.id, self.wanted.source),
            parameters=self.spec.parameters,
            timeframe=self.spec.timeframe,
            history=[messages.Columns.of(bars) for bars in history],
            spot=[each for each in self.spec.symbols if is_spot(instruments[each])],
        )
        return host, await host.begin(begin)

    def _course(self, rules: Rules, history: list[Bars]) -> Course:
        """How its capital fared since it began, by its fills and the bars of then."""
        assert self.ownings is not None
        length, capital = seconds(self.spec.timeframe), float(self.ownings.capital)
        begun_s = (self.wanted.begun_ns or self._means.clock.now_ns()) // NS_PER_S
        past = [point for point in curve(self._past, history, capital, length) if point.ended > begun_s]
        return Course(rules, Point(begun_s, capital), past, length)

    async def _agree_on_leverage(self, wanted: Decimal) -> None:
        """Have perpetuals traded with the strategy's leverage, where nothing is held of them yet."""
        assert self.ownings is not None
        account = self._means.engine.desk.accounts[self.wanted.account]
        for symbol in self.spec.symbols:
            if is_spot(self._means.engine.market.instruments[symbol]):
                continue
            now, mode = account.book.leverage_of(symbol)
            if now != wanted and not account.position(symbol):
                command = commands.SetLeverage(
                    account=account.number,
                    instrument=symbol,
                    leverage=wanted,
                    margin_mode=mode,
                    actor=self.wanted.tag,
                    ts=self._means.clock.now_ns(),
                )
                try:
                    await self._means.set_leverage(command)
                    now = wanted
                except CandlewickError as error:
                    self._log("refused", f"{symbol}: the leverage stays {now:f}: {error}")
            self.ownings.set_leverage(symbol, now)

    def _book(self, booked: Fill | FundingPaid, own: bool) -> None:
        assert self.ownings is not None
        if isinstance(booked, FundingPaid):
            self.ownings.fund(booked)
            return
        if own:
            self._past.append(booked)
        lost = self.ownings.take(booked, own=own)
        if lost:
            self._log("state", f"{lost:f} {booked.instrument} of its position was closed by somebody else.")

    async def _follow(self, order: Order) -> None:
        assert self.orders is not None
        await self._protection.follow(order)
        await self._protection.tidy()

    async def _miss(self, order: Order) -> None:
        """If somebody took back what protected a position, say so, and leave it to people to go on."""
        assert self.orders is not None
        await self._means.settled()
        await self.orders.until(lambda: not self._protection.lost(order), REPLACED_S)
        if not self._protection.lost(order):
            return
        way, symbol = way_of(order), order.terms.instrument
        what = f"Somebody took back its {way} of {symbol}"
        if self._protection.is_stopped(symbol):
            self._log("state", f"{what}. It is placed again once the strategy is paused and resumed.")
            return
        why = f"{what}: what it holds is not protected. Resumed, it places the {way} again."
        if self.health.phase == "paused":
            self._log("error", why)
        elif self._feed is not None and self.orders.account.state != "HALTED":  # it is paused for that
            self._feed.end(StrategyError(why))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    def _be(self, phase: Phase, waits_for: str = "") -> None:
        if (self.health.phase, self.health.waits_for) != (phase, waits_for):
            self.health.phase, self.health.waits_for = phase, waits_for
            self._changed()


def _load_sizing() -> None:
    from candlewick.runtime.strategies import sizing

    sizing.load()
