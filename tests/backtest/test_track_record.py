"""What a run left behind: which returns it comes to, and how long it was under water."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.backtest.track_record import TrackRecord
from candlewick.core.errors import UsageError

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
MONDAY = 1_704_067_200  # 1 January 2024
WORTHS = st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=80)


def _record(time: list[int], equity: list[float], bar_s: int, **more: object) -> TrackRecord:
    return TrackRecord(
        time=np.array(time, dtype=np.int64),
        equity=np.array(equity, dtype=np.float64),
        initial=100.0,
        bar_s=bar_s,
        **more,  # type: ignore[arg-type]
    )


def _bars(equity: list[float], bar_s: int, **more: object) -> TrackRecord:
    return _record([MONDAY + bar_s * at for at in range(len(equity))], equity, bar_s, **more)


def test_it_takes_days_for_shorter_bars() -> None:
    hours = [100.0 + at for at in range(50)]
    record = _bars(hours, HOUR)
    assert record.ends.tolist() == [23, 47, 49]
    assert record.returns.tolist() == pytest.approx([123 / 100 - 1, 147 / 123 - 1, 149 / 147 - 1])
    assert (record.period_s, record.periods_a_year) == (DAY, 365)


def test_it_takes_bars_where_they_are_days_or_longer() -> None:
    assert _bars([110.0, 99.0], DAY).returns.tolist() == pytest.approx([0.1, -0.1])
    assert _bars([110.0, 99.0], DAY, days_a_year=252).periods_a_year == 252
    weekly = _bars([110.0, 99.0], WEEK, days_a_year=252)
    assert weekly.returns.tolist() == pytest.approx([0.1, -0.1])
    assert weekly.periods_a_year == pytest.approx(365 / 7)
    assert weekly.period_s == WEEK


def test_it_counts_days_without_bars_in_a_market_that_never_closes() -> None:
    friday = [MONDAY, MONDAY + HOUR, MONDAY + 3 * DAY]
    assert _record(friday, [110.0, 120.0, 60.0], HOUR).returns.tolist() == pytest.approx([0.2, 0, 0, -0.5])
    stocks = _record(friday, [110.0, 120.0, 60.0], HOUR, days_a_year=252)
    assert stocks.returns.tolist() == pytest.approx([0.2, -0.5])


@given(st.sets(st.integers(0, 400), min_size=1, max_size=60), st.sampled_from([15 * MINUTE, HOUR, 4 * HOUR]))
def test_it_ends_each_day_with_its_last_bar(places: set[int], bar_s: int) -> None:
    time = [MONDAY + 7 * HOUR + place * bar_s for place in sorted(places)]
    worth = [100.0 + place for place in range(len(time))]
    ends: dict[date, float] = {}
    for opened, value in zip(time, worth, strict=True):
        ends[datetime.fromtimestamp(opened, UTC).date()] = value
    first, last = min(ends), max(ends)
    stocks = [100.0, *ends.values()]
    always, day = [100.0], first
    while day <= last:
        always.append(ends.get(day, always[-1]))
        day += timedelta(days=1)
    for days_a_year, closes in ((252, stocks), (365, always)):
        found = _record(time, worth, bar_s, days_a_year=days_a_year).returns.tolist()
        assert found == pytest.approx([b / a - 1 for a, b in pairwise(closes)])


@given(WORTHS, st.sampled_from([MINUTE, 7 * HOUR, DAY, WEEK]))
def test_it_compounds_to_what_it_ended_with(worth: list[float], bar_s: int) -> None:
    grown = float(np.prod(1 + _bars(worth, bar_s).returns))
    assert grown == pytest.approx(worth[-1] / 100)


def test_it_has_no_return_after_nothing_was_left() -> None:
    returns = _bars([50.0, 0.0, 0.0], DAY).returns.tolist()
    assert returns[:2] == [-0.5, -1.0]
    assert math.isnan(returns[2])


def test_it_knows_no_first_return_of_a_benchmark() -> None:
    record = _bars([100.0] * 3, DAY, benchmark=np.array([10.0, 11.0, 22.0]))
    assert record.benchmark_returns is not None
    assert math.isnan(record.benchmark_returns[0])
    assert record.benchmark_returns[1:].tolist() == pytest.approx([0.1, 1.0])
    assert _bars([100.0], DAY).benchmark_returns is None


def test_it_spreads_what_idle_money_earns_over_the_year() -> None:
    assert _bars([100.0], HOUR, risk_free=0.0365).risk_free_return == pytest.approx(0.0001)


def test_it_measures_falls_bar_by_bar() -> None:
    # high at the close of the second hour, lowest at the fourth's, the high again at the sixth's, then below
    record = _bars([100.0, 120.0, 100.0, 90.0, 110.0, 120.0, 119.0], HOUR)
    assert record.deepest is not None
    assert record.deepest.depth == pytest.approx(-0.25)
    assert record.fall_s == 4 * HOUR
    assert record.recovery_s == 2 * HOUR
    assert record.longest_fall_s == 4 * HOUR


def test_it_measures_a_fall_that_has_not_ended_to_the_end() -> None:
    record = _bars([90.0, 80.0, 85.0], HOUR)
    assert (record.fall_s, record.recovery_s, record.longest_fall_s) == (3 * HOUR, None, 3 * HOUR)


def test_it_measures_nothing_where_nothing_fell() -> None:
    record = _bars([100.0, 110.0], HOUR)
    assert (record.fall_s, record.recovery_s, record.longest_fall_s) == (0, 0, 0)
    nothing = _bars([], HOUR)
    assert (nothing.fall_s, nothing.recovery_s, nothing.longest_fall_s) == (None, None, None)


@given(st.lists(st.integers(50, 150), min_size=1, max_size=60))
def test_it_finds_the_longest_time_under_water(worth: list[int]) -> None:
    high, since, longest = 100, 0, 0
    for at, each in enumerate(worth, start=1):
        if each >= high:
            # a fall is over when the high is reached; of a bar that was never below there is nothing to count
            longest = max(longest, at - since if at - since > 1 else 0)
            high, since = each, at
    longest = max(longest, len(worth) - since)
    assert _bars([float(each) for each in worth], HOUR).longest_fall_s == longest * HOUR


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"equity": np.ones(2)}, "equity has 2 values for 3 bars"),
        ({"held": np.ones(2)}, "held has 2 values for 3 bars"),
        ({"benchmark": np.ones(4)}, "benchmark has 4 values for 3 bars"),
        ({"initial": 0.0}, "initial is 0.0"),
        ({"initial": math.nan}, "initial is nan"),
        ({"bar_s": 0}, "bar_s is 0"),
        ({"days_a_year": 0}, "days_a_year is 0"),
        ({"days_a_year": 367}, "Give 365, or 252 for stocks"),
        ({"time": np.array([3, 2, 1])}, "Sort them"),
        ({"trade_mae": np.ones(1)}, "trade_mae has 1 values, trade_pnl none"),
        ({"trade_pnl": np.ones(2), "trade_exit": np.ones(1)}, "trade_exit has 1 values, trade_pnl 2"),
    ],
)
def test_it_refuses_arrays_that_do_not_fit(change: dict[str, object], words: str) -> None:
    whole: dict[str, object] = {
        "time": np.arange(3) * DAY, "equity": np.ones(3), "initial": 1.0, "bar_s": DAY,
    }  # fmt: skip
    with pytest.raises(UsageError, match=words):
        TrackRecord(**{**whole, **change})  # type: ignore[arg-type]
