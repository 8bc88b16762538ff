"""The catalogue: every indicator's lines, its warm-up and lookback, and requests that mean something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.market.indicators.catalogue import INDICATORS, MOST_AT_ONCE, parse, parse_list
from tests.market.indicators.ground import T0, walk


def bars(n: int) -> Bars:
    return walk(n, seed=7)


# What goes in and what comes out


@pytest.mark.parametrize("text", INDICATORS)
def test_every_line_is_as_long_as_the_bars_and_ends_known(text: str) -> None:
    study = parse(text)
    lines = study.compute(bars(400))
    assert tuple(lines) == study.lines
    for line in lines.values():
        assert len(line) == 400
        assert np.isfinite(line[-1])


@pytest.mark.parametrize("text", INDICATORS)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_bars_give_no_value_and_no_error(text: str, n: int) -> None:
    study = parse(text)
    lines = study.compute(bars(n)).values()
    assert [len(line) for line in lines] == [n] * len(study.lines)
    if n and study.warm_up is not None and study.warm_up >= n:
        assert any(np.isnan(line).all() for line in lines)


@pytest.mark.parametrize("text", INDICATORS)
def test_the_warm_up_is_that_of_the_last_line_to_begin(text: str) -> None:
    study = parse(text)
    if study.warm_up is not None:
        begins = [int(np.argmin(np.isnan(line))) for line in study.compute(bars(400)).values()]
        assert max(begins) == study.warm_up


@pytest.mark.parametrize(
    "text", sorted({*INDICATORS, f"anchored_vwap:{T0 + 3_600 * 5_000}"} - {"anchored_vwap"})
)
def test_what_lies_before_the_lookback_does_not_matter(text: str) -> None:
    if text == "anchored_vwap":
        text = f"anchored_vwap:{T0 + 3_600 * 2_000}"  # its usual anchor is the first bar, wherever that is
    study, whole = parse(text), walk(6_000, seed=1)
    cut = whole[-study.lookback - 1 :]
    for line, cut_line in zip(study.compute(whole).values(), study.compute(cut).values(), strict=True):
        if study.indicator.is_relative:
            line, cut_line = np.diff(line[-2:]), np.diff(cut_line[-2:])
        assert cut_line[-1] == pytest.approx(line[-1], rel=1e-6, abs=1e-6)


# Requests


def test_it_reads_an_indicator_with_its_numbers() -> None:
    given = ("ema:9", "EMA", " rsi:7 ", "macd:5:10", "bollinger:20:2.5", "vwap", "obv")
    keys = ["ema:9", "ema:20", "rsi:7", "macd:5:10:9", "bollinger:20:2.5", "vwap:1", "obv"]
    assert [parse(text).key for text in given] == keys


def test_it_reads_a_list_and_takes_each_once() -> None:
    assert [study.key for study in parse_list("ema:20,rsi:14,,ema")] == ["ema:20", "rsi:14"]
    assert parse_list("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("foo:3", "Unknown indicator 'foo'"),
        ("ema:x", "The period of ema is 'x': give a whole number from 2 to 1000"),
        ("ema:1.5", "whole number"),
        ("ema:0", "from 2 to 1000"),
        ("ema:100000", "from 2 to 1000"),
        ("ema:", "whole number"),
        ("ema:5:6", "takes period, but 'ema:5:6' has 2 numbers"),
        ("obv:5", "takes no numbers"),
        ("bollinger:20:nan", "give a number from 0.1 to 10"),
        ("macd:26:12", "must be below the slow one"),
        ("parabolic_sar:0.3:0.2", "must not be above most"),
        ("bolinger", "Did you mean bollinger?"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse(text)


def test_it_refuses_too_many_at_once() -> None:
    with pytest.raises(UsageError, match="ask for 16 at most"):
        parse_list(",".join(f"ema:{period}" for period in range(2, MOST_AT_ONCE + 3)))


def test_a_study_is_shown_over_the_prices_or_in_its_own_pane() -> None:
    panes: dict[str, Any] = {name: each.pane for name, each in INDICATORS.items()}
    assert panes["ema"] == panes["vwap"] == "price"
    assert panes["rsi"] == panes["macd"] == "own"
