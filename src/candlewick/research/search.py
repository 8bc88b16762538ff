"""`optimise()`: which parameters of a strategy do best on these bars, and whether that is worth believing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np

from candlewick.backtest.asking import refuse_timeframe, strategy_of
from candlewick.backtest.market import Traded, markets_of
from candlewick.backtest.record import Drive
from candlewick.core.errors import UsageError
from candlewick.research import samplers
from candlewick.research.cmaes import CmaEs
from candlewick.research.crew import crew, fan_out
from candlewick.research.genetic import Nsga2
from candlewick.research.objectives import Judge, Objectives, Verdict, judge_of
from candlewick.research.optimisation import Optimisation
from candlewick.research.samplers import Sampler
from candlewick.research.space import Parameters, Ranges, Space, space_of
from candlewick.research.sweep import Ran, Runner, Setup
from candlewick.research.tpe import Tpe
from candlewick.research.trial import Row, Trial, trial_of
from candlewick.trading.strategy.strategy import Strategy

Method = Literal["grid", "random", "tpe", "nsga2", "cmaes"]
SHOWN: Final = ("total_return", "sharpe", "trades")
"""Metrics that every trial is told with: cheap ones."""
_STUCK: Final = 20


def optimise(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    objective: Objectives = "sharpe",
    method: Method = "grid",
    trials: int = 200,
    space: Ranges | None = None,
    constraints: Iterable[str] = (),
    seed: int = 0,
    figures: Iterable[str] = SHOWN,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    done: Iterable[Row] = (),
    on_piece: Callable[[list[Row]], None] | None = None,
    workers: int | None = None,
    folder: Path | None = None,
    cash: float = 10_000,
    fee_taker: float = 0.0005,
    fee_maker: float = 0.0002,
    slippage_bps: float = 0.0,
    leverage: float | None = None,
    drive: Drive | None = None,
    days_a_year: float = 365.0,
) -> Optimisation:
    """Run a strategy with many sets of parameters, and find the best.

    The same seed finds the same, whatever the executor. No set is run twice.

    Args:
        strategy: one (parameters that are not searched keep its values), or its class.
        bars: as for `backtest()`; so are `cash` and what follows it.
        objective: a metric by name, better on its better side; `"-turnover"` wants less, `"+exposure"` more.
            Or a function of a `Result`, of which more is better and None is undefined. Several of them: the
            Pareto front is looked for. A set whose objective is undefined is never chosen.
        method: `grid` (every set; `trials` is not looked at), `random`, `nsga2` (genetic), `cmaes` (of one
            objective), `tpe` (thinks for milliseconds a trial).
        trials: how many sets are run at most.
        space: the parameters to search, by name, each with a `Param` or its values; None: all that have a
            range or choices.
        constraints: what must hold for a set to be chosen, of metrics and parameters: `"trades >= 30"`,
            `"max_drawdown > -0.3"`, `"fast < slow"`. Sets that break one of parameters alone are not run.
        figures: metrics that are told of every trial besides; the Sharpe ratio always is, since the deflated
            one of the best needs those of all.
        executor: where trials are run: threads, processes, a cluster. None: threads of this process if the
            strategy only signals, else this thread.
        progress: told how far it is, 0 to 1, and a word on it: where it begins, and after each piece.
        cancelled: asked now and then whether to end; what was found until then is answered.
        done: trials of an earlier call with the same arguments, which are not run again.
        on_piece: given the trials of each piece as it is done, to be kept for `done`.
        workers: how many pieces the executor does at once; None: what it says itself.
        folder: where other processes read the bars; None: this machine's folder for what is temporary.

    Raises:
        UsageError: a name is unknown, there is nothing to search, or not one set can be run; says which.
    """
    run = strategy_of(strategy)
    markets = markets_of(bars)
    refuse_timeframe(run, markets)
    searched = space_of(type(run), space)
    judge = judge_of(objective, constraints, run.values, (*figures, "sharpe"))
    sampler = _sampler(method, searched, judge, trials, seed)
    setup = Setup(cash, fee_taker, fee_maker, slippage_bps, leverage, drive, days_a_year)
    setup.account(run)  # what makes no sense is told before anything is run
    runner = Runner(run, markets, setup, judge.metrics, judge.objectives)
    most = (searched.size or 0) if method == "grid" else trials
    search = _Search(searched, judge, sampler, most, done)

    settled = min(search.kept, most)

    def tell() -> None:
        if progress is not None and most:
            progress(settled / most, f"{settled:,} of {most:,} trials")

    def take(sets: Sequence[Parameters], piece: Sequence[Ran]) -> None:
        nonlocal settled
        settled = min(settled + len(piece), most)
        if on_piece is not None:
            on_piece([Row(each, one.figures, one.error) for each, one in zip(sets, piece, strict=True)])
        tell()

    tell()
    with crew(runner, executor, workers, folder) as at_work:
        search.go_on(lambda sets: fan_out(sets, at_work, take, cancelled or _never))
    if progress is not None and search.is_complete:
        progress(1.0, f"{len(search.trials):,} trials")
    return Optimisation(
        base=run,
        space=searched,
        judge=judge,
        trials=tuple(search.trials),
        method=method,
        seed=seed,
        is_complete=search.is_complete,
        runner=runner,
    )


class _Search:
    """Asks for sets, has them run, tells what they were worth, until there are enough.

    Attributes:
        kept: how many were done in an earlier call.
    """

    def __init__(self, space: Space, judge: Judge, sampler: Sampler, most: int, done: Iterable[Row]) -> None:
        self.trials: list[Trial] = []
        self.is_complete = False
        self._space = space
        self._judge = judge
        self._sampler = sampler
        self._most = most
        self._seen: dict[tuple[Any, ...], Trial] = {}
        self._errors = 0
        needed = {*judge.metrics, *(each.name for each in judge.objectives)}
        self._done = {
            space.key(row.parameters): Ran(dict(row.figures), row.error)
            for row in done
            if needed <= row.figures.keys() and set(space.names) == row.parameters.keys()
        }
        self.kept = len(self._done)

    def go_on(self, run: Callable[[list[Parameters]], list[Ran | None]]) -> None:
        """Search until there are enough trials, nothing is left, or `run` leaves sets out.

        Raises:
            UsageError: not one set can be run.
        """
        stuck = 0
        while len(self.trials) < self._most and stuck < _STUCK:
            sets = self._sampler.ask()
            if not sets:
                break
            fresh = self._fresh(sets)
            stuck = 0 if fresh else stuck + 1
            if not self._try(fresh, run):
                return
            if len(self.trials) < self._most:
                self._sampler.tell(sets, [self._verdict(each) for each in sets])
        self.is_complete = True
        if self.trials and self._errors == len(self.trials):
            first = self.trials[0]
            raise UsageError(f"Not one of {len(self.trials):,} sets can be run. The first: {first.reason}")

    def _fresh(self, sets: Sequence[Parameters]) -> list[Parameters]:
        """Those that are to be tried: new, allowed, and not more than there is room for."""
        fresh = {
            key: each
            for each in sets
            if (key := self._space.key(each)) not in self._seen and self._judge.before(each) is None
        }
        return list(fresh.values())[: self._most - len(self.trials)]

    def _try(self, fresh: list[Parameters], run: Callable[[list[Parameters]], list[Ran | None]]) -> bool:
        """Take in what came of each; whether all were run."""
        ran = [self._done.get(self._space.key(each)) for each in fresh]
        places = [place for place, known in enumerate(ran) if known is None]
        for place, one in zip(places, run([fresh[place] for place in places]), strict=True):
            ran[place] = one
        for parameters, came in zip(fresh, ran, strict=True):
            if came is not None:
                trial = trial_of(self._judge, len(self.trials), parameters, came)
                self.trials.append(trial)
                self._seen[self._space.key(parameters)] = trial
                self._errors += bool(came.error)
        return all(came is not None for came in ran)

    def _verdict(self, parameters: Parameters) -> Verdict:
        trial = self._seen.get(self._space.key(parameters))
        if trial is None:
            before = self._judge.before(parameters)
            assert before is not None, "a set that may be run was not"
            return before
        return Verdict(trial.scores, trial.excess, trial.reason)


def _sampler(method: str, space: Space, judge: Judge, trials: int, seed: int) -> Sampler:
    if method not in get_args(Method):
        raise UsageError(f"There is no method {method!r}: use one of {', '.join(get_args(Method))}.")
    if method == "grid":
        return samplers.grid(space)
    if trials < 1:
        raise UsageError(f"trials is {trials}: give a number of at least 1.")
    rng = np.random.default_rng(seed)
    if method == "random":
        return samplers.by_chance(space, rng)
    if method == "tpe":
        return Tpe(space, seed, len(judge.objectives))
    if method == "cmaes":
        if len(judge.objectives) > 1:
            raise UsageError(
                'method="cmaes" has one objective: name one, or use "nsga2" for the Pareto front.'
            )
        return CmaEs(space, rng)
    return Nsga2(space, rng, population=min(max(trials // 10, 20), 100))


def _never() -> bool:
    return False
