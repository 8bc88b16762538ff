"""Indicators that no recorded table holds, against their definitions, as plain as they can be."""

from __future__ import annotations

from math import floor, log, sqrt

import numpy as np
import pytest

from candlewick import ta
from candlewick.market.bars import Bars, Column
from tests.market.indicators.ground import T0, walk

BARS = walk(240, seed=9)
ROWS = len(BARS)
TRADED = (BARS.high, BARS.low, BARS.close, BARS.volume)


def assert_same(made: Column, expected: list[float]) -> None:
    np.testing.assert_allclose(made, expected, rtol=1e-9, atol=1e-12)


def test_kama_weighs_by_efficiency() -> None:
    close, period = BARS.close, 10
    expected, mean = [np.nan] * period, close[period - 1]
    for row in range(period, ROWS):
        moved = abs(close[row] - close[row - period])
        way = sum(abs(close[at] - close[at - 1]) for at in range(row - period + 1, row + 1))
        weight = (moved / way * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        mean += weight * (close[row] - mean)
        expected.append(mean)
    assert_same(ta.kama(close, period), expected)


def test_supertrend_moves_only_with_the_trend() -> None:
    ranges = ta.atr(BARS.high, BARS.low, BARS.close, 7)
    made = ta.supertrend(BARS.high, BARS.low, BARS.close, 7, 2.0)
    upper = lower = None
    up = True
    for row in range(7, ROWS):
        middle = (BARS.high[row] + BARS.low[row]) / 2
        above, below = middle + 2 * ranges[row], middle - 2 * ranges[row]
        before = BARS.close[row - 1]
        upper = above if upper is None or above < upper or before > upper else upper
        lower = below if lower is None or below > lower or before < lower else lower
        up = BARS.close[row] >= lower if up else BARS.close[row] > upper
        if row > 7:  # what it begins with is TA-Lib's own choice
            assert made.line[row] == pytest.approx(lower if up else upper, rel=1e-12)
            assert made.direction[row] == (1 if up else -1)
        else:
            up = made.direction[row] > 0


def test_cmf_is_money_flow_by_volume() -> None:
    high, low, close, volume = TRADED
    flows = [
        v * ((c - lo) - (h - c)) / (h - lo) if h > lo else 0.0
        for h, lo, c, v in zip(high, low, close, volume, strict=True)
    ]
    expected = [np.nan] * 9 + [
        sum(flows[row - 9 : row + 1]) / sum(volume[row - 9 : row + 1]) for row in range(9, ROWS)
    ]
    assert_same(ta.cmf(*TRADED, 10), expected)


def test_the_zscore_counts_population_deviations() -> None:
    windows = [BARS.close[row - 19 : row + 1] for row in range(19, ROWS)]
    expected = [(window[-1] - window.mean()) / window.std() for window in windows]
    assert_same(ta.zscore(BARS.close, 20), [np.nan] * 19 + expected)
    assert np.isnan(ta.zscore(np.full(30, 0.1), 20)).all()


def test_the_regression_channel_is_that_of_least_squares() -> None:
    made = ta.linreg_channel(BARS.close, 30, 1.5)
    slopes = ta.linreg_slope(BARS.close, 30)
    for row in range(29, ROWS):
        window = BARS.close[row - 29 : row + 1]
        slope, start = np.polyfit(np.arange(30), window, 1)
        fit = start + slope * np.arange(30)
        assert slopes[row] == pytest.approx(slope, rel=1e-7, abs=1e-10)
        assert made.middle[row] == pytest.approx(fit[-1], rel=1e-10)
        assert made.upper[row] - made.middle[row] == pytest.approx(1.5 * (window - fit).std(), rel=1e-6)
        assert made.middle[row] - made.lower[row] == pytest.approx(made.upper[row] - made.middle[row])


def test_a_straight_line_has_a_channel_of_no_width() -> None:
    made = ta.linreg_channel(np.arange(50) * 3.7 + 1e4, 10, 2)
    np.testing.assert_allclose(made.upper[9:], made.lower[9:], rtol=1e-9)


def test_realised_volatility_takes_the_mean_return_for_zero() -> None:
    changes = [log(now / before) for before, now in zip(BARS.close, BARS.close[1:], strict=False)]
    expected = [np.nan] * 5 + [
        sqrt(sum(change**2 for change in changes[row - 5 : row]) / 5 * 365) for row in range(5, ROWS)
    ]
    assert_same(ta.realised_volatility(BARS.close, 5, 365), expected)


def test_the_keltner_channel_is_ema_and_atr() -> None:
    high, low, close, _ = TRADED
    made = ta.keltner(high, low, close, 20, 10, 2.5)
    middle, width = ta.ema((high + low + close) / 3, 20), 2.5 * ta.atr(high, low, close, 10)
    np.testing.assert_allclose(made.middle, middle, rtol=1e-12)
    np.testing.assert_allclose(made.upper, middle + width, rtol=1e-12)
    np.testing.assert_allclose(made.lower, middle - width, rtol=1e-12)


@pytest.mark.parametrize("days", [1, 2, 7])
def test_pivots_come_from_the_session_before(days: int) -> None:
    bars = walk(900, seed=3, start=T0 + 5 * 3_600)
    made = ta.pivots(bars.time, bars.high, bars.low, bars.close, days)
    session = [floor((time - 345_600) / (86_400 * days)) for time in bars.time]
    for row in range(len(bars)):
        before = [at for at in range(row) if session[at] == session[row] - 1]
        if not before or session[before[0]] == session[0]:  # the first one's beginning is not among the bars
            assert np.isnan(made.pivot[row])
            continue
        top, bottom, last = bars.high[before].max(), bars.low[before].min(), bars.close[before[-1]]
        pivot = (top + bottom + last) / 3
        assert [line[row] for line in made] == pytest.approx(
            [
                pivot,
                2 * pivot - bottom,
                pivot + top - bottom,
                top + 2 * (pivot - bottom),
                2 * pivot - top,
                pivot - (top - bottom),
                bottom - 2 * (top - pivot),
            ]
        )


def test_the_other_pivots_stand_around_pivot_or_close() -> None:
    day = Bars.from_arrays(
        symbol="X", timeframe="1d", time=T0 + 86_400 * np.arange(2), open=[10, 11], high=[14, 12],
        low=[8, 10],
        close=[11, 11], volume=[1, 1],
    )  # fmt: skip
    columns = (day.time, day.high, day.low, day.close)
    fibonacci, camarilla = ta.pivots(*columns, kind="fibonacci"), ta.pivots(*columns, kind="camarilla")
    assert [line[1] for line in fibonacci] == pytest.approx(
        [11, 11 + 6 * 0.382, 11 + 6 * 0.618, 17, 11 - 6 * 0.382, 11 - 6 * 0.618, 5]
    )
    assert [line[1] for line in camarilla[1:4]] == pytest.approx([11.55, 12.1, 12.65])


def test_vwap_begins_anew_each_session() -> None:
    day = Bars.from_arrays(
        symbol="X", timeframe="12h", time=[T0, T0 + 43_200, T0 + 86_400, T0 + 129_600], open=[1] * 4,
        high=[9, 6, 12, 3], low=[9, 6, 12, 3], close=[9, 6, 12, 3], volume=[1, 2, 0, 4],
    )  # fmt: skip
    columns = (day.time, day.high, day.low, day.close, day.volume)
    np.testing.assert_allclose(ta.vwap(*columns), [9, 7, np.nan, 3])
    np.testing.assert_allclose(ta.anchored_vwap(*columns, T0 + 40_000), [np.nan, 6, 6, 4])
    np.testing.assert_allclose(ta.anchored_vwap(*columns, 0), [9, 7, 7, 33 / 7])
    np.testing.assert_allclose(ta.anchored_vwap(*columns, T0 - 1), [np.nan] * 4)


def test_there_is_no_vwap_of_a_session_whose_beginning_is_missing() -> None:
    bars = walk(72, seed=1)
    columns = (bars.time, *(getattr(bars, name) for name in ("high", "low", "close", "volume")))
    whole = ta.vwap(*columns)
    for begin in (0, 5, 24):
        line = ta.vwap(*(column[begin:] for column in columns))
        unknown = (24 - begin) % 24
        assert np.isnan(line[:unknown]).all()
        np.testing.assert_allclose(line[unknown:], whole[begin + unknown :])


def test_a_week_begins_on_monday() -> None:
    monday = 1_704_067_200  # 2024-01-01
    time = monday - 86_400 + 86_400 * np.arange(3)
    ones = np.ones(3)
    made = ta.vwap(time, [1, 2, 3], [1, 2, 3], [1, 2, 3], ones, 7)
    np.testing.assert_allclose(made, [np.nan, 2, 2.5])


def test_of_equal_extremes_the_newest_counts_for_aroon() -> None:
    made = ta.aroon([1, 5, 5, 2, 3], [1, 1, 2, 1, 2], 4)
    assert (made.up[-1], made.down[-1]) == (50, 75)


def test_where_there_is_nothing_to_divide_by_the_page_says_what_comes() -> None:
    still, none = np.full(60, 0.1), np.zeros(60)
    bar = (still, still, still)
    for line in (
        ta.rsi(still), ta.cci(*bar), ta.williams_r(*bar), ta.stochastic(*bar).d, ta.stoch_rsi(still).d,
        ta.mfi(*bar, none), ta.cmf(*bar, none), ta.adl(*bar, none + 1.0),
    ):  # fmt: skip
        assert line[-1] == 0.0
    for line in (ta.zscore(still), ta.rolling_vwap(*bar, none)):
        assert np.isnan(line[-1])


def test_patterns_are_found_where_they_end() -> None:
    # Twelve quiet bars falling by a little, then a small black body wholly inside a large white one.
    opened = np.array([*np.arange(120.0, 108.0, -1), 108.0, 106.0])
    close = np.array([*np.arange(119.0, 107.0, -1), 107.0, 109.0])
    high, low = np.maximum(opened, close) + 0.1, np.minimum(opened, close) - 0.1
    made = ta.pattern("engulfing", opened, high, low, close)
    assert made[-1] == 100
    assert set(made[2:-1]) == {0}
    assert np.isnan(made[:2]).all()
    assert len(ta.PATTERNS) == 61


def test_a_profile_spreads_each_bar_over_its_range() -> None:
    made = ta.volume_profile([10, 6, 10], [0, 4, 10], [10, 8, 2], bins=5, share=0.6)
    np.testing.assert_allclose(made.edges, [0, 2, 4, 6, 8, 10])
    np.testing.assert_allclose(made.volume, [2, 2, 10, 2, 4])
    assert made.poc == 5
    # 10 of 20 at the point of control; upwards first, as both sides hold 2
    assert (made.value_low, made.value_high) == (4, 8)
    assert np.isnan(ta.volume_profile([1, 2], [1, 2], [0, 0]).poc)
    assert np.isnan(ta.volume_profile([], [], []).value_low)
    alone = ta.volume_profile([5.0], [5.0], [3.0], bins=4)
    assert (alone.poc, alone.value_low, alone.value_high, alone.volume.sum()) == (5, 5, 5, 3)


def test_a_profile_loses_no_volume_and_its_area_holds_the_share() -> None:
    for seed in range(20):
        bars = walk(50, seed=seed)
        made = ta.volume_profile(bars.high, bars.low, bars.volume, bins=13, share=0.7)
        assert made.volume.sum() == pytest.approx(bars.volume.sum())
        inside = (made.edges[:-1] >= made.value_low - 1e-9) & (made.edges[1:] <= made.value_high + 1e-9)
        assert made.volume[inside].sum() >= 0.7 * bars.volume.sum() * (1 - 1e-12)
        assert made.value_low < made.poc < made.value_high
