"""What a strategy is told at each close of a bar, and what of its answer is carried out."""

from __future__ import annotations

import asyncio
from typing import Final

from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.interval import seconds
from candlewick.ledger.contract import is_spot
from candlewick.runtime.strategies import messages
from candlewick.runtime.strategies.course import Course, Point
from candlewick.runtime.strategies.feed import Closed
from candlewick.runtime.strategies.health import Health
from candlewick.runtime.strategies.host import Host
from candlewick.runtime.strategies.keeping import Keeping
from candlewick.runtime.strategies.means import Means
from candlewick.runtime.strategies.ordering import Ordering
from candlewick.runtime.strategies.orders import Orders
from candlewick.runtime.strategies.protection import Protection
from candlewick.runtime.strategies.rates import Rates
from candlewick.runtime.strategies.rules import Rules

SHORTEST_ANSWER_S: Final = 2.0
LONGEST_ANSWER_S: Final = 30.0
MISSED_TOGETHER: Final = 100  # bars that came too late are told in one line, so many at most


class Closes:
    """The closes of one strategy, each told to the process that lives just then."""

    def __init__(
        self, timeframe: str, means: Means, orders: Orders, protection: Protection, health: Health
    ) -> None:
        self._timeframe = timeframe
        self._length = seconds(timeframe)
        self._means = means
        self._orders = orders
        self._protection = protection
        self._health = health
        self._keeping, self._ordering = Keeping(orders), Ordering(orders)
        self._rules = Rules()
        self._course: Course | None = None
        self._rates = Rates([], means.funding)
        self._missed: list[int] = []  # open times of bars that came too late, not told yet

    @property
    def day_equity(self) -> float | None:
        """What its capital was worth as the day (UTC) began; None: its process has not said its rules yet."""
        return None if self._course is None else self._course.day_equity

    def begin(self, rules: Rules, course: Course, *, sees_funding: bool) -> None:
        """Its process has begun: these are its rules, and its capital's course up to now."""
        self._rules, self._course = rules, course
        orders = self._orders
        perpetuals = [each for each in orders.symbols if not is_spot(orders.instrument(each))]
        self._rates = Rates(perpetuals if sees_funding else [], self._means.funding)

    async def act(self, host: Host, closed: Closed) -> None:
        """Tell the process a bar, and carry out what it wants.

        Raises:
            StrategyError, TooLate, HostDied: as `Host.close_bar`, or the account does not trade.
        """
        assert self._course is not None, "its rules are known before its first bar is told"
        await self._means.settled()  # what was filled before is known before anything is decided
        await self._protection.tidy()
        self._course.close(self._points(closed.ended))
        within_s = answer_within(self._timeframe)
        age_s = self._age_s(closed)
        acts = age_s <= within_s
        if acts:
            reach = {symbol: (row[1], row[2]) for symbol, row in closed.rows.items()}
            await self._keeping.keep(self._rules, closed.time, self._length, reach)
            await self._means.settled()
            await self._rates.ask(closed.ended)
        loop = asyncio.get_running_loop()
        asked = loop.time()
        answer = await host.close_bar(self._bar(closed, acts=acts), within_s)
        self._health.answer_ms = (loop.time() - asked) * 1000
        if not acts:
            self._health.missed += 1
            self._missed.append(closed.time)
        if age_s - self._length <= within_s or len(self._missed) >= MISSED_TOGETHER:
            self._tell_missed()  # the next one, if it has closed at all, can still be acted on
        if acts and answer.intents:
            await self._means.settled()
            course, last_trip = self._course, self._orders.ownings.last_trip
            await self._ordering.carry_out(
                closed.time,
                answer.intents,
                lambda symbol: course.rests(last_trip.get(symbol), closed.ended),
            )
        self._health.last_bar = closed.time
        self._health.lag_ms = self._age_s(closed) * 1000

    def _tell_missed(self) -> None:
        """Say in one line which bars were missed in a row: the log's newest lines are for orders too."""
        missed, self._missed = self._missed, []
        if not missed:
            return
        first, last = iso(missed[0] * NS_PER_S), iso(missed[-1] * NS_PER_S)
        bars = f"The bar of {first}" if first == last else f"The {len(missed):,} bars from {first} to {last}"
        self._orders.log("missed", f"{bars} came too late to act on.")

    def _points(self, ended: int) -> list[Point]:
        equity = self._orders.ownings.value(self._means.engine.market).total_value
        return [] if equity is None else [Point(ended, float(equity))]

    def _bar(self, closed: Closed, *, acts: bool) -> messages.Bar:
        orders, ownings = self._orders, self._orders.ownings
        valuation = ownings.value(self._means.engine.market)
        equity, free = valuation.total_value, ownings.free(valuation)
        held = {}
        for symbol in orders.symbols:
            position = ownings.position(symbol)
            held[symbol] = messages.Held(
                0.0 if position is None else float(position.quantity),
                None if position is None else float(position.avg_price),
                orders.ids(symbol),
                0.0 if position is None else float(position.funding),
            )
        return messages.Bar(
            time=closed.time,
            rows=closed.rows,
            held=held,
            equity=float("nan") if equity is None else float(equity),
            free=float("nan") if free is None else float(free),
            settled=self._rates.known(closed.ended),
            acts=acts,
        )

    def _age_s(self, closed: Closed) -> float:
        return self._means.clock.now_ns() / NS_PER_S - closed.ended


def answer_within(timeframe: str) -> float:
    """How long after its end a bar may still be acted on, in seconds."""
    return min(max(float(seconds(timeframe)), SHORTEST_ANSWER_S), LONGEST_ANSWER_S)
