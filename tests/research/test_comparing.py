"""Several runs beside each other: who is first, and whether by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.figures import Figures
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.research.comparing import compare
from tests.research.ground import Follow, Said, at, noise, persistent


def follow(look: int, bars: int = 2_400, **changes: Any) -> Result:
    return cw.backtest(Follow(look=look), persistent(bars, **changes), fee_taker=0.0)


@pytest.fixture(scope="module")
def runs() -> list[Result]:
    return [follow(5), follow(1), follow(3)]


def test_it_ranks_by_what_was_asked_for(runs: list[Result]) -> None:
    found = compare(runs, runs=99)
    sharpes = [place.figures["sharpe"] for place in found.ranking]
    assert sharpes == sorted(sharpes, key=lambda each: -(each or 0.0))
    assert [place.rank for place in found.ranking] == [1, 2, 3]
    assert {place.name for place in found.ranking} == {"Follow(look=1)", "Follow(look=3)", "Follow(look=5)"}
    calm = compare(runs, by="volatility", runs=9)
    values = [place.figures["volatility"] or 0.0 for place in calm.ranking]
    assert values == sorted(values)


def test_over_the_same_time_its_figures_are_those_of_the_runs(runs: list[Result]) -> None:
    found = compare(runs, names=["a", "b", "c"], runs=9)
    for place in found.ranking:
        run = runs["abc".index(place.name)]
        for name in ("sharpe", "sortino", "total_return", "volatility", "trades"):
            assert place.figures[name] == pytest.approx(run.metrics[name])


def test_it_knows_a_difference_from_chance() -> None:
    skilled = follow(1)
    blind = cw.backtest(Follow(), noise(2_400, seed=9), fee_taker=0.0)
    sure = compare([blind, skilled], names=["blind", "skilled"], runs=499)
    assert sure.pairs[0].better == "skilled"
    assert sure.pairs[0].is_sure
    assert "differ by more than chance" in sure.verdict
    other = cw.backtest(Follow(), noise(2_400, seed=10), fee_taker=0.0)
    chance = compare([blind, other], runs=199)
    assert not chance.pairs[0].is_sure
    assert "may be chance" in chance.verdict


def test_more_pairs_want_more_proof(runs: list[Result]) -> None:
    found = compare(runs, runs=199)
    for pair in found.pairs:
        assert (pair.sharpe_holm or 0) >= (pair.sharpe_p or 0)
    one = compare(runs[:2], runs=199)
    assert one.pairs[0].sharpe_holm == one.pairs[0].sharpe_p


def test_only_the_common_time_is_compared() -> None:
    bars = persistent(24 * 100)
    early = cw.backtest(Follow(), bars[: 24 * 80], fee_taker=0.0)
    late = cw.backtest(Follow(), bars[24 * 10 :], fee_taker=0.0)
    found = compare([early, late], runs=9)
    assert (found.periods, found.start, found.end) == (70, "2024-01-11 00:00", "2024-03-21 00:00")
    np.testing.assert_allclose(found.returns[1:, 0], found.returns[1:, 1])


def test_bars_are_compared_where_there_are_few_days() -> None:
    bars = persistent(24 * 20)
    found = compare([cw.backtest(Follow(look=n), bars, fee_taker=0.0) for n in (1, 2)], runs=9)
    assert found.periods == 480


def test_a_run_that_did_nothing_is_last() -> None:
    idle = cw.backtest(Said(enter_long=at(2_400)), persistent(2_400))
    found = compare([idle, follow(1)], runs=9)
    assert found.ranking[-1].figures["sharpe"] is None
    assert found.verdict.endswith("cannot be told apart: they made the same, or nothing.")


def test_what_was_kept_of_runs_can_be_compared_as_the_runs_themselves(runs: list[Result]) -> None:
    kept = [Figures(time=run.time, equity=run.equity, initial=run.account.cash, bar_s=3_600) for run in runs]
    found = compare(kept, names=["a", "b", "c"], runs=99)
    assert found.pairs == compare(runs, names=["a", "b", "c"], runs=99).pairs
    with pytest.raises(UsageError, match="Figures do not know whose they are"):
        compare(kept)


def test_runs_of_one_name_are_numbered() -> None:
    names = {place.name for place in compare([follow(1), follow(1, seed=2)], runs=9).ranking}
    assert names == {"Follow(look=1) #1", "Follow(look=1) #2"}


def test_the_same_seed_says_the_same(runs: list[Result]) -> None:
    assert compare(runs, runs=50, seed=3).summary == compare(runs, runs=50, seed=3).summary
    assert compare(runs, runs=50, seed=3).summary != compare(runs, runs=50, seed=4).summary


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"by": "luck"}, "Results are not ranked by 'luck'. Use one of sharpe"),
        ({"runs": 0}, "0 runs tell nothing"),
        ({"names": ["a", "a", "b"]}, "3 results want as many names"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(runs: list[Result], changes: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        compare(runs, **changes)


def test_it_says_which_results_cannot_be_compared() -> None:
    bars = persistent(24 * 100)
    one, other = (cw.backtest(Follow(), part) for part in (bars[: 24 * 40], bars[24 * 41 :]))
    with pytest.raises(UsageError, match="0 periods in common"):
        compare([one, other])
    with pytest.raises(UsageError, match="1 results cannot be compared"):
        compare([one])
    longer = cw.backtest(Follow(), persistent(24 * 10, timeframe="2h"))
    with pytest.raises(UsageError, match="bars of 3600 and 7200 seconds"):
        compare([one, longer])
    stocks = cw.backtest(Follow(), bars, days_a_year=252)
    with pytest.raises(UsageError, match="count days a year differently"):
        compare([one, stocks])
