"""`replay()`: a strategy over history through the real heart, its door, its ledger and the paper venue.

The strategy is asked and sized as in a backtest, bar by bar; every order passes the door, every fill is
booked as money. It is slower than a backtest by far and finds the same: that is what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np

from candlewick.backtest.account import Account
from candlewick.backtest.asking import partials_of, refuse_impossible, strategy_of, terms_of
from candlewick.backtest.columns import Columns, columns_of, funding_rows, settled_of
from candlewick.backtest.ground import least_of, rules_of
from candlewick.backtest.market import Market, Traded, markets_of
from candlewick.backtest.result import Result
from candlewick.core import money
from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Side
from candlewick.core.interval import seconds
from candlewick.core.order import OrderType, Terms
from candlewick.runtime.strategies.replay_heart import Heart
from candlewick.runtime.strategies.replay_legs import Legs
from candlewick.runtime.strategies.replay_market import NAN, Desk, Sent, instrument_of, levels
from candlewick.runtime.strategies.replay_sizes import Sizes
from candlewick.trading.effects import Booked
from candlewick.trading.strategy.blame import blamed_for_its_own
from candlewick.trading.strategy.intents import Cancel, Exit, Intent, Place, Signal
from candlewick.trading.strategy.known import Clock
from candlewick.trading.strategy.runner import SignalRunner, contexts_of
from candlewick.trading.strategy.strategy import Strategy
from candlewick.trading.strategy.timeout import in_time

PERCENT: Final = 100


def replay(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    cash: float = 10_000,
    fee_taker: float = 0.0005,
    fee_maker: float = 0.0002,
    slippage_bps: float = 0.0,
    leverage: float | None = None,
    days_a_year: float = 365.0,
) -> tuple[Result, tuple[str, ...]]:
    """Run a strategy over bars as it would be run on paper; takes what `backtest` takes.

    Every market needs its instrument, with tick and lot: an order that somebody owns has both.

    Returns:
        what `backtest` finds, and what the door refused.

    Raises:
        UsageError: the strategy or the bars cannot be used.
    """
    run = strategy_of(strategy)
    markets = markets_of(bars)
    times = run.leverage if leverage is None else leverage
    account = Account(float(cash), fee_maker, fee_taker, slippage_bps, float(times), days_a_year)
    replaying = Replaying(run, markets, account)
    return replaying.run(), tuple(replaying.heart.refusals)


class Replaying:
    """A strategy, the heart, and the bars between them. A `Dealer`."""

    def __init__(self, strategy: Strategy, markets: tuple[Market, ...], account: Account) -> None:
        from candlewick.fills.state import FUNDING

        self.strategy, self.markets, self.account = strategy, markets, account
        self.columns: Columns = columns_of(markets)
        self.rules = rules_of(markets, account)
        instruments = [instrument_of(market) for market in markets]
        leverages = [1.0 if market.is_spot else account.leverage for market in markets]
        self.heart = Heart(instruments, account, leverages, int(self.columns.time[0]) * NS_PER_S)
        self.desks = [
            Desk(
                number,
                market,
                instrument,
                self.rules[number],
                leverages[number],
                least_of(market, account.cash),
            )
            for number, (market, instrument) in enumerate(zip(markets, instruments, strict=True))
        ]
        self.by_symbol = {desk.market.symbol: desk for desk in self.desks}
        self.by_id = {desk.id: desk for desk in self.desks}
        self.terms = terms_of(strategy, account.cash)[0]
        self.sizes = Sizes(self.heart)
        self.legs = Legs(
            self.heart, self._send, float(self.terms["break_even"]), partials_of(strategy).tolist()
        )
        self.due = funding_rows(markets, self.columns.time, FUNDING).tolist()
        self.clock = Clock()
        self.asked: list[Place | Signal] = []
        self.sent: dict[str, Sent] = {}
        self.fills: list[tuple[Any, ...]] = []
        self.tags: list[str] = []
        self.skipped = [0] * len(markets)
        self.received = 0.0
        self.peak, self.paused_until = account.cash, 0
        self.count = 0
        self.bar = 0

    def run(self) -> Result:
        """All bars."""
        from candlewick.fills.state import FILL

        length = len(self.columns.time)
        equity = np.empty(length)
        at_close, signals, indicators = self._voice()

        def every_bar() -> None:
            for i in range(length):
                self._bar(i)
                equity[i] = self._mark(i)
                self.clock.known = i + 1
                at_close(i)

        with blamed_for_its_own(self.strategy, "on_bar"):
            in_time(self.strategy, "on_bar", every_bar, lambda: self.clock.known)
        return Result(
            strategy=self.strategy, markets=self.markets, account=self.account, columns=self.columns,
            equity=equity, fills=np.array(self.fills, FILL), rules=self.rules,
            running_funding=np.array([desk.funding if self._held(desk) else 0.0 for desk in self.desks]),
            funding=self.received, drive="replay",
            skipped={desk.market.symbol: n for desk, n in zip(self.desks, self.skipped, strict=True) if n},
            signals=signals, tags=self.tags, indicators=indicators,
        )  # fmt: skip

    def _voice(self) -> tuple[Callable[[int], None], tuple[Any, ...], tuple[Any, ...]]:
        """What is called at each close, and what the strategy answered for all bars."""
        places = self.columns.places
        if self.strategy.signals_only():
            runners = [SignalRunner(self.strategy, market.bars) for market in self.markets]
            for market, runner in zip(self.markets, runners, strict=True):
                refuse_impossible(self.strategy, market, runner.signals)
            rows = [
                {
                    bar: row
                    for row, bar in enumerate(range(len(self.columns.time)) if place is None else place)
                }
                for place in places
            ]

            def speak(i: int) -> None:
                for runner, known in zip(runners, rows, strict=True):
                    row = known.get(i)
                    if row is not None and (signal := runner.at(row)) is not None:
                        self.take(signal)

            return speak, tuple(each.signals for each in runners), tuple(each.indicators for each in runners)
        contexts = contexts_of(
            self.strategy, [market.bars for market in self.markets], self,
            spot=[market.is_spot for market in self.markets],
            clocks=[self.clock if place is None else None for place in places],
            settled=settled_of(self.markets),
        )  # fmt: skip
        first = 0
        for context, place in zip(contexts, places, strict=True):
            settled = context.settled_from
            if place is not None:
                settled = int(place[settled]) if settled < len(place) else len(self.columns.time)
            first = max(first, settled)

        def call(i: int) -> None:
            for context, place in zip(contexts, places, strict=True):
                if place is not None:
                    context.clock.known = int(np.searchsorted(place, i, side="right"))
            if i >= first:
                self.strategy.on_bar(contexts[0])

        return call, (), tuple(context.answered for context in contexts)

    # What a strategy reads and asks for

    def position(self, symbol: str) -> float:
        return float(self.heart.quantity(self.by_symbol[symbol].id))

    def entry_price(self, symbol: str) -> float | None:
        entry = self.heart.entry(self.by_symbol[symbol].id)
        return None if entry is None else float(entry)

    def funding(self, symbol: str) -> float:
        desk = self.by_symbol[symbol]
        return desk.funding if self._held(desk) else 0.0

    def equity(self) -> float:
        return self.heart.equity

    def free(self) -> float:
        return self.heart.free

    def orders(self, symbol: str) -> Sequence[str]:
        id = self.by_symbol[symbol].id
        working = [order.id for order in self.heart.account.orders.values() if order.terms.instrument == id]
        asked = [each.id for each in self.asked if isinstance(each, Place) and each.symbol == symbol]
        return [*working, *asked]

    def take(self, intent: Intent) -> None:
        """Take back an order, or note what is to be done at the next open."""
        match intent:
            case Cancel(id=id):
                self.heart.cancel(id)
                self.asked = [each for each in self.asked if not isinstance(each, Place) or each.id != id]
            case Exit():
                self.by_symbol[intent.symbol].wanted.append(intent)
            case Signal():
                self.by_symbol[intent.symbol].wanted.append(intent)
                self.asked.append(intent)
            case Place():
                self.asked.append(intent)

    # A bar, in the order of `backtest.events_book`

    def _bar(self, i: int) -> None:
        self.bar = i
        self.heart.now = max(self.heart.now, int(self.columns.time[i]) * NS_PER_S)
        opens, marks = self.columns.open[:, i].tolist(), self.columns.marks
        for desk, price in zip(self.desks, opens, strict=True):
            if price == price:
                self.heart.show(desk.instrument, price)
        for desk, price in zip(self.desks, opens, strict=True):
            mark = float(marks.open[desk.number, i])
            self._settle(desk, i, mark, inside=False)
            if price != price:
                continue
            self.legs.raise_stop(desk, price, mark)
            self.heart.bar_opens(desk.id, price, mark)
            self._book(desk, price)
            self._exit(desk, i, price)
        asked, self.asked = self.asked, []
        asked.sort(key=lambda each: self.by_symbol[each.symbol].number if isinstance(each, Signal) else 0)
        for each in asked:
            desk = self.by_symbol[each.symbol]
            price = opens[desk.number]
            if price != price:
                self.asked.append(each)
            elif isinstance(each, Signal):
                self._enter(desk, i, price, each)
            else:
                self._place(desk, i, price, each)
        for desk in self.desks:
            high, low, close = (float(grid[desk.number, i]) for grid in
                                (self.columns.high, self.columns.low, self.columns.close))  # fmt: skip
            if close == close:
                desk.wanted.clear()
                self._rest_of_bar(desk, i, high, low, close)
                self.legs.note_even(desk, high, low)
            self._settle(desk, i, float(marks.close[desk.number, i]), inside=True)

    def _rest_of_bar(self, desk: Desk, i: int, high: float, low: float, close: float) -> None:
        """The range of a bar, or those of the finer bars that it is made of, one after the other."""
        marks, starts = self.columns.marks, self.columns.fine_start
        first, last = starts[desk.number, i : i + 2].tolist() if len(starts) else (0, 0)
        if first == last:
            self._range(
                desk, high, low, close, (float(marks.high[desk.number, i]), float(marks.low[desk.number, i]))
            )
        for j in range(first, last):
            opened, top, bottom, closed = self.columns.fine[:, j].tolist()
            mark_open, mark_high, mark_low, _ = marks.fine[:, j].tolist()
            if j > first:
                self.heart.show(desk.instrument, opened)
                self.heart.bar_opens(desk.id, opened, mark_open)
                self._book(desk, opened, mark=mark_open)
            self._range(desk, top, bottom, closed, (mark_high, mark_low))

    def _range(self, desk: Desk, high: float, low: float, close: float, marks: tuple[float, float]) -> None:
        self.heart.bar_ranges(desk.id, high, low, close, marks)
        self._book(desk, NAN, inside=(high, low, marks))

    def _mark(self, i: int) -> float:
        """Mark everything at its close; the equity, and the pause that it calls for."""
        self.heart.now += (seconds(self.markets[0].bars.timeframe) - 1) * NS_PER_S
        for desk, close in zip(self.desks, self.columns.close[:, i].tolist(), strict=True):
            if close == close:
                self.heart.show(desk.instrument, close)
        now, pause_at = self.heart.equity, float(self.terms["pause_at"])
        if pause_at > 0.0:
            if now > self.peak:
                self.peak = now
            elif now <= self.peak * (1.0 - pause_at):
                self.paused_until, self.peak = i + 1 + int(self.terms["pause_for"]), now
        return now

    def _settle(self, desk: Desk, i: int, known: float, *, inside: bool) -> None:
        for bar, number, is_inside, rate, mark in self.due:
            at = mark if mark == mark else known
            if bar == i and number == desk.number and is_inside == inside and at == at:
                received = self.heart.pay_funding(desk.instrument, rate, at)
                self.received += received
                desk.funding += received

    def _exit(self, desk: Desk, i: int, price: float) -> None:
        from candlewick.fills import signals, state

        for wanted in desk.wanted:
            flag = wanted.flags if isinstance(wanted, Signal) else state.EXIT_LONG | state.EXIT_SHORT
            held = float(self._held(desk))
            if held and signals.wants_exit(flag, held):
                self._close(desk, Sent(state.SIGNAL, i - 1), price)
        if self._held(desk) and 0 < int(self.terms["time_exit"]) <= i - desk.opened:
            self._close(desk, Sent(state.TIMED, i - 1), price)

    def _close(self, desk: Desk, sent: Sent, price: float) -> None:
        held = self._held(desk)
        self._send(desk, sent, "sell" if held > 0 else "buy", abs(held), "market", reduce_only=True)
        self._book(desk, price)

    def _enter(self, desk: Desk, i: int, price: float, signal: Signal) -> None:
        from candlewick.fills import signals, state

        side = 0 if self._held(desk) else signals.entry_side(signal.flags, 0.0)
        if side == 0 or self._rests(desk, i):
            return
        paid = desk.paid(side, price)
        stop, _ = levels(desk, signal, side, paid)
        quantity = self.sizes.sized(desk, signal.size, paid, stop, price)
        if not self._is_worth(desk, quantity, min(paid, price)):
            return
        place = self.columns.places[desk.number]
        row = signal.row if place is None else int(place[signal.row])
        self._send(desk, Sent(state.ENTRY, row, signal), "buy" if side > 0 else "sell", quantity, "market")
        self._book(desk, price)

    def _place(self, desk: Desk, i: int, price: float, place: Place) -> None:
        from candlewick.fills import state

        side, held = (1 if place.side == "buy" else -1), self._held(desk)
        against = abs(held) if held * side < 0 else Decimal(0)
        if not place.reduce_only and not against and self._rests(desk, i):
            return
        if place.reduce_only and not against:
            return
        reference = desk.paid(side, price)
        if not place.is_market and place.trail is None:
            first = place.limit if place.limit is not None else place.stop
            assert first is not None
            reference = float(money.price(desk.instrument, first))
        quantity = self.sizes.quantity(desk, place, side, reference, price, against)
        signal = self._tag(place) if place.is_market else -1
        if place.is_market and against:
            closing = min(quantity, against)
            self._send(desk, Sent(state.ORDERED), place.side, closing, "market", reduce_only=True)
            self._book(desk, price)
            quantity -= closing
            if place.reduce_only or self._rests(desk, i):
                return
            quantity = self.sizes.sized_as(desk, 1, float(quantity), reference, NAN, price)
        if not quantity or not (place.reduce_only or (against and not place.is_market)
                                or self._is_worth(desk, quantity, min(reference, price))):  # fmt: skip
            return
        kind: OrderType = "market"
        if place.trail is not None:
            kind = "trailing_stop"
        elif place.stop is not None:
            kind = "stop" if place.limit is None else "stop_limit"
        elif place.limit is not None:
            kind = "limit"
        signal = signal if place.is_market else self._tag(place)
        id, sent = place.id, Sent(state.ENTRY, signal, place)
        mark = money.price(desk.instrument, price)
        stop = None if place.stop is None else money.price(desk.instrument, place.stop)
        limit = None if place.limit is None else money.price(desk.instrument, place.limit)
        if stop is not None and (
            (mark - stop) * side >= 0
        ):  # it would fire at once: it goes as what it becomes
            kind, stop = ("market", None) if limit is None else ("limit", None)
        self._send(desk, sent, place.side, quantity, kind, id=id, limit=limit, stop=stop, trail=place.trail,
                   reduce_only=place.reduce_only, post_only=place.post_only,
                   time_in_force=place.time_in_force)  # fmt: skip
        self._book(desk, price)

    def _tag(self, place: Place) -> int:
        """The number of an order's tag, as orders are carried out."""
        self.tags.append(place.tag)
        return len(self.tags) - 1

    # Orders and what follows from them

    def _send(
        self, desk: Desk, sent: Sent, side: Side, quantity: Decimal, kind: OrderType, *,
        id: str | None = None, limit: Decimal | None = None, stop: Decimal | None = None,
        trail: float | None = None, reduce_only: bool = False, post_only: bool = False,
        time_in_force: Any = "GTC",
    ) -> str:  # fmt: skip
        self.count += 1
        id = id or f"r{self.count}"
        self.sent[id] = sent
        self.heart.place(id, Terms(
            instrument=desk.id, side=side, quantity=quantity, order_type=kind, limit_price=limit,
            stop_price=stop,
            trail_percent=None if trail is None else Decimal(repr(round(trail, 12))) * PERCENT,
            time_in_force=time_in_force, post_only=post_only,
            reduce_only=reduce_only and not desk.market.is_spot,
        ))  # fmt: skip
        return id

    def _book(
        self,
        desk: Desk,
        price: float,
        *,
        mark: float | None = None,
        inside: tuple[float, float, tuple[float, float]] | None = None,
    ) -> None:
        """Write down the fills that came, and have the legs of entries follow them.

        `price`, `mark`: of the open that they came at, the bar's mark if left out; or `inside` a range.
        """
        followed = False
        for booked in self.heart.take_fills():
            at = self.by_id[booked.fill.instrument] if booked.fill is not None else desk
            sent = self._note(at, booked)
            if sent is not None and sent.entry is not None and self._held(at):
                self.legs.follow(at, booked, sent.entry, price)
                followed = True
        if followed:
            if inside is None:
                at_open = float(self.columns.marks.open[desk.number, self.bar]) if mark is None else mark
                self.heart.bar_opens(desk.id, price, at_open)
            else:
                self.heart.bar_hurts(desk.id, *inside)
            self._book(desk, price, mark=mark, inside=inside)

    def _note(self, desk: Desk, booked: Booked) -> Sent | None:
        from candlewick.fills import state

        fill = booked.fill
        assert fill is not None
        side = 1 if fill.side == "buy" else -1
        sent = self.sent.get(fill.order_id, Sent(state.LIQUIDATED))
        over = next((trip for trip in booked.trips if trip.status == "closed"), None)
        before = desk.held
        desk.held += side * fill.quantity
        grows = desk.held * side > 0  # it opens, adds, or turns the position round
        opened = fill.quantity if before * side >= 0 else abs(desk.held)
        received = 0.0
        if over is not None:
            received, desk.funding = desk.funding, 0.0
            self._judge(desk, float(over.net))
        if grows and before * side <= 0:
            desk.opened, desk.even, desk.stop_id, desk.moves_stop = self.bar, NAN, None, False
            desk.notional = 0.0
        if grows:
            desk.notional += float(opened * fill.price)
        why = sent.why if sent.entry is None or grows else state.ORDERED
        stop = target = NAN
        if grows and sent.entry is not None:
            stop, target = levels(desk, sent.entry, side, float(fill.price))
        self.fills.append((
            self.bar, desk.number, side, why, fill.liquidity == "maker", float(fill.price),
            float(fill.quantity), float(fill.fee), received, stop, target,
            sent.signal if grows or sent.entry is None else -1,
        ))  # fmt: skip
        return sent if grows else None

    def _judge(self, desk: Desk, net: float) -> None:
        self.sizes.count(net / desk.notional)
        if net < 0.0 and int(self.terms["cooldown"]) > 0:
            desk.rests_until = self.bar + 1 + int(self.terms["cooldown"])

    def _is_worth(self, desk: Desk, quantity: Decimal, price: float) -> bool:
        if not quantity or float(quantity) * price < desk.least:
            self.skipped[desk.number] += 1
            return False
        return True

    def _rests(self, desk: Desk, i: int) -> bool:
        return i < max(desk.rests_until, self.paused_until)

    def _held(self, desk: Desk) -> Decimal:
        return self.heart.quantity(desk.id)
