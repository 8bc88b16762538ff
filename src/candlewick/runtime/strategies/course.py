"""What a strategy's capital was worth, close by close: what its day began with, and whether it is to rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from candlewick.core.clock import NS_PER_S
from candlewick.core.interval import open_time
from candlewick.core.reports import Fill
from candlewick.ledger.trips import RoundTrip
from candlewick.market.bars import Bars
from candlewick.runtime.strategies.rules import Rules, rests

DAY_S: Final = 86_400


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


class Course:
    """The closes of one strategy so far.

    Args:
        begun: when it began, and with what.
        past: its closes since.
        length: of a bar, seconds.

    Attributes:
        day_equity: what its capital was worth as the day (UTC) began, by the last close before it.
    """

    def __init__(self, rules: Rules, begun: Point, past: Sequence[Point], length: int) -> None:
        self._rules, self._length = rules, length
        self._pause = Pause(rules, begun.equity, length)
        self._last = begun
        self.day_equity = begun.equity
        self.close(past)

    def close(self, points: Sequence[Point]) -> None:
        """Bars have ended."""
        self._pause.close(points)
        for point in points:
            if (point.ended - 1) // DAY_S != (self._last.ended - 1) // DAY_S:
                self.day_equity = self._last.equity
            self._last = point

    def rests(self, last: RoundTrip | None, opens: int) -> bool:
        """Whether nothing is entered at the open of the bar that begins at `opens`.

        Args:
            last: the newest closed trade of the market.
        """
        if self._pause.holds(opens):
            return True
        if last is None or last.exited_at is None or last.net >= 0:
            return False
        return rests(self._rules, open_time(last.exited_at // NS_PER_S, self._length), opens, self._length)


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
