"""A strategy bar by bar: what it signals or asks for at a close becomes intents. The same for every lane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol, Unpack

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import COLUMNS, Bars
from candlewick.trading.strategy.blame import blamed
from candlewick.trading.strategy.funding import Settled
from candlewick.trading.strategy.intents import Cancel, Exit, Intent, Place, Side, Signal, Size
from candlewick.trading.strategy.known import Clock, Known, known_indicators
from candlewick.trading.strategy.order_terms import OrderTerms, said_in
from candlewick.trading.strategy.signals import DISTANCES, Signals
from candlewick.trading.strategy.sizing import ALL_IN, Sizing
from candlewick.trading.strategy.strategy import Strategy
from candlewick.trading.strategy.timeout import in_time

WHOLE: Final = Size(ALL_IN.amount)


class Dealer(Protocol):
    """What stands behind a context: the account of a backtest, or of a live strategy."""

    def position(self, symbol: str) -> float: ...

    def entry_price(self, symbol: str) -> float | None: ...

    def funding(self, symbol: str) -> float: ...

    def equity(self) -> float: ...

    def free(self) -> float: ...

    def orders(self, symbol: str) -> Sequence[str]: ...

    def take(self, intent: Intent) -> None:
        """Carry out an intent: a `Cancel` at once, all others at the market's next open."""
        ...


class SignalRunner:
    """A strategy of signals on one market: `at(row)` is what it wants at a bar's close.

    Attributes:
        signals, indicators: what it answered for these bars.
        settled_from: the first bar at which it may signal.
        flags: its wishes by bar (`signals.WISHES`), none before that.
        numbers: size, stop_loss, take_profit and trailing_stop: a value a bar, or one for all.
    """

    def __init__(self, strategy: Strategy, bars: Bars) -> None:
        self.bars = bars
        with blamed(strategy, "indicators"):
            self.indicators = in_time(strategy, "indicators", lambda: strategy.indicators(bars))
        with blamed(strategy, "signals"):
            self.signals = in_time(strategy, "signals", lambda: strategy.signals(bars, self.indicators))
            if not isinstance(self.signals, Signals):
                raise UsageError(f"it answers {type(self.signals).__name__}: it must return Signals(…).")
            self.flags = self.signals.flags(len(bars))
            self.settled_from = strategy.settled_from(bars, self.indicators)
            self.flags[: self.settled_from] = 0
            amount = np.atleast_1d(np.asarray(strategy.sizing.column(bars), np.float64))
            scaled = amount * self.signals.scale(len(bars))
            self.numbers = {"size": scaled} | {
                name: self.signals.distance(name, len(bars)) for name in DISTANCES
            }
        self._sizing = strategy.sizing

    def at(self, row: int) -> Signal | None:
        """What bar `row` signals at its close (-1: the last one); None: nothing."""
        row %= len(self.bars)
        flags = int(self.flags[row])
        if not flags:
            return None
        amount, stop_loss, take_profit, trailing_stop = (
            _number(column, row) for column in self.numbers.values()
        )
        return Signal(
            symbol=self.bars.symbol,
            row=row,
            flags=flags,
            size=_size(self._sizing, math.nan if amount is None else amount),
            stop_loss=stop_loss,
            take_profit=take_profit,
            trailing_stop=trailing_stop,
            tag=self.signals.tag_of(row),
        )


class MarketContext:
    """The `Context` of one market: reads what is known of it, and writes down what the strategy asks for.

    Attributes:
        clock: how many bars are known; whoever drives the strategy moves it.
        answered: what `indicators` answered, whole; settled_from: the first bar at which it may be called.
    """

    def __init__(
        self,
        strategy: Strategy,
        bars: Bars,
        ind: Mapping[str, Any],
        dealer: Dealer,
        *,
        clock: Clock | None = None,
        short_allowed: bool = True,
        settled: Settled | None = None,
    ) -> None:
        self.symbol = bars.symbol
        self.clock = clock or Clock()
        self.open, self.high, self.low, self.close, self.volume = (
            Known(getattr(bars, name), self.clock) for name in COLUMNS
        )
        self.answered = ind
        self.ind = known_indicators(ind, bars, self.clock)
        self.settled_from = strategy.settled_from(bars, ind)
        self.markets: Mapping[str, MarketContext] = {bars.symbol: self}
        self._bars, self._strategy, self._dealer = bars, strategy, dealer
        self._short_allowed = short_allowed
        self._settled, self._length = settled, seconds(bars.timeframe)
        self._amounts: dict[Sizing, Any] = {}
        self._asked_at, self._asked = -1, 0

    @property
    def index(self) -> int:
        """Number of the bar that has just closed, from 0; -1: none has."""
        return self.clock.known - 1

    @property
    def time(self) -> int:
        """Its open time, UTC seconds."""
        return int(self._bars.time[self.clock.known - 1])

    @property
    def position(self) -> float:
        """What is held, in base or contracts, negative when short."""
        return self._dealer.position(self.symbol)

    @property
    def entry_price(self) -> float | None:
        """Mean price of what is held; None: nothing is."""
        return self._dealer.entry_price(self.symbol)

    @property
    def funding(self) -> float:
        """Received for what is held since it was opened, negative: paid."""
        return self._dealer.funding(self.symbol)

    @property
    def funding_rate(self) -> float | None:
        """The newest rate that was settled by this close; None: not known, or spot."""
        return None if self._settled is None else self._settled.rate(self._ended)

    @property
    def next_funding(self) -> int | None:
        """When the next settlement is due, UTC seconds; None: not known, or spot."""
        return None if self._settled is None else self._settled.due(self._ended)

    @property
    def equity(self) -> float:
        """Worth of the account at this close."""
        return self._dealer.equity()

    @property
    def free(self) -> float:
        """Of it, what no position has as its margin and no order holds."""
        return self._dealer.free()

    @property
    def orders(self) -> Sequence[str]:
        """Ids of the orders at work in this market, oldest first."""
        return self._dealer.orders(self.symbol)

    def buy(self, size: float | Sizing | None = None, **terms: Unpack[OrderTerms]) -> str:
        """Order to buy, from the next open on; its id. See `Context.buy`."""
        return self._order("buy", size, terms) if terms else self._plain("buy", size)

    def sell(self, size: float | Sizing | None = None, **terms: Unpack[OrderTerms]) -> str:
        """Order to sell, from the next open on; its id. See `Context.buy`."""
        return self._order("sell", size, terms) if terms else self._plain("sell", size)

    def exit(self, tag: str = "") -> None:
        """Close what is held in this market at the next open."""
        self._dealer.take(Exit(self.symbol, tag))

    def cancel(self, order: str) -> None:
        """Take an order back; one that is gone already is no error."""
        self._dealer.take(Cancel(self.symbol, order))

    def cancel_all(self) -> None:
        """Take back all orders in this market, the stop and the target of what is held too."""
        for order in self.orders:
            self._dealer.take(Cancel(self.symbol, order))

    @property
    def _ended(self) -> int:
        """When the newest bar ended; before there is one nothing was settled."""
        return self.time + self._length if self.clock.known else 0

    def _plain(self, side: Side, size: float | Sizing | None) -> str:
        """A market order without further terms: nothing about it can contradict itself."""
        order = Place(
            symbol=self.symbol,
            id=self._next_id(),
            side=side,
            size=self._size(size),
            reduce_only=side == "sell" and not self._short_allowed,
        )
        self._dealer.take(order)
        return order.id

    def _next_id(self) -> str:
        """The id of one more order at this close."""
        if self.clock.known != self._asked_at:
            self._asked_at, self._asked = self.clock.known, 0
        self._asked += 1
        return f"{self.symbol}-{self.time}-{self._asked}"

    def _order(self, side: Side, size: float | Sizing | None, terms: OrderTerms) -> str:
        said = said_in(size, terms)
        if side == "sell" and not self._short_allowed:
            said["reduce_only"] = True
        order = Place(
            symbol=self.symbol,
            id=self._next_id(),
            side=side,
            size=None if "quantity" in said else self._size(size),
            **said,
        )
        self._dealer.take(order)
        return order.id

    def _size(self, size: float | Sizing | None) -> Size:
        """A sizing's number of this bar."""
        if size is None and self._strategy.sizing is ALL_IN:
            return WHOLE
        rule = size if isinstance(size, Sizing) else self._strategy.sizing
        scale = 1.0 if size is None or isinstance(size, Sizing) else float(size)
        if not (math.isfinite(scale) and scale >= 0.0):
            raise UsageError(f"size is {scale:g}: give a number that is not below zero.")
        amounts = self._amounts.get(rule)
        if amounts is None:
            amounts = rule.column(self._bars)
            amounts = float(amounts) if np.ndim(amounts) == 0 else np.asarray(amounts, np.float64)
            self._amounts[rule] = amounts
        amount = amounts if isinstance(amounts, float) else float(amounts[self.clock.known - 1])
        return _size(rule, amount * scale)


def contexts_of(
    strategy: Strategy,
    bars: Sequence[Bars],
    dealer: Dealer,
    *,
    spot: Sequence[bool],
    clocks: Sequence[Clock | None],
    settled: Sequence[Settled | None],
) -> list[MarketContext]:
    """The contexts of all markets of a strategy with an `on_bar`, each of which knows the others."""
    contexts = []
    for each, is_spot, clock, rates in zip(bars, spot, clocks, settled, strict=True):
        with blamed(strategy, "indicators"):
            ind = in_time(strategy, "indicators", partial(strategy.indicators, each))
            contexts.append(
                MarketContext(
                    strategy, each, ind, dealer, clock=clock, short_allowed=not is_spot, settled=rates
                )
            )
    by_symbol = {context.symbol: context for context in contexts}
    for context in contexts:
        context.markets = by_symbol
    return contexts


def _size(rule: Sizing, amount: float) -> Size:
    return Size(amount, rule.mode, getattr(rule, "part", 1.0), getattr(rule, "least", 0))


def _number(column: Any, row: int) -> float | None:
    value = float(column[row if column.size > 1 else 0])
    return None if math.isnan(value) else value
