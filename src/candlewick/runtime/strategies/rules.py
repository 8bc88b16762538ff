"""What a strategy has the engine keep at each close: time exits, break-even stops, partial exits, pauses.

A backtest looks inside the bar for them; at work they are kept when a bar has closed, by its high and low.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from candlewick.core.clock import NS_PER_S
from candlewick.core.reports import Fill
from candlewick.market.bars import Bars
from candlewick.trading.strategy.protections import Cooldown, DrawdownPause
from candlewick.trading.strategy.strategy import Strategy


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """As in `Strategy`; 0 where there is none. `parts`: pairs of a profit, and the part closed there."""

    time_exit: int = 0
    break_even: float = 0.0
    parts: list[tuple[float, float]] = []
    cooldown: int = 0
    pause_at: float = 0.0
    pause_for: int = 0

    @classmethod
    def of(cls, strategy: Strategy) -> Rules:
        """Those of a strategy."""
        cooldown, pause_at, pause_for = 0, 0.0, 0
        for protection in strategy.protections:
            match protection:
                case Cooldown(bars):
                    cooldown = bars
                case DrawdownPause(at, bars):
                    pause_at, pause_for = at, bars
        return cls(
            time_exit=strategy.time_exit or 0,
            break_even=strategy.break_even or 0.0,
            parts=list(strategy.partial_exits),
            cooldown=cooldown,
            pause_at=pause_at,
            pause_for=pause_for,
        )


class Point(NamedTuple):
    """What the strategy's capital was worth when a bar ended, UTC seconds."""

    ended: int
    equity: float


class Pause:
    """No entry for some bars once equity has fallen far from its highest close; counted anew from there."""

    def __init__(self, rules: Rules, capital: float, length: int) -> None:
        self._rules = rules
        self._length = length
        self._peak = capital
        self._until = 0  # no entry at the open of a bar before this time

    def close(self, points: Iterable[Point]) -> None:
        """Bars have ended."""
        for ended, equity in points:
            if self._rules.pause_at <= 0.0:
                return
            if equity > self._peak:
                self._peak = equity
            elif equity <= self._peak * (1.0 - self._rules.pause_at):
                self._until, self._peak = ended + self._rules.pause_for * self._length, equity

    def holds(self, opens: int) -> bool:
        """Whether nothing is entered at the open of the bar that begins at `opens`."""
        return opens < self._until


def rests(rules: Rules, lost_at: int, opens: int, length: int) -> bool:
    """Whether a market rests after a trade that lost, and ended in the bar that opened at `lost_at`."""
    return rules.cooldown > 0 and opens < lost_at + (1 + rules.cooldown) * length


def curve(fills: Iterable[Fill], history: Iterable[Bars], capital: float, length: int) -> list[Point]:
    """What the capital was worth at the closes of past bars, by the fills so far and the prices of then."""
    closes: dict[int, dict[str, float]] = {}
    for bars in history:
        for time, close in zip(bars.time.tolist(), bars.close.tolist(), strict=True):
            closes.setdefault(time + length, {})[bars.symbol] = close
    waiting = sorted(fills, key=lambda fill: fill.ts)
    found: list[Point] = []
    cash, held, last = capital, dict[str, float](), dict[str, float]()
    for ended in sorted(closes):
        last |= closes[ended]
        while waiting and waiting[0].ts <= ended * NS_PER_S:
            fill = waiting.pop(0)
            size = float(fill.quantity) if fill.side == "buy" else -float(fill.quantity)
            held[fill.instrument] = held.get(fill.instrument, 0.0) + size
            cash -= size * float(fill.price) + fee_in_quote(fill)
        worth = sum(size * last.get(symbol, 0.0) for symbol, size in held.items())
        found.append(Point(ended, cash + worth))
    return found


def fee_in_quote(fill: Fill) -> float:
    """A fill's fee in the quote currency; one that was paid in the coin, at the price of the fill."""
    in_coin = fill.instrument.partition(":")[2].startswith(fill.fee_currency)
    return float(fill.fee) * (float(fill.price) if in_coin else 1.0)
