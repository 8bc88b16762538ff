"""Buys a little at each step down and sells it one step up, around a mean that moves slowly."""

from __future__ import annotations

import candlewick as cw
from candlewick import Param, Strategy, ta


class Grid(Strategy):
    """Rests limit orders at equal steps below the mean, and sells what each bought one step higher.

    The idea: most of the time the price wanders, and whoever rests orders on both sides is paid for waiting:
    each pair of them earns a step, at the lower fee of a maker.

    When it loses: when the price leaves the grid downwards. By then it has bought on every step, and it sells
    all of it below the last (`give_up`): one such loss takes many steps to earn. When the price leaves it
    upwards it holds nothing and earns nothing.

    Parameters: `length` of the mean in bars; `levels`, how many steps; `step`, a fraction of the mean;
    `give_up`, how many steps below the last one it sells everything; `every`, after how many bars orders that
    nothing has filled are moved to where the mean is now.
    """

    length = Param(168, low=24, high=720, step=24)
    levels = Param(5, low=2, high=12)
    step = Param(0.01, low=0.002, high=0.05, step=0.002)
    give_up = Param(2, low=1, high=6)
    every = Param(24, low=1, high=96)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"mean": ta.sma(bars.close, self.length)}

    def on_bar(self, ctx: cw.Context) -> None:
        mean, position = ctx.ind["mean"][-1], ctx.position
        if position and ctx.close[-1] < mean * (1 - self.step * (self.levels + self.give_up)):
            ctx.cancel_all()
            ctx.exit("left the grid")
            return
        if ctx.index % self.every and len(ctx.orders) == self.levels:
            return  # nothing was filled since they were placed
        quantity = 0.9 * ctx.equity / (self.levels * mean)
        held = min(round(position / quantity), self.levels)
        ctx.cancel_all()
        for level in range(held + 1, self.levels + 1):
            price = mean * (1 - self.step * level)
            if price < ctx.close[-1]:  # not above the market: what has fallen through the grid is left alone
                ctx.buy(quantity=quantity, limit=price, tag=f"step {level}")
        for level in range(1, held + 1):
            part = position / held
            ctx.sell(quantity=part, limit=mean * (1 - self.step * (level - 1)), reduce_only=True)
