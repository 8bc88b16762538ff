"""Drift: what a strategy did, beside what its backtest would have done on the same bars, and why they differ.

Trades are paired by the bar that signalled their entry. The causes of a pair's difference sum to it exactly,
and those of all pairs, with what only one of the two did, to the difference of the two profits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec

Side = Literal["long", "short"]
CAUSES: Final = (
    "latency", "slippage", "price", "exit", "fee", "funding", "size", "missed_signal", "extra_trade",
)  # fmt: skip


class Trade(msgspec.Struct, kw_only=True):
    """From flat to flat, or until now at the last close.

    Attributes:
        signal: open time of the bar that signalled the entry, UTC seconds; 0 where none did.
        entry_mark, exit_mark: the mark that the order was judged at, when it was sent; None: not known, or it
            is the trade of a backtest.
        reason: why it ended (`signal`, `stop_loss`, …), `open` where it did not.
    """

    symbol: str
    side: Side
    signal: int
    entry_time: int
    exit_time: int | None
    entry_price: float
    exit_price: float
    size: float
    fees: float
    funding: float
    reason: str
    entry_mark: float | None = None
    exit_mark: float | None = None

    @property
    def sign(self) -> float:
        return 1.0 if self.side == "long" else -1.0

    @property
    def pnl(self) -> float:
        """After fees and funding."""
        return self.sign * self.size * (self.exit_price - self.entry_price) - self.fees + self.funding


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An expected trade and the actual one, either of which may be absent, and what made them differ."""

    expected: Trade | None
    actual: Trade | None
    gap: float
    causes: dict[str, float]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How far reality is from the backtest: `gap` is the actual profit less the expected one."""

    expected: float
    actual: float
    gap: float
    causes: dict[str, float]
    trades: list[Difference]


def drift_of(expected: Sequence[Trade], actual: Sequence[Trade]) -> Drift:
    """Pair trades, and explain the difference of the two profits."""
    waiting: defaultdict[tuple[str, str, int], list[Trade]] = defaultdict(list)
    for trade in actual:
        waiting[trade.symbol, trade.side, trade.signal].append(trade)
    found: list[Difference] = []
    for trade in expected:
        same = waiting[trade.symbol, trade.side, trade.signal]
        found.append(_pair(trade, same.pop(0)) if same else _missed(trade))
    found += [_extra(trade) for rest in waiting.values() for trade in rest]
    found.sort(key=lambda each: _when(each))
    causes = {name: sum(each.causes.get(name, 0.0) for each in found) for name in CAUSES}
    planned, made = sum(each.pnl for each in expected), sum(each.pnl for each in actual)
    return Drift(expected=planned, actual=made, gap=made - planned, causes=causes, trades=found)


def _pair(expected: Trade, actual: Trade) -> Difference:
    """The steps from one to the other: as many units, then each price, then what they cost."""
    sign, units = expected.sign, actual.size
    grown = units / expected.size if expected.size else 0.0
    latency, slippage, price = _entry(expected, actual)
    causes = {
        "size": expected.pnl * (grown - 1.0),
        "latency": -sign * units * latency,
        "slippage": -sign * units * slippage,
        "price": -sign * units * price,
        "fee": expected.fees * grown - actual.fees,
        "funding": actual.funding - expected.funding * grown,
    }
    off = actual.exit_price - expected.exit_price
    if expected.reason != actual.reason:
        causes["exit"] = sign * units * off
    elif actual.exit_mark is None or actual.reason != "signal":
        causes["price"] += sign * units * off
    else:
        causes["latency"] += sign * units * (actual.exit_mark - expected.exit_price)
        causes["slippage"] += sign * units * (actual.exit_price - actual.exit_mark)
    return Difference(expected=expected, actual=actual, gap=actual.pnl - expected.pnl, causes=causes)


def _entry(expected: Trade, actual: Trade) -> tuple[float, float, float]:
    """How much more was paid: as the market moved until the order was sent; by filling it; or both."""
    if actual.entry_mark is None:
        return 0.0, 0.0, actual.entry_price - expected.entry_price
    return actual.entry_mark - expected.entry_price, actual.entry_price - actual.entry_mark, 0.0


def _missed(expected: Trade) -> Difference:
    lost = -expected.pnl
    return Difference(expected=expected, actual=None, gap=lost, causes={"missed_signal": lost})


def _extra(actual: Trade) -> Difference:
    return Difference(expected=None, actual=actual, gap=actual.pnl, causes={"extra_trade": actual.pnl})


def _when(each: Difference) -> tuple[int, str]:
    trade = each.expected or each.actual
    assert trade is not None
    return trade.entry_time, trade.symbol


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A fill as it happened. `signal` and `mark` are of its order; `own`: the order was the strategy's."""

    symbol: str
    buys: bool
    price: float
    size: float
    fee: float
    time: int
    signal: int
    mark: float | None
    reason: str
    own: bool


class Funded(msgspec.Struct, frozen=True):
    """Funding that was received (paid: below zero)."""

    symbol: str
    amount: float


def trades_of(booked: Iterable[Filled | Funded], last: dict[str, float]) -> list[Trade]:
    """Trades from flat to flat, of what was booked, in order; one that is open ends at the `last` close."""
    found: list[Trade] = []
    under_way: dict[str, _Open] = {}
    for each in booked:
        now = under_way.get(each.symbol)
        if isinstance(each, Funded):
            if now is not None:
                now.funding += each.amount
            continue
        if now is None:
            now = under_way[each.symbol] = _Open(each)
        now.take(each)
        if now.held <= 1e-12 * now.entered:
            found.append(now.trade(None))
            del under_way[each.symbol]
    return found + [each.trade(last.get(symbol, each.entry_price)) for symbol, each in under_way.items()]


class _Open:
    """A trade under way."""

    def __init__(self, first: Filled) -> None:
        self.first, self.last = first, first
        self.entered = self.left = self.paid = self.got = self.fees = self.funding = 0.0

    @property
    def held(self) -> float:
        return self.entered - self.left

    @property
    def entry_price(self) -> float:
        return self.paid / self.entered

    def take(self, fill: Filled) -> None:
        self.fees += fill.fee
        if fill.buys == self.first.buys:
            self.entered += fill.size
            self.paid += fill.size * fill.price
        else:
            self.left += fill.size
            self.got += fill.size * fill.price
            self.last = fill

    def trade(self, close: float | None) -> Trade:
        """As it was closed; of one that is open, at `close`."""
        got = self.got if close is None else self.got + self.held * close
        left = self.left if close is None else self.entered
        return Trade(
            symbol=self.first.symbol,
            side="long" if self.first.buys else "short",
            signal=self.first.signal,
            entry_time=self.first.time,
            exit_time=self.last.time if close is None else None,
            entry_price=self.entry_price,
            exit_price=got / left,
            size=self.entered,
            fees=self.fees,
            funding=self.funding,
            reason=self.last.reason if close is None else "open",
            entry_mark=self.first.mark,
            exit_mark=self.last.mark if close is None else None,
        )


def plain(drift: Drift) -> dict[str, Any]:
    """As JSON has it, each trade with its profit."""
    told: dict[str, Any] = msgspec.to_builtins(drift)
    for each, difference in zip(told["trades"], drift.trades, strict=True):
        for name in ("expected", "actual"):
            trade: Trade | None = getattr(difference, name)
            if trade is not None:
                each[name]["pnl"] = trade.pnl
    return told
