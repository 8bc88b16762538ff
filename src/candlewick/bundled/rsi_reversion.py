"""Buys dips of a rising market, and sells the recovery."""

from __future__ import annotations

import candlewick as cw
from candlewick import Param, Strategy, ta


class RsiReversion(Strategy):
    """Buys when the RSI comes back from below `oversold` while the price is above its long average.

    The idea: a fall that is quick and large against the last two weeks of bars is more often somebody in a
    hurry than news, and part of it is taken back. The long average keeps it out of markets that fall for a
    reason. It makes many small gains and few large losses.

    When it loses: when the fall does go on. The stop bounds what one such trade costs, and three days without
    a recovery end it. In strong rises there are no dips deep enough, and it earns nothing.

    Parameters: `period` of the RSI; `oversold`, from below which it must come back; `recovered`, the RSI at
    which it sells; `trend`, length of the long average; `stop`, a fraction of the price paid.
    """

    time_exit = 72

    period = Param(14, low=5, high=40)
    oversold = Param(30.0, low=10, high=45, step=2.5)
    recovered = Param(55.0, low=45, high=80, step=2.5)
    trend = Param(200, low=50, high=400, step=25)
    stop = Param(0.05, low=0.01, high=0.2, step=0.01)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"rsi": ta.rsi(bars.close, self.period), "trend": ta.sma(bars.close, self.trend)}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        back = cw.crossed_above(ind["rsi"], self.oversold)
        return cw.Signals(
            enter_long=back & (bars.close > ind["trend"]),
            exit_long=ind["rsi"] > self.recovered,
            stop_loss=self.stop,
        )
