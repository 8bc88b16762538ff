"""The estimated place in the queue: what trades takes, what cancellations take, what joins behind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.fills import queue, state


def resting() -> Any:
    order = np.zeros(1, state.ORDER)[0]
    order["ahead"] = math.nan
    return order


def ahead(order: Any) -> float:
    return float(order["ahead"])


def test_all_that_is_displayed_on_arrival_is_ahead() -> None:
    order = resting()
    queue.look(order, 7.0, True)
    assert ahead(order) == 7.0


def test_a_level_out_of_sight_is_taken_at_its_full_length_when_it_comes_into_sight() -> None:
    order = resting()
    queue.look(order, math.nan, True)
    assert queue.traded(order, 100.0, 100.0) == 0.0
    queue.look(order, 7.0, True)
    assert ahead(order) == 7.0


def test_trades_take_from_the_front_and_then_reach_the_order() -> None:
    order = resting()
    queue.look(order, 7.0, True)
    assert queue.traded(order, 4.0, 4.0) == 0.0
    assert queue.traded(order, 5.0, 5.0) == 2.0
    assert ahead(order) == 0.0


def test_what_disappears_without_a_trade_was_cancelled_evenly() -> None:
    order = resting()
    queue.look(order, 10.0, True)
    queue.look(order, 20.0, True)  # ten joined behind
    assert ahead(order) == 10.0
    queue.look(order, 10.0, True)  # ten of the twenty went: five of those ahead
    assert ahead(order) == 5.0


def test_a_part_of_a_lot_ahead_counts_as_one_where_there_are_lots() -> None:
    for whole, left in ((True, 4.0), (False, 10.0 / 3.0)):
        order = resting()
        queue.look(order, 5.0, whole)
        queue.look(order, 15.0, whole)
        queue.look(order, 10.0, whole)  # 5 × 10/15 = 3⅓
        assert ahead(order) == pytest.approx(left)


def test_what_disappears_by_a_trade_is_not_counted_twice() -> None:
    order = resting()
    queue.look(order, 10.0, True)
    queue.traded(order, 4.0, 4.0)
    queue.look(order, 6.0, True)
    assert ahead(order) == 6.0


def test_nobody_is_ahead_at_an_empty_level() -> None:
    order = resting()
    queue.look(order, 10.0, True)
    queue.look(order, 0.0, True)
    assert ahead(order) == 0.0


def test_what_orders_of_ours_took_before_does_not_reach_the_next() -> None:
    order = resting()
    queue.look(order, 2.0, True)
    assert queue.traded(order, 10.0, 3.0) == 1.0


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.sampled_from(["shown", "printed"]), st.integers(0, 1000)), max_size=30),
)
def test_the_place_never_gets_worse_and_never_exceeds_what_is_displayed(
    first: int, events: list[tuple[str, int]]
) -> None:
    order = resting()
    queue.look(order, float(first), True)
    for event, quantity in events:
        before = ahead(order)
        if event == "shown":
            queue.look(order, float(quantity), True)
            assert ahead(order) <= quantity
        else:
            reached = queue.traded(order, float(quantity), float(quantity))
            assert 0.0 <= reached <= quantity
            assert reached == 0.0 or ahead(order) == 0.0
        assert 0.0 <= ahead(order) <= before
