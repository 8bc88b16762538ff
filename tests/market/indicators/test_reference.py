"""Against the values that others recorded: LEAN's tables and Tulip Indicators' test file.

A table holds rounded numbers, so the tolerance is half of the last decimal it gives. `after` is the row from
which on the numbers are compared: 0 unless the others begin a recursive mean differently, in which case the
two have met by then. The tests below the tables show what the difference is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from candlewick import ta
from candlewick.market.bars import Column
from candlewick.market.indicators.catalogue import parse
from candlewick.market.indicators.run import OVER_COLUMNS
from tests.market.indicators.ground import table, walk

# file, study, recorded column of each line, tolerance, first row that is compared
LEAN: list[tuple[str, str, dict[str, str], float, int]] = [
    ("spy_ema.csv", "ema:14", {"ema": "EMA14"}, 1e-12, 0),
    ("spy_with_indicators.txt", "sma:14", {"sma": "SMA14"}, 6e-3, 0),
    ("spy_with_indicators.txt", "ema:14", {"ema": "EMA14"}, 6e-3, 0),
    ("spy_with_indicators.txt", "rsi:14", {"rsi": "RSI 14 Wilder"}, 6e-6, 0),
    # there each EMA begins with its own first values, here both at the slow one's first row
    ("spy_with_indicators.txt", "macd:12:26:9", {"macd": "MACD 12 26"}, 6e-4, 150),
    (
        "spy_with_macd.txt", "macd:12:26:9",
        {"macd": "MACD", "signal": "Signal", "histogram": "Histogram"}, 2e-5, 0,
    ),
    ("spy_hma.txt", "hma:16", {"hma": "HMA_16"}, 6e-8, 0),
    (
        "spy_bollinger_bands.txt", "bollinger:20:2",
        {
            "upper": "Bollinger Bands® 20 2 Top", "middle": "Moving Average 20",
            "lower": "Bollinger Bands® 20 2 Bottom",
        },
        7e-5, 0,
    ),
    (
        "spy_heikin_ashi.txt", "heikin_ashi",
        {"open": "HA_Open", "high": "HA_High", "low": "HA_Low", "close": "HA_Close"}, 6e-8, 0,
    ),
    ("spy_mfi.txt", "mfi:20", {"mfi": "Money Flow Index 20"}, 1e-5, 0),
    ("spy_with_StochRSI.csv", "stoch_rsi:14:14:3:3", {"k": "k", "d": "d"}, 1e-9, 0),
    ("spy_with_stoch12k3.txt", "stochastic:12:3:5", {"k": "Stochastics 12 %K 3", "d": "%D 5"}, 5e-4, 0),
    ("spy_with_cci.txt", "cci:14", {"cci": "Commodity Channel Index (CCI) 14"}, 3e-3, 0),
    ("spy_with_williamsR14.txt", "williams_r:14", {"williams_r": "Williams %R 14"}, 5e-4, 0),
    (
        "spy_with_don50.txt", "donchian:50",
        {
            "upper": "Donchian Channels 50 Top", "lower": "Donchian Channels 50 Bottom",
            "middle": "Donchian Channels 50 Mean",
        },
        1e-9, 0,
    ),
    (
        "spy_with_ichimoku.csv", "ichimoku",
        {"conversion": "Tenkan", "base": "Kijun", "leading_a": "Senkou A", "leading_b": "Senkou B"}, 1e-9, 0,
    ),
    # the recorded volumes have seven digits
    ("spy_with_obv.txt", "obv", {"obv": "OBV"}, 2e3, 0),
    # Wilder's first sums hold one row less here, as in TA-Lib
    ("spy_with_adx.txt", "adx:14", {"adx": "ADX 14", "plus_di": "+DI14", "minus_di": "-DI14"}, 6e-5, 280),
    # there the first range is that of the first bar alone
    ("spy_atr_wilder.txt", "atr:14", {"atr": "Average True Range 14"}, 6e-6, 250),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "recorded", "atol", "after"), LEAN, ids=[row[1] for row in LEAN])
def test_it_is_as_recorded_with_lean(
    recordings: Path, file: str, text: str, recorded: dict[str, str], atol: float, after: int
) -> None:
    columns = table(recordings / "reference/lean_indicators" / file)
    study = parse(text)
    inputs = [columns.get(name.capitalize(), columns.get(name)) for name in study.indicator.columns]
    made = study.indicator.formula(OVER_COLUMNS, *inputs, *study.values)
    lines = dict(zip(study.lines, made if isinstance(made, tuple) else (made,), strict=True))
    for line, name in recorded.items():
        known = ~np.isnan(columns[name]) & ~np.isnan(lines[line])
        known[:after] = False
        assert known.sum() > 150
        np.testing.assert_allclose(lines[line][known], columns[name][known], rtol=1e-12, atol=atol)
        first = int(np.argmin(np.isnan(columns[name])))
        assert not np.isnan(lines[line][max(first, study.warm_up or 0) :]).any()


def test_a_first_range_from_the_bar_alone_gives_leans_atr_in_every_row(recordings: Path) -> None:
    columns = table(recordings / "reference/lean_indicators/spy_atr_wilder.txt")
    made = ta.atr(*_after_a_still_bar(columns["High"], columns["Low"], columns["Close"]), 14)[1:]
    recorded = columns["Average True Range 14"]
    np.testing.assert_allclose(made, recorded, rtol=0.0, atol=6e-4)


def test_leans_vwap_weighs_the_mean_of_four_prices(recordings: Path) -> None:
    columns = table(recordings / "reference/lean_indicators/spy_with_vwap.txt")
    mean = (columns["Open"] + columns["High"] + columns["Low"] + columns["Close"]) / 4.0
    made = ta.rolling_vwap(mean, mean, mean, columns["Volume"], 50)
    known = ~np.isnan(columns["Moving VWAP 50"])
    np.testing.assert_allclose(made[known], columns["Moving VWAP 50"][known], rtol=0.0, atol=6e-5)


def test_leans_keltner_channel_takes_simple_means(recordings: Path) -> None:
    columns = table(recordings / "reference/lean_indicators/spy_with_keltner.csv")
    high, low, close = (columns[name] for name in ("High", "Low", "Close"))
    middle, top = columns["Middle Band"], columns["Keltner Channels 20 Top"]
    known = ~np.isnan(middle)
    known[20] = False  # our first true range is that of row 1
    np.testing.assert_allclose(
        ta.sma((high + low + close) / 3.0, 20)[known], middle[known], rtol=0.0, atol=6e-5
    )
    ranges = ta.atr(high, low, close, 1)
    known &= ~np.isnan(ta.sma(ranges, 20))
    np.testing.assert_allclose(1.5 * ta.sma(ranges, 20)[known], (top - middle)[known], rtol=0.0, atol=2e-4)


# Tulip Indicators: a name, its inputs, its outputs, to three decimals

TULIP: list[tuple[str, int, Callable[..., Any]]] = [
    ("ad", 4, ta.adl),
    ("aroon 5", 2, lambda high, low: ta.aroon(high, low, 5)[::-1]),
    ("bbands 5 2", 1, lambda c: ta.bollinger(c, 5, 2)[::-1]),
    ("cci 5", 3, lambda high, low, close: ta.cci(high, low, close, 5)),
    ("hma 5", 1, lambda c: ta.hma(c, 5)),
    ("linreg 5", 1, lambda c: ta.linreg_channel(c, 5).middle),
    ("linregslope 5", 1, lambda c: ta.linreg_slope(c, 5)),
    ("mfi 5", 4, lambda high, low, close, volume: ta.mfi(high, low, close, volume, 5)),
    ("mom 5", 1, lambda c: ta.momentum(c, 5)),
    (
        "psar .2 2",
        2,
        lambda high, low: ta.parabolic_sar(high, low, 0.2, 1.0),
    ),  # the highest factor that we take
    ("roc 5", 1, lambda c: ta.roc(c, 5) / 100.0),
    ("rsi 5", 1, lambda c: ta.rsi(c, 5)),
    ("sma 5", 1, lambda c: ta.sma(c, 5)),
    ("stoch 5 3 3", 3, lambda high, low, close: ta.stochastic(high, low, close, 5, 3, 3)),
    ("stochrsi 5", 1, lambda c: ta.stoch_rsi(c, 5, 5, 1, 1).k / 100.0),
    ("ultosc 2 3 5", 3, lambda high, low, close: ta.ultimate_oscillator(high, low, close, 2, 3, 5)),
    ("vwma 5", 2, lambda c, v: ta.rolling_vwap(c, c, c, v, 5)),
    ("willr 5", 3, lambda high, low, close: ta.williams_r(high, low, close, 5)),
    ("wma 5", 1, lambda c: ta.wma(c, 5)),
    # theirs begins with 0, ours with the first volume
    ("obv", 2, lambda c, v: ta.obv(c, v) - v[0]),
    # theirs has the first ranges and KAMA's seed as a row of its own
    ("di 5", 3, lambda high, low, close: ta.adx(high, low, close, 5)[1:]),
    ("kama 5", 1, lambda c: ta.kama(c, 5)),
    # theirs begins an EMA with the first value: so does ours after many rows of it
    ("ema 5", 1, lambda c: _begun_at_once(c, 5)),
    ("macd 2 5 9", 1, lambda c: ta.macd(_after_itself(c), 2, 5, 9)[:1]),
    # theirs takes the first bar's own range for the first true range: so does ours after a still bar
    ("atr 5", 3, lambda high, low, close: ta.atr(*_after_a_still_bar(high, low, close), 5)[1:]),
    ("natr 5", 3, lambda high, low, close: ta.natr(*_after_a_still_bar(high, low, close), 5)[1:]),
]


@pytest.mark.parametrize(("name", "inputs", "compute"), TULIP, ids=[row[0] for row in TULIP])
def test_it_is_as_recorded_with_tulip(
    recordings: Path, name: str, inputs: int, compute: Callable[..., Any]
) -> None:
    columns = _tulip(recordings / "reference/tulip/untest.txt", name)
    made = compute(*columns[:inputs])
    lines = made if isinstance(made, tuple) else (made,)
    for line, recorded in zip(lines, columns[inputs:], strict=False):
        ours = line[-recorded.size :]
        known = ~np.isnan(ours)
        assert known.sum() >= recorded.size - 1
        np.testing.assert_allclose(ours[known], recorded[known], rtol=0.0, atol=5.1e-4)


def test_tulips_multiple_emas_are_the_same_sums_begun_at_once(recordings: Path) -> None:
    path = recordings / "reference/tulip/untest.txt"
    close, dema = _tulip(path, "dema 5")
    tema, trix = _tulip(path, "tema 5")[1], _tulip(path, "trix 5")[1]
    one = _begun_at_once(close, 5)
    two = np.append(np.full(4, np.nan), _begun_at_once(one[4:], 5))
    three = np.append(np.full(8, np.nan), _begun_at_once(two[8:], 5))
    np.testing.assert_allclose((2 * one - two)[8:], dema, rtol=0.0, atol=5.1e-4)
    np.testing.assert_allclose((3 * one - 3 * two + three)[12:], tema, rtol=0.0, atol=5.1e-4)
    # Tulip's TRIX takes the change in percent of the new value, ours of the one before.
    np.testing.assert_allclose(100 * np.diff(three[12:]) / three[13:], trix, rtol=0.0, atol=5.1e-4)


@pytest.mark.parametrize("period", [2, 5, 20])
def test_ours_are_those_sums_begun_with_simple_means(period: int) -> None:
    close = walk(300, seed=3).close
    one = ta.ema(close, period)
    two = ta.ema(one, period)
    three = ta.ema(two, period)
    np.testing.assert_allclose(ta.dema(close, period), 2 * one - two, rtol=1e-12)
    np.testing.assert_allclose(ta.tema(close, period), 3 * one - 3 * two + three, rtol=1e-12)
    np.testing.assert_allclose(ta.trix(close, period), ta.roc(three, 1), rtol=1e-9, atol=1e-12)


def _begun_at_once(values: Column, period: int) -> Column:
    return ta.ema(_after_itself(values), period)[100:]


def _tulip(path: Path, name: str) -> list[Column]:
    block = path.read_text().split(f"\n\n{name}\n", maxsplit=1)[1].split("\n\n", maxsplit=1)[0]
    return [np.array(row.strip("{}").split(","), dtype=float) for row in block.splitlines() if len(row) > 2]


def _after_itself(values: Column) -> Column:
    """The column after a hundred rows of its first value, which are what its means then begin with."""
    return np.concatenate([np.full(100, values[0]), values])


def _after_a_still_bar(high: Column, low: Column, close: Column) -> tuple[Column, Column, Column]:
    """The bars after one whose price the first of them covers, so that its true range is its own."""
    before = (high[0] + low[0]) / 2.0
    made = [np.concatenate([[before], column]) for column in (high, low, close)]
    return made[0], made[1], made[2]
