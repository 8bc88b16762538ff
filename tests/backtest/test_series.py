"""Months, falls and the rolling Sharpe ratio, against the obvious."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.backtest import metrics
from candlewick.backtest.series import Month, falls, months, rolling_sharpe
from candlewick.backtest.track_record import TrackRecord

HOUR, DAY = 3_600, 86_400
RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60)


def near(number: float) -> Any:
    """Stands for any number close to it, as a field of what is compared."""
    return pytest.approx(number)


def _run(start: datetime, equity: list[float], bar_s: int = DAY, **more: float) -> TrackRecord:
    time = int(start.timestamp()) + bar_s * np.arange(len(equity))
    return TrackRecord(time=time, equity=np.array(equity), initial=100.0, bar_s=bar_s, **more)  # type: ignore[arg-type]


def test_it_adds_days_up_to_calendar_months() -> None:
    found = months(_run(datetime(2023, 12, 30, tzinfo=UTC), [110.0, 99.0, 108.9, 120.0]))
    assert found == [
        Month(2023, 12, near(-0.01)),
        Month(2024, 1, near(120 / 99 - 1)),
    ]


def test_it_takes_an_hour_for_a_part_of_its_day() -> None:
    # the last hour of January, and the first of February
    found = months(_run(datetime(2024, 1, 31, 23, tzinfo=UTC), [110.0, 99.0], HOUR))
    assert found == [Month(2024, 1, near(0.1)), Month(2024, 2, near(-0.1))]


@pytest.mark.parametrize("days_a_year", [252, 365])
def test_it_keeps_months_apart_that_have_days_without_bars(days_a_year: int) -> None:
    time = np.array([datetime(2024, m, d, 5, tzinfo=UTC).timestamp() for m, d in ((1, 30), (3, 2))], np.int64)
    run = TrackRecord(
        time=time, equity=np.array([110.0, 121.0]), initial=100.0, bar_s=HOUR, days_a_year=days_a_year
    )
    whole = [Month(2024, 1, near(0.1)), Month(2024, 3, near(0.1))]
    assert months(run) == (whole if days_a_year == 252 else [whole[0], Month(2024, 2, 0.0), whole[1]])


def test_it_has_no_month_of_what_is_unknown() -> None:
    assert months(_run(datetime(2024, 1, 31, tzinfo=UTC), [0.0, 0.0])) == [Month(2024, 1, -1.0)]
    assert months(_run(datetime(2024, 1, 31, tzinfo=UTC), [])) == []


@given(st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=200), st.integers(0, 1000))
def test_its_months_compound_to_the_whole(worth: list[float], days: int) -> None:
    start = datetime.fromtimestamp(1_600_000_000 // DAY * DAY + days * DAY, UTC)
    grown = math.prod(1 + each.returned for each in months(_run(start, worth, 6 * HOUR)))
    assert grown == pytest.approx(worth[-1] / 100)


def test_it_lists_falls_the_deepest_first() -> None:
    below = metrics.below_high([100.0, 95.0, 100.0, 120.0, 60.0, 90.0, 130.0, 117.0], 100.0)
    assert falls(below) == [
        metrics.Drawdown(near(-0.5), 3, 4, 6),
        metrics.Drawdown(near(-0.1), 6, 7, None),
        metrics.Drawdown(near(-0.05), 0, 1, 2),
    ]
    assert falls(below, most=1) == falls(below)[:1]
    assert falls([]) == []
    assert falls([0.0, 0.0]) == []


@given(RETURNS)
def test_it_begins_with_the_maximum_drawdown_and_covers_all_time_under_water(returns: list[float]) -> None:
    below = metrics.drawdowns(returns)
    found = falls(below, most=len(returns))
    if not found:
        assert below.min() == 0
        return
    assert found[0] == metrics.deepest(below)
    under: set[int] = set()
    for fall in found:
        span = range(fall.peak + 1, len(returns) if fall.recovered is None else fall.recovered)
        assert not under & set(span)
        under |= set(span)
    assert under == set(np.flatnonzero(below < 0).tolist())
    assert [fall.depth for fall in found] == sorted(fall.depth for fall in found)


@given(RETURNS, st.integers(2, 20))
def test_it_looks_back_over_a_window(returns: list[float], window: int) -> None:
    found = rolling_sharpe(returns, window, 0.001, periods_a_year=252).tolist()
    for at, ratio in enumerate(found):
        whole = metrics.sharpe(returns[at - window + 1 : at + 1], 0.001, periods_a_year=252)
        if at + 1 < window or whole is None:
            assert math.isnan(ratio)
        else:
            assert ratio == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_it_knows_no_window_with_a_gap() -> None:
    found = rolling_sharpe([0.01, 0.02, math.nan, 0.01, 0.03], 2)
    assert np.isnan(found).tolist() == [True, False, True, True, False]
    assert np.isnan(rolling_sharpe([0.01, 0.02], 1)).all()
