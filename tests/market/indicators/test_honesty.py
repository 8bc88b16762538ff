"""No indicator knows the future, is moved by the unit of a price, or changes what it was given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.market.bars import COLUMNS, Bars
from candlewick.market.indicators.catalogue import INDICATORS, parse
from tests.market.indicators.ground import walk

SMALL = {
    "ichimoku": "ichimoku:3:5:9:5",
    "linreg_channel": "linreg_channel:15:2",
    "volume_profile": "volume_profile:9",
}
# In a pane of their own, but in the unit of a price.
IN_PRICE = {"atr", "momentum", "linreg_slope", "macd"}
STUDIES = [SMALL.get(name, name) for name in INDICATORS]


@pytest.mark.parametrize("text", STUDIES)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(0, 150))
def test_no_row_changes_when_the_future_is_cut_off(text: str, seed: int, cut: int) -> None:
    bars = walk(150, seed=seed)
    study = parse(text)
    for whole, known in zip(study.compute(bars).values(), study.compute(bars[:cut]).values(), strict=True):
        np.testing.assert_array_equal(known, whole[:cut])


@pytest.mark.parametrize("text", STUDIES)
def test_a_coin_of_a_millionth_has_the_same_indicator(text: str) -> None:
    bars, shift = walk(200, seed=11), 2.0**-27
    prices = {name: getattr(bars, name) * shift for name in COLUMNS if name != "volume"}
    study = parse(text)
    scale = shift if study.indicator.pane == "price" or study.indicator.name in IN_PRICE else 1.0
    if study.indicator.group == "patterns":
        scale = 1.0
    small = study.compute(replace(bars, **prices))
    for name, line in study.compute(bars).items():
        unit = 1.0 if name == "direction" else scale
        np.testing.assert_allclose(small[name], line * unit, rtol=1e-9, atol=1e-12 * unit)


@pytest.mark.parametrize("text", STUDIES)
def test_the_bars_stay_as_they_were(text: str) -> None:
    bars = walk(200, seed=4)
    before = {name: getattr(bars, name).copy() for name in COLUMNS}
    lines = parse(text).compute(bars)
    for line in lines.values():
        line.fill(0.0)
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(bars, name), column)


@pytest.mark.parametrize("text", STUDIES)
def test_a_market_that_stands_still_has_finite_lines_or_none(text: str) -> None:
    n = 200
    flat = np.full(n, 0.1)
    bars = Bars.from_arrays(
        symbol="X", timeframe="1h", time=3_600 * np.arange(n), open=flat, high=flat, low=flat, close=flat,
        volume=np.zeros(n),
    )  # fmt: skip
    for line in parse(text).compute(bars).values():
        assert not np.isinf(line).any()
