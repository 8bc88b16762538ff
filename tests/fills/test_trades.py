"""How far a trade was behind and ahead: of its last bar it saw no more than it stayed for."""

from __future__ import annotations

from typing import Any

import pytest

import candlewick as cw
from tests.backtest.test_run import FLAT, Said, at, bars_of

LAST = (102.0, 110.0, 90.0, 104.0)
FAR = (-0.1, 0.1)  # as parts of an entry at 100, the whole range of the last bar


def only_trade(*rows: tuple[float, float, float, float], short: bool = False, **said: Any) -> Any:
    """Entered at the second open, at 100."""
    attributes = {name: said.pop(name) for name in ("time_exit", "partial_exits") if name in said}
    costs = {"fee_taker": 0.0, "cash": 1_000, "slippage_bps": said.pop("slippage_bps", 0.0)}
    costs["leverage"] = said.pop("leverage", 1.0)
    enter = "enter_short" if short else "enter_long"
    strategy = Said(**{enter: at(len(rows), 0)}, **said)
    for name, value in attributes.items():
        setattr(strategy, name, value)
    (trade,) = cw.backtest(strategy, bars_of(*rows), **costs).trades
    return trade


def seen(trade: Any) -> tuple[float, float]:
    return trade.mae, trade.mfe


def test_one_that_is_still_open_saw_all_of_the_last_bar() -> None:
    assert seen(only_trade(FLAT, FLAT, LAST)) == pytest.approx(FAR)


def test_one_that_left_by_a_signal_saw_only_the_open() -> None:
    trade = only_trade(FLAT, FLAT, LAST, exit_long=at(3, 1))
    assert trade.reason == "signal"
    assert seen(trade) == pytest.approx((-0.01, 0.02))


def test_one_that_left_by_time_saw_only_the_open() -> None:
    trade = only_trade(FLAT, FLAT, LAST, time_exit=1)
    assert trade.reason == "time_exit"
    assert seen(trade) == pytest.approx((-0.01, 0.02))


def test_one_that_was_stopped_was_never_worse_than_its_exit() -> None:
    trade = only_trade(FLAT, FLAT, LAST, stop_loss=0.05)
    assert trade.reason == "stop_loss"
    assert seen(trade) == pytest.approx((-0.05, 0.1))


def test_a_short_one_is_the_other_way_round() -> None:
    trade = only_trade(FLAT, FLAT, LAST, short=True, stop_loss=0.05)
    assert trade.reason == "stop_loss"
    assert seen(trade) == pytest.approx((-0.05, 0.1))


def test_one_that_reached_its_target_was_never_better_than_its_exit() -> None:
    trade = only_trade(FLAT, FLAT, LAST, take_profit=0.05)
    assert trade.reason == "take_profit"
    assert seen(trade) == pytest.approx((-0.1, 0.05))


def test_one_whose_last_bar_opened_beyond_its_stop_saw_only_that_open() -> None:
    trade = only_trade(FLAT, FLAT, (80.0, 120.0, 70.0, 100.0), stop_loss=0.05)
    assert trade.reason == "stop_loss"
    assert seen(trade) == pytest.approx((-0.2, 0.01))


def test_so_it_is_where_it_slipped_from_that_open() -> None:
    trade = only_trade(FLAT, FLAT, (80.0, 120.0, 70.0, 100.0), stop_loss=0.05, slippage_bps=10)
    entry = 100 * 1.001
    assert seen(trade) == pytest.approx((80 / entry - 1, 101 / entry - 1))


def test_what_was_closed_in_parts_is_judged_by_its_last_exit() -> None:
    rows = (FLAT, FLAT, (100.0, 103.0, 99.0, 102.0), LAST)
    trade = only_trade(*rows, stop_loss=0.05, partial_exits=((0.02, 0.5),))
    assert trade.exit_price == pytest.approx(98.5)  # the mean of 102 and 95
    assert seen(trade) == pytest.approx((-0.05, 0.1))


def test_one_whose_margin_ended_was_never_worse_than_that() -> None:
    trade = only_trade(FLAT, FLAT, (100.0, 101.0, 50.0, 60.0), leverage=5)
    assert trade.reason == "liquidation"
    assert seen(trade) == pytest.approx((-0.2, 0.01))


def test_a_trailing_stop_that_followed_within_its_last_bar_may_have_seen_all_of_it() -> None:
    trade = only_trade(FLAT, FLAT, (100.0, 110.0, 98.0, 104.0), trailing_stop=0.05)
    assert trade.exit_price == pytest.approx(104.5)
    assert seen(trade) == pytest.approx((-0.02, 0.1))


def test_a_trailing_stop_that_was_there_before_cut_off_what_came_after() -> None:
    trade = only_trade(FLAT, FLAT, (100.0, 100.5, 90.0, 91.0), trailing_stop=0.05)
    assert trade.exit_price == pytest.approx(95.95)
    assert seen(trade) == pytest.approx((-0.0405, 0.01))
