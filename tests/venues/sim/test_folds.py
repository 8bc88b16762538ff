"""Folds: trades to candles, candles to longer candles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candlewick.venues.sim.folds import flat, fold, fold_columns

TRADES = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 50), st.booleans()), min_size=1, max_size=40)


def candle_of(trades: list[tuple[int, int, bool]]) -> list[int]:
    candle: list[int] = []
    for ticks, lots, sells in trades:
        fold(candle, ticks, lots, sells)
    return candle


@given(trades=TRADES)
def test_it_folds_trades_into_their_candle(trades: list[tuple[int, int, bool]]) -> None:
    prices = [ticks for ticks, _, _ in trades]
    bought = [(ticks, lots) for ticks, lots, sells in trades if not sells]
    assert candle_of(trades) == [
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(lots for _, lots, _ in trades),
        sum(ticks * lots for ticks, lots, _ in trades),
        len(trades),
        sum(lots for _, lots in bought),
        sum(ticks * lots for ticks, lots in bought),
    ]


@given(groups=st.lists(TRADES, min_size=1, max_size=12), data=st.data())
def test_it_folds_candles_as_if_they_were_their_trades(
    groups: list[list[tuple[int, int, bool]]], data: st.DataObject
) -> None:
    columns = np.array([candle_of(group) for group in groups], dtype=np.int64).T
    inner = st.sets(st.integers(1, max(len(groups) - 1, 1)), max_size=4)
    starts = sorted({0} | {at for at in data.draw(inner) if at < len(groups)})
    folded = fold_columns(columns, np.array(starts, dtype=np.int64))
    for n, (begin, end) in enumerate(zip(starts, [*starts[1:], len(groups)], strict=True)):
        together = [trade for group in groups[begin:end] for trade in group]
        assert folded[:, n].tolist() == candle_of(together)


def test_it_repeats_the_price_where_nothing_traded() -> None:
    assert flat(7) == [7, 7, 7, 7, 0, 0, 0, 0, 0]
