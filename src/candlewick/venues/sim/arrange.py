"""The trades inside a generated minute, drawn from its runs so that their sums are the minute's candle."""

from __future__ import annotations

import random

from candlewick.venues.sim.minutes import RUN_MS, RUNS, Runs
from candlewick.venues.sim.model import Print


def arrange(runs: Runs, seed: int, start_ms: int, first_id: int) -> list[Print]:
    """The trades of the one minute in `runs`, in order, numbered from `first_id`.

    `seed` decides everything that the candle leaves open: sizes, times and the order within a run.
    """
    chance = random.Random(seed)
    prints: list[Print] = []
    number = first_id
    for run in range(RUNS):
        wide = int(runs.excursion[run, 0])
        buys = _side(chance, int(runs.ask[run, 0]), wide, int(runs.buys[run, 0]), int(runs.bought[run, 0]))
        sells = _side(chance, int(runs.bid[run, 0]), wide, int(runs.sells[run, 0]), int(runs.sold[run, 0]))
        trades = [(ticks, lots, False) for ticks, lots in buys]
        trades += [(ticks, lots, True) for ticks, lots in sells]
        # A side's last trade is a single one at the run's price: open and close are such trades.
        if run == 0:
            opening = trades.pop(len(buys) - 1 if runs.first_buys[0] else -1)
            chance.shuffle(trades)
            trades.insert(0, opening)
        elif run == RUNS - 1:
            closing = trades.pop(len(buys) - 1 if runs.last_buys[0] else -1)
            chance.shuffle(trades)
            trades.append(closing)
        else:
            chance.shuffle(trades)
        begin = start_ms + run * RUN_MS
        times = sorted(int(chance.random() * RUN_MS) for _ in trades)
        for (ticks, lots, sold), offset in zip(trades, times, strict=True):
            prints.append(Print(number, begin + offset, ticks, lots, sold))
            number += 1
    return prints


def _side(chance: random.Random, price: int, wide: int, trades: int, lots: int) -> list[tuple[int, int]]:
    """`trades` trades of together `lots` lots, of mean price `price`: pairs first, single ones last."""
    if trades == 0:
        return []
    pairs = (trades - 1) // 2
    singles = trades - 2 * pairs
    # sizes of real trades are heavy-tailed: many small ones, a few that carry the volume
    weights = [chance.paretovariate(1.4) for _ in range(pairs + singles)]
    total = 2.0 * sum(weights[:pairs]) + sum(weights[pairs:])
    spare = lots - trades
    out: list[tuple[int, int]] = []
    left = spare
    for n in range(pairs):
        extra = min(int(spare * weights[n] / total), left // 2)
        left -= 2 * extra
        away = wide if n == 0 else int(chance.random() * (wide + 1))
        out.append((price + away, 1 + extra))
        out.append((price - away, 1 + extra))
    for n in range(singles - 1):
        extra = min(int(spare * weights[pairs + n] / total), left)
        left -= extra
        out.append((price, 1 + extra))
    out.append((price, 1 + left))
    return out
