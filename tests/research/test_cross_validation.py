"""Many histories out of one: what is judged was never chosen by, and luck is found out."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import candlewick as cw
from candlewick import Param, Strategy
from candlewick.backtest import metrics
from candlewick.backtest.run import backtest
from candlewick.core.errors import StrategyError, UsageError
from candlewick.market.bars import Bars
from candlewick.research.cross_validation import NONE, CrossValidation, _judge, _training, cross_validate
from candlewick.research.returns import Returned
from candlewick.research.sampling import period_returns
from candlewick.research.sweep import Runner
from tests.research.ground import Follow, noise, persistent

BARS = 24 * 120


class Guess(Strategy):
    """Long at bars that a number decides: none is better than another."""

    number = Param(0, low=0, high=19)

    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        up = np.random.default_rng(int(self.number)).random(len(bars)) < 0.5
        return cw.Signals(enter_long=up, exit_long=~up)


@pytest.fixture(scope="module")
def found() -> CrossValidation:
    return cross_validate(Follow, persistent(BARS), fee_taker=0.0)


def test_six_groups_by_two_make_fifteen_splits_and_five_paths(found: CrossValidation) -> None:
    # the example of the book, figure 12.1
    assert [split.tested for split in found.splits] == list(combinations(range(6), 2))
    assert found.paths.shape == (5, 120)


def test_every_period_of_a_path_was_made_by_a_choice_without_it(found: CrossValidation) -> None:
    bars = persistent(BARS)
    table = np.column_stack(
        [period_returns(backtest(Follow(**each), bars, fee_taker=0.0).metrics)[1] for each in found.sets]
    )
    for group, places in enumerate(np.array_split(np.arange(120), 6)):
        chosen = [split.chosen for split in found.splits if group in split.tested]
        np.testing.assert_allclose(found.paths[:, places], table[places][:, chosen].T)


@given(st.integers(0, 1_000), st.integers(3, 7), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
def test_it_chooses_what_a_slow_search_of_the_training_chooses(
    seed: int, groups: int, tested: int, purged: int, embargoed: int
) -> None:
    tested = min(tested, groups - 1)
    table = np.random.default_rng(seed).normal(0.0005, 0.01, (97, 5))
    try:
        splits, paths = _judge(table, groups, tested, purged, embargoed, 365.0)
    except UsageError:
        return  # nothing is left to choose by; a test of its own says so
    parts = [part.tolist() for part in np.array_split(np.arange(97), groups)]
    for split in splits:
        out = {at for group in split.tested for at in parts[group]}
        near = {at - back for at in out for back in range(purged + 1)}
        late = {at + on for at in out for on in range(purged + embargoed + 1)}
        inside = [at for at in range(97) if at not in out | near | late]
        ratios = [metrics.sharpe(table[inside, column]) or 0.0 for column in range(5)]
        assert split.chosen == int(np.argmax(ratios))
        assert split.in_sample == pytest.approx(max(ratios))
        assert split.out_of_sample == pytest.approx(metrics.sharpe(table[sorted(out), split.chosen]))
    assert len(paths) == math.comb(groups - 1, tested - 1)


def test_a_purge_stands_on_both_sides_and_an_embargo_behind() -> None:
    parts = np.array_split(np.arange(20), 4)
    kept = _training(parts, [1], purged=2, embargoed=1)
    assert np.flatnonzero(kept).tolist() == [0, 1, 2, 13, 14, 15, 16, 17, 18, 19]


def test_it_purges_as_long_as_anything_was_held() -> None:
    bars = persistent(BARS, timeframe="1d")
    found = cross_validate(Follow, bars, space={"look": [3]}, fee_taker=0.0, groups=4)
    rows = backtest(Follow(look=3), bars, fee_taker=0.0).trades
    longest = max((trade.exit_bar or 0) - trade.entry_bar for trade in rows if not trade.is_open)
    assert found.purged == longest + 1
    assert found.embargoed == BARS // 100
    assert found.pbo is None  # there was nothing to choose


def test_what_was_held_for_ever_purges_half_a_group_and_no_more() -> None:
    class Hold(Guess):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            return cw.Signals(enter_long=True, exit_long=np.arange(len(bars)) == len(bars) - 2)

    found = cross_validate(Hold, noise(BARS), groups=6)
    assert found.purged == 120 // 6 // 2


def test_bars_of_a_purge_are_rounded_up_to_days() -> None:
    found = cross_validate(Follow, persistent(BARS), purge=25, embargo=1, fee_taker=0.0)
    assert (found.purged, found.embargoed) == (2, 1)


def test_an_edge_is_found_on_every_path(found: CrossValidation) -> None:
    assert min(ratio or 0.0 for ratio in found.path_sharpes) > 2.0
    assert found.pbo == pytest.approx(0.0, abs=0.15)
    assert (found.retention or 0.0) > 0.7
    assert found.best is not None
    assert found.sets[found.best] == {"look": 1}


def test_the_best_of_guesses_is_worth_nothing_out_of_sample() -> None:
    probabilities, inside, outside = [], [], []
    for seed in range(8):
        guessed = cross_validate(Guess, noise(BARS, seed=seed), fee_taker=0.0)
        probabilities.append(guessed.pbo or 0.0)
        inside += [split.in_sample or 0.0 for split in guessed.splits]
        outside += [split.out_of_sample or 0.0 for split in guessed.splits]
    assert np.mean(probabilities) > 0.3
    assert np.mean(inside) > 2.0
    assert np.mean(outside) < 0.4 * np.mean(inside)
    assert 5 < (guessed.independent or 0.0) <= 20


def test_where_nothing_ever_moves_nothing_is_chosen() -> None:
    class Idle(Guess):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            return cw.Signals(enter_long=False)

    found = cross_validate(Idle, noise(BARS))
    assert {split.chosen for split in found.splits} == {NONE}
    assert not found.paths.any()
    assert (found.best, found.retention, found.independent) == (None, None, None)
    assert found.summary["mean_path_sharpe"] is None


def test_who_does_the_work_does_not_matter() -> None:
    bars = noise(BARS)
    alone = cross_validate(Guess, bars)
    with ThreadPoolExecutor(2) as threads:
        shared = cross_validate(Guess, bars, executor=threads)
    assert shared.summary == alone.summary
    np.testing.assert_array_equal(shared.paths, alone.paths)


def test_of_a_large_grid_it_tries_as_many_as_it_may_by_chance() -> None:
    bars = noise(24 * 70)
    found = cross_validate(Guess, bars, trials=7, seed=2)
    assert len({each["number"] for each in found.sets}) == len(found.sets) == 7
    assert cross_validate(Guess, bars, trials=7, seed=2).sets == found.sets
    assert cross_validate(Guess, bars, trials=7, seed=3).sets != found.sets
    kept = cross_validate(Guess, bars, constraints=["number < 4"])
    assert [each["number"] for each in kept.sets] == [0, 1, 2, 3]


def test_it_tells_how_far_it_is() -> None:
    told: list[float] = []
    cross_validate(Follow, noise(24 * 70), progress=lambda share, step: told.append(share))
    assert told == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"groups": 1}, "2 of 1 groups cannot be tested on"),
        ({"test_groups": 6}, "6 of 6 groups cannot be tested on"),
        ({"groups": 40, "test_groups": 20}, "take fewer"),
        ({"groups": 100, "test_groups": 1}, "periods are too few for 100 groups"),
        ({"purge": -1}, "purge is -1"),
        ({"purge": 24 * 100}, "leave nothing to choose by"),
        ({"trials": 0}, "trials is 0"),
        ({"constraints": ["trades > 3"]}, "asks for trades, which is known after a run only"),
        ({"constraints": ["look > 9"]}, "allow not one set"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(changes: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cross_validate(Follow, persistent(BARS), **changes)


def test_what_was_done_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = noise(24 * 70)
    kept: list[Returned] = []
    whole = cross_validate(Follow, bars, on_piece=kept.extend)
    assert [each.parameters for each in sorted(kept, key=lambda each: each.parameters["look"])] == list(
        whole.sets
    )
    ran: list[Any] = []
    run = Runner.run

    def counted(self: Runner, asked: Any) -> Any:
        ran.append(asked)
        return run(self, asked)

    monkeypatch.setattr(Runner, "run", counted)
    again = cross_validate(Follow, bars, done=kept[:3])
    assert again.summary == whole.summary
    left = [each.parameters for each in kept[3:]]
    assert sorted(map(str, ran)) == sorted(map(str, [*left, whole.sets[0]]))  # the last for the times alone


def test_sets_that_cannot_be_run_are_left_out_and_a_broken_strategy_is_told() -> None:
    class Fussy(Guess):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            if self.number == 3:
                raise UsageError("Three is not to be tried.")
            return super().signals(bars, ind)

    class Wrong(Guess):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            raise ZeroDivisionError

    bars = noise(24 * 70)
    assert [each["number"] for each in cross_validate(Fussy, bars, space={"number": [2, 3, 4]}).sets] == [
        2,
        4,
    ]
    with pytest.raises(UsageError, match=r"Not one of 1 sets can be run\. The first: Three is not"):
        cross_validate(Fussy, bars, space={"number": [3]})
    with pytest.raises(StrategyError, match="It was tried with number="):
        cross_validate(Wrong, bars)


def test_the_verdict_is_a_sentence_with_its_figures(found: CrossValidation) -> None:
    assert found.verdict == found.summary["verdict"]
    assert found.verdict.startswith(
        f"5 of 5 paths gained; their mean Sharpe ratio is {found.mean_path_sharpe:.2f}"
    )
    assert f"overfitting is {found.pbo:.0%}." in found.verdict
    choices = found.summary["choices"]
    assert [each["parameters"] for each in choices] == [found.sets[split.chosen] for split in found.splits]
