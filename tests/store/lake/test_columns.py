"""Which of two versions of a row wins, whichever way they meet."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candlewick.store.lake.columns import Columns, merged

Row = tuple[int, bool, int, float]
rows = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 3), st.floats(0, 9)),
    unique_by=lambda row: row[0],
    max_size=10,
).map(sorted)


def from_rows(rows: list[Row]) -> Columns:
    time, closed, rev, close = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Columns(
        np.array(time, np.int64),
        {"close": np.array(close, np.float64)},
        np.array(closed, np.bool_),
        np.array(rev, np.int64),
    )


def to_rows(columns: Columns) -> list[Row]:
    return list(
        zip(
            columns.time.tolist(),
            columns.closed.tolist(),
            columns.rev.tolist(),
            columns.values["close"].tolist(),
            strict=True,
        )
    )


@given(rows, rows)
def test_closed_beats_open_then_the_later_known_then_the_old(old: list[Row], new: list[Row]) -> None:
    expected = {row[0]: row for row in old}
    for row in new:
        held = expected.get(row[0])
        if held is None or row[1:3] > held[1:3]:
            expected[row[0]] = row
    assert to_rows(merged(from_rows(old), from_rows(new))) == [expected[time] for time in sorted(expected)]


def test_it_cuts_by_time() -> None:
    columns = from_rows([(time, True, 0, 0.0) for time in (10, 20, 30)])
    assert columns.between(15, 30).time.tolist() == [20]
    assert columns.between(None, None) is columns
