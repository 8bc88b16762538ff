"""An hour's prints come back from their file as they were, raw or sealed, and at any step between."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.venues.sim.hours import RECORD, RECORD_TYPE, append, read, replace, seal, steps_of
from tests.examples import examples

HOUR = 490_000
PRINTS = st.lists(
    st.tuples(
        st.integers(0, 3_599_999),
        st.integers(1, 2**32 - 1),
        st.integers(-(2**60), 2**60).filter(bool),
        st.integers(0, 5),
    ),
    max_size=60,
)


@settings(max_examples=examples(40))
@given(prints=PRINTS)
def test_it_reads_what_was_written_before_while_and_after_it_is_sealed(
    prints: list[tuple[int, int, int, int]],
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / f"{HOUR}.raw"
        raw.write_bytes(b"".join(RECORD.pack(*each) for each in prints) + b"half")
        check(folder, prints)
        for _ in seal(raw, RECORD_TYPE, steps_of):
            check(folder, prints)
        assert not raw.exists()
        check(folder, prints)


def check(folder: Path, prints: list[tuple[int, int, int, int]]) -> None:
    for number in range(6):
        columns = read(folder, HOUR, number)
        expected = [(HOUR * 3_600_000 + at, ticks, lots) for at, ticks, lots, of in prints if of == number]
        assert list(zip(*columns, strict=True)) == expected


def test_it_finds_nothing_where_nothing_was_written(tmp_path: Path) -> None:
    assert list(read(tmp_path, HOUR, 0).ts_ms) == []


def test_it_replaces_a_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "some"
    replace(file, b"old")
    replace(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_it_says_when_the_disk_took_only_a_part() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(OSError, match="space"):
        append(writer, b"x" * 10_000_000)
    os.close(reader)
    os.close(writer)
