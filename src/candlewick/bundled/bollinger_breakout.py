"""Follows a close outside the Bollinger bands, with stops as wide as the market moves."""

from __future__ import annotations

import numpy as np

import candlewick as cw
from candlewick import Param, Strategy, ta


class BollingerBreakout(Strategy):
    """Enters when the price closes outside its bands, and leaves when it is back at the middle.

    The idea: the bands hold what is usual of late, so a close outside of them is unusual, and often begins a
    move. Stop and trailing stop stand so many average true ranges away: wide where the market is wild, near
    where it is calm. Each entry is so large that its stop costs one per cent of the equity.

    When it loses: most breakouts are false. It needs the few that are not, and in quiet months there
    are none; a gap over the stop costs more than the one per cent.

    Parameters: `period` and `width` (in deviations) of the bands; `stop_atr` and `trail_atr`, distances in
    average true ranges over `period` bars; `shorts` follows breaks downwards too, which wants a perpetual.
    """

    sizing = cw.Risk(0.01)

    period = Param(20, low=10, high=100, step=5)
    width = Param(2.0, low=1.0, high=3.5, step=0.25)
    stop_atr = Param(2.0, low=0.5, high=6, step=0.5)
    trail_atr = Param(4.0, low=1.0, high=10, step=0.5)
    shorts = Param(False)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        bands = ta.bollinger(bars.close, self.period, self.width)
        move = ta.atr(bars.high, bars.low, bars.close, self.period) / bars.close
        return {"upper": bands.upper, "middle": bands.middle, "lower": bands.lower, "move": move}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        stop, trail = (np.clip(each * ind["move"], 0.001, 0.5) for each in (self.stop_atr, self.trail_atr))
        return cw.Signals(
            enter_long=cw.crossed_above(bars.close, ind["upper"]),
            exit_long=cw.crossed_below(bars.close, ind["middle"]),
            enter_short=cw.crossed_below(bars.close, ind["lower"]) if self.shorts else None,
            exit_short=cw.crossed_above(bars.close, ind["middle"]) if self.shorts else None,
            stop_loss=stop,
            trailing_stop=trail,
        )
