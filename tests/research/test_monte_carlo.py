"""What else might have come of a run: exact where it can be, by seed everywhere, and right about luck."""

from __future__ import annotations

import math
import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.research.drawing import Draws
from candlewick.research.monte_carlo import LEVELS, METHODS, MonteCarlo, monte_carlo
from candlewick.research.sampling import sample_of, trade_parts
from tests.research.ground import Follow, Said, at, bars_from, noise, persistent


@pytest.fixture(scope="module")
def lucky() -> Result:
    """A strategy that knows nothing, on a market that nobody can foresee."""
    return cw.backtest(Follow(), noise(2_400, seed=8), fee_taker=0.0)


@pytest.fixture(scope="module")
def skilled() -> Result:
    return cw.backtest(Follow(), persistent(2_400), fee_taker=0.0)


def test_the_growth_of_all_trades_is_that_of_the_whole(skilled: Result) -> None:
    sample = sample_of(skilled)
    closed = float(skilled.trades.pnl[skilled.trades.closed].sum())
    assert np.prod(1.0 + sample.trades) == pytest.approx(1.0 + closed / skilled.account.cash)
    assert np.prod(1.0 + sample.returns) == pytest.approx(skilled.equity[-1] / skilled.account.cash)


def test_trades_after_nothing_was_left_are_left_out() -> None:
    assert trade_parts(np.array([10.0, -110.0, 50.0]), 100.0, True).tolist() == [0.1, -1.0]
    assert trade_parts(np.array([10.0, -110.0, 50.0]), 100.0, False).tolist() == [0.1, -1.1, 0.5]


def test_an_order_of_trades_changes_the_way_and_not_the_end(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=200)
    actual = found.actual["total_return"]
    assert found.draws.total_return == pytest.approx(np.full(200, actual))
    assert len(set(found.draws.max_drawdown.round(12))) > 100
    assert found.bands[:, 0].tolist() == [1.0] * 5


def test_two_trades_have_two_orders_and_these_drawdowns() -> None:
    # +50 % and -50 %: the fall is half of what there was, whichever comes first
    bars = bars_from(np.log([1.0, 1.0, 1.5, 1.0, 1.0, 0.5, 1.0]))
    said = Said(enter_long=at(7, 0, 3), exit_long=at(7, 2, 5))
    found = monte_carlo(cw.backtest(said, bars, fee_taker=0.0), runs=50)
    assert sorted({round(each, 9) for each in found.draws.lowest.tolist()}) == [0.5, 0.75]
    assert found.draws.max_drawdown == pytest.approx(np.full(50, -0.5))
    assert found.ruin == pytest.approx(np.mean(found.draws.lowest <= 0.5))
    assert 0.2 < found.ruin < 0.8


def test_a_skipped_trade_is_as_if_it_had_never_been(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=100, method="skip", skip=0.0)
    assert found.draws.total_return == pytest.approx(np.full(100, found.actual["total_return"]))
    half = monte_carlo(skilled, runs=400, method="skip", skip=0.5)
    growths = np.log1p(half.draws.total_return)
    whole = math.log1p(found.actual["total_return"] or 0.0)
    assert growths.mean() == pytest.approx(whole / 2, rel=0.1)


def test_fills_without_noise_are_the_fills_there_were(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=3, method="fill_noise", noise_bps=0.0)
    assert found.draws.total_return == pytest.approx(np.full(3, found.actual["total_return"]))
    assert found.draws.sharpe == pytest.approx(np.full(3, skilled.metrics["sharpe"]))


def test_noise_of_fills_spreads_what_comes_of_them(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=30, method="fill_noise", noise_bps=10)
    assert found.draws.total_return.std() > 0
    assert found.draws.total_return.mean() == pytest.approx(found.actual["total_return"], rel=0.3)


def test_a_strategy_that_was_paused_until_its_indicators_were_known_stays_so() -> None:
    class Late(Follow):
        warm_up = 700

    result = cw.backtest(Late(), persistent(1_600), fee_taker=0.0)
    found = monte_carlo(result, runs=2, method="fill_noise", noise_bps=0.0)
    assert found.draws.total_return == pytest.approx(np.full(2, found.actual["total_return"]))


def test_bars_in_long_blocks_keep_what_a_strategy_lives_on(skilled: Result) -> None:
    whole = monte_carlo(skilled, runs=40, method="synthetic", block=100)
    apart = monte_carlo(skilled, runs=40, method="synthetic", block=1)
    own = skilled.metrics["sharpe"] or 0.0
    assert np.median(whole.draws.sharpe) > 0.8 * own
    assert np.median(apart.draws.sharpe) < 0.3 * own
    assert whole.p_value == apart.p_value == 1 / 41  # luck is judged by shuffled bars, whatever the blocks


def test_drawn_bars_are_bars_of_the_same_market(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=20, method="synthetic", block=30)
    assert found.block == 30
    assert found.times is not None
    assert found.times[-1] == skilled.time[-1]
    assert found.bands.shape == (len(LEVELS), len(found.steps))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_draws_the_same_whoever_does_it(skilled: Result, method: Any) -> None:
    few = {"fill_noise": 60, "synthetic": 60}.get(method, 120)
    one = monte_carlo(skilled, runs=few, method=method, seed=4)
    with ThreadPoolExecutor(2) as threads:
        other = monte_carlo(skilled, runs=few, method=method, seed=4, executor=threads)
    assert _figures(one) == _figures(other)
    assert _figures(monte_carlo(skilled, runs=few, method=method, seed=5)) != _figures(one)
    # the first runs do not depend on how many follow
    fewer = monte_carlo(skilled, runs=10, method=method, seed=4)
    np.testing.assert_array_equal(fewer.draws.max_drawdown, one.draws.max_drawdown[:10])


@pytest.mark.parametrize("method", METHODS)
def test_it_knows_an_edge_from_luck(skilled: Result, lucky: Result, method: Any) -> None:
    runs = 200 if method != "synthetic" else 60
    edge = monte_carlo(skilled, runs=runs, method=method)
    assert edge.p_value == pytest.approx(1 / (runs + 1))
    assert edge.verdict.startswith("Hardly luck")
    luck = monte_carlo(lucky, runs=runs, method=method)
    assert luck.p_value is not None
    assert luck.p_value > 0.05
    assert luck.verdict.startswith("It may be luck")


@pytest.mark.parametrize("method", ["reshuffle", "block_bootstrap"])
def test_what_is_luck_is_called_an_edge_as_rarely_as_it_says(method: Any) -> None:
    values = []
    for seed in range(60):
        result = cw.backtest(Follow(), noise(1_600, seed=seed), fee_taker=0.0)
        values.append(monte_carlo(result, runs=99, method=method).p_value or math.nan)
    assert np.mean(np.array(values) <= 0.05) < 0.15  # 3 of 60 are to be expected
    assert statistics.fmean(values) == pytest.approx(0.5, abs=0.12)


def test_a_band_is_where_so_many_runs_were_below(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=400, method="block_bootstrap")
    last = 1.0 + found.draws.total_return
    assert found.bands[:, -1] == pytest.approx(np.percentile(last, LEVELS))
    assert np.all(np.diff(found.bands, axis=0) >= 0)
    deep = found.quantiles("max_drawdown")
    assert deep is not None
    assert deep == sorted(deep)
    assert deep[LEVELS.index(50)] == pytest.approx(np.median(found.draws.max_drawdown))


def test_its_memory_does_not_grow_with_the_runs_beyond_what_it_keeps(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=40_000, method="reshuffle")
    assert found.draws.paths.size <= 4_000_000
    assert found.steps[0] == 0
    assert found.steps[-1] == len(sample_of(skilled).trades)


def test_sizes_that_do_not_follow_the_equity_add_up() -> None:
    class Fixed(Follow):
        sizing = cw.Notional(1_000)

    result = cw.backtest(Fixed(), persistent(800), fee_taker=0.0)
    closed = float(result.trades.pnl[result.trades.closed].sum())
    found = monte_carlo(result, runs=5)
    assert found.draws.total_return == pytest.approx(np.full(5, closed / 10_000))


def test_returns_are_of_bars_where_there_are_few_days() -> None:
    result = cw.backtest(Follow(), persistent(240), fee_taker=0.0)
    sample = sample_of(result)
    assert (len(sample.returns), sample.periods_a_year) == (240, 365 * 24)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"method": "guess"}, "There is no method 'guess'. Use one of reshuffle"),
        ({"runs": 0}, "0 runs cannot be done"),
        ({"seed": -1}, "The seed is -1"),
        ({"method": "block_bootstrap", "block": 0.5}, "Blocks of 0.5 cannot be drawn"),
        ({"method": "skip", "skip": 1.0}, "skip is 1.0"),
        ({"method": "fill_noise", "noise_bps": -1}, "noise_bps is -1"),
        ({"ruin": 0.0}, "ruin is 0.0"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(lucky: Result, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        monte_carlo(lucky, **{"runs": 5, **changes})


def test_it_says_what_too_few_trades_leave_to_do() -> None:
    bars = noise(50)
    result = cw.backtest(Said(enter_long=at(50, 3), exit_long=at(50, 9)), bars)
    with pytest.raises(UsageError, match="1 closed trades cannot be drawn from"):
        monte_carlo(result)


def test_it_does_not_judge_what_never_moved() -> None:
    result = cw.backtest(Said(enter_long=at(50)), noise(50))
    found = monte_carlo(result, runs=5, method="block_bootstrap")
    assert found.p_value is None
    assert found.quantiles("sharpe") is None
    assert found.verdict.startswith("Whether this is luck cannot be said")


def test_it_goes_on_from_pieces_that_were_kept(skilled: Result) -> None:
    kept: dict[int, Draws] = {}
    whole = monte_carlo(skilled, runs=180, on_piece=kept.__setitem__)
    assert sorted(kept) == [0, 50, 100, 150]
    made: list[int] = []
    again = monte_carlo(
        skilled, runs=180, done={0: kept[0], 100: kept[100]}, on_piece=lambda first, _: made.append(first)
    )
    assert made == [50, 150]
    assert again.summary == whole.summary
    np.testing.assert_array_equal(again.bands, whole.bands)


def test_its_histograms_count_every_run(skilled: Result) -> None:
    found = monte_carlo(skilled, runs=100, method="block_bootstrap")
    told = found.histogram("sharpe")
    assert told is not None
    assert sum(told["counts"]) == 100
    assert len(told["edges"]) == 41
    assert found.charts["bands"][2][0] == 1.0
    assert monte_carlo(skilled, runs=10).histogram("sharpe") is None


def test_it_tells_how_far_it_is_and_ends_when_told_to(skilled: Result) -> None:
    told: list[float] = []

    class Enough(Exception):
        pass

    def tell(share: float, step: str) -> None:
        told.append(share)
        if share >= 0.5:
            raise Enough

    with pytest.raises(Enough):
        monte_carlo(skilled, runs=200, progress=tell)
    assert told == [0.0, 0.25, 0.5]


def _figures(found: MonteCarlo) -> list[float]:
    return [*found.draws.total_return, *found.draws.max_drawdown, found.p_value or math.nan]
