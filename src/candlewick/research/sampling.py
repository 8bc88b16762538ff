"""What a run gives to be drawn from again: the growth that each trade and each period brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.metrics import DAYS_A_YEAR
from candlewick.backtest.result import Result
from candlewick.backtest.track_record import YEAR_S, TrackRecord
from candlewick.trading.strategy.sizing import NOTIONAL, QUANTITY

Series = NDArray[np.float64]
FEW_DAYS: Final = 60  # of fewer, bars are drawn and not days


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A run, ready to be drawn from.

    Attributes:
        trades: what each closed trade made, as a part of what there was when it ended without it: their
            growths (1 + part), multiplied, are the growth of the whole. Where sizes do not follow the equity
            (`compounds` is false) as a part of what the run began with, to be added up.
        compounds: whether sizes follow the equity.
        returns: of each period, none unknown: days, or bars where there are fewer than 60 days.
        time: when each period began, UTC seconds.
        periods_a_year: how many returns make a year.
    """

    trades: Series
    compounds: bool
    returns: Series
    time: NDArray[np.int64]
    periods_a_year: float


def sample_of(result: Result, compounds: bool | None = None) -> Sample:
    """A backtest to be drawn from.

    Args:
        compounds: whether sizes follow the equity; None: as the strategy's sizing says.
    """
    if compounds is None:
        compounds = result.strategy.sizing.mode not in (QUANTITY, NOTIONAL)
    trades = result.trades
    pnl = trades.pnl[trades.closed]
    return sample_from(result.metrics, pnl, compounds)


def sample_from(record: TrackRecord, pnl: Series, compounds: bool) -> Sample:
    """The same from a track record and what its closed trades made, in the order of their end."""
    time, returns, a_year = period_returns(record)
    return Sample(trade_parts(pnl, record.initial, compounds), compounds, returns, time, a_year)


def trade_parts(pnl: Series, initial: float, compounds: bool) -> Series:
    """Each trade's P&L by the money there was before it: `initial` and what the trades before it made.

    Trades after nothing was left are left out.
    """
    if not compounds:
        return pnl / initial
    before = initial + np.concatenate(([0.0], np.cumsum(pnl)))[:-1]
    ruined = np.flatnonzero(before <= 0.0)
    last = int(ruined[0]) if len(ruined) else len(pnl)
    return np.maximum(pnl[:last] / before[:last], -1.0)


def period_returns(record: TrackRecord) -> tuple[NDArray[np.int64], Series, float]:
    """When each period began, what it returned (0 after nothing was left), and how many make a year."""
    if record.bar_s >= record.period_s or len(record.returns) >= FEW_DAYS:
        return record.period_time, np.nan_to_num(record.returns), record.periods_a_year
    return record.time, bar_returns(record), bars_a_year(record)


def bar_returns(record: TrackRecord) -> Series:
    """What each bar returned; 0 after nothing was left."""
    worth = np.concatenate(([record.initial], record.equity))
    returns = np.zeros(len(record.equity))
    np.divide(np.diff(worth), worth[:-1], out=returns, where=worth[:-1] > 0.0)
    return returns


def bars_a_year(record: TrackRecord) -> float:
    """How many bars make a year; in a market that closes, as many a day as there were."""
    if record.days_a_year >= DAYS_A_YEAR:
        return YEAR_S / record.bar_s
    return len(record.time) / len(record.returns) * record.days_a_year
