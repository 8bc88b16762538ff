"""`cw.optimise`: what it finds, that it finds the same anywhere, and what it says of what cannot be."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.figures import UnknownMetric
from candlewick.backtest.registry import METRICS
from candlewick.core.errors import StrategyError, UsageError
from candlewick.research.optimisation import NothingFeasible
from candlewick.research.search import optimise
from candlewick.research.trial import Row
from tests.research.hills import (
    Broken,
    Clock,
    Cross,
    Fixed,
    Picky,
    Scribe,
    Stopped,
    Wide,
    net_by_day,
    walk,
    wave,
)

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first
SMALL = {"fast": [2, 3, 5], "slow": [8, 12, 20, 30]}


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def table(found: Any) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    return [(each.parameters, dict(each.figures), each.reason) for each in found]


def test_a_grid_finds_the_best_hours_of_a_price_that_goes_by_the_clock() -> None:
    found = optimise(Clock, wave(), objective="total_return")
    # its low is at 18 and its high at 6; what closes there is traded at the next open, at the same price
    assert found.best.parameters == {"buy": 18, "sell": 6}
    assert len(found) == 24 * 24


@pytest.mark.parametrize("method", ["random", "tpe", "nsga2", "cmaes"])
def test_methods_that_try_less_come_near_it(method: Any) -> None:
    found = optimise(Clock, wave(), objective="total_return", method=method, trials=200, seed=3)
    assert len(found) == 200
    assert abs(found.best.parameters["buy"] - 18) <= 1
    assert abs(found.best.parameters["sell"] - 6) <= 1


def test_a_grid_goes_through_all_sets_the_last_parameter_fastest() -> None:
    found = optimise(Cross, walk(), space={"fast": [2, 3], "slow": (8, 12)})
    assert [(each.parameters["fast"], each.parameters["slow"]) for each in found] == [
        (2, 8), (2, 12), (3, 8), (3, 12)
    ]  # fmt: skip
    assert [each.number for each in found] == [0, 1, 2, 3]


def test_a_trial_has_the_figures_of_the_same_backtest() -> None:
    bars = walk()
    every = np.arange(bars.time[0], bars.time[-1], 8 * 3600)
    market = cw.Market(bars, funding=cw.FundingRates(every, np.full(len(every), 0.0001)))
    for markets in (bars, market):
        found = optimise(
            Stopped, markets, space=SMALL, figures=METRICS, fee_taker=0.001, slippage_bps=2, leverage=2
        )
        for trial in found:
            alone = cw.backtest(
                Stopped(**trial.parameters), markets, fee_taker=0.001, slippage_bps=2, leverage=2
            )
            assert dict(trial.figures) == dict(alone.metrics)


def test_parameters_that_are_not_searched_keep_their_values() -> None:
    found = optimise(Cross(shorts=True, slow=21), walk(), space={"fast": [2, 3]})
    assert found.strategy.values == {"fast": found.best.parameters["fast"], "slow": 21, "shorts": True}
    assert found.result.strategy.values == found.strategy.values


@pytest.mark.parametrize("method", ["grid", "random", "tpe", "nsga2", "cmaes"])
def test_it_finds_the_same_whatever_runs_it(method: Any, processes: Executor) -> None:
    def found(executor: Executor | None) -> Any:
        return table(
            optimise(Cross, walk(), method=method, trials=60, seed=5, executor=executor,
                     space=SMALL if method == "grid" else None)
        )  # fmt: skip

    with ThreadPoolExecutor(3) as threads:
        assert found(None) == found(threads) == found(processes)


def test_another_seed_tries_other_sets() -> None:
    one, other = (optimise(Cross, walk(), method="random", trials=20, seed=seed) for seed in (1, 2))
    assert [each.parameters for each in one] != [each.parameters for each in other]


@pytest.mark.parametrize("method", ["random", "tpe", "nsga2", "cmaes"])
def test_no_set_is_run_twice_and_a_small_space_ends_the_search(method: Any) -> None:
    found = optimise(Cross, walk(), method=method, trials=500, space=SMALL)
    keys = [tuple(each.parameters.values()) for each in found]
    assert len(keys) == len(set(keys)) == 12
    assert found.is_complete


def test_numbers_without_a_step_and_words_are_searched() -> None:
    found = optimise(Wide, wave(), method="random", trials=50, objective="total_return")
    assert len({each.parameters["part"] for each in found}) == 50
    assert {each.parameters["side"] for each in found} == {"long", "short", "both"}
    assert all(0 <= each.parameters["part"] <= 1 for each in found)


def test_a_set_that_breaks_a_constraint_is_told_and_never_chosen() -> None:
    free = optimise(Cross, walk(), space=SMALL)
    least = int(free.best.figures["trades"] or 0) + 1
    found = optimise(Cross, walk(), space=SMALL, constraints=[f"trades >= {least}"])
    assert found.best.parameters != free.best.parameters
    assert (found.best.figures["trades"] or 0) >= least
    told = next(each for each in found if each.parameters == free.best.parameters)
    assert told.reason == f"trades >= {least} does not hold: trades is {least - 1}."


def test_sets_that_break_a_constraint_of_parameters_are_not_run() -> None:
    found = optimise(
        Cross, walk(), space={"fast": range(2, 11), "slow": range(3, 11)}, constraints="fast < slow"
    )
    assert len(found) == sum(fast < slow for fast in range(2, 11) for slow in range(3, 11))
    assert all(each.parameters["fast"] < each.parameters["slow"] for each in found)


def test_a_constraint_may_name_a_parameter_that_is_not_searched() -> None:
    found = optimise(Cross(slow=4), walk(), space={"fast": range(2, 8)}, constraints=["fast < slow"])
    assert [each.parameters["fast"] for each in found] == [2, 3]


def test_a_set_whose_objective_is_undefined_is_never_chosen() -> None:
    def first(result: cw.Result) -> float | None:
        return None if result.strategy.values["fast"] == 5 else float(result.strategy.values["fast"])

    found = optimise(Cross, walk(), space=SMALL, objective=first)
    assert found.best.parameters["fast"] == 3
    assert {each.reason for each in found if each.parameters["fast"] == 5} == {"first is undefined."}


def test_an_objective_may_be_a_function_and_go_to_other_processes(processes: Executor) -> None:
    here = optimise(Cross, walk(), space=SMALL, objective=net_by_day)
    there = optimise(Cross, walk(), space=SMALL, objective=net_by_day, executor=processes)
    assert table(here) == table(there)
    assert here.best.figures["net_by_day"] == pytest.approx((here.result.equity[-1] - 10_000) / 60, rel=1e-12)


def test_less_is_better_where_it_is_asked_for() -> None:
    found = optimise(Cross, walk(), space=SMALL, objective="-exposure")
    assert found.best.figures["exposure"] == min(each.figures["exposure"] or 0 for each in found)


def test_several_objectives_give_the_pareto_front() -> None:
    found = optimise(
        Cross,
        walk(),
        objective=("total_return", "-exposure", "win_rate"),
        space={**SMALL, "shorts": [False, True]},
    )
    points = {each.number: each.scores for each in found}

    def beaten(one: Any) -> bool:
        return any(
            all(a >= b for a, b in zip(other, one, strict=True)) and other != one for other in points.values()
        )

    assert {each.number for each in found.front} == {n for n, point in points.items() if not beaten(point)}
    assert len(found.front) > 1
    assert found.best in found.front


def test_a_strategy_that_writes_into_its_indicators_is_run_as_it_is() -> None:
    bars = walk()
    for trial in optimise(Scribe, bars, space=SMALL):
        assert trial.figures["sharpe"] == cw.backtest(Scribe(**trial.parameters), bars).metrics["sharpe"]


def test_what_is_set_on_a_strategy_beside_its_parameters_stays() -> None:
    strategy = Cross()
    strategy.leverage, strategy.sizing = 3.0, cw.Fraction(0.5)
    found = optimise(strategy, walk(), space=SMALL)
    assert found.best.figures["total_return"] == cw.backtest(found.strategy, walk()).metrics["total_return"]
    assert (found.strategy.leverage, found.strategy.sizing) == (3.0, cw.Fraction(0.5))
    assert (
        found.best.figures["total_return"]
        != cw.backtest(Cross(**found.best.parameters), walk()).metrics["total_return"]
    )


def test_bars_of_another_length_are_refused() -> None:
    class Minutes(Cross):
        timeframe = "1m"

    with pytest.raises(UsageError, match="Minutes wants bars of 1m, these are of 1h"):
        optimise(Minutes, walk(), space=SMALL)


def test_the_sharpe_ratio_is_always_among_the_figures() -> None:
    found = optimise(Cross, walk(), space=SMALL, objective="total_return", figures=())
    assert found[0].figures.keys() == {"total_return", "sharpe"}
    assert len(found.trial_sharpes) == 12


def test_several_markets_share_one_account() -> None:
    markets = [walk(seed=1, symbol="A"), walk(seed=2, symbol="B")]
    found = optimise(Cross, markets, space=SMALL)
    assert found.best.figures["sharpe"] == cw.backtest(found.strategy, markets).metrics["sharpe"]


def test_the_best_knows_how_many_were_tried() -> None:
    found = optimise(Cross, walk(), space=SMALL)
    sharpes = [each.figures["sharpe"] for each in found]
    np.testing.assert_array_equal(found.trial_sharpes, sharpes)
    alone = cw.backtest(found.strategy, walk())
    assert alone.metrics["deflated_sharpe"] is None
    deflated, probable = found.result.metrics["deflated_sharpe"], found.result.metrics["probabilistic_sharpe"]
    assert deflated is not None
    assert probable is not None
    assert deflated < probable


# --- going on ---


@pytest.mark.parametrize("method", ["grid", "random", "tpe", "nsga2", "cmaes"])
def test_a_search_goes_on_from_what_is_done(method: Any) -> None:
    space = {"fast": range(2, 11), "slow": range(8, 30)}
    whole = optimise(Cross, walk(), method=method, trials=80, space=space)
    kept: list[Row] = []
    first = optimise(
        Cross, walk(), method=method, trials=80, space=space, on_piece=kept.extend,
        cancelled=lambda: len(kept) >= 30,
    )  # fmt: skip
    assert not first.is_complete
    assert 30 <= len(first) == len(kept) < len(whole)
    again: list[Row] = []
    second = optimise(Cross, walk(), method=method, trials=80, space=space, done=kept, on_piece=again.extend)
    assert table(second) == table(whole)
    assert len(again) == len(whole) - len(kept)


def test_progress_rises_to_the_end() -> None:
    told: list[float] = []
    optimise(Cross, walk(), space=SMALL, progress=lambda share, text: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_progress_counts_what_was_done_before() -> None:
    kept: list[Row] = []
    optimise(Cross, walk(), space=SMALL, on_piece=kept.extend)
    told: list[float] = []
    optimise(
        Cross, walk(), space=SMALL, done=kept[:6], progress=lambda share, text: told.append(share),
        constraints=["slow > 0"],
    )  # fmt: skip
    assert told[0] == 6 / len(kept)
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("method", ["random", "tpe", "nsga2"])
def test_progress_of_a_search_that_learns_begins_where_it_was_left(method: Any) -> None:
    kept: list[Row] = []
    space = {"fast": range(2, 11), "slow": range(8, 30)}
    optimise(Cross, walk(), space=space, method=method, trials=60, on_piece=kept.extend)
    told: list[float] = []
    optimise(
        Cross, walk(), space=space, method=method, trials=60, done=kept[:40],
        progress=lambda share, text: told.append(share),
    )  # fmt: skip
    assert told[0] == 40 / 60
    assert told == sorted(told)
    assert told[-1] == 1.0


# --- what cannot be ---


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"objective": "sharp"}, UnknownMetric, "Unknown metric 'sharp'. Did you mean sharpe"),
        ({"objective": "exposure"}, UsageError, 'exposure is neither better high nor low: write "+exposure"'),
        ({"objective": []}, UsageError, "There is no objective"),
        ({"objective": ["sharpe", "sharpe"]}, UsageError, "name each once"),
        ({"method": "gird"}, UsageError, "There is no method 'gird': use one of grid, random"),
        ({"method": "random", "trials": 0}, UsageError, "trials is 0"),
        ({"space": {"fats": [1]}}, UsageError, "no parameter 'fats' to search. Did you mean fast?"),
        ({"space": {}}, UsageError, "names no parameter"),
        ({"space": {"fast": []}}, UsageError, "names no value"),
        ({"space": {"fast": 5}}, UsageError, "give a Param, or a list of values"),
        ({"space": {"fast": [1]}}, UsageError, "fast of Cross is 1: give a whole number from 2 to 10."),
        ({"constraints": ["trades => 3"]}, UsageError, "cannot be read"),
        ({"constraints": ["trade >= 3"]}, UsageError, "'trade' in the constraint 'trade >= 3' is no metric"),
        ({"constraints": ["3 >= 3"]}, UsageError, "names no metric and no parameter"),
        ({"method": "cmaes", "objective": ("sharpe", "trades")}, UsageError, "neither better high nor low"),
        ({"method": "cmaes", "objective": ("sharpe", "calmar")}, UsageError, '"cmaes" has one objective'),
        ({"figures": ["sharp"]}, UnknownMetric, "Unknown metric 'sharp'"),
        ({"cash": -1}, UsageError, "cash is -1.0"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(arguments: dict[str, Any], error: Any, words: str) -> None:
    with pytest.raises(error) as caught:
        optimise(Cross, walk(), **{"space": SMALL, **arguments})
    assert words in str(caught.value)


def test_a_strategy_without_ranges_has_nothing_to_search() -> None:
    with pytest.raises(UsageError, match="Fixed has no parameter to search"):
        optimise(Fixed, walk())
    assert len(optimise(Fixed, walk(), space={"length": [5]})) == 1


def test_a_grid_of_numbers_without_a_step_is_refused() -> None:
    with pytest.raises(UsageError, match="part has no grid"):
        optimise(Wide, walk())


def test_sets_that_cannot_be_run_are_told_and_the_others_go_on() -> None:
    found = optimise(Picky, walk(), space={"fast": [2, 9], "slow": [8]})
    assert [each.reason for each in found] == ["", "fast is 9, slow 8: give a slow one above the fast one."]
    with pytest.raises(UsageError, match=r"Not one of 1 sets can be run\. The first: fast is 9, slow 8"):
        optimise(Picky, walk(), space={"fast": [9], "slow": [8]})


def test_a_mistake_in_a_strategy_ends_the_search_and_says_with_which_parameters() -> None:
    with pytest.raises(StrategyError) as caught:
        optimise(Broken, walk(), space={"fast": [3, 4], "slow": [8]})
    assert "signals() of Broken (hills.py, line" in str(caught.value)
    assert str(caught.value).endswith("division by zero. It was tried with fast=4, slow=8.")


def test_where_nothing_may_be_chosen_it_says_why() -> None:
    found = optimise(Cross, walk(), space=SMALL, constraints=["trades >= 100000"])
    assert found.feasible == found.front == ()
    with pytest.raises(
        NothingFeasible, match=r"None of 12 trials may be chosen \(12 times: trades >= 100000"
    ):
        _ = found.best


def test_what_cannot_be_sent_to_other_processes_is_a_sentence(processes: Executor) -> None:
    with pytest.raises(UsageError, match="Cross cannot be sent to other processes"):
        optimise(Cross, walk(), space=SMALL, objective=lambda result: 1.0, executor=processes)
