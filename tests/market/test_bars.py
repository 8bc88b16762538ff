"""Candles as columns: equal in length, rising in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from candlewick.market.bars import Bars


def columns(**changed: Any) -> dict[str, Any]:
    usual = {name: [1, 2, 3] for name in ("open", "high", "low", "close", "volume")}
    return {"symbol": "X", "timeframe": "1m", "time": [60, 120, 180], **usual, **changed}


def test_it_takes_anything_that_is_like_an_array() -> None:
    bars = Bars.from_arrays(**columns(open=(1, 2, 3), high=np.array([1, 2, 3], dtype=np.int32)))
    assert bars.time.dtype == np.int64
    assert {getattr(bars, name).dtype for name in ("open", "high", "low", "close", "volume")} == {
        np.dtype("f8")
    }
    assert len(bars) == 3


def test_it_cuts_without_copying() -> None:
    bars = Bars.from_arrays(**columns())
    cut = bars[1:]
    assert cut.time.tolist() == [120, 180]
    assert cut.close.tolist() == [2, 3]
    assert (cut.symbol, cut.timeframe) == ("X", "1m")
    assert np.shares_memory(cut.close, bars.close)


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
def test_it_refuses_columns_of_different_length(name: str) -> None:
    with pytest.raises(ValueError, match=f"Column '{name}' has 2 values, but time has 3"):
        Bars.from_arrays(**columns(**{name: [1, 2]}))


@pytest.mark.parametrize("time", [[60, 60, 120], [120, 60, 180]])
def test_it_refuses_times_that_do_not_rise(time: list[int]) -> None:
    with pytest.raises(ValueError, match="sort the bars and remove duplicates"):
        Bars.from_arrays(**columns(time=time))
