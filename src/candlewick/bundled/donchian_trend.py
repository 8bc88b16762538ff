"""A portfolio of breakouts, each market as large as it is calm."""

from __future__ import annotations

import numpy as np

import candlewick as cw
from candlewick import Param, Strategy, ta


class DonchianTrend(Strategy):
    """Buys a new high of `entry` bars, sells at a new low of `exit` bars; of many markets at once.

    The idea: R. Donchian's rule, and the Turtles': a trend must begin with a new high, so buying each of them
    misses none. One market alone is a matter of luck; over several, on one account, the trends of some pay
    for the false starts of others. Each position is sized by its market's volatility, so that no market rules
    the account.

    When it loses: most breakouts fail, and when all markets fall together, as coins do, holding many of them
    is holding one. What was gained at the top is given back until the lower channel is met.

    Parameters: `entry` and `exit`, lengths of the channels in bars; `shorts` sells new lows too, which wants
    perpetuals.
    """

    sizing = cw.VolatilityTarget(0.2, period=168, cap=0.5)

    entry = Param(480, low=50, high=1_000, step=10)
    exit = Param(240, low=20, high=500, step=10)
    shorts = Param(False)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        into, out = (ta.donchian(bars.high, bars.low, bars_back) for bars_back in (self.entry, self.exit))
        channels = {"high": into.upper, "low": into.lower, "exit_low": out.lower, "exit_high": out.upper}
        return {name: before(column) for name, column in channels.items()}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        return cw.Signals(
            enter_long=bars.close > ind["high"],
            exit_long=bars.close < ind["exit_low"],
            enter_short=bars.close < ind["low"] if self.shorts else None,
            exit_short=bars.close > ind["exit_high"] if self.shorts else None,
        )


def before(column: cw.Column) -> cw.Column:
    """The column as it was a bar earlier: this bar cannot break a channel that it is part of."""
    return np.concatenate(([np.nan], column[:-1]))
