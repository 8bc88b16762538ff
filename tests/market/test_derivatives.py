"""What is known of a perpetual: the newest value of each field, whichever message brought it."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.events import Derivative
from candlewick.market.derivatives import DerivativeState

FIELDS = ("last", "mark", "index", "funding_rate", "next_funding", "open_interest")


def message(ts: int, **fields: Any) -> Derivative:
    return Derivative("sim:X-PERP", ts, ts, **fields)


def test_it_knows_nothing_at_first() -> None:
    state = DerivativeState()
    assert [getattr(state, name) for name in FIELDS] == [None] * 6
    assert state.premium is None


def test_it_puts_partial_messages_together() -> None:
    state = DerivativeState()
    assert state.add(message(1, mark=101.0, index=100.0, funding_rate=-0.0001, next_funding=28_800))
    assert state.add(message(2, open_interest=5.0))
    assert state.add(message(3, mark=102.0))
    assert (state.mark, state.index, state.funding_rate, state.next_funding, state.open_interest) == (
        102.0, 100.0, -0.0001, 28_800, 5.0,
    )  # fmt: skip
    assert state.premium == pytest.approx(0.02)
    assert state.ts == 3


def test_it_says_whether_anything_is_new() -> None:
    state = DerivativeState()
    assert state.add(message(1, mark=101.0))
    assert not state.add(message(2, mark=101.0))
    assert not state.add(message(3))


def test_an_older_message_does_not_replace_a_newer_value() -> None:
    state = DerivativeState()
    state.add(message(5, mark=101.0))
    state.add(message(4, mark=99.0, index=100.0))
    assert (state.mark, state.index) == (101.0, 100.0)


@pytest.mark.parametrize(
    "fields", [{"mark": nan}, {"mark": -1.0}, {"index": inf}, {"open_interest": -1.0}, {"funding_rate": nan}]
)
def test_it_leaves_out_an_impossible_value(fields: dict[str, float]) -> None:
    state = DerivativeState()
    state.add(message(1, mark=101.0, index=100.0, open_interest=1.0, funding_rate=0.1))
    state.add(message(2, **fields))
    assert (state.mark, state.index, state.open_interest, state.funding_rate) == (101.0, 100.0, 1.0, 0.1)
    assert state.rejected == 1


values = st.integers(1, 9)


@given(st.lists(st.tuples(st.integers(0, 9), st.dictionaries(st.sampled_from(FIELDS), values)), max_size=20))
def test_each_field_is_that_of_the_newest_message_that_had_it(
    messages: list[tuple[int, dict[str, int]]],
) -> None:
    state = DerivativeState()
    for ts, fields in messages:
        state.add(message(ts, **fields))
    for name in FIELDS:
        said = [(ts, index, fields[name]) for index, (ts, fields) in enumerate(messages) if name in fields]
        assert getattr(state, name) == (max(said)[2] if said else None)
