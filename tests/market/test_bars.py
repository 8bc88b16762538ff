"""Candles as columns: equal in length, rising in time; longer ones made of shorter ones alone."""

from __future__ import annotations

import pickle
import zipfile
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import BadData, UnknownInterval, UsageError
from candlewick.market.bars import COLUMNS, Bars, resample

T0 = 1_700_006_400


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


@pytest.mark.parametrize("column", ["time", *COLUMNS])
def test_its_columns_cannot_be_written_to_nor_what_is_cut_or_sent_of_it(column: str) -> None:
    bars = Bars.from_arrays(**columns())
    for each in (bars, bars[1:], pickle.loads(pickle.dumps(bars)), resample(bars, "5m")):
        with pytest.raises(ValueError, match="read-only"):
            getattr(each, column)[0] = 1


def test_what_becomes_of_the_arrays_it_was_made_of_is_nothing_to_it() -> None:
    given = {
        name: np.array([60, 120]) if name == "time" else np.array([1.0, 2.0]) for name in ("time", *COLUMNS)
    }
    bars = Bars.from_arrays(**columns(**given))
    for column in given.values():
        column[:] = 9
    assert bars.time.tolist() == [60, 120]
    assert [getattr(bars, name).tolist() for name in COLUMNS] == [[1.0, 2.0]] * len(COLUMNS)


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_whole_numbers_of_time_are_seconds_or_what_their_size_says(factor: int) -> None:
    times = np.array([T0, T0 + 60, T0 + 120])
    bars = Bars.from_arrays(**columns(time=times * factor))
    assert bars.time.tolist() == times.tolist()


def test_it_refuses_parts_of_a_second() -> None:
    with pytest.raises(BadData, match=r"row 1 is 120\.5: give whole seconds"):
        Bars.from_arrays(**columns(time=[60.0, 120.5, 180.0]))


def test_it_refuses_text_among_prices() -> None:
    with pytest.raises(ValueError, match="Column 'high' holds something that is no number"):
        Bars.from_arrays(**columns(high=["1", "two", "3"]))


def bars_of(rows: list[tuple[float, ...]], timeframe: str = "1m") -> Bars:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    return Bars.from_arrays(
        symbol="X",
        timeframe=timeframe,
        **dict(zip(("time", *COLUMNS), columns, strict=True)),
    )


def rows_of(bars: Bars) -> list[tuple[float, ...]]:
    columns = [bars.time.tolist(), *(getattr(bars, name).tolist() for name in COLUMNS)]
    return list(zip(*columns, strict=True))


def test_it_makes_one_longer_bar_of_those_in_its_time() -> None:
    minutes = bars_of(
        [
            (T0, 10, 12, 9, 11, 1),
            (T0 + 60, 11, 15, 11, 14, 2),
            (T0 + 240, 14, 14, 8, 9, 3),
            (T0 + 300, 9, 9, 9, 9, 4),
        ]
    )
    longer = resample(minutes, "5m")
    assert longer.timeframe == "5m"
    assert rows_of(longer) == [(T0, 10, 15, 8, 9, 6), (T0 + 300, 9, 9, 9, 9, 4)]


def test_it_can_leave_out_the_bar_whose_time_goes_on() -> None:
    minutes = bars_of([(T0 + 60 * i, 1, 1, 1, 1, 1) for i in range(7)])
    assert len(resample(minutes, "5m")) == 2
    assert len(resample(minutes, "5m", unfinished=False)) == 1
    assert len(resample(minutes[:5], "5m", unfinished=False)) == 1


def test_it_makes_no_longer_bar_of_nothing() -> None:
    assert len(resample(bars_of([]), "1h", unfinished=False)) == 0


def test_it_refuses_a_timeframe_that_is_not_a_multiple() -> None:
    with pytest.raises(UsageError, match="Bars of 3m cannot become bars of 5m"):
        resample(bars_of([], "3m"), "5m")
    with pytest.raises(UsageError):
        resample(bars_of([], "1h"), "1m")
    with pytest.raises(UnknownInterval):
        resample(bars_of([]), "7m")


price = st.integers(1, 99).map(float)


@st.composite
def minutes(draw: st.DrawFn) -> Bars:
    """Minutes with holes in between."""
    times = sorted(draw(st.sets(st.integers(0, 600), max_size=60)))
    rows = [(T0 + 60 * at, *sorted(draw(st.tuples(price, price, price, price))), 1.0) for at in times]
    return bars_of([(time, a, d, low, b, volume) for time, low, a, b, d, volume in rows])


@given(minutes(), st.sampled_from(["3m", "15m", "1h", "4h"]))
def test_it_is_what_a_plain_loop_makes(bars: Bars, timeframe: str) -> None:
    length = {"3m": 180, "15m": 900, "1h": 3600, "4h": 14400}[timeframe]
    expected = []
    for time, group in groupby(rows_of(bars), key=lambda row: row[0] - row[0] % length):
        part = list(group)
        expected.append(
            (
                time,
                part[0][1],
                max(r[2] for r in part),
                min(r[3] for r in part),
                part[-1][4],
                sum(r[5] for r in part),
            )
        )
    assert rows_of(resample(bars, timeframe)) == expected


@given(minutes())
def test_by_way_of_another_timeframe_it_comes_to_the_same(bars: Bars) -> None:
    assert rows_of(resample(resample(bars, "15m"), "4h")) == rows_of(resample(bars, "4h"))


def lean(folder: Path, resolution: str) -> Bars:
    """LEAN's day files: ms since midnight, open, high, low, close, volume."""
    rows = []
    for path in sorted((folder / resolution / "btcusd").glob("*.zip")):
        midnight = int(datetime.strptime(path.name[:8], "%Y%m%d").replace(tzinfo=UTC).timestamp())
        with zipfile.ZipFile(path) as archive:
            for line in archive.read(archive.namelist()[0]).decode().split():
                ms, *values = line.split(",")
                rows.append((midnight + int(ms) // 1000, *map(float, values)))
    return bars_of(rows, {"second": "1s", "minute": "1m"}[resolution])


def test_recorded_seconds_make_the_recorded_minutes(recordings: Path) -> None:
    folder = recordings / "ohlcv/lean_crypto/crypto/coinbase"
    made, expected = resample(lean(folder, "second"), "1m"), lean(folder, "minute")
    assert len(made) == len(expected) > 3_000
    for name in ("time", "open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(made, name), getattr(expected, name))
    np.testing.assert_allclose(made.volume, expected.volume, rtol=1e-9)
