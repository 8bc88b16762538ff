"""Returns beside a benchmark's, against formulas written out slowly."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from candlewick.backtest import relative

PAIRS = st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=3, max_size=60)


@given(PAIRS)
def test_it_agrees_with_the_definitions(pairs: list[tuple[float, float]]) -> None:
    own, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    active = [a - b for a, b in pairs]
    assume(statistics.stdev(other) > 1e-3)
    slope = statistics.covariance(own, other) / statistics.variance(other)
    assert relative.beta(own, other) == pytest.approx(slope, abs=1e-9)
    beyond = (statistics.fmean(own) - 0.001) - slope * (statistics.fmean(other) - 0.001)
    assert relative.alpha(own, other, 0.001, periods_a_year=252) == pytest.approx(beyond * 252, abs=1e-9)
    if statistics.stdev(active) > 1e-3:
        ratio = statistics.fmean(active) / statistics.stdev(active) * math.sqrt(365)
        assert relative.information_ratio(own, other) == pytest.approx(ratio, rel=1e-9, abs=1e-9)


@given(st.floats(-3, 3), st.floats(-0.01, 0.01))
def test_it_finds_what_a_line_was_made_of(slope: float, above: float) -> None:
    other = np.random.default_rng(0).normal(0, 0.02, 50)
    assert relative.beta(above + slope * other, other) == pytest.approx(slope, abs=1e-9)
    assert relative.alpha(above + slope * other, other) == pytest.approx(above * 365, abs=1e-9)


def test_it_leaves_out_what_either_does_not_know() -> None:
    own, other = [math.nan, 0.01, 0.03, -0.02, 0.04], [0.01, 0.02, 0.01, -0.01, math.nan]
    assert relative.beta(own, other) == relative.beta(own[1:4], other[1:4])
    assert relative.alpha(own, other) == relative.alpha(own[1:4], other[1:4])
    assert relative.information_ratio(own, other) == relative.information_ratio(own[1:4], other[1:4])


def test_it_says_nothing_beside_what_never_moves() -> None:
    assert relative.beta([0.01, 0.02, 0.03], [0.01] * 3) is None
    assert relative.alpha([0.01, 0.02, 0.03], [0.01] * 3) is None
    assert relative.information_ratio([0.01, 0.02], [0.0, 0.01]) is None  # always one per cent ahead
    assert relative.beta([0.01], [0.02]) is None
    assert relative.information_ratio([], []) is None
