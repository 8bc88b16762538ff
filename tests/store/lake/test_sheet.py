"""History files as columns, and the rows that cannot be read, by line and reason."""

from __future__ import annotations

import gzip
import zipfile
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import CandlewickError, StoreError, UsageError
from candlewick.store.lake.names import FileKind, read_name
from candlewick.store.lake.sheet import Sheet, read_sheet

HEADER = "date,open,high,low,close,volume\n"
MS = 1_000_000
KLINE = "1704067200000,1,4,0.5,2,10.5,1704070799999,99.5,47,5,6,0"


def read(path: Path, text: str | None = None, kind: FileKind = "candles") -> Sheet:
    if text is not None:
        path.write_text(text)
    return read_sheet(path, read_name(path), kind)


@pytest.mark.parametrize(
    ("written", "ns"),
    [
        ("1704067200", 1_704_067_200_000 * MS),
        ("1704067200123", 1_704_067_200_123 * MS),
        ("1704067200123456", 1_704_067_200_123_456_000),
        ("1704067200123456789", 1_704_067_200_123_456_789),
        ("1704067200.5", 1_704_067_200_500 * MS),
        ("2024-01-01", 1_704_067_200_000 * MS),
        ("2024-01-01 00:00:00", 1_704_067_200_000 * MS),
        ("2024-01-01T00:00:00Z", 1_704_067_200_000 * MS),
        ("2024-01-01T02:00:00.000001+02:00", 1_704_067_200_000_001_000),
    ],
)
def test_it_understands_times_as_they_are_written(tmp_path: Path, written: str, ns: int) -> None:
    assert read(tmp_path / "x.csv", f"{HEADER}{written},1,2,0.5,1.5,10\n").time.tolist() == [ns]


def test_it_reads_binances_columns_without_a_header(tmp_path: Path) -> None:
    sheet = read(tmp_path / "BTCUSDT-1h-2024-01.csv", f"{KLINE}\n")
    assert sheet.time.tolist() == [1_704_067_200_000 * MS]
    assert {name: column.tolist() for name, column in sheet.numbers.items()} == {
        "open": [1.0], "high": [4.0], "low": [0.5], "close": [2.0],
        "volume": [10.5], "quote_volume": [99.5], "trades": [47.0],
    }  # fmt: skip


@pytest.mark.parametrize("ending", [".zip", ".csv.gz", ".csv"])
def test_it_unpacks(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"BTCUSDT-1h-2024-01{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("BTCUSDT-1h-2024-01.csv", KLINE)
    elif ending == ".csv.gz":
        path.write_bytes(gzip.compress(KLINE.encode()))
    else:
        path.write_text("\ufeff" + KLINE, encoding="utf-8")
    assert read(path).numbers["close"].tolist() == [2.0]


def test_it_reads_binances_trades_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-2024-01-01.csv"
    sheet = read(path, "7,42000.5,0.25,70,75,1704067200123,true,true\n", kind="trades")
    assert sheet.time.tolist() == [1_704_067_200_123 * MS]
    assert sheet.texts == {"id": ["7"], "buyer_is_maker": ["true"]}
    assert sheet.numbers["first_id"].tolist() == [70.0]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1704067200,1,2,0.5,1.5", "has 5 columns, not 6"),
        ("1704067200,1,2,0.5,1.5,1,9", "has 7 columns, not 6"),
        ("1704067200,1,2,0.5,abc,1", "close is not a number: 'abc'"),
        ("1704067200,1,2,0.5,1_5,1", "close is not a number: '1_5'"),
        ("1704067200,1,2,0.5,,1", "close is not a number: ''"),
        ("yesterday,1,2,0.5,1.5,1", "time cannot be read: 'yesterday'"),
        (",1,2,0.5,1.5,1", "time is missing"),
        ("-5,1,2,0.5,1.5,1", "time is out of range: '-5'"),
        ("9999999999999999999999,1,2,0.5,1.5,1", "time is out of range: '9999999999999999999999'"),
        ("inf,1,2,0.5,1.5,1", "time cannot be read: 'inf'"),
    ],
)
def test_it_leaves_out_a_row_it_cannot_read_and_says_why(tmp_path: Path, row: str, reason: str) -> None:
    good = "1704063600,1,2,0.5,1.5,1\n1704070800,1,2,0.5,1.5,1\n"
    sheet = read(tmp_path / "x.csv", f"{HEADER}{good}{row}\n1704074400,1,2,0.5,1.5,1\n")
    assert [(bad.line, bad.reason) for bad in sheet.bad] == [(4, reason)]
    assert sheet.lines.tolist() == [2, 3, 5]


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("x.csv", b"", UsageError, "is empty"),
        ("x.csv", b"a,b\n1,2\n", UsageError, "no column 'time'"),
        ("x.csv", b"date,open,high,low\n", UsageError, "no column 'close'"),
        ("x.csv", b"1,2,3\n", UsageError, "no layout that is known"),
        ("x.csv", b"date,open\n\xff\xfe\x00", CandlewickError, "x.csv"),
        ("x.csv", HEADER.encode() + b"1704067200,\xff,1,1,1,1\n", StoreError, "not text in UTF-8"),
        ("x.zip", b"PK nonsense", StoreError, "cannot be read"),
        ("x.csv.gz", b"nonsense", StoreError, "cannot be read"),
        ("x.feather", b"nonsense", StoreError, "cannot be read"),
        ("x.parquet", b"nonsense", StoreError, "cannot be read"),
        ("x.pdf", b"%PDF", UsageError, "no type that can be imported"),
    ],
)
def test_it_says_what_is_wrong_with_a_file(
    tmp_path: Path, name: str, content: bytes, error: type[CandlewickError], words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=words):
        read(tmp_path / name)


def test_it_refuses_an_archive_of_several_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", KLINE)
        archive.writestr("b.csv", KLINE)
    with pytest.raises(UsageError, match="holds 2 files"):
        read(tmp_path / "x.zip")


def test_it_tells_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        read(tmp_path / "x.csv")


def test_it_reads_a_table_with_any_sort_of_time(tmp_path: Path) -> None:
    prices = {name: [1.0, 2.0] for name in ("open", "high", "low", "close", "volume")}
    seconds = [1_704_067_200, 1_704_070_800]
    for times in (
        pa.array([s * 1000 for s in seconds], pa.timestamp("ms", "UTC")),
        pa.array(seconds, pa.timestamp("s")),
        pa.array(seconds),
        pa.array([float(s * 1000) for s in seconds]),
        pa.array(["2024-01-01 00:00", "2024-01-01 01:00"]),
    ):
        feather.write_feather(pa.table({"date": times, **prices}), tmp_path / "x.feather")
        assert read(tmp_path / "x.feather").time.tolist() == [s * 1000 * MS for s in seconds], times.type


def test_a_row_of_a_table_without_a_time_is_left_out(tmp_path: Path) -> None:
    table = pa.table(
        {
            "date": pa.array([1_704_067_200_000, None, 1_704_070_800_000], pa.timestamp("ms", "UTC")),
            **{name: ["1", "2", "3"] for name in ("open", "high", "low", "volume")},
            "close": ["1.5", "2.5", "x"],
        }
    )
    feather.write_feather(table, tmp_path / "x.feather")
    sheet = read(tmp_path / "x.feather")
    assert sheet.numbers["close"].tolist() == [1.5]
    assert [(bad.line, bad.reason) for bad in sheet.bad] == [
        (2, "time is missing"),
        (3, "close is not a number: 'x'"),
    ]


def test_a_table_with_columns_of_an_odd_sort_is_told(tmp_path: Path) -> None:
    odd = pa.array([[1.0], [2.0]])
    table = pa.table({"date": pa.array([0, 60]), **dict.fromkeys(("open", "high", "low", "close"), odd)})
    feather.write_feather(table, tmp_path / "x.feather")
    with pytest.raises(StoreError, match="cannot be read"):
        read(tmp_path / "x.feather")


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_give_rows_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with suppress(CandlewickError):
        read(path)


CELLS = st.sampled_from(("1", "-1", "1e400", "nan", "", "x", '"', "1704067200", "9" * 30))


@given(st.lists(st.lists(CELLS, max_size=8), max_size=6))
def test_any_cells_give_rows_or_a_reason_each(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    lines = [",".join(row) for row in rows]
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    with suppress(CandlewickError):
        sheet = read(path)
        assert all(column.size == sheet.time.size for column in sheet.numbers.values())
        if not any('"' in line for line in lines):  # a quote may join lines
            assert sheet.time.size + len(sheet.bad) == sum(bool(line) for line in lines)
