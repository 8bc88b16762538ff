"""Markets and strategies whose worth is known: some without skill, some with an edge that was put there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import candlewick as cw
from candlewick import Param, Strategy
from candlewick.market.bars import Bars

START = 1_704_067_200  # 2024-01-01
HOUR = 3_600


def bars_from(moves: ArrayLike, *, symbol: str = "X", timeframe: str = "1h", wick: float = 0.001) -> Bars:
    """Bars that open where the one before closed, and then make these log moves."""
    from candlewick.core.interval import seconds

    close = 100.0 * np.exp(np.cumsum(np.asarray(moves, np.float64)))
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close) * (1 + wick), np.minimum(opened, close) * (1 - wick)
    time = START + seconds(timeframe) * np.arange(len(close))
    return Bars.from_arrays(
        symbol=symbol, timeframe=timeframe, time=time, open=opened, high=high, low=low, close=close,
        volume=np.full(len(close), 1e6),
    )  # fmt: skip


def noise(bars: int, seed: int = 1, *, spread: float = 0.01, **named: Any) -> Bars:
    """A market that nobody can foresee."""
    return bars_from(np.random.default_rng(seed).normal(0.0, spread, bars), **named)


def persistent(bars: int, seed: int = 1, *, memory: float = 0.4, spread: float = 0.01, **named: Any) -> Bars:
    """A market in which a rise is followed by a rise more often than not."""
    shocks = np.random.default_rng(seed).normal(0.0, spread, bars)
    moves = np.empty(bars)
    last = 0.0
    for at in range(bars):
        last = moves[at] = memory * last + shocks[at]
    return bars_from(moves, **named)


class Follow(Strategy):
    """Long after a rise of `look` bars, out after a fall: right where moves go on, worthless elsewhere."""

    look = Param(1, low=1, high=5)

    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        rise = np.zeros(len(bars))
        rise[self.look :] = bars.close[self.look :] / bars.close[: -self.look] - 1.0
        return cw.Signals(enter_long=rise > 0, exit_long=rise < 0)


class Remembers(Strategy):
    """Called at every bar; keeps in itself how often, and trades otherwise if that is not forgotten."""

    wait = Param(5, low=1, high=9, step=4)

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.calls = 0

    def on_bar(self, ctx: cw.Context) -> None:
        self.calls += 1
        if ctx.position:
            if ctx.close[-1] < ctx.open[-1]:
                ctx.exit()
        elif self.calls > self.wait and ctx.close[-1] > ctx.open[-1]:
            ctx.buy()


class Said(Strategy):
    """Signals that were written down beforehand."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.said = said

    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        return cw.Signals(**self.said)


def at(bars: int, *rows: int) -> list[bool]:
    return [row in rows for row in range(bars)]
