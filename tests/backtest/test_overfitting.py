"""Overfitting, against an enumeration that is slow and obvious, and where the answer is known."""

from __future__ import annotations

import math
import statistics
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.backtest.overfitting import independent_trials, overfitting
from candlewick.core.errors import UsageError

Table = list[list[float]]


def _sharpe(values: list[float]) -> float:
    spread = statistics.stdev(values)
    return statistics.fmean(values) / spread if spread > 1e-12 else 0.0


def _slowly(table: Table, blocks: int) -> list[tuple[int, float, float, float]]:
    """Every split, as the paper tells it: the chosen trial, its ratio in and out of sample, its logit."""
    parts = [part.tolist() for part in np.array_split(np.array(table), blocks)]
    found = []
    for inside in combinations(range(blocks), blocks // 2):
        ratios: list[list[float]] = []
        for half in (inside, tuple(at for at in range(blocks) if at not in inside)):
            rows = [row for at in half for row in parts[at]]
            ratios.append([_sharpe(list(column)) for column in zip(*rows, strict=True)])
        best = max(range(len(ratios[0])), key=lambda trial: ratios[0][trial])
        rank = 1 + sum(other < ratios[1][best] for other in ratios[1])
        omega = rank / (len(ratios[1]) + 1)
        found.append((best, ratios[0][best], ratios[1][best], math.log(omega / (1 - omega))))
    return found


@pytest.mark.parametrize(("periods", "trials", "blocks"), [(40, 7, 4), (61, 5, 8), (24, 2, 2), (67, 12, 6)])
def test_it_finds_what_an_enumeration_of_all_splits_finds(periods: int, trials: int, blocks: int) -> None:
    table = np.random.default_rng(periods).normal(0.0005, 0.01, (periods, trials))
    slow = _slowly(table.tolist(), blocks)
    fast = overfitting(table, blocks)
    assert fast.probability == pytest.approx(statistics.fmean(each[3] <= 0 for each in slow), abs=1e-12)
    columns = zip(fast.chosen, fast.in_sample, fast.out_of_sample, fast.logits, strict=True)
    assert sorted(tuple(map(float, each)) for each in columns) == [
        pytest.approx(each, abs=1e-9) for each in sorted(slow)
    ]


def test_it_takes_as_many_splits_as_there_are_halves() -> None:
    table = np.random.default_rng(1).normal(size=(64, 3))
    assert len(overfitting(table).logits) == math.comb(16, 8)


def test_it_calls_the_best_of_many_without_skill_a_toss_of_a_coin() -> None:
    noise = np.random.default_rng(7)
    found = [overfitting(noise.normal(0, 0.01, (400, 40)), 8).probability for _ in range(60)]
    assert statistics.fmean(found) == pytest.approx(0.5, abs=0.06)


def test_it_trusts_a_trial_with_skill() -> None:
    table = np.random.default_rng(3).normal(0, 0.01, (1000, 30))
    table[:, 4] += 0.003
    found = overfitting(table)
    assert found.probability == 0.0
    assert set(found.chosen) == {4}


def test_it_finds_out_trials_that_are_good_in_one_half_only() -> None:
    # each trial is lucky in one block and unlucky in the rest, so what was best in sample is worst out of it
    blocks, length = 8, 20
    noise = np.random.default_rng(5).normal(0, 0.001, (blocks * length, blocks))
    for trial in range(blocks):
        noise[:, trial] -= 0.001
        noise[trial * length : (trial + 1) * length, trial] += 0.05
    found = overfitting(noise, blocks)
    assert found.probability == 1.0


def test_it_cuts_the_work_into_pieces_without_changing_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(2).normal(size=(50, 6))
    whole = overfitting(table, 10)
    monkeypatch.setattr("candlewick.backtest.overfitting._AT_ONCE", 30)
    pieces = overfitting(table, 10)
    assert pieces.chosen.tolist() == whole.chosen.tolist()
    np.testing.assert_allclose(pieces.logits, whole.logits)
    np.testing.assert_allclose(pieces.out_of_sample, whole.out_of_sample)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_it_does_not_depend_on_leverage(seed: int, times: float) -> None:
    table = np.random.default_rng(seed).normal(0.001, 0.01, (48, 5))
    np.testing.assert_allclose(overfitting(times * table, 6).logits, overfitting(table, 6).logits)


def test_it_shares_places_among_trials_that_are_alike() -> None:
    one = np.random.default_rng(9).normal(size=40)
    assert overfitting(np.column_stack([one] * 5), 4).logits.tolist() == pytest.approx([0.0] * 6)


def test_it_takes_a_trial_that_never_traded_for_one_that_made_nothing() -> None:
    losing = np.random.default_rng(4).normal(-1, 0.1, (40, 1))
    found = overfitting(np.column_stack([losing, np.zeros(40)]), 4)
    assert set(found.chosen) == {1}
    assert found.in_sample.tolist() == [0.0] * 6


@pytest.mark.parametrize(
    ("shape", "blocks", "words"),
    [
        ((40,), 4, "at least two columns"),
        ((40, 1), 4, "at least two columns"),
        ((40, 3), 5, "even number"),
        ((40, 3), 0, "even number"),
        ((400, 3), 22, "even number up to 20"),
        ((20, 3), 16, "20 periods are too few for 16 blocks"),
    ],
)
def test_it_refuses_what_cannot_be_judged(shape: tuple[int, ...], blocks: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        overfitting(np.ones(shape), blocks)


def test_it_names_the_return_that_is_unknown() -> None:
    table = np.ones((40, 3))
    table[7, 2] = math.nan
    with pytest.raises(UsageError, match="Trial 2 has no return in period 7"):
        overfitting(table, 4)


def test_it_counts_trials_that_are_alike_as_one() -> None:
    rng = np.random.default_rng(6)
    one = rng.normal(size=500)
    assert independent_trials(np.column_stack([one, 2 * one, one + 3])) == pytest.approx(1.0)
    assert independent_trials(np.column_stack([one, np.zeros(500)])) == 1.0
    assert independent_trials(np.zeros((5, 2))) is None
    table = rng.normal(size=(300, 1)) + rng.normal(size=(300, 6))
    pairs = [np.corrcoef(table[:, a], table[:, b])[0, 1] for a, b in combinations(range(6), 2)]
    alike = float(np.mean(pairs))
    assert independent_trials(table) == pytest.approx(alike + (1 - alike) * 6)


def test_it_counts_trials_that_move_against_each_other_in_full() -> None:
    one = np.random.default_rng(8).normal(size=100)
    assert independent_trials(np.column_stack([one, -one])) == pytest.approx(2.0)
