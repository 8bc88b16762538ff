"""A backtest of signals once more: slow, in decimals, written from what the pages say and from no other code.

Within a bar: funding due at the open; what the open sets off; exits; entries, each followed by what the price
paid is already beyond; the range (finer bars, where there are some, one after the other); funding due inside;
the close. Prices are Decimals, and None is what is not known or not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple

D = Decimal
ZERO, ONE = D(0), D(1)
PRECISION = 50
LIQUIDATION_FEE = D("0.0125")


class Candle(NamedTuple):
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class Wish(NamedTuple):
    """What a bar's close signals, and the numbers of its row."""

    enter_long: bool = False
    exit_long: bool = False
    enter_short: bool = False
    exit_short: bool = False
    size: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_stop: Decimal | None = None

    @property
    def entry(self) -> int:
        """1 long, -1 short, 0 nothing: wishes that contradict each other are none."""
        long = self.enter_long and not self.exit_long
        short = self.enter_short and not self.exit_short
        return 0 if long == short else 1 if long else -1

    def ends(self, side: int) -> bool:
        return (self.exit_long if side > 0 else self.exit_short) or self.entry == -side

    @property
    def says_something(self) -> bool:
        return self.enter_long or self.exit_long or self.enter_short or self.exit_short


class Settlement(NamedTuple):
    rate: Decimal
    mark: Decimal | None
    at_open: bool


class Terms(NamedTuple):
    """What holds for the whole run; `sizing` is the name of the rule."""

    cash: Decimal
    fee: Decimal
    slippage: Decimal
    sizing: str
    kelly_part: Decimal = ONE
    kelly_least: int = 0
    time_exit: int | None = None
    break_even: Decimal | None = None
    partials: Sequence[tuple[Decimal, Decimal]] = ()
    cooldown: int = 0
    pause_at: Decimal | None = None
    pause_for: int = 0


class Fill(NamedTuple):
    bar: int
    market: int
    side: int
    why: str
    price: Decimal
    size: Decimal
    fee: Decimal


class Trade(NamedTuple):
    market: int
    side: int
    entry_bar: int
    exit_bar: int | None
    size: Decimal
    pnl: Decimal
    fees: Decimal
    funding: Decimal
    why: str


@dataclass
class Position:
    side: int
    size: Decimal
    entry: Decimal
    margin: Decimal
    opened: int
    fees: Decimal
    stop: Decimal | None
    target: Decimal | None
    trail: Decimal | None
    first_size: Decimal
    best: Decimal | None = None
    parts: int = 0
    made: Decimal = ZERO
    funding: Decimal = ZERO

    def profit(self, price: Decimal) -> Decimal:
        return self.side * self.size * (price - self.entry)

    def is_beyond(self, level: Decimal | None, price: Decimal) -> bool:
        """Whether `price` is at a level that stands against the position, or worse."""
        return level is not None and (price <= level if self.side > 0 else price >= level)

    def has_reached(self, level: Decimal | None, price: Decimal) -> bool:
        """Whether `price` is at a level that it hopes for, or better."""
        return level is not None and (price >= level if self.side > 0 else price <= level)


@dataclass
class Market:
    """One candle a bar, None where it has none; the wish of each bar's close."""

    candles: list[Candle | None]
    wishes: list[Wish]
    marks: list[Candle | None] | None = None
    finer: list[list[Candle]] | None = None
    finer_marks: list[list[Candle | None]] | None = None
    funding: dict[int, list[Settlement]] = field(default_factory=dict)
    tick: Decimal = ZERO
    lot: Decimal = ZERO
    least: Decimal = ZERO
    leverage: Decimal = ONE
    tiers: Sequence[tuple[Decimal, Decimal, Decimal]] = ()
    held: Position | None = None
    last_close: Decimal = ZERO
    rests_until: int = 0
    skipped: int = 0

    def mark_in(self, i: int) -> Candle:
        """The mark in a bar that there is; where it is not known, what was traded."""
        traded = self.candles[i]
        assert traded is not None
        return (self.marks[i] if self.marks else None) or traded

    def parts_of(self, i: int) -> list[tuple[Candle, Candle]]:
        """What a bar is made of, each with its mark."""
        traded = self.candles[i]
        assert traded is not None
        if self.finer is None:
            return [(traded, self.mark_in(i))]
        marks = self.finer_marks[i] if self.finer_marks else [None] * len(self.finer[i])
        return [(part, mark or part) for part, mark in zip(self.finer[i], marks, strict=True)]

    def on_tick(self, price: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
        if not self.tick:
            return price
        return (price / self.tick).quantize(ONE, rounding) * self.tick

    def in_lots(self, quantity: Decimal) -> Decimal:
        if not self.lot:
            return quantity
        return (quantity / self.lot + D("1e-9")).to_integral_value(ROUND_FLOOR) * self.lot

    def end_of_margin(self) -> Decimal | None:
        """The mark at which the margin is no more than the tier of that mark asks for, on the tick beyond."""
        at = self.held
        if at is None:
            return None
        for row, (floor, rate, amount) in enumerate(self.tiers):
            # margin + side·size·(price - entry) = size·price·rate - amount
            price = (at.side * at.entry - (at.margin + amount) / at.size) / (at.side - rate)
            worth = price * at.size
            top = self.tiers[row + 1][0] if row + 1 < len(self.tiers) else None
            if worth > floor and (top is None or worth <= top):
                return self.on_tick(price, ROUND_FLOOR if at.side > 0 else ROUND_CEILING)
        return None

    def trail_at(self) -> Decimal | None:
        at = self.held
        if at is None or at.trail is None or at.best is None:
            return None
        return self.on_tick(at.best * (1 - at.side * at.trail))


class SlowBacktest:
    """`SlowBacktest(markets, terms).run()`; then `equity`, `fills`, `trades` and `funding` are there."""

    def __init__(self, markets: Sequence[Market], terms: Terms) -> None:
        self.markets, self.terms = list(markets), terms
        self.wallet = self.peak = terms.cash
        self.paused_until = 0
        self.bar = 0
        self.funding = ZERO
        self.returns: list[Decimal] = []
        self.equity: list[Decimal] = []
        self.fills: list[Fill] = []
        self.trades: list[Trade] = []

    def run(self) -> None:
        with localcontext() as context:
            context.prec = PRECISION
            for i in range(len(self.markets[0].candles)):
                self.bar = i
                self._one_bar()
            for number, market in enumerate(self.markets):
                if at := market.held:
                    pnl = at.made + at.profit(market.last_close) + at.funding - at.fees
                    self._note(number, at, None, pnl, "open")

    # one bar

    def _one_bar(self) -> None:
        i = self.bar
        for market in self.markets:
            if candle := market.candles[i]:
                self._settle(market, market.mark_in(i).open, at_open=True)
                self._at_price(market, candle.open, market.mark_in(i).open)
                self._leave_if_wanted(market, candle.open)
        for market in self.markets:
            if candle := market.candles[i]:
                self._enter_if_wanted(market, candle.open)
        for market in self.markets:
            candle = market.candles[i]
            if candle is None:
                if i and market.wishes[i - 1].says_something:
                    market.wishes[i] = market.wishes[i - 1]  # it waits for the next bar there is
                continue
            for n, (part, mark) in enumerate(market.parts_of(i)):
                if n:
                    self._at_price(market, part.open, mark.open)
                self._in_range(market, part, mark)
            if at := market.held:
                best = candle.high if at.side > 0 else candle.low
                even = self.terms.break_even
                far = even is not None and at.has_reached(at.entry * (1 + at.side * even), best)
                if far and (at.stop is None or (at.entry - at.stop) * at.side > 0):
                    at.stop = at.entry
            self._settle(market, market.mark_in(i).close, at_open=False)
            market.last_close = candle.close
        equity = self._equity_at_close()
        self.equity.append(equity)
        if self.terms.pause_at is not None:
            if equity > self.peak:
                self.peak = equity
            elif equity <= self.peak * (1 - self.terms.pause_at):
                self.paused_until, self.peak = i + 1 + self.terms.pause_for, equity

    def _equity_at_close(self) -> Decimal:
        return self.wallet + sum((m.held.profit(m.last_close) for m in self.markets if m.held), ZERO)

    def _settle(self, market: Market, mark: Decimal, at_open: bool) -> None:
        for due in market.funding.get(self.bar, ()):
            if market.held and due.at_open == at_open:
                paid = -market.held.side * market.held.size * (due.mark or mark) * due.rate
                self.wallet += paid
                self.funding += paid
                market.held.funding += paid
                market.held.margin += paid

    def _at_price(self, market: Market, price: Decimal, mark: Decimal) -> None:
        """The market is at `price`, with nothing in between: an open, of a bar or of a finer one."""
        at = market.held
        if at is None:
            return
        end = market.end_of_margin()
        if at.is_beyond(end, mark):
            self._liquidate(market, price)
        elif at.is_beyond(at.stop, price):
            self._close(market, price, "stop_loss")
        else:
            self._take_parts(market, price, price)
            if at.has_reached(at.target, price):
                self._close(market, price, "take_profit")
            elif at.trail is not None:
                if at.best is None or at.has_reached(at.best, price):
                    at.best = price
                if at.is_beyond(market.trail_at(), price):
                    self._close(market, price, "trailing_stop")

    def _in_range(self, market: Market, candle: Candle, mark: Candle) -> None:
        at = market.held
        if at is None:
            return
        best, worst = (candle.high, candle.low) if at.side > 0 else (candle.low, candle.high)
        end = market.end_of_margin()
        lost = at.is_beyond(end, mark.low if at.side > 0 else mark.high)
        # beyond its end nothing else is met; a mark may come there where no trade does
        reachable = end if lost and end is not None and at.is_beyond(end, worst) else worst
        stops = [(at.stop, "stop_loss"), (market.trail_at(), "trailing_stop")]
        met = [(level, why) for level, why in stops if level is not None and at.is_beyond(level, reachable)]
        if met:  # the one that is nearer to where the price came from; of two at one price the first
            self._close(market, *max(met, key=lambda each: at.side * each[0]))
        elif lost and end is not None:
            self._liquidate(market, min(max(end, candle.low), candle.high))
        else:
            self._take_parts(market, best, None)
            if at.has_reached(at.target, best) and at.target is not None:
                self._close(market, at.target, "take_profit")
            elif at.trail is not None:
                if at.best is None or at.has_reached(at.best, best):
                    at.best = best
                trail = market.trail_at()
                if trail is not None and at.is_beyond(trail, candle.close):
                    self._close(market, trail, "trailing_stop")

    def _take_parts(self, market: Market, best: Decimal, price: Decimal | None) -> None:
        at = market.held
        while at and at.parts < len(self.terms.partials):
            gain, part = self.terms.partials[at.parts]
            level = market.on_tick(at.entry * (1 + at.side * gain))
            if not at.has_reached(level, best) or (
                at.target is not None and (level - at.target) * at.side > 0
            ):
                return
            at.parts += 1
            size = market.in_lots(at.size * part)
            if size > 0 and size < at.size:
                paid, fee = self._taken(market, -at.side, level if price is None else price, size)
                gained = at.side * size * (paid - at.entry)
                self.wallet += gained - fee
                at.made += gained
                at.fees += fee
                at.margin -= at.margin * size / at.size
                at.size -= size
                self._write(market, -at.side, "partial_exit", paid, size, fee)

    # in and out

    def _leave_if_wanted(self, market: Market, price: Decimal) -> None:
        at, held_for = market.held, self.terms.time_exit
        if at is None:
            return
        if self.bar and market.wishes[self.bar - 1].ends(at.side):
            self._close(market, price, "signal")
        elif held_for and self.bar - at.opened >= held_for:
            self._close(market, price, "time_exit")

    def _enter_if_wanted(self, market: Market, price: Decimal) -> None:
        i, terms = self.bar, self.terms
        if i == 0 or market.held or i < market.rests_until or i < self.paused_until:
            return
        wish = market.wishes[i - 1]
        side = wish.entry
        if not side:
            return
        paid = self._paid(market, side, price)
        stop = market.on_tick(paid * (1 - side * wish.stop_loss)) if wish.stop_loss is not None else None
        size = self._size(market, wish.size, price, paid, stop)
        if size <= 0 or size * price < market.least:
            market.skipped += 1
            return
        fee = size * paid * terms.fee
        self.wallet -= fee
        target = (
            market.on_tick(paid * (1 + side * wish.take_profit)) if wish.take_profit is not None else None
        )
        market.held = Position(
            side, size, paid, size * paid / market.leverage, i, fee, stop, target, wish.trailing_stop, size
        )
        self._write(market, side, "entry", paid, size, fee)
        self._at_price(market, price, market.mark_in(i).open)

    def _size(
        self, market: Market, amount: Decimal | None, price: Decimal, paid: Decimal, stop: Decimal | None
    ) -> Decimal:
        """What the sizing rule wants, but no more than the free money pays for with its fee."""
        equity = free = self.wallet
        for other in self.markets:
            if at := other.held:
                candle = other.candles[self.bar]
                equity += at.profit(candle.open if candle else other.last_close)
                free -= at.margin
        if amount is None:
            return ZERO
        a_unit_ties_up = max(price, paid) * (1 / market.leverage + self.terms.fee)
        match self.terms.sizing:
            case "Quantity":
                wanted = amount
            case "Notional":
                wanted = amount / paid
            case "Risk":
                wanted = ZERO if stop is None or stop == paid else amount * equity / abs(paid - stop)
            case "Kelly":
                wanted = self._kelly(amount) * equity / a_unit_ties_up
            case _:
                wanted = amount * equity / a_unit_ties_up
        wanted = min(wanted, max(free, ZERO) / a_unit_ties_up)
        return market.in_lots(wanted) if wanted * paid > D("1e-9") * equity else ZERO

    def _kelly(self, cap: Decimal) -> Decimal:
        won = [each for each in self.returns if each > 0]
        lost = [-each for each in self.returns if each <= 0]
        if len(self.returns) < self.terms.kelly_least or not sum(lost):
            return cap
        if not won:
            return ZERO
        share = D(len(won)) / len(self.returns)
        ratio = (sum(won, ZERO) / len(won)) / (sum(lost, ZERO) / len(lost))
        return min(max(self.terms.kelly_part * (share - (1 - share) / ratio), ZERO), cap)

    def _paid(self, market: Market, side: int, price: Decimal) -> Decimal:
        if not self.terms.slippage:
            return price
        worse = price * (1 + side * self.terms.slippage)
        return market.on_tick(worse, ROUND_CEILING if side > 0 else ROUND_FLOOR)

    def _taken(self, market: Market, side: int, price: Decimal, size: Decimal) -> tuple[Decimal, Decimal]:
        paid = self._paid(market, side, price)
        return paid, size * paid * self.terms.fee

    def _close(self, market: Market, price: Decimal, why: str) -> None:
        assert market.held
        paid, fee = self._taken(market, -market.held.side, price, market.held.size)
        self._end(market, paid, fee, why)

    def _liquidate(self, market: Market, traded: Decimal) -> None:
        """Closed where the market trades, but never for less than nothing: the venue bears what is beyond."""
        at = market.held
        assert at
        nothing_left = market.on_tick(
            max(at.entry - at.side * at.margin / at.size, ZERO), ROUND_CEILING if at.side > 0 else ROUND_FLOOR
        )
        price = self._paid(market, -at.side, traded)
        if at.is_beyond(nothing_left, price):
            price = nothing_left
        left = at.margin + at.profit(price)
        self._end(market, price, min(LIQUIDATION_FEE * at.size * price, max(left, ZERO)), "liquidation")

    def _end(self, market: Market, price: Decimal, fee: Decimal, why: str) -> None:
        at = market.held
        assert at
        gained = at.profit(price)
        self.wallet += gained - fee
        at.fees += fee
        pnl = at.made + gained + at.funding - at.fees
        self.returns.append(pnl / (at.first_size * at.entry))
        if pnl < 0 and self.terms.cooldown:
            market.rests_until = self.bar + 1 + self.terms.cooldown
        number = self._write(market, -at.side, why, price, at.size, fee)
        self._note(number, at, self.bar, pnl, why)
        market.held = None

    def _write(self, market: Market, side: int, why: str, price: Decimal, size: Decimal, fee: Decimal) -> int:
        number = next(n for n, each in enumerate(self.markets) if each is market)
        self.fills.append(Fill(self.bar, number, side, why, price, size, fee))
        return number

    def _note(self, number: int, at: Position, bar: int | None, pnl: Decimal, why: str) -> None:
        self.trades.append(
            Trade(number, at.side, at.opened, bar, at.first_size, pnl, at.fees, at.funding, why)
        )
