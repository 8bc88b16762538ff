"""Candles from trades, and longer candles from shorter ones."""

from __future__ import annotations

import numpy as np

from candlewick.venues.sim.minutes import CLOSE, HIGH, LOW, OPEN
from candlewick.venues.sim.noise import Ints


def fold(candle: list[int], ticks: int, lots: int, sells: bool) -> None:
    """Add a trade to `candle`: [open, high, low, close, volume, quote, count, taker volume, taker quote]."""
    value = ticks * lots
    if not candle:
        candle += [ticks, ticks, ticks, ticks, 0, 0, 0, 0, 0]
    elif ticks > candle[1]:
        candle[1] = ticks
    elif ticks < candle[2]:
        candle[2] = ticks
    candle[3] = ticks
    candle[4] += lots
    candle[5] += value
    candle[6] += 1
    if not sells:
        candle[7] += lots
        candle[8] += value


def flat(price: int) -> list[int]:
    """The candle of a time without a trade."""
    return [price, price, price, price, 0, 0, 0, 0, 0]


def fold_columns(columns: Ints, starts: Ints) -> Ints:
    """Candles (9, n) folded into groups that begin at the column numbers `starts`."""
    out = np.add.reduceat(columns, starts, axis=1)
    out[OPEN] = columns[OPEN, starts]
    out[HIGH] = np.maximum.reduceat(columns[HIGH], starts)
    out[LOW] = np.minimum.reduceat(columns[LOW], starts)
    ends = np.append(starts[1:], columns.shape[1]) - 1
    out[CLOSE] = columns[CLOSE, ends]
    return out
