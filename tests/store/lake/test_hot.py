"""Hot rows: packed and back without a change, and only those taken away that were seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.store.lake import hot
from candlewick.store.lake.columns import Columns
from candlewick.store.lake.database import Database
from candlewick.store.lake.kinds import OPEN_INTEREST
from tests.store.lake.samples import BTC, trade

number = st.one_of(st.none(), st.floats())
rows = st.lists(
    st.tuples(st.integers(0, 2**62), st.booleans(), st.integers(0, 2**62), st.tuples(number, number)),
    unique_by=lambda row: row[0],
    max_size=8,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(tmp_path_factory.mktemp("hot"))
    yield opened
    opened.close()


@given(rows)
def test_a_row_comes_back_as_it_was_put_both_ways(shared: Database, rows: list[hot.Row]) -> None:
    with shared.write() as connection:
        connection.execute("DELETE FROM hot_rows")
        assert hot.put(connection, OPEN_INTEREST, 1, rows) == len(rows)
        found = hot.select(connection, OPEN_INTEREST, 1)
        hot.put_columns(connection, OPEN_INTEREST, 2, found)
        again = hot.select(connection, OPEN_INTEREST, 2)
    for columns in (found, again):
        expected = sorted(rows, key=lambda row: row[0])
        assert columns.time.tolist() == [row[0] for row in expected]
        assert columns.closed.tolist() == [row[1] for row in expected]
        assert columns.rev.tolist() == [row[2] for row in expected]
        for at, name in enumerate(OPEN_INTEREST.values):
            values = [math.nan if row[3][at] is None else row[3][at] for row in expected]
            np.testing.assert_array_equal(columns.values[name], values)


def test_a_row_bettered_since_it_was_seen_is_not_taken_away(database: Database) -> None:
    with database.write() as connection:
        hot.put(connection, OPEN_INTEREST, 1, [(10, True, 1, (1.0, None)), (20, True, 1, (1.0, None))])
        seen = hot.select(connection, OPEN_INTEREST, 1)
        hot.put(connection, OPEN_INTEREST, 1, [(20, True, 2, (2.0, None))])
        hot.remove(connection, 1, seen)
        assert hot.select(connection, OPEN_INTEREST, 1).time.tolist() == [20]


def test_it_selects_columns_ranges_and_the_newest(database: Database) -> None:
    with database.write() as connection:
        hot.put(connection, OPEN_INTEREST, 1, [(t, True, 0, (float(t), 0.5)) for t in range(5)])

        def times(**bounds: int) -> list[int]:
            found: Columns = hot.select(connection, OPEN_INTEREST, 1, names=("value",), **bounds)
            assert list(found.values) == ["value"]
            return [int(time) for time in found.time]

        assert times() == [0, 1, 2, 3, 4]
        assert times(start=1, end=4) == [1, 2, 3]
        assert times(limit=2) == [3, 4]
        assert times(end=3, limit=2) == [1, 2]
        assert hot.times(connection, 1, 3).tolist() == [0, 1, 2]


def test_a_number_given_to_a_batch_of_trades_is_never_given_again(database: Database) -> None:
    with database.write() as connection:
        hot.add_trades(connection, 1, [trade(1, 5)], (5, 5))
        (first,) = hot.select_trades(connection, 1)
        hot.remove_trades(connection, [first.id])
        hot.add_trades(connection, 1, [trade(2, 6)], (6, 6))
        (second,) = hot.select_trades(connection, 1)
    assert second.id > first.id
    assert second.trades == [trade(2, 6)]
    assert second.trades[0].instrument == BTC
