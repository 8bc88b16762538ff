"""Parquet files: every float comes back, damage is told by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import StoreError
from candlewick.store.lake import cold
from candlewick.store.lake.columns import Columns

prices = st.lists(st.decimals(0, 10_000_000, places=8).map(float), max_size=30)
anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30)


def columns(**values: list[float]) -> Columns:
    size = len(next(iter(values.values())))
    return Columns(
        np.arange(size, dtype=np.int64) * 60,
        {name: np.array(column, np.float64) for name, column in values.items()},
        np.ones(size, np.bool_),
        np.arange(size, dtype=np.int64) + 1_700_000_000_000_000_000,
    )


@given(st.one_of(prices, anything))
def test_it_gives_every_float_back_exactly(values: list[float]) -> None:
    array = np.array(values, np.float64)
    back = cold.to_floats(pa.chunked_array([cold.to_arrow(array)]))
    np.testing.assert_array_equal(back, array)


@given(st.lists(st.decimals(0, 90_000_000, places=5).map(float), min_size=1, max_size=30))
def test_it_keeps_prices_as_decimals_as_short_as_they_are(values: list[float]) -> None:
    scale = cold.decimal_scale(np.array(values))
    assert scale is not None
    assert scale <= 5


def test_it_falls_back_to_doubles_where_a_decimal_would_not_be_exact() -> None:
    assert cold.to_arrow(np.array([1 / 3, 2.0])).type == pa.float64()
    assert cold.to_arrow(np.array([0.5, 2.25])).type == pa.decimal64(18, 2)


def test_it_writes_what_other_tools_read_as_decimals_on_delta_packed_integers(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    cold.write_table(path, cold.columns_table(columns(close=[1.25, 2.5], trades=[3.0, float("nan")])))
    with pq.ParquetFile(path) as file:
        for at in range(4):
            chunk = file.metadata.row_group(0).column(at)
            assert chunk.physical_type == "INT64"
            assert "DELTA_BINARY_PACKED" in chunk.encodings
            assert chunk.compression == "UNCOMPRESSED"
        assert file.read()["close"].to_pylist()[0].as_tuple() == (0, (1, 2, 5), -2)
        assert file.read()["trades"].to_pylist()[1] is None


def test_it_reads_back_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    written = columns(open=[1.0, 2.0], close=[1.5, float("nan")])
    cold.write_table(tmp_path / "x.parquet", cold.columns_table(written))
    back = cold.read_columns(tmp_path / "x.parquet", ("close",), with_rev=True)
    assert list(back.values) == ["close"]
    np.testing.assert_array_equal(back.values["close"], written.values["close"])
    np.testing.assert_array_equal(back.time, written.time)
    np.testing.assert_array_equal(back.rev, written.rev)


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        (None, None, 40_000),
        (0, 60, 16_384),
        (20_000 * 60, None, 40_000 - 16_384),
        (None, 0, 0),
        (10**9, None, 0),
    ],
)
def test_it_reads_only_the_row_groups_that_a_range_needs(
    tmp_path: Path, start: int | None, end: int | None, rows: int
) -> None:
    written = columns(close=[float(i) for i in range(40_000)])
    path = tmp_path / "x.parquet"
    cold.write_table(path, cold.columns_table(written))
    assert cold.read_table(path, ["close"], start=start, end=end).num_rows == rows
    back = cold.read_columns(path, ("close",), with_rev=False, start=start, end=end)
    np.testing.assert_array_equal(back.time, written.between(start, end).time)
    np.testing.assert_array_equal(back.values["close"], written.between(start, end).values["close"])


def test_it_leaves_no_unfinished_file_behind(tmp_path: Path) -> None:
    cold.write_table(tmp_path / "x.parquet", cold.columns_table(columns(close=[1.0])))
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


def test_it_tells_by_name_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(cold.FileVanished, match=r"gone\.parquet is missing"):
        cold.read_columns(tmp_path / "gone.parquet", ("close",), with_rev=False)


@pytest.mark.parametrize("damage", ["cut", "zeroed", "not parquet", "empty"])
def test_it_tells_by_name_which_file_is_damaged(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "hurt.parquet"
    size = cold.write_table(path, cold.columns_table(columns(close=[float(i) for i in range(5_000)])))
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: size // 2],
            "zeroed": whole[:100] + bytes(size - 200) + whole[-100:],
            "not parquet": b"time,close\n1,2\n",
            "empty": b"",
        }[damage]
    )
    with pytest.raises(StoreError, match=r"hurt\.parquet"):
        cold.read_columns(path, ("close",), with_rev=False)


def test_it_tells_which_column_a_file_lacks(tmp_path: Path) -> None:
    cold.write_table(tmp_path / "x.parquet", cold.columns_table(columns(close=[1.0])))
    with pytest.raises(StoreError, match="lacks the column 'open'"):
        cold.read_columns(tmp_path / "x.parquet", ("open", "close"), with_rev=False)
