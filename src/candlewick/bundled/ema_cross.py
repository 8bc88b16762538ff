"""Long while a fast average is above a slow one."""

from __future__ import annotations

import candlewick as cw
from candlewick import Param, Strategy, ta


class EmaCross(Strategy):
    """Long while the fast EMA is above the slow one; where shorts are allowed, short while it is below.

    The idea: prices that rise go on rising more often than chance would have it, and an average that reacts
    quickly sees it before one that reacts slowly. It makes few large gains and many small losses.

    When it loses: in markets that go sideways the averages cross back and forth, and each cross pays the fee
    and the spread. It enters late and leaves late by design. Of a sudden fall it leaves at the next cross,
    for it has no stop.

    Parameters: `fast` and `slow` are the lengths of the averages in bars (with fast at or above slow it does
    the opposite of what its name says); `shorts` lets it sell short too, which wants a perpetual.
    """

    fast = Param(12, low=5, high=50)
    slow = Param(26, low=20, high=200)
    shorts = Param(False)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"fast": ta.ema(bars.close, self.fast), "slow": ta.ema(bars.close, self.slow)}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        up = cw.crossed_above(ind["fast"], ind["slow"])
        down = cw.crossed_below(ind["fast"], ind["slow"])
        return cw.Signals(
            enter_long=up,
            exit_long=down,
            enter_short=down if self.shorts else None,
            exit_short=up if self.shorts else None,
        )
