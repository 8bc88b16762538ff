"""What a run left behind, as arrays: equity, trades, and what the metrics are computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.backtest import metrics
from candlewick.backtest.metrics import DAYS_A_YEAR, Drawdown, Series
from candlewick.core.errors import UsageError

DAY_S: Final = 86_400
YEAR_S: Final = DAYS_A_YEAR * DAY_S

Times = NDArray[np.int64]
_PER_TRADE: Final = ("return", "entry", "exit", "fees", "mae", "mfe", "risk")


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackRecord:
    """Equity bar by bar, and the closed trades in the order in which they were closed.

    Nothing is copied or computed before it is asked for. Times are UTC seconds. None: it is not known, and
    what needs it is None too; in an array of trades NaN says so of one.

    Attributes:
        time: when each bar opened, rising.
        equity: what everything was worth at each bar's close, open positions included.
        initial: what it was worth before the first bar.
        bar_s: how long a bar is.
        days_a_year: 365 where the market never closes, 252 for stocks.
        risk_free: what idle money earns in a year, a fraction; spread evenly over the periods.
        held: whether anything was held in each bar, or how much (0: nothing).
        trade_pnl: what each trade made after fees and funding.
        trade_return: that by what the trade had cost.
        trade_entry, trade_exit: when it began and ended.
        trade_fees: what it paid.
        trade_mae, trade_mfe: how far it was behind (not above zero) and ahead, as parts of the entry price.
        trade_risk: the money that was at risk at its entry, by its stop.
        benchmark: closes of what it is compared with, at the same bars.
        funding: received (positive) or paid, as one sum or several.
        fees: of all fills, as one sum or several; left out, those of closed trades.
        turnover: notional of all fills, as one sum or several.
        trial_sharpes: yearly Sharpe ratios of all that were tried when this one was chosen, its own included.
        independent_trials: how many they are worth where they resemble each other; left out: as many as they
            are.
    """

    time: Times
    equity: Series
    initial: float
    bar_s: int
    days_a_year: float = DAYS_A_YEAR
    risk_free: float = 0.0
    held: NDArray[np.bool_] | Series | None = None
    trade_pnl: Series | None = None
    trade_return: Series | None = None
    trade_entry: Times | None = None
    trade_exit: Times | None = None
    trade_fees: Series | None = None
    trade_mae: Series | None = None
    trade_mfe: Series | None = None
    trade_risk: Series | None = None
    benchmark: Series | None = None
    funding: ArrayLike | None = None
    fees: ArrayLike | None = None
    turnover: ArrayLike | None = None
    trial_sharpes: ArrayLike | None = None
    independent_trials: float | None = None

    def __post_init__(self) -> None:
        bars = len(self.time)
        for name, many in (("equity", self.equity), ("held", self.held), ("benchmark", self.benchmark)):
            if many is not None and len(many) != bars:
                raise UsageError(f"{name} has {len(many)} values for {bars} bars. Give one a bar.")
        if not self.initial > 0:
            raise UsageError(f"initial is {self.initial}. Give what the run began with, more than nothing.")
        if self.bar_s <= 0:
            raise UsageError(f"bar_s is {self.bar_s}. Give the length of a bar in seconds.")
        if not 0 < self.days_a_year <= 366:
            raise UsageError(f"days_a_year is {self.days_a_year}. Give 365, or 252 for stocks.")
        if bars and self.time[-1] < self.time[0]:
            raise UsageError("The bars' times fall. Sort them, the oldest first.")
        trades = None if self.trade_pnl is None else len(self.trade_pnl)
        for kind in _PER_TRADE:
            column = getattr(self, f"trade_{kind}")
            if column is not None and len(column) != trades:
                raise UsageError(
                    f"trade_{kind} has {len(column)} values, trade_pnl {trades or 'none'}. Give one a trade."
                )

    # --- time ---

    @property
    def period_s(self) -> int:
        """The time between two returns: a day, or a bar where bars are longer."""
        return max(self.bar_s, DAY_S)

    @property
    def periods_a_year(self) -> float:
        """Returns in a year. Bars of more than a day go by the calendar: 52.14 weeks anywhere."""
        return self.days_a_year if self.bar_s <= DAY_S else YEAR_S / self.bar_s

    @property
    def elapsed_s(self) -> int:
        """From the first bar's open to the last one's close."""
        return int(self.time[-1]) - int(self.time[0]) + self.bar_s if len(self.time) else 0

    @property
    def years(self) -> float:
        """The same in years of 365 days."""
        return self.elapsed_s / YEAR_S

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """The bar at which each period ends: each day's last (days of UTC), or every bar.

        A day without a bar ends where the one before did, for a market that never closes; in one that does
        (`days_a_year` below 365) it is no day.
        """
        if self.bar_s >= DAY_S or not len(self.time):
            return np.arange(len(self.time))
        midnights = np.arange(self.time[0] // DAY_S + 1, self.time[-1] // DAY_S + 2) * DAY_S
        last = np.searchsorted(self.time, midnights) - 1
        return last if self.days_a_year >= DAYS_A_YEAR else np.unique(last)

    @cached_property
    def period_time(self) -> Times:
        """When each period began: a day's midnight, or a bar's open."""
        if self.bar_s >= DAY_S or not len(self.time):
            return self.time
        if self.days_a_year < DAYS_A_YEAR:
            days = self.time[self.ends] // DAY_S
        else:
            days = self.time[0] // DAY_S + np.arange(len(self.ends), dtype=np.int64)
        midnights: Times = days * DAY_S
        return midnights

    # --- returns ---

    @cached_property
    def returns(self) -> Series:
        """Of each period; NaN after nothing was left."""
        worth = self.equity[self.ends]
        return metrics.time_weighted(worth, np.zeros(len(worth)), before=self.initial)

    @cached_property
    def benchmark_returns(self) -> Series | None:
        """Of the same periods; NaN of the first, whose beginning is not among the closes."""
        if self.benchmark is None:
            return None
        closes = np.asarray(self.benchmark, dtype=np.float64)[self.ends]
        return metrics.time_weighted(closes, np.zeros(len(closes)), before=math.nan)

    @property
    def risk_free_return(self) -> float:
        """What idle money earns in one period."""
        return self.risk_free / self.periods_a_year

    # --- drawdown ---

    @cached_property
    def drawdowns(self) -> Series:
        """At each bar's close: how far below the highest equity so far, a fraction, not above zero."""
        return metrics.below_high(self.equity, self.initial)

    @cached_property
    def deepest(self) -> Drawdown | None:
        """The deepest of them; its places are bars."""
        return metrics.deepest(self.drawdowns)

    def closed_at(self, bar: int) -> int:
        """When a bar closed; of -1, when the first opened."""
        return int(self.time[0]) if bar < 0 else int(self.time[bar]) + self.bar_s

    @property
    def fall_s(self) -> int | None:
        """How long the deepest drawdown lasted: from the high until it was reached again, or to the end."""
        fall = self.deepest
        if fall is None:
            return None
        over = len(self.time) - 1 if fall.recovered is None else fall.recovered
        return self.closed_at(over) - self.closed_at(fall.peak)

    @property
    def recovery_s(self) -> int | None:
        """From the lowest point of the deepest drawdown until the high was reached again; None: not yet."""
        fall = self.deepest
        if fall is None or fall.recovered is None:
            return None
        return self.closed_at(fall.recovered) - self.closed_at(fall.trough)

    @property
    def longest_fall_s(self) -> int | None:
        """The longest time from a high until it was reached again, or to the end."""
        if self.deepest is None:
            return None
        under = self.drawdowns < 0
        if not under.any():
            return 0
        edges = np.flatnonzero(np.diff(under, prepend=False, append=False))
        last = len(self.time) - 1
        closes = np.concatenate(([self.time[0] - self.bar_s], self.time)) + self.bar_s
        # a fall begins at the close before its first bar, and ends at the close of the first one at a high
        return int(np.max(closes[np.minimum(edges[1::2], last) + 1] - closes[edges[::2]]))
