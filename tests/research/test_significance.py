"""Whether differences are chance: exact by definition, and wrong as rarely as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import UsageError
from candlewick.research.significance import (
    _difference,
    _long_run_variance,
    holm,
    mean_difference,
    sharpe_difference,
)

Test = Callable[..., float | None]


def pairs(seed: int, better: float = 0.0, periods: int = 250, alike: float = 0.5) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 1, periods) * alike
    rest = (1 - alike**2) ** 0.5
    return [0.01 * (common + rest * rng.normal(0, 1, periods) + shift) for shift in (better, 0.0)]


def test_holm_multiplies_by_what_is_left() -> None:
    # the example of his section 2, worked by hand
    assert holm([0.01, 0.04, 0.03, 0.005]) == [
        pytest.approx(0.03),
        pytest.approx(0.06),
        pytest.approx(0.06),
        pytest.approx(0.02),
    ]
    assert holm([0.5, None, 0.6]) == [1.0, None, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_never_helps(values: list[float]) -> None:
    adjusted = [each or 0.0 for each in holm(values)]
    assert all(after >= before for after, before in zip(adjusted, values, strict=True))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [adjusted[at] for at in order] == sorted(adjusted)
    assert max(adjusted) <= 1.0


@pytest.mark.parametrize("test", [sharpe_difference, mean_difference])
def test_it_finds_a_difference_that_is_there(test: Test) -> None:
    found = [test(*pairs(seed, better=0.5), runs=199) for seed in range(10)]
    assert max(each or 1.0 for each in found) <= 0.05


@pytest.mark.parametrize("test", [sharpe_difference, mean_difference])
def test_it_is_wrong_about_as_often_as_it_says_where_there_is_none(test: Test) -> None:
    values = np.array([test(*pairs(seed), runs=199) for seed in range(150)])
    assert np.mean(values <= 0.05) < 0.11  # 7.5 of 150 are to be expected
    assert np.mean(values <= 0.5) == pytest.approx(0.5, abs=0.12)


def test_it_does_not_matter_how_large_positions_are() -> None:
    one, other = pairs(3, better=0.1)
    assert sharpe_difference(5 * one, other, runs=99) == sharpe_difference(one, other, runs=99)


def test_which_comes_first_does_not_matter() -> None:
    one, other = pairs(4, better=0.1)
    assert sharpe_difference(one, other, runs=99) == sharpe_difference(other, one, runs=99)
    assert mean_difference(one, other, runs=99) == mean_difference(other, one, runs=99)


def test_what_never_moves_or_is_the_same_has_no_difference() -> None:
    one, _ = pairs(5)
    assert sharpe_difference(one, np.zeros(250)) is None
    assert sharpe_difference(one, one) is None
    assert mean_difference(one, one) is None


def test_the_error_of_a_difference_is_that_of_the_delta_method() -> None:
    # of independent normal returns without a mean each ratio has the variance 1 / n (Lo, 2002)
    rng = np.random.default_rng(6)
    _, influence = _difference(rng.normal(0, 1, (200_000, 2)))
    assert influence is not None
    assert _long_run_variance(influence) == pytest.approx(2.0, rel=0.03)


def test_the_error_counts_what_hangs_together_in_time() -> None:
    # the long-run variance of an AR(1) is σ² / (1 - ρ)²
    rng = np.random.default_rng(7)
    series, last = np.empty(50_000), 0.0
    for at, shock in enumerate(rng.normal(0, 1, 50_000)):
        last = series[at] = 0.5 * last + shock
    assert _long_run_variance(series - series.mean()) == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ([1.0] * 30, [1.0] * 29, "Returns of 30 and 29 periods are no pairs"),
        ([1.0] * 5, [1.0] * 5, "5 periods are too few"),
        ([1.0] * 30, [1.0] * 29 + [float("nan")], "A return is unknown"),
    ],
)
def test_it_says_what_cannot_be_compared(one: list[float], other: list[float], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        sharpe_difference(one, other)
