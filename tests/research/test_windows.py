"""Windows to choose and to judge in: where they begin and end, and what of the markets lies in them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.errors import UsageError
from candlewick.research.windows import cut, span_s, windows_of
from tests.research.ground import HOUR, START, noise

DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "span"), [("90d", 90 * DAY), ("12h", 12 * HOUR), ("4w", 28 * DAY), ("30m", 1800)]
)
def test_a_span_of_time_is_read(text: str, span: int) -> None:
    assert span_s(text) == span


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-3d", "3 months"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no span of time: write it as 90d"):
        span_s(text)


def test_tests_follow_each_other_without_a_gap() -> None:
    found = windows_of([Market(noise(24 * 30))], "10d", "5d", anchored=False)
    assert [(window.test_start - START) // DAY for window in found] == [10, 15, 20, 25]
    assert {window.train_s for window in found} == {10 * DAY}
    assert {window.test_s for window in found} == {5 * DAY}


def test_an_anchored_training_grows() -> None:
    found = windows_of([Market(noise(24 * 30))], "10d", "5d", anchored=True)
    assert [window.train_s // DAY for window in found] == [10, 15, 20, 25]


@pytest.mark.parametrize(("days", "count", "last"), [(24.9, 3, 4.9), (22.6, 3, 2.6), (22.4, 2, 5.0)])
def test_the_last_test_may_be_shorter_by_half(days: float, count: int, last: float) -> None:
    bars = round(24 * days)
    found = windows_of([Market(noise(bars))], "10d", "5d", anchored=False)
    assert len(found) == count
    assert found[-1].test_s == pytest.approx(last * DAY, abs=HOUR)


@given(st.integers(3, 2_000), st.integers(2, 60), st.integers(2, 60), st.booleans())
def test_no_test_looks_into_its_own_training_or_into_another(
    bars: int, train: int, test: int, anchored: bool
) -> None:
    try:
        found = windows_of([Market(noise(bars))], f"{train}h", f"{test}h", anchored)
    except UsageError:
        assert bars < train + 0.5 * test
        return
    for before, after in pairwise(found):
        assert before.test_end == after.test_start
    for window in found:
        assert window.train_start < window.test_start < window.test_end <= START + bars * HOUR


def test_it_says_what_does_not_fit() -> None:
    markets = [Market(noise(100))]
    with pytest.raises(UsageError, match="not one window of 90d and 30d fits in"):
        windows_of(markets, "90d", "30d", anchored=False)
    with pytest.raises(UsageError, match="test is shorter than two bars of 1h"):
        windows_of(markets, "2d", "60m", anchored=False)


def test_a_cut_takes_all_that_belongs_to_the_time() -> None:
    bars = noise(10)
    rates = FundingRates(bars.time[[1, 4, 8]], np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0]))
    (part,) = cut([Market(bars, None, rates, bars)], START + 4 * HOUR, START + 8 * HOUR)
    assert part.bars.time.tolist() == (START + HOUR * np.arange(4, 8)).tolist()
    assert part.finer is not None
    assert len(part.finer) == 4
    assert part.funding is not None
    assert part.funding.mark is not None
    assert (part.funding.rate.tolist(), part.funding.mark.tolist()) == ([0.2], [2.0])


def test_a_market_without_bars_then_is_left_out() -> None:
    early, late = noise(10, symbol="A"), noise(30, symbol="B")[20:]
    assert [market.symbol for market in cut([Market(early), Market(late)], START, START + 5 * HOUR)] == ["A"]
