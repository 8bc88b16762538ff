"""What cannot be backtested is refused with a sentence that names it, before anything is run."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.core.errors import BadData, StrategyError, UsageError
from candlewick.market.bars import Bars
from tests.backtest.test_run import FLAT, Said, bars_of

BARS = bars_of(FLAT, FLAT, FLAT)


@pytest.mark.parametrize(
    ("bars", "sentence"),
    [
        ("BTCUSDT", r"'BTCUSDT' is a name and no bars: load them first, cw\.load\('BTCUSDT', \"1h\"\)"),
        (None, r"NoneType is no Bars: make them of a frame"),
        ([1, 2], r"int is no Bars"),
        ({"a": "BTCUSDT"}, r"'BTCUSDT' is a name"),
        ([], r"There are no bars to trade on"),
        (BARS[:0], r"X has no bars: load a range"),
        ([BARS, BARS], r"X stands there more than once"),
    ],
)
def test_what_is_no_bars_is_named(bars: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cw.backtest(Said(enter_long=True), bars)


def columns(**changed: Any) -> Bars:
    every: dict[str, Any] = {
        "symbol": "X", "timeframe": "1h", "time": 3600 * np.arange(4), "open": [100.0] * 4,
        "high": [101.0] * 4, "low": [99.0] * 4, "close": [100.0] * 4, "volume": [1.0] * 4,
    }  # fmt: skip
    return Bars.from_arrays(**(every | changed))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"time": [0, 7200, 3600, 10800]},
            r"The time in row 2 of X .* before the one of the row above: sort",
        ),
        ({"time": [0, 3600, 3600, 10800]}, r"The time in row 2 of X .* again: .*remove duplicates"),
        ({"close": [100, np.nan, 100, 100]}, r"close in row 1 of X \(1970-01-01 01:00\) is nan: remove"),
        ({"open": [100, 100, -1, 100]}, r"open in row 2 of X .* is -1: remove"),
        ({"high": [101, 101, 101, 98]}, r"The high in row 3 of X .* is 98, the low 99"),
        ({"volume": [1, 1, -1, 1]}, r"volume in row 2 of X .* is -1"),
        ({"timeframe": "1d"}, r"The bars of X are of 1d, but the one in row 1 .* opens 3600 s after"),
        ({"timeframe": "7q"}, r"7q"),
    ],
)
def test_bars_that_cannot_be_are_named_by_row(changed: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cw.backtest(Said(enter_long=True), columns(**changed))


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"cash": 0}, r"cash is 0\.0: give an amount above zero"),
        ({"cash": "abc"}, r"cash is 'abc': give a number"),
        ({"cash": None}, r"cash is None: give a number"),
        ({"cash": 10**400}, r"cash is 10{59}…: give a smaller number"),
        ({"fee_taker": "abc"}, r"fee_taker is 'abc': give a number"),
        ({"fee_taker": 0.5}, r"fee_taker is 0\.5: give a fraction"),
        ({"slippage_bps": -1}, r"slippage_bps is -1\.0: give basis points"),
        ({"leverage": 0}, r"The leverage is 0\.0: give a number from 1 to 125"),
        ({"days_a_year": float("nan")}, r"days_a_year is nan: give 365, or 252 for stocks"),
        ({"drive": "fast"}, r"drive is 'fast': give one of arrays, woken, on_bar, step"),
    ],
)
def test_numbers_that_make_no_sense_are_named(numbers: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cw.backtest(Said(enter_long=True), BARS, **numbers)


class WantsAnArgument(Said):
    def __init__(self, wanted: int) -> None:
        super().__init__(enter_long=bool(wanted))


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        (5, r"5 is no strategy: give a class derived from cw\.Strategy"),
        (dict, r"<class 'dict'> is no strategy"),
        (WantsAnArgument, r"WantsAnArgument cannot be made by itself \(.*wanted.*\): make one and give that"),
    ],
)
def test_what_is_no_strategy_is_named(strategy: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cw.backtest(strategy, BARS)


def test_indicators_that_have_no_names_are_told_what_they_must_be() -> None:
    class Listed(Said):
        def indicators(self, bars: Bars) -> Any:
            return [bars.close]

    with pytest.raises(StrategyError, match=r"indicators\(\) of Listed answers list: it must return columns"):
        cw.backtest(Listed(enter_long=True), BARS)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"enter_long": np.array([True, None, False])}, r"enter_long is None in row 1: a signal is true or"),
        ({"enter_long": True, "tag": ["a", "b"]}, r"tag has 2 names, but there are 3 bars: give one word"),
        ({"enter_long": True, "tag": 5}, r"tag has 0 names"),
        ({"enter_long": True, "tag": "T" * 81}, r"tag has 81 letters in row 0: give 80 at most"),
        ({"enter_long": [0, 1, 0], "tag": ["T" * 99, "T" * 99, ""]}, r"tag has 99 letters in row 1"),
    ],
)
def test_signals_that_say_no_truth_are_named_by_row(said: Any, sentence: str) -> None:
    with pytest.raises(BadData, match=sentence):
        cw.backtest(Said(**said), BARS)


def test_truth_values_in_a_column_of_objects_are_truth_values() -> None:
    wanted = np.array([True, False, False], dtype=object)
    assert len(cw.backtest(Said(enter_long=wanted), BARS).fills) == 1


def test_a_strategy_cannot_write_into_its_bars() -> None:
    class Spoiling(Said):
        def indicators(self, bars: Bars) -> Any:
            bars.close[:] = 1.0
            return {}

    with pytest.raises(StrategyError, match=r"bars\.close\[:\] = 1\.0\): ValueError: .*read-only"):
        cw.backtest(Spoiling(enter_long=True), BARS)
    assert BARS.close.tolist() == [100.0] * 3


@pytest.mark.parametrize(
    ("rate", "mark", "sentence"),
    [
        ([0.0001, 9.0], None, r"funding rate in row 1 is 9: give the fraction"),
        ([0.0001, np.nan], None, r"funding rate in row 1 is not a number"),
        ([0.0001, 0.0001], [0.0, 100.0], r"mark in row 0 of the funding is 0: give a price"),
    ],
)
def test_funding_that_cannot_be_is_refused_by_row(rate: Any, mark: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cw.FundingRates(np.array([60, 120]), np.array(rate), None if mark is None else np.array(mark))


def test_a_future_asked_for_is_refused_with_the_line() -> None:
    class Foresight(Said):
        def on_bar(self, ctx: cw.Context) -> None:
            ctx.close[len(ctx.close)]

    with pytest.raises(StrategyError, match=r"test_bad_input\.py, line \d+: ctx\.close.*Row 1 is not known"):
        cw.backtest(Foresight(), BARS)


def test_a_strategy_that_leaves_by_exit_has_failed() -> None:
    class Leaving(Said):
        def indicators(self, bars: Bars) -> Any:
            sys.exit(0)

    with pytest.raises(StrategyError, match=r"indicators\(\) of Leaving .*sys\.exit\(0\)\): SystemExit"):
        cw.backtest(Leaving(enter_long=True), BARS)


def test_so_has_one_that_leaves_from_its_on_bar() -> None:
    class Leaving(cw.Strategy):
        def on_bar(self, ctx: cw.Context) -> None:
            sys.exit(0)

    with pytest.raises(StrategyError, match=r"on_bar\(\) of Leaving .*: SystemExit"):
        cw.backtest(Leaving(), BARS)
