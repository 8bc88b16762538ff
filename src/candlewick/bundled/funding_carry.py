"""Holds the coin and is short its perpetual: what is earned is the funding."""

from __future__ import annotations

import candlewick as cw
from candlewick import Param, Strategy, ta


class FundingCarry(Strategy):
    """Long spot and short the perpetual, as much of one as of the other, while the perpetual is the dearer.

    The idea: whoever is long a perpetual pays those who are short while it stands above spot, some hundredths
    of a per cent each eight hours. Coin and contract move together, so that the price hardly matters.

    When it loses: opening and closing four orders costs more than days of funding earn; funding turns round
    and the short pays; in a rise the short uses up its margin while the gain lies in the coin. Before that
    happens both are closed and opened anew (`rebalance`), which costs again. Only half of the money works.

    Parameters: `length`, bars over which both prices are averaged; `enter`, the perpetual's premium over spot
    from which it holds them, and `leave`, below which it does not; `rebalance`, a fraction of the price paid.
    Markets: the spot and the perpetual of one coin, BTCUSDT and BTCUSDT-PERP.
    """

    length = Param(168, low=24, high=720, step=24)
    enter = Param(0.0, low=-0.001, high=0.002, step=0.0001)
    leave = Param(-0.0004, low=-0.002, high=0.001, step=0.0001)
    rebalance = Param(0.3, low=0.1, high=0.6, step=0.05)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"mean": ta.sma(bars.close, self.length)}

    def on_bar(self, ctx: cw.Context) -> None:
        spot, perpetual = legs(ctx)
        premium = perpetual.ind["mean"][-1] / spot.ind["mean"][-1] - 1
        price = perpetual.entry_price
        if spot.position and perpetual.position and price is not None:
            if premium < self.leave or abs(perpetual.close[-1] / price - 1) > self.rebalance:
                spot.exit("carry is over")
                perpetual.exit("carry is over")
        elif spot.position or perpetual.position:  # one was liquidated: the other alone is a bet on the price
            spot.exit("alone")
            perpetual.exit("alone")
        elif premium > self.enter:
            quantity = 0.48 * ctx.equity / spot.close[-1]
            spot.buy(quantity=quantity, tag="carry")
            perpetual.sell(quantity=quantity, tag="carry")


def legs(ctx: cw.Context) -> tuple[cw.Context, cw.Context]:
    """The spot and the perpetual."""
    markets = sorted(ctx.markets.values(), key=lambda market: market.symbol.endswith("-PERP"))
    if [market.symbol.endswith("-PERP") for market in markets] != [False, True]:
        raise ValueError("it wants two markets, a spot and its perpetual: BTCUSDT and BTCUSDT-PERP")
    return markets[0], markets[1]
