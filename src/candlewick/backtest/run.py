"""`backtest()`: a strategy over bars, through the compiled core."""

from __future__ import annotations

from typing import get_args

from candlewick.backtest.account import Account
from candlewick.backtest.arrays import run_signals
from candlewick.backtest.asking import refuse_timeframe, strategy_of
from candlewick.backtest.ground import ground_of
from candlewick.backtest.market import Traded, markets_of
from candlewick.backtest.record import Drive
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.trading.strategy.strategy import Strategy


def backtest(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    cash: float = 10_000,
    fee_taker: float = 0.0005,
    fee_maker: float = 0.0002,
    slippage_bps: float = 0.0,
    leverage: float | None = None,
    drive: Drive | None = None,
    days_a_year: float = 365.0,
) -> Result:
    """Run a strategy over the bars of one market or several, on one account.

    A signal at a bar's close is traded at the next bar's open. When stop and target lie inside one bar the
    stop is taken first, unless the market has finer bars to decide. What it does not do stands in
    `docs/what-the-simulation-does-not-do.md`.

    Args:
        strategy: one, or its class (then with its own defaults). One with an `on_bar` is copied for the run:
            what it wrote down meanwhile stands in `result.strategy`.
        bars: `Bars`, a `Market` (bars with instrument, funding, finer bars), or several.
        cash: what the account begins with, in the quote currency.
        fee_taker, fee_maker: as fractions of the notional.
        slippage_bps: what a taker pays beyond the price, in hundredths of a per cent.
        leverage: instead of the strategy's own.
        drive: `arrays` (one compiled pass), `woken` (Python at signals and fills), `on_bar`, or `step`
            (Python owns the loop); None: the fastest that can run the strategy. All give the same trades.
        days_a_year: 365, or 252 for stocks; annual figures follow it.

    Raises:
        UsageError: the strategy, its signals, the bars or a number cannot be used; says which and why.
    """
    run = strategy_of(strategy)
    markets = markets_of(bars)
    refuse_timeframe(run, markets)
    if drive is None:
        drive = "arrays" if run.signals_only() else "on_bar"
    elif drive not in get_args(Drive):
        raise UsageError(f"drive is {drive!r}: give one of {', '.join(get_args(Drive))}, or leave it out.")
    account = Account(
        cash, fee_maker, fee_taker, slippage_bps, run.leverage if leverage is None else leverage, days_a_year
    )
    if drive == "arrays":
        if not run.signals_only():
            raise UsageError(f"{type(run).__name__} has an on_bar(): it cannot be run as arrays of signals.")
        return run_signals(run, ground_of(markets, account))
    from candlewick.backtest.events import run_events

    return run_events(run, markets, account, drive)
