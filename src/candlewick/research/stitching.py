"""Runs over one window after the other become one run: what each made is put to work in the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.events_held import notional, profit, slipped
from candlewick.backtest.figures import Figures
from candlewick.backtest.market import Market
from candlewick.backtest.result import Result
from candlewick.backtest.trades import Trade
from candlewick.core.interval import seconds
from candlewick.fills.state import BUY, SELL

Series = NDArray[np.float64]
WINDOW_END: Final = "window_end"


@dataclass(slots=True)
class Chain:
    """Windows one after the other, on money that begins as `cash`.

    Each window begins with nothing held. What it holds at its end a taker leaves at the last close.
    """

    cash: float
    days_a_year: float
    bar_s: int
    worth: float = 1.0
    trades: list[Trade] = field(default_factory=list)
    _time: list[NDArray[np.int64]] = field(default_factory=list)
    _equity: list[Series] = field(default_factory=list)
    _held: list[NDArray[np.bool_]] = field(default_factory=list)
    _close: list[Series] = field(default_factory=list)

    def add(self, result: Result, first: int) -> Figures:
        """Put a run behind what there is, from its bar `first` on; before it nothing was traded.

        Gives the figures of that part alone, as if it had begun with its own cash.
        """
        own = result.account.cash
        equity = result.equity[first:].copy()
        trades, held = _closed(result), result.held[first:]
        equity[-1] = own + sum(trade.pnl for trade in trades)
        time, close = result.time[first:], result.columns.close[0, first:]
        alone = _figures(time, equity, own, trades, held, close, self.bar_s, self.days_a_year)
        scale = self.worth * self.cash / own
        place = sum(map(len, self._time)) - first
        if self.worth > 0.0:
            self._put(time, equity * scale, held, close)
            self.trades += [_moved(trade, scale, place) for trade in trades]
        else:  # nothing is left to trade with
            self._put(time, np.zeros(len(time)), np.zeros(len(time), np.bool_), close)
        self.worth *= max(float(equity[-1]) / own, 0.0)
        return alone

    def rest(self, markets: Sequence[Market]) -> None:
        """Hold nothing over these bars."""
        time = np.unique(np.concatenate([market.bars.time for market in markets]))
        close = np.full(len(time), np.nan)
        close[np.searchsorted(time, markets[0].bars.time)] = markets[0].bars.close
        self._put(time, np.full(len(time), self.worth * self.cash), np.zeros(len(time), np.bool_), close)

    @property
    def time(self) -> NDArray[np.int64]:
        return np.concatenate(self._time)

    @property
    def equity(self) -> Series:
        return np.concatenate(self._equity)

    def figures(self) -> Figures:
        """Of all of it."""
        return _figures(
            self.time, self.equity, self.cash, self.trades, np.concatenate(self._held),
            np.concatenate(self._close), self.bar_s, self.days_a_year,
        )  # fmt: skip

    def _put(self, time: NDArray[np.int64], equity: Series, held: NDArray[np.bool_], close: Series) -> None:
        self._time.append(time)
        self._equity.append(equity)
        self._held.append(held)
        self._close.append(close)


def _closed(result: Result) -> list[Trade]:
    """Its trades; what is still held ends with the last bar, as a taker who comes at its close leaves it."""
    last = len(result.time) - 1
    over = result.columns.when(last)
    found = []
    for row, trade in zip(result.trades.rows, result.trades, strict=True):
        if not trade.is_open:
            found.append(trade)
            continue
        price, gained, fee = _left(result, row["market"], trade.exit_price)
        net = trade.pnl + gained - fee
        found.append(
            trade._replace(
                exit_time=over, exit_bar=last, exit_price=price, reason=WINDOW_END, pnl=net,
                return_=net / float(row["notional"]), fees=trade.fees + fee,
            )
        )  # fmt: skip
    return found


def _left(result: Result, market: int, close: float) -> tuple[float, float, float]:
    """The price at which what is held of a market is left, what that gains on its close, and its fee."""
    rules = result.rules[market]
    contract, inverse = float(rules["contract_size"]), bool(rules["inverse"])
    fills = result.fills[result.fills["market"] == market]
    held = float(np.sum(fills["side"] * fills["size"]))  # a part of it may have been closed before
    side = SELL if held > 0.0 else BUY
    price = slipped(side, close, np.nan, float(rules["slippage"]), float(rules["tick"]))
    fee = notional(abs(held), price, contract, inverse) * float(rules["taker"])
    return price, profit(held, close, price, contract, inverse), fee


def _moved(trade: Trade, scale: float, place: int) -> Trade:
    """A trade as it stands in the whole: so much larger, its bars so much further on."""
    return trade._replace(
        entry_bar=trade.entry_bar + place,
        exit_bar=None if trade.exit_bar is None else trade.exit_bar + place,
        size=trade.size * scale,
        pnl=trade.pnl * scale,
        fees=trade.fees * scale,
        funding=trade.funding * scale,
        risk=None if trade.risk is None else trade.risk * scale,
    )


def _figures(
    time: NDArray[np.int64],
    equity: Series,
    initial: float,
    trades: Sequence[Trade],
    held: NDArray[np.bool_],
    close: Series,
    bar_s: int,
    days_a_year: float,
) -> Figures:
    def column(values: Sequence[float]) -> Series:
        return np.array(values, np.float64)

    def times(values: Sequence[datetime]) -> NDArray[np.int64]:
        return np.array([int(each.timestamp()) for each in values], np.int64)

    return Figures(
        time=time,
        equity=equity,
        initial=initial,
        bar_s=bar_s,
        days_a_year=days_a_year,
        held=held,
        trade_pnl=column([trade.pnl for trade in trades]),
        trade_return=column([trade.return_ for trade in trades]),
        trade_entry=times([trade.entry_time for trade in trades]),
        trade_exit=times([trade.exit_time or _NEVER for trade in trades]),
        trade_fees=column([trade.fees for trade in trades]),
        trade_mae=column([trade.mae for trade in trades]),
        trade_mfe=column([trade.mfe for trade in trades]),
        trade_risk=column([np.nan if trade.risk is None else trade.risk for trade in trades]),
        benchmark=close,
        funding=column([trade.funding for trade in trades]),
    )


def chain_of(markets: Sequence[Market], cash: float, days_a_year: float) -> Chain:
    """A chain of windows over these markets."""
    return Chain(cash, days_a_year, seconds(markets[0].bars.timeframe))


_NEVER: Final = datetime.fromtimestamp(0, UTC)
