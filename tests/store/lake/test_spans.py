"""Sets of time ranges."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from candlewick.store.lake.spans import Span, holds, merged, missing

small = st.integers(0, 40)
some_spans = st.lists(st.tuples(small, small), max_size=8)


def moments(spans: list[Span]) -> set[int]:
    return {moment for start, end in spans for moment in range(start, end)}


@given(some_spans)
def test_it_keeps_the_same_moments_in_ranges_that_rise_and_do_not_touch(spans: list[Span]) -> None:
    out = merged(spans)
    assert moments(out) == moments(spans)
    assert all(start < end for start, end in out)
    assert all(before[1] < after[0] for before, after in pairwise(out))


@given(some_spans, small, small)
def test_it_finds_exactly_what_is_not_covered(spans: list[Span], start: int, end: int) -> None:
    out = missing(spans, start, end)
    assert moments(out) == set(range(start, end)) - moments(spans)
    assert merged(out) == out


def test_it_joins_ranges_that_touch() -> None:
    assert merged([(60, 120), (0, 60)]) == [(0, 120)]


@given(some_spans, small, small)
def test_a_range_is_held_if_nothing_of_it_is_missing(spans: list[Span], start: int, end: int) -> None:
    assert holds(merged(spans), start, end) == (not missing(spans, start, end))
