"""What a search may try: as a grid, as points, one step aside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick import Param
from candlewick.core.errors import UsageError
from candlewick.research.space import Dimension, space_of
from tests.research.hills import Cross, Wide


def test_all_parameters_with_a_range_are_searched_in_their_order() -> None:
    space = space_of(Cross)
    assert space.names == ("fast", "slow", "shorts")
    assert space.size == 9 * 28 * 2
    assert space_of(Wide).size is None


def test_named_ones_alone_are_searched_where_some_are_named() -> None:
    space = space_of(Cross, {"slow": Param(5, low=4, high=10, step=3), "shorts": [True]})
    assert [each.values for each in space.dimensions] == [(4, 7, 10), (True,)]
    assert list(space.grid()) == [{"slow": slow, "shorts": True} for slow in (4, 7, 10)]


def test_values_are_read_as_the_strategy_reads_them() -> None:
    space = space_of(Cross, {"fast": (each for each in (3.0, np.int64(5), 5, "7"))})
    assert space.dimensions[0].values == (3, 5, 7)
    assert all(type(each) is int for each in space.dimensions[0].values)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"fast": Param(5, low=1, high=9)}, "fast of Cross is 1"),
        ({"part": Param(0.5, low=0.0, high=2.0)}, "part of Wide is 2.0"),
        ({"part": Param(0.5)}, "part in space= has no range"),
        ({"side": ["short", "sideways"]}, "side of Wide is 'sideways': give 'long', 'short' or 'both'."),
        ({"side": "short"}, "give a Param, or a list of values"),
    ],
)
def test_what_a_strategy_does_not_take_is_refused_before_anything_is_run(ranges: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        space_of(Cross if "fast" in ranges else Wide, ranges)
    assert words in str(caught.value)


def test_a_grid_beyond_all_measure_is_refused() -> None:
    space = space_of(Wide, {"part": [n / 1000 for n in range(1000)], "hour": range(24), "side": ["long"]})
    assert space.size == 24_000
    space = space_of(Wide, {"part": [n / 1_000_000 for n in range(100_000)], "hour": range(24)})
    with pytest.raises(UsageError, match="has 2,400,000 sets: give larger steps"):
        space.grid()


dimensions = st.one_of(
    st.integers(1, 30).map(lambda count: Dimension("x", tuple(range(10, 10 + count)))),
    st.tuples(st.floats(-100, 100), st.floats(0.1, 100)).map(
        lambda pair: Dimension("x", None, pair[0], pair[0] + pair[1])
    ),
)


@given(dimensions, st.floats(0, 1))
def test_a_value_is_found_again_at_its_own_place(dimension: Dimension, share: float) -> None:
    value = dimension.at(share)
    again = dimension.at(dimension.share(value))
    assert again == (pytest.approx(value) if dimension.values is None else value)


def test_every_value_has_an_equal_part_of_the_way() -> None:
    dimension = Dimension("x", ("a", "b", "c", "d"))
    assert [dimension.at(share) for share in (0, 0.2499, 0.25, 0.74, 0.76, 1)] == [
        "a",
        "a",
        "b",
        "c",
        "d",
        "d",
    ]


def test_what_lies_beside_a_value() -> None:
    assert Dimension("x", (2, 4, 8)).beside(4) == [2, 8]
    assert Dimension("x", (2, 4, 8)).beside(2) == [4]
    assert Dimension("x", ("a", "b", "c"), is_ordered=False).beside("b") == ["a", "c"]
    assert Dimension("x", None, 0.0, 10.0).beside(0.25) == [0.75]
