"""A column ends at the bar that has just closed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from candlewick.core.errors import BadData
from candlewick.market.bars import Bars
from candlewick.trading.strategy.known import Clock, Known, known_indicators


class Band(NamedTuple):
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]


def column(known: int) -> Known:
    clock = Clock()
    clock.known = known
    return Known(np.arange(10.0), clock)


def bars() -> Bars:
    ones = np.ones(3)
    return Bars.from_arrays(symbol="X", timeframe="1m", time=[0, 60, 120], open=ones, high=ones, low=ones,
                            close=ones, volume=ones)  # fmt: skip


def test_the_newest_row_is_the_last() -> None:
    seen = column(4)
    assert (seen[-1], seen[-2], seen[0], seen[3], len(seen)) == (3.0, 2.0, 0.0, 3.0, 4)
    assert seen[-3:].tolist() == [1.0, 2.0, 3.0]
    assert seen[2:].tolist() == [2.0, 3.0]
    assert np.asarray(seen).tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("row", [4, 9, -5, -20])
def test_no_other_row_is_there(row: int) -> None:
    with pytest.raises(IndexError, match=f"Row {row} is not known: 4 bars have closed"):
        column(4)[row]


def test_before_the_first_close_nothing_is_there() -> None:
    with pytest.raises(IndexError, match="No bar has closed yet"):
        column(0)[-1]


def test_nobody_can_write_into_it() -> None:
    with pytest.raises(ValueError, match="read-only"):
        column(4)[:][0] = 1.0


def test_indicators_of_several_outputs_end_where_the_bars_do() -> None:
    clock = Clock()
    clock.known = 2
    known = known_indicators({"band": Band(np.arange(3.0), -np.arange(3.0)), "length": 20}, bars(), clock)
    assert known["band"].upper[-1] == 1.0
    assert len(known["band"].lower) == 2
    assert known["length"] == 20


def test_what_is_neither_a_column_nor_a_number_is_refused() -> None:
    with pytest.raises(BadData, match="'both' has shape"):
        known_indicators({"both": np.ones((3, 2))}, bars(), Clock())
