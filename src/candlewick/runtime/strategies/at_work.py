"""`AtWork`: one strategy at work, from its history to its end: its bars, its process, its orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from candlewick.core.clock import NS_PER_S, Clock, iso
from candlewick.core.errors import CandlewickError, EngineAway, StrategyError, VenueError
from candlewick.core.events import Candle
from candlewick.core.interval import open_time, seconds
from candlewick.core.order import Order
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.contract import is_spot
from candlewick.market.bars import Bars
from candlewick.runtime.strategies import messages
from candlewick.runtime.strategies.feed import BarFeed, Closed, Fetch
from candlewick.runtime.strategies.host import Host, HostDied, source_file
from candlewick.runtime.strategies.keeping import Keeping, way_of
from candlewick.runtime.strategies.ordering import Ordering
from candlewick.runtime.strategies.orders import Log, Orders
from candlewick.runtime.strategies.ownings import Ownings
from candlewick.runtime.strategies.rows import Wanted
from candlewick.runtime.strategies.rules import Pause, Point, Rules, curve, rests
from candlewick.runtime.strategies.running import WINDOW
from candlewick.runtime.strategies.spec import Spec
from candlewick.trading import commands
from candlewick.trading.account import AccountState
from candlewick.trading.engine import Engine

MOST_HISTORY: Final = 5_000
DEATHS: Final = 5  # of its process within the hour, after which it is paused
DAY_S: Final = 86_400
HOUR_S: Final = 3_600.0
RETRY_S: Final = 5.0
SHORTEST_ANSWER_S: Final = 2.0
LONGEST_ANSWER_S: Final = 30.0
REPLACED_S: Final = 5.0  # how soon another stands in a stop's place, or its position is gone too
MISSED_TOGETHER: Final = 100  # bars that came too late are told in one line, so many at most

Phase = Literal["waiting", "starting", "warming", "running", "paused", "stopping"]


class Means(Protocol):
    """What a strategy at work needs of the engine."""

    engine: Engine
    clock: Clock
    folder: Path
    fetch: Fetch

    def do(self, command: commands.Command) -> Any: ...

    def set_leverage(self, command: commands.SetLeverage) -> Any: ...

    def follow(self, instrument: str) -> None: ...

    async def ready(self, account: int) -> None: ...

    async def settled(self) -> None:
        """Return when all that the heart decided so far is on disk, and was told."""
        ...

    async def fills(self, wanted: Wanted, symbols: list[str]) -> list[tuple[Fill | FundingPaid, bool]]:
        """What was booked in these instruments since it began, and whether it was the strategy's own."""
        ...

    async def begin(self, wanted: Wanted, capital: Decimal, now_ns: int) -> None: ...

    async def restarted(self, wanted: Wanted) -> None: ...


@dataclass(slots=True)
class Health:
    """How it is."""

    phase: Phase = "waiting"
    waits_for: str = ""
    pid: int | None = None
    last_bar: int | None = None  # open time of the newest bar that was answered
    lag_ms: float | None = None  # from that bar's end until its answer was carried out
    answer_ms: float | None = None  # of this, how long the strategy took
    missed: int = 0  # bars that were told too late to act on, since the engine began
    deaths: list[float] = field(default_factory=list)


class AtWork:
    """One strategy, as long as it is to run.

    Attributes:
        ownings: what is its own of the account; None until its past has been read.
    """

    def __init__(
        self, wanted: Wanted, spec: Spec, means: Means, log: Log, changed: Callable[[], None]
    ) -> None:
        self.wanted = wanted
        self.spec = spec
        self.health = Health()
        self.ownings: Ownings | None = None
        self.orders: Orders | None = None
        self.rules = Rules()
        self.day_equity: float | None = None  # as the day (UTC) began, or as it began itself
        self._last: Point | None = None
        self._pause = Pause(self.rules, 0.0, 1)
        self._past: list[Fill] = []  # its own, since it began
        self._missed: list[int] = []  # open times of bars that came too late, not told yet
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
        self._ordering, self._keeping = Ordering(orders), Keeping(orders)
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
        self._keep_rules(ready, history)
        await self._agree_on_leverage(Decimal(repr(ready.leverage)))
        await self._keeping.catch_up()
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
            await self._act(host, await host.while_alive(self._feed.next()))

    async def _act(self, host: Host, closed: Closed) -> None:
        """Tell the process a bar, and carry out what it wants."""
        assert self.orders is not None
        await self._means.settled()  # what was filled before is known before anything is decided
        await self._keeping.tidy()
        opens, length = closed.ended, seconds(self.spec.timeframe)
        points = self._points(closed.ended)
        self._pause.close(points)
        self._begin_day(points)
        within_s = answer_within(self.spec.timeframe)
        age_s = self._age_s(closed)
        acts = age_s <= within_s
        if acts:
            reach = {symbol: (row[1], row[2]) for symbol, row in closed.rows.items()}
            await self._keeping.keep(self.rules, closed.time, length, reach)
            await self._means.settled()
        loop = asyncio.get_running_loop()
        asked = loop.time()
        answer = await host.close_bar(self._bar(closed, acts=acts), within_s)
        self.health.answer_ms = (loop.time() - asked) * 1000
        if not acts:
            self.health.missed += 1
            self._missed.append(closed.time)
        if age_s - length <= within_s or len(self._missed) >= MISSED_TOGETHER:
            self._tell_missed()  # the next one, if it has closed at all, can still be acted on
        if acts and answer.intents:
            await self._means.settled()
            await self._ordering.carry_out(
                closed.time, answer.intents, lambda symbol: self._rests(symbol, opens)
            )
        self.health.last_bar = closed.time
        self.health.lag_ms = self._age_s(closed) * 1000
        self._changed()

    def _tell_missed(self) -> None:
        """Say in one line which bars were missed in a row: the log's newest lines are for orders too."""
        missed, self._missed = self._missed, []
        if not missed:
            return
        first, last = iso(missed[0] * NS_PER_S), iso(missed[-1] * NS_PER_S)
        bars = f"The bar of {first}" if first == last else f"The {len(missed):,} bars from {first} to {last}"
        self._log("missed", f"{bars} came too late to act on.")

    def _rests(self, symbol: str, opens: int) -> bool:
        """Whether nothing is entered at the open of the bar that begins at `opens`."""
        assert self.ownings is not None
        if self._pause.holds(opens):
            return True
        last, length = self.ownings.last_trip.get(symbol), seconds(self.spec.timeframe)
        if last is None or last.exited_at is None or last.net >= 0:
            return False
        return rests(self.rules, open_time(last.exited_at // NS_PER_S, length), opens, length)

    def _points(self, ended: int) -> list[Point]:
        assert self.ownings is not None
        equity = self.ownings.value(self._means.engine.market).total_value
        return [] if equity is None else [Point(ended, float(equity))]

    def _keep_rules(self, ready: messages.Ready, history: list[Bars]) -> None:
        """Take its rules; what a pause knows of the past is read from its fills and the bars."""
        assert self.ownings is not None
        self.rules = ready.rules
        length = seconds(self.spec.timeframe)
        capital = float(self.ownings.capital)
        self._pause = Pause(ready.rules, capital, length)
        begun_s = (self.wanted.begun_ns or self._means.clock.now_ns()) // NS_PER_S
        past = [point for point in curve(self._past, history, capital, length) if point.ended > begun_s]
        self._pause.close(past)
        self._begin_day([Point(begun_s, capital), *past])

    def _begin_day(self, points: list[Point]) -> None:
        """Remember what its capital was worth as the day began, by the last close before it."""
        for ended, equity in points:
            day = (ended - 1) // DAY_S
            if self.day_equity is None:
                self.day_equity = equity
            elif self._last is not None and day != (self._last.ended - 1) // DAY_S:
                self.day_equity = self._last.equity
            self._last = Point(ended, equity)

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

    def _bar(self, closed: Closed, *, acts: bool) -> messages.Bar:
        assert self.ownings is not None
        assert self.orders is not None
        valuation = self.ownings.value(self._means.engine.market)
        equity, free = valuation.total_value, self.ownings.free(valuation)
        held = {}
        for symbol in self.spec.symbols:
            position = self.ownings.position(symbol)
            held[symbol] = messages.Held(
                0.0 if position is None else float(position.quantity),
                None if position is None else float(position.avg_price),
                self.orders.ids(symbol),
            )
        return messages.Bar(
            time=closed.time,
            rows=closed.rows,
            held=held,
            equity=float("nan") if equity is None else float(equity),
            free=float("nan") if free is None else float(free),
            acts=acts,
        )

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
        await self._keeping.follow(order)
        await self._keeping.tidy()

    async def _miss(self, order: Order) -> None:
        """If somebody took back what protected a position, say so, and leave it to people to go on."""
        assert self.orders is not None
        await self._means.settled()
        await self.orders.until(lambda: not self._keeping.lost(order), REPLACED_S)
        if not self._keeping.lost(order):
            return
        way, symbol = way_of(order), order.terms.instrument
        what = f"Somebody took back its {way} of {symbol}"
        if self._keeping.is_stopped(symbol):
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

    def _age_s(self, closed: Closed) -> float:
        return self._means.clock.now_ns() / NS_PER_S - closed.ended

    def _be(self, phase: Phase, waits_for: str = "") -> None:
        if (self.health.phase, self.health.waits_for) != (phase, waits_for):
            self.health.phase, self.health.waits_for = phase, waits_for
            self._changed()


def answer_within(timeframe: str) -> float:
    """How long after its end a bar may still be acted on, in seconds."""
    return min(max(float(seconds(timeframe)), SHORTEST_ANSWER_S), LONGEST_ANSWER_S)


def _load_sizing() -> None:
    from candlewick.runtime.strategies import sizing

    sizing.load()
