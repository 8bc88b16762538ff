"""Indicators a bar at a time: the same numbers as over the whole column, for every one of the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.core.errors import UsageError
from candlewick.core.events import Candle
from candlewick.market.bars import COLUMNS, Bars
from candlewick.market.indicators.catalogue import INDICATORS, parse
from candlewick.market.indicators.live import Live
from tests.market.indicators.ground import T0, walk

# Beside the usual numbers some that are as small, as large or as odd as they may be.
STUDIES = [
    *INDICATORS,
    "sma:2", "ema:2", "ema:90", "wma:2", "hma:2", "hma:3", "dema:31", "tema:2", "kama:2", "rsi:2", "atr:1",
    "atr:60",
    "macd:2:3:1", "macd:5:60:20", "stochastic:1:1:1", "stoch_rsi:2:2:1:1", "keltner:5:40:1.5",
    "supertrend:2:0.5",
    "parabolic_sar:0.2:0.2", "ichimoku:2:3:4:0", "adx:2", "vwap:7", "pivots:2", "volume_profile:2:4:0.5",
    f"anchored_vwap:{T0 + 50 * 3_600}", f"anchored_vwap:{T0 - 1}", "realised_volatility:1:365",
    "linreg_channel:2:1",
]  # fmt: skip


def candle(bars: Bars, row: int, **changed: float) -> Candle:
    numbers: dict[str, Any] = {name: float(getattr(bars, name)[row]) for name in COLUMNS}
    return Candle(
        "sim:X", "1h", int(bars.time[row]), **(numbers | changed), closed=True, ts_exchange=0, ts_received=0
    )


def lines_of(text: str, bars: Bars) -> np.ndarray[Any, Any]:
    return np.array(list(parse(text).compute(bars).values())).T


def follow(live: Live, bars: Bars, begin: int = 0) -> np.ndarray[Any, Any]:
    return np.array([live.closed(candle(bars, row)) for row in range(begin, len(bars))])


@pytest.mark.parametrize("text", STUDIES)
def test_bar_by_bar_it_is_what_it_is_over_the_column(text: str) -> None:
    bars = walk(330, seed=len(text), start=T0 - 5 * 3_600)
    np.testing.assert_array_equal(follow(parse(text).live(), bars), lines_of(text, bars))


@pytest.mark.parametrize("text", STUDIES)
@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 120),
    taken=st.integers(0, 120),
    volatility=st.sampled_from([0.0, 1e-6, 0.001, 0.3]),
)
def test_it_goes_on_from_any_history_in_any_market(
    text: str, seed: int, n: int, taken: int, volatility: float
) -> None:
    bars = walk(n, seed=seed, volatility=volatility)
    live = parse(text).live()
    history = live.take(bars[:taken])
    whole = lines_of(text, bars)
    np.testing.assert_array_equal(np.array(history).T, lines_of(text, bars[:taken]))
    if taken < n:
        np.testing.assert_array_equal(follow(live, bars, taken), whole[taken:])


@pytest.mark.parametrize("text", STUDIES)
def test_peeking_says_what_closing_would_give_and_changes_nothing(text: str) -> None:
    bars = walk(260, seed=5)
    live, untouched = parse(text).live(), parse(text).live()
    for row in range(len(bars)):
        bar = candle(bars, row)
        peeked = live.peek(bar)
        live.peek(candle(bars, row, close=bar.low, volume=bar.volume * 3.0))
        assert np.array_equal(peeked, live.peek(bar), equal_nan=True)
        assert np.array_equal(peeked, live.closed(bar), equal_nan=True)
        assert np.array_equal(peeked, untouched.closed(bar), equal_nan=True)


@pytest.mark.parametrize("text", STUDIES)
def test_on_recorded_hours_too(recordings: Path, text: str) -> None:
    frame = pyarrow.feather.read_table(recordings / "ohlcv/binance_spot_1h/BTC_USDT-1h.feather").slice(
        2_000, 600
    )
    time = frame["date"].to_numpy().astype("datetime64[s]").astype(np.int64)
    columns = {name: frame[name].to_numpy() for name in COLUMNS}
    bars = Bars.from_arrays(symbol="BTCUSDT", timeframe="1h", time=time, **columns)
    live = parse(text).live()
    live.take(bars[:350])
    np.testing.assert_array_equal(follow(live, bars, 350), lines_of(text, bars)[350:])


def test_a_bar_with_an_unknown_number_is_refused_and_not_taken() -> None:
    bars = walk(60, seed=1)
    live = parse("mfi:5").live()
    live.take(bars[:50])
    for look in (live.peek, live.closed):
        with pytest.raises(UsageError, match=r"The volume of the bar at [0-9]+ is nan: it must"):
            look(candle(bars, 50, volume=float("nan")))
    np.testing.assert_array_equal(follow(live, bars, 50), lines_of("mfi:5", bars)[50:])


def test_it_asks_only_for_the_columns_that_it_reads() -> None:
    bars = walk(60, seed=1)
    live = parse("ema:5").live()
    live.take(bars[:59])
    assert live.closed(candle(bars, 59, volume=float("nan"))) == (lines_of("ema:5", bars)[-1, 0],)
