"""Indicators: the values that others recorded, warm-up as NaN, and requests that mean something."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import UsageError
from candlewick.market import indicators as ta
from candlewick.market.bars import Bars, Column
from candlewick.market.indicators import INDICATORS, MOST_AT_ONCE, parse, parse_list

T0 = 1_700_006_400


def bars(n: int = 200, step: int = 3_600) -> Bars:
    walk = 100 * np.exp(np.cumsum(np.sin(np.arange(n) * 1.7) / 50))
    return Bars.from_arrays(
        symbol="X", timeframe="1h", time=T0 + step * np.arange(n), open=walk, high=walk * 1.01,
        low=walk * 0.98, close=walk * 1.001, volume=1 + np.arange(n) % 7,
    )  # fmt: skip


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], name: str) -> Column:
    return np.array([float(row[name] or "nan") for row in rows])


def assert_as_recorded(made: Column, recorded: Column, *, after: int = 0, rtol: float) -> None:
    known = ~np.isnan(recorded)
    known[:after] = False
    assert known.sum() > 50
    np.testing.assert_allclose(made[known], recorded[known], rtol=rtol)


# Against recorded values


def test_ema_is_as_recorded(recordings: Path) -> None:
    rows = table(recordings / "reference/lean_indicators/spy_ema.csv")
    assert_as_recorded(ta.ema(column(rows, "close"), 14), column(rows, "EMA14"), rtol=1e-9)


def test_sma_and_rsi_are_as_recorded(recordings: Path) -> None:
    rows = table(recordings / "reference/lean_indicators/spy_with_indicators.txt")
    close = column(rows, "Close")
    assert_as_recorded(ta.sma(close, 14), column(rows, "SMA14"), rtol=1e-6)
    assert_as_recorded(ta.rsi(close, 14), column(rows, "RSI 14 Wilder"), rtol=1e-5)


def test_atr_is_as_recorded(recordings: Path) -> None:
    rows = table(recordings / "reference/lean_indicators/spy_atr_wilder.txt")
    made = ta.atr(column(rows, "High"), column(rows, "Low"), column(rows, "Close"), 14)
    assert_as_recorded(made, column(rows, "Average True Range 14"), after=200, rtol=1e-4)


def test_bollinger_bands_are_as_recorded(recordings: Path) -> None:
    rows = table(recordings / "reference/lean_indicators/spy_bollinger_bands.txt")
    upper, middle, lower = ta.bollinger(column(rows, "Close"), 20, 2)
    assert_as_recorded(upper, column(rows, "Bollinger Bands® 20 2 Top"), rtol=1e-5)
    assert_as_recorded(middle, column(rows, "Moving Average 20"), rtol=1e-5)
    assert_as_recorded(lower, column(rows, "Bollinger Bands® 20 2 Bottom"), rtol=1e-5)


def test_macd_is_as_recorded(recordings: Path) -> None:
    rows = table(recordings / "reference/lean_indicators/spy_with_macd.txt")
    line, signal, histogram = ta.macd(column(rows, "Close"), 12, 26, 9)
    for made, name in ((line, "MACD"), (signal, "Signal"), (histogram, "Histogram")):
        known = ~np.isnan(column(rows, name))
        known[:150] = False
        np.testing.assert_allclose(made[known], column(rows, name)[known], atol=1e-4)


# What goes in and what comes out


@pytest.mark.parametrize("text", INDICATORS)
def test_every_line_is_as_long_as_the_bars_and_ends_known(text: str) -> None:
    study = parse(text)
    lines = study.compute(bars())
    assert tuple(lines) == study.indicator.outputs
    for line in lines.values():
        assert len(line) == 200
        assert np.isfinite(line[-1])


@pytest.mark.parametrize("text", INDICATORS)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_bars_give_no_value_and_no_error(text: str, n: int) -> None:
    for line in parse(text).compute(bars(n)).values():
        assert len(line) == n
        assert text == "vwap" or np.isnan(line).all()


@pytest.mark.parametrize("text", sorted(set(INDICATORS) - {"vwap"}))
def test_what_lies_before_the_lookback_does_not_matter(text: str) -> None:
    study, whole = parse(text), bars(2_000)
    cut = whole[-study.lookback - 1 :]
    for line, cut_line in zip(study.compute(whole).values(), study.compute(cut).values(), strict=True):
        assert cut_line[-1] == pytest.approx(line[-1], rel=1e-6, abs=1e-6)


def test_vwap_begins_anew_each_day() -> None:
    day = Bars.from_arrays(
        symbol="X", timeframe="12h", time=[T0 - 43_200, T0, T0 + 43_200], open=[1, 1, 1], high=[9, 6, 12],
        low=[9, 6, 12], close=[9, 6, 12], volume=[5, 1, 2],
    )  # fmt: skip
    np.testing.assert_allclose(ta.vwap(day), [9, 6, 10])


def test_a_chart_shows_no_vwap_of_a_day_whose_beginning_it_lacks() -> None:
    whole = bars(72)
    for begin in (0, 5, 24):
        (line,) = parse("vwap").compute(whole[begin:]).values()
        unknown = (24 - begin) % 24
        assert np.isnan(line[:unknown]).all()
        np.testing.assert_allclose(line[unknown:], ta.vwap(whole)[begin + unknown :])


def test_vwap_is_unknown_until_something_was_traded() -> None:
    quiet = Bars.from_arrays(
        symbol="X", timeframe="1h", time=[T0, T0 + 3600], open=[1, 2], high=[1, 2], low=[1, 2], close=[1, 2],
        volume=[0, 3],
    )  # fmt: skip
    np.testing.assert_array_equal(ta.vwap(quiet), [np.nan, 2])


@given(st.lists(st.floats(1, 1_000), max_size=60), st.integers(1, 20))
def test_sma_is_the_mean_of_the_last_values(values: list[float], period: int) -> None:
    expected = [
        np.nan if end < period else sum(values[end - period : end]) / period
        for end in range(1, len(values) + 1)
    ]
    np.testing.assert_allclose(ta.sma(values, period), expected, rtol=1e-9)


# Requests


def test_it_reads_an_indicator_with_its_numbers() -> None:
    given = ("ema:9", "EMA", " rsi:7 ", "macd:5:10", "bollinger:20:2.5", "vwap")
    keys = ["ema:9", "ema:20", "rsi:7", "macd:5:10:9", "bollinger:20:2.5", "vwap"]
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
        ("vwap:5", "takes no numbers"),
        ("bollinger:20:nan", "give a number from 0.1 to 10"),
        ("macd:26:12", "must be below the slow one"),
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
