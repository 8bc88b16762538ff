"""Rows drawn in blocks: how long the blocks are, and how long they should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import UsageError
from candlewick.research.bootstrap import block_length, stationary_rows


@given(st.integers(1, 300), st.floats(1.0, 400.0), st.integers(0, 10_000))
def test_it_draws_rows_that_are_there_and_as_many(rows: int, block: float, seed: int) -> None:
    drawn = stationary_rows(np.random.default_rng(seed), rows, block)
    assert len(drawn) == rows
    assert drawn.min() >= 0
    assert drawn.max() < rows


def test_its_blocks_are_as_long_as_was_asked_in_the_mean() -> None:
    drawn = stationary_rows(np.random.default_rng(3), 200_000, 25.0)
    follows = np.diff(drawn) % 200_000 == 1
    assert 1.0 / (1.0 - follows.mean()) == pytest.approx(25.0, rel=0.05)


def test_every_row_is_drawn_as_often_as_any_other() -> None:
    drawn = np.concatenate([stationary_rows(np.random.default_rng(n), 10, 4.0) for n in range(20_000)])
    assert np.bincount(drawn) / len(drawn) == pytest.approx(np.full(10, 0.1), abs=0.004)


def test_blocks_of_one_are_single_rows() -> None:
    drawn = stationary_rows(np.random.default_rng(1), 100_000, 1.0)
    assert np.mean(np.diff(drawn) == 1) == pytest.approx(1 / 100_000, abs=1e-3)


@pytest.mark.parametrize("memory", [0.3, 0.6, 0.9])
def test_its_rule_finds_the_length_that_theory_gives_for_a_first_order_series(memory: float) -> None:
    # G / g(0) of an AR(1) is 2 ρ / (1 - ρ²): Politis and White (2004), section 3
    count = 50_000
    shocks = np.random.default_rng(11).normal(size=count)
    series, last = np.empty(count), 0.0
    for place in range(count):
        last = series[place] = memory * last + shocks[place]
    right = (2 * memory / (1 - memory**2)) ** (2 / 3) * count ** (1 / 3)
    assert block_length(series) == pytest.approx(right, rel=0.2)


@pytest.mark.parametrize("memory", [-0.5, 0.2, 0.8])
def test_its_rule_is_the_formula_of_the_papers(memory: float) -> None:
    count = 180
    shocks = np.random.default_rng(13).normal(size=count)
    series, last = [], 0.0
    for shock in shocks:
        last = memory * last + shock
        series.append(last)
    assert block_length(series) == pytest.approx(_slowly(series))


def _slowly(series: list[float]) -> float:
    """Politis and White (2004), section 3.2 and footnote c, with the correction of 2009, term by term."""
    n = len(series)
    mean = sum(series) / n
    quiet = max(5, math.ceil(math.sqrt(math.log10(n))))
    most = math.ceil(math.sqrt(n)) + quiet

    def r(k: int) -> float:
        return sum((series[t] - mean) * (series[t + k] - mean) for t in range(n - k)) / n

    def loud(k: int) -> bool:
        return abs(r(k) / r(0)) >= 2.0 * math.sqrt(math.log10(n) / n)

    m = next(
        lag for lag in range(most) if not any(loud(k) for k in range(lag + 1, lag + quiet + 1) if k <= most)
    )
    big = min(2 * max(m, 1), most)

    def flat(t: float) -> float:
        return 1.0 if abs(t) <= 0.5 else 2.0 * (1.0 - abs(t)) if abs(t) <= 1.0 else 0.0

    g = sum(flat(k / big) * abs(k) * r(abs(k)) for k in range(-big, big + 1))
    level = sum(flat(k / big) * r(abs(k)) for k in range(-big, big + 1))
    length: float = (2.0 * g**2 / (2.0 * level**2)) ** (1 / 3) * n ** (1 / 3)
    return min(max(length, 1.0), min(3.0 * math.sqrt(n), n / 3))


def test_its_rule_asks_for_short_blocks_where_nothing_hangs_together() -> None:
    assert block_length(np.random.default_rng(5).normal(size=20_000)) < 12


@pytest.mark.parametrize("values", [[], [1.0, 2.0], [3.0] * 50, [np.nan] * 20])
def test_its_rule_asks_for_single_rows_where_it_can_say_nothing(values: list[float]) -> None:
    assert block_length(values) == 1.0


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=80))
def test_its_rule_never_asks_for_more_than_a_third(values: list[float]) -> None:
    assert 1.0 <= block_length(values) <= max(len(values) / 3, 1.0)


@pytest.mark.parametrize(("rows", "block"), [(0, 2.0), (5, 0.5), (5, float("nan"))])
def test_it_refuses_blocks_that_cannot_be(rows: int, block: float) -> None:
    with pytest.raises(UsageError, match="cannot be drawn from"):
        stationary_rows(np.random.default_rng(0), rows, block)
