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


def test_it_reads_dates_and_refuses_what_is_none() -> None:
    days = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], dtype="datetime64[ns]")
    assert Bars.from_arrays(**columns(time=days)).time.tolist() == [1704067200, 1704153600, 1704240000]
    days[1] = np.datetime64("NaT")
    with pytest.raises(ValueError, match="The time in row 1 is unknown"):
        Bars.from_arrays(**columns(time=days))
    with pytest.raises(ValueError, match="The time in row 2 is unknown"):
        Bars.from_arrays(**columns(time=[60.0, 120.0, np.nan]))


def test_it_refuses_text_among_prices() -> None:
    with pytest.raises(ValueError, match="Column 'high' holds something that is no number"):
        Bars.from_arrays(**columns(high=["1", "two", "3"]))
