"""A bar's open and its range: what hurts comes first."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.fills import state
from candlewick.fills.state import Action, Rules
from candlewick.fills.stepper import Stepper

PLAIN = Rules(tick=0.1, lot=1.0)


def holding(units: float, rules: Rules = PLAIN) -> Stepper:
    stepper = Stepper(rules)
    stepper.position = units
    return stepper


def stop(stepper: Stepper, at: float, id: str = "stop") -> None:
    stepper.add(id, side=state.SELL, kind=state.STOP, quantity=2.0, stop=at, reduce_only=True)


def target(stepper: Stepper, at: float, id: str = "target") -> None:
    stepper.add(id, side=state.SELL, kind=state.LIMIT, quantity=2.0, limit=at, reduce_only=True,
                stage=state.RESTING)  # fmt: skip


def fills(actions: list[Action]) -> list[tuple[str, float, float]]:
    return [(each.order, each.price, each.quantity) for each in actions if each.what == state.FILLED]


def test_a_market_order_is_filled_at_the_open_with_slippage() -> None:
    stepper = Stepper(Rules(tick=0.1, lot=1.0, slippage=0.001))
    stepper.add("a", side=state.BUY, kind=state.MARKET, quantity=2.0)
    assert fills(stepper.open(100.0)) == [("a", 100.1, 2.0)]


def test_the_stop_is_taken_before_the_target_when_both_lie_in_the_bar() -> None:
    stepper = holding(2.0)
    target(stepper, 105.0)
    stop(stepper, 95.0)
    stepper.open(100.0)
    actions = stepper.range(106.0, 94.0, 100.0)
    assert fills(actions) == [("stop", 95.0, 2.0)]
    assert [(each.order, each.reason) for each in actions if each.what == state.ENDED] == [
        ("target", state.NOTHING_TO_REDUCE)
    ]
    assert stepper.position == 0.0


def test_the_target_is_taken_when_the_stop_is_not_reached() -> None:
    stepper = holding(2.0)
    target(stepper, 105.0)
    stop(stepper, 95.0)
    assert fills(stepper.open(100.0) + stepper.range(106.0, 95.1, 100.0)) == [("target", 105.0, 2.0)]


def test_a_stop_that_the_market_opened_beyond_is_filled_at_the_open() -> None:
    stepper = holding(2.0)
    stop(stepper, 95.0)
    assert fills(stepper.open(90.0)) == [("stop", 90.0, 2.0)]


def test_a_limit_that_the_market_opened_beyond_is_filled_at_its_own_price() -> None:
    stepper = holding(2.0)
    target(stepper, 105.0)
    assert fills(stepper.open(110.0)) == [("target", 105.0, 2.0)]


@pytest.mark.parametrize(("touch", "filled"), [(False, []), (True, [("target", 105.0, 2.0)])])
def test_a_limit_that_is_only_reached_is_filled_if_the_rules_say_so(
    touch: bool, filled: list[tuple[str, float, float]]
) -> None:
    stepper = holding(2.0, PLAIN._replace(touch=touch))
    target(stepper, 105.0)
    stepper.open(100.0)
    assert fills(stepper.range(105.0, 99.0, 104.0)) == filled


def test_what_a_stop_limit_leaves_behind_waits_for_the_next_bar() -> None:
    stepper = holding(2.0)
    stepper.add("a", side=state.SELL, kind=state.STOP_LIMIT, quantity=2.0, stop=95.0, limit=96.0)
    stepper.open(100.0)
    assert fills(stepper.range(101.0, 94.0, 95.5)) == []  # 101 was before 95, or after: nobody knows
    assert fills(stepper.open(95.5) + stepper.range(96.5, 95.0, 96.0)) == [("a", 96.0, 2.0)]


def test_a_trailing_stop_meets_the_low_with_what_it_knew_before_the_bar() -> None:
    stepper = holding(2.0)
    stepper.add("a", side=state.SELL, kind=state.TRAILING, quantity=2.0, trail=5.0)
    assert fills(stepper.open(100.0) + stepper.range(110.0, 96.0, 109.0)) == []  # best 100 → 95, then 110
    assert fills(stepper.open(109.0) + stepper.range(109.0, 104.0, 104.5)) == [("a", 105.0, 2.0)]


def test_a_trailing_stop_is_set_off_between_the_best_price_and_the_close() -> None:
    stepper = holding(2.0)
    stepper.add("a", side=state.SELL, kind=state.TRAILING, quantity=2.0, trail=5.0)
    assert fills(stepper.open(100.0) + stepper.range(110.0, 99.0, 104.0)) == [("a", 105.0, 2.0)]


def test_what_is_not_filled_at_the_open_of_its_bar_ends_if_it_may_not_rest() -> None:
    stepper = Stepper(PLAIN)
    stepper.add("a", side=state.BUY, kind=state.LIMIT, quantity=2.0, limit=99.0, tif=state.IOC)
    stepper.add("b", side=state.BUY, kind=state.LIMIT, quantity=2.0, limit=101.0, post_only=True)
    assert [(each.order, each.reason) for each in stepper.open(100.0)] == [
        ("a", state.NOT_AT_ONCE),
        ("b", state.WOULD_TRADE),
    ]


bars = st.lists(st.lists(st.integers(90, 110), min_size=4, max_size=4), min_size=1, max_size=20)


@given(
    bars,
    st.lists(
        st.tuples(
            st.sampled_from([state.MARKET, state.LIMIT, state.STOP, state.TAKE_PROFIT, state.TRAILING]),
            st.sampled_from([state.BUY, state.SELL]),
            st.integers(92, 108),
            st.booleans(),
        ),
        max_size=8,
    ),
)
def test_every_fill_of_a_bar_is_at_a_price_the_bar_had_and_no_order_gets_more_than_it_asked(
    bars: list[list[int]], wanted: list[tuple[int, int, int, bool]]
) -> None:
    stepper = Stepper(Rules(tick=1.0, lot=1.0))
    got = {}
    for number, (kind, side, at, reduce_only) in enumerate(wanted):
        got[f"o{number}"] = 0.0
        stepper.add(
            f"o{number}", side=side, kind=kind, quantity=3.0, reduce_only=reduce_only,
            limit=float(at) if kind == state.LIMIT else math.nan,
            stop=float(at) if kind in (state.STOP, state.TAKE_PROFIT) else math.nan,
            trail=4.0,
        )  # fmt: skip
    position = 0.0
    for prices in bars:
        first, last = float(prices[0]), float(prices[-1])
        high, low = float(max(prices)), float(min(prices))
        at_open = stepper.open(first)
        for action in at_open + stepper.range(high, low, last):
            if action.what != state.FILLED:
                continue
            _, side, at, reduce_only = wanted[int(action.order[1:])]
            if action.maker:
                assert action.price == at  # at its limit, though the market may have opened beyond it
            else:
                assert low <= action.price <= high
            before, position = position, position + side * action.quantity
            assert not reduce_only or abs(position) < abs(before)
            got[action.order] += action.quantity
            assert got[action.order] <= 3.0
        assert stepper.position == position


def test_of_two_stops_in_a_bar_the_nearer_is_met_first() -> None:
    stepper = holding(2.0)
    stop(stepper, 95.0)
    stepper.add("trail", side=state.SELL, kind=state.TRAILING, quantity=2.0, trail=3.0, reduce_only=True)
    stepper.open(100.0)
    assert fills(stepper.range(100.5, 94.0, 94.5)) == [("trail", 97.0, 2.0)]


def test_what_one_order_of_an_entry_closes_the_others_no_longer_can() -> None:
    """The stop of one entry of two lots; a third lot was bought beside it."""
    stepper = holding(3.0)
    stepper.add("stop", side=state.SELL, kind=state.STOP, quantity=2.0, stop=95.0, reduce_only=True, group=1,
                left=2.0)  # fmt: skip
    stepper.add("target", side=state.SELL, kind=state.TAKE_PROFIT, quantity=2.0, stop=105.0, reduce_only=True,
                group=1, left=2.0)  # fmt: skip
    stepper.open(100.0)
    actions = stepper.range(106.0, 94.0, 100.0)
    assert fills(actions) == [("stop", 95.0, 2.0)]
    assert "target" not in stepper
    assert stepper.position == 1.0


def test_a_bar_between_all_orders_stirs_none() -> None:
    stepper = holding(2.0)
    stop(stepper, 95.0)
    target(stepper, 105.0)
    stepper.open(100.0)
    assert stepper.range(104.9, 95.1, 100.0) == []
    stepper.set_stop("stop", 99.0)
    assert fills(stepper.range(104.9, 98.0, 100.0)) == [("stop", 99.0, 2.0)]
