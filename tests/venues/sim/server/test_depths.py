"""Merging diffs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from candlewick.venues.sim.model import DepthDiff
from candlewick.venues.sim.server.depths import merge

side = st.dictionaries(st.integers(1, 20), st.integers(0, 5), max_size=6).map(lambda d: list(d.items()))


@given(st.lists(st.tuples(side, side), min_size=1, max_size=8))
def test_a_merged_diff_leaves_the_same_book_as_its_parts(
    parts: list[tuple[list[tuple[int, int]], ...]],
) -> None:
    diffs = [
        DepthDiff(10 * n + 1, 10 * n + 10, 10 * n, n, bids, asks) for n, (bids, asks) in enumerate(parts)
    ]
    whole = merge(diffs)
    assert (whole.first_id, whole.last_id, whole.prev_id) == (1, 10 * len(diffs), 0)
    assert applied([whole]) == applied(diffs)


def applied(diffs: list[DepthDiff]) -> tuple[dict[int, int], dict[int, int]]:
    books: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for diff in diffs:
        for book, levels in zip(books, (diff.bids, diff.asks), strict=True):
            for ticks, lots in levels:
                book[ticks] = lots
                if not lots:
                    del book[ticks]
    return books
