"""What a strategy or an account would have made, and did make: arrays in, figures out.

metrics        return, risk and drawdown, and the exact statistics of an account's trades
distribution   the shape of returns: value at risk, expected shortfall, tails, skew, kurtosis
relative       returns beside a benchmark's: alpha, beta, information ratio
trade_metrics  the same for arrays of closed trades: win rate, profit factor, SQN, R-multiples
statistics     whether a Sharpe ratio is more than luck: probabilistic, deflated, minimum track record
overfitting    how often the best of many trials would have disappointed out of sample
track_record   what a run left behind, as arrays: equity, trades, and the returns they come to
run_metrics    the metrics of a run, from that
series         what a report draws of a run: months, the deepest falls, the rolling Sharpe ratio
registry       every metric with its name, unit, formula and source
figures        all metrics of a run by name, each computed when it is asked for
excursion      how far a trade was under water, and how far ahead
conditions     the market that a trade was entered in: its trend, its volatility
account        what a backtest begins with, and what trading costs it
columns        markets on one clock, as the core reads them
ground         what runs one after the other have in common
events         Python in the loop: at every bar, or only where something happens
events_book    its orders: bars in, fills out
events_money   its money: fills booked, and what they come to
events_held    what it holds in one market, and the orders that stand there
lookahead      proof that no signal knows the future, and how much past it needs
market         the bars of one instrument, and what else must be known of it
report         the tear sheet
trades         the trades of a run, one by one or as columns
record         `Record`: what a run left behind: equity, fills, trades, figures
result         `Result`: that, with its warnings and its report
arrays         a strategy of signals, in one compiled pass
asking         a strategy before it is run
run            `backtest()`
warnings       reasons not to believe the figures

`cw.backtest(…)` is `run.backtest`, though this package has the same name: whichever of both is met first, it
can be called.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from candlewick.backtest.run import backtest

        return backtest(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
