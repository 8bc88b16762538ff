"""`Record`: what a run left behind. Equity is there at once; trades and figures when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.columns import Columns
from candlewick.backtest.figures import Figures
from candlewick.backtest.market import Market
from candlewick.backtest.trades import Trades
from candlewick.core.interval import seconds
from candlewick.fills.state import TRADE
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.strategy import Strategy

Rows = NDArray[Any]
Drive = Literal["arrays", "woken", "on_bar", "step"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """What a run left behind.

    Attributes:
        strategy: as it was run, with its parameters.
        markets: what it traded.
        account: what it began with, and what trading cost.
        time: open times of the bars, UTC seconds.
        equity: worth of the account at each bar's close.
        fills: every fill, in order: records of `fills.state.FILL`.
        rules: per market, what the core knew of it: records of `fills.state.RULES`.
        running_funding: per market, what was received by the position that is still open.
        drive: how it was run.
        signals, indicators: of each market, where the strategy has them.
        tags: names of entries by the number in a fill's `signal`, of a strategy with orders of its own.
        skipped: entries that were too small for their market, by symbol.
        funding: received in all (paid: below zero).
        trial_sharpes: yearly Sharpe ratios of all that were tried when this was chosen; None: nothing was.
    """

    strategy: Strategy
    markets: tuple[Market, ...]
    account: Account
    columns: Columns
    equity: NDArray[np.float64]
    fills: Rows
    rules: Rows
    running_funding: NDArray[np.float64]
    funding: float
    drive: Drive | Literal["replay"]
    skipped: Mapping[str, int] = field(default_factory=dict)
    signals: tuple[Signals | None, ...] = ()
    tags: Sequence[str] = ()
    indicators: tuple[Mapping[str, Any], ...] = ()
    trial_sharpes: NDArray[np.float64] | None = None

    @property
    def time(self) -> NDArray[np.int64]:
        return self.columns.time

    @property
    def timeframe(self) -> str:
        return self.markets[0].bars.timeframe

    @cached_property
    def trades(self) -> Trades:
        """From flat to flat, in order of their end; those still open last."""
        from candlewick.fills.trades import trades_of

        out = np.zeros(len(self.fills) + len(self.markets), TRADE)
        last = np.array([_last_known(row) for row in self.columns.close])
        count = trades_of(self.fills, self.rules, last, self.running_funding, out)
        symbols = [market.symbol for market in self.markets]
        return Trades(out[:count], self.rules, self.columns, symbols, self.tag_of)

    @cached_property
    def metrics(self) -> Figures:
        """Figures by name, each worked out when it is asked for; None where it is undefined."""
        trades, closed = self.trades, self.trades.closed
        rows = trades.rows[closed]
        worth = self.fills["price"] * self.fills["size"]
        return Figures(
            time=self.time,
            equity=self.equity,
            initial=self.account.cash,
            bar_s=seconds(self.timeframe),
            days_a_year=self.account.days_a_year,
            held=self.held,
            trade_pnl=rows["pnl"],
            trade_return=trades.returns[closed],
            trade_entry=self.time[rows["entry_bar"]],
            trade_exit=self.time[rows["exit_bar"]],
            trade_fees=rows["fees"],
            trade_mae=trades.mae[closed],
            trade_mfe=trades.mfe[closed],
            trade_risk=trades.risk[closed],
            benchmark=self.columns.close[0],
            funding=self.funding if any(market.funding is not None for market in self.markets) else None,
            fees=float(self.fills["fee"].sum()),
            turnover=float(worth.sum()),
            trial_sharpes=self.trial_sharpes,
        )

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        """Whether anything was held in each bar."""
        steps = np.zeros(len(self.time) + 1, np.int64)
        rows = self.trades.rows
        np.add.at(steps, rows["entry_bar"], 1)
        over = rows["exit_bar"] >= 0
        np.add.at(steps, np.where(over, rows["exit_bar"] + 1, len(self.time)), -1)
        held: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
        return held

    def tag_of(self, trade: Any) -> str:
        """The name of a trade's entry."""
        market, bar = int(trade["market"]), int(trade["signal"])
        signals = self.signals[market] if self.signals else None
        if signals is None or bar < 0:
            return self.tags[bar] if self.tags and 0 <= bar < len(self.tags) else ""
        place = self.columns.places[market]
        return signals.tag_of(bar if place is None else int(np.searchsorted(place, bar, side="right")) - 1)


def _last_known(prices: NDArray[np.float64]) -> float:
    if prices[-1] == prices[-1]:
        return float(prices[-1])
    known = prices[prices == prices]
    return float(known[-1]) if len(known) else np.nan
