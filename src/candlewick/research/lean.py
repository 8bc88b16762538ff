"""The figures of a result, of which a sweep asks for a few: each column is worked out when one needs it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.figures import Figures
from candlewick.backtest.metrics import Series
from candlewick.backtest.result import Result
from candlewick.backtest.track_record import Times
from candlewick.core.interval import seconds
from candlewick.fills.state import ENTRY, PARTIAL


class LeanFigures(Figures):
    """`result.metrics`, for whoever wants two or three of them: the same numbers."""

    _result: Result

    def __init__(self, result: Result, ends: NDArray[np.intp] | None = None) -> None:
        """`ends`: those of another result on the same bars."""
        if ends is not None:
            vars(self)["ends"] = ends
        if result.drive == "arrays":
            # each of these fills ends a trade: they need not be folded to be counted
            why = result.fills["why"]
            vars(self)["_found"] = {"trades": int(np.count_nonzero((why != ENTRY) & (why != PARTIAL)))}
        vars(self).update(
            _result=result,
            time=result.time,
            equity=result.equity,
            initial=result.account.cash,
            bar_s=seconds(result.timeframe),
            days_a_year=result.account.days_a_year,
            benchmark=result.columns.close[0],
            funding=result.funding if any(each.funding is not None for each in result.markets) else None,
        )

    @cached_property
    def _closed(self) -> NDArray[np.bool_]:
        return self._result.trades.closed

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        return self._result.held

    @cached_property
    def trade_pnl(self) -> Series:
        return self._column("pnl")

    @cached_property
    def trade_return(self) -> Series:
        return self._result.trades.returns[self._closed]

    @cached_property
    def trade_entry(self) -> Times:
        times: Times = self.time[self._column("entry_bar")]
        return times

    @cached_property
    def trade_exit(self) -> Times:
        times: Times = self.time[self._column("exit_bar")]
        return times

    @cached_property
    def trade_fees(self) -> Series:
        return self._column("fees")

    @cached_property
    def trade_mae(self) -> Series:
        return self._result.trades.mae[self._closed]

    @cached_property
    def trade_mfe(self) -> Series:
        return self._result.trades.mfe[self._closed]

    @cached_property
    def trade_risk(self) -> Series:
        return self._result.trades.risk[self._closed]

    @cached_property
    def fees(self) -> float:
        return float(self._result.fills["fee"].sum())

    @cached_property
    def turnover(self) -> float:
        fills = self._result.fills
        return float((fills["price"] * fills["size"]).sum())

    def _column(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] = self._result.trades.rows[name][self._closed]
        return column
