"""`readiness()`: whether a strategy may be traded on paper, or with money, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Unpack

import numpy as np

from candlewick.backtest.asking import strategy_of
from candlewick.backtest.lookahead import Lookahead, lookahead
from candlewick.backtest.market import Market, Traded, markets_of
from candlewick.backtest.run import backtest
from candlewick.core.errors import UsageError
from candlewick.research import evidence
from candlewick.research.cross_validation import CrossValidation, cross_validate
from candlewick.research.drawing import draw
from candlewick.research.monte_carlo import MonteCarlo, judge, source_of
from candlewick.research.recalled import anew
from candlewick.research.returns import Returned
from candlewick.research.sampling import sample_from
from candlewick.research.sets import about_parameters
from candlewick.research.space import Ranges, space_of
from candlewick.research.terms import Terms
from candlewick.research.thresholds import RUIN, THRESHOLDS, Level, Threshold
from candlewick.research.walk_forward import (
    FIGURES,
    Choice,
    NothingChosen,
    WalkForward,
    walk_forward,
)
from candlewick.research.windows import cut, windows_of
from candlewick.trading.strategy.strategy import Strategy

Tell = Callable[[float, str], None]
LEVELS: Final[tuple[Literal["paper", "live"], ...]] = ("paper", "live")
RUNS: Final = 1_000
CUTS: Final = 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was asked.

    Attributes:
        figure: None: it is undefined, and so not passed; `sentence` says why.
        threshold: for `live`; `paper_threshold`: None: not asked for.
        passed: for `live`; `passed_for_paper`.
    """

    name: str
    label: str
    figure: float | None
    wants: str
    paper_threshold: float | None
    threshold: float
    passed_for_paper: bool
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Readiness:
    """The verdict.

    Attributes:
        strategy, parameters: what was judged.
        checks: all of them, in the order of `thresholds`.
        walk, validation, draws, future: the studies behind it; None: that one could not be made.
        paper: the run on paper that it was given.
    """

    strategy: str
    parameters: Mapping[str, Any]
    checks: tuple[Check, ...]
    walk: WalkForward | None
    validation: CrossValidation | None
    draws: MonteCarlo | None
    future: Lookahead | None
    paper: evidence.PaperRun | None

    def __repr__(self) -> str:
        return "\n- ".join([self.verdict, *self.reasons])

    @property
    def ready_for(self) -> Level:
        """What it may be used for."""
        if all(check.passed for check in self.checks):
            return "live"
        return "paper" if all(check.passed_for_paper for check in self.checks) else "nothing"

    @property
    def reasons(self) -> list[str]:
        """What stands between it and the next level."""
        if self.ready_for == "nothing":
            return [check.sentence for check in self.checks if not check.passed_for_paper]
        return [check.sentence for check in self.checks if not check.passed]

    @property
    def verdict(self) -> str:
        """The verdict in a sentence."""
        count = len(self.reasons)
        things = "one thing stands" if count == 1 else f"{count} things stand"
        match self.ready_for:
            case "live":
                return f"{self.strategy} is ready for live: it passes all {len(self.checks)} checks."
            case "paper":
                return f"{self.strategy} is ready for paper; {things} between it and live."
            case _:
                return f"{self.strategy} is not ready: {things} between it and paper."

    @property
    def summary(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "strategy": self.strategy,
            "parameters": dict(self.parameters),
            "ready_for": self.ready_for,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "checks": [{name: getattr(check, name) for name in Check.__slots__} for check in self.checks],
            "walk_forward": None if self.walk is None else self.walk.summary,
            "cross_validation": None if self.validation is None else self.validation.summary,
            "monte_carlo": None if self.draws is None else self.draws.summary,
            "lookahead": None if self.future is None else self.future.sentences,
            "paper": None if self.paper is None else self.paper.summary,
        }


def readiness(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    train: str = "90d",
    test: str = "30d",
    anchored: bool = False,
    trials: int = 200,
    space: Ranges | None = None,
    constraints: Iterable[str] = (),
    seed: int = 0,
    paper: evidence.PaperRun | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    folder: Path | None = None,
    progress: Tell | None = None,
    done: Mapping[int, Choice] | None = None,
    on_piece: Callable[[int, Choice], None] | None = None,
    returned: Iterable[Returned] = (),
    on_returned: Callable[[list[Returned]], None] | None = None,
    **terms: Unpack[Terms],
) -> Readiness:
    """Judge a strategy by published thresholds (`research.thresholds`); the same input, the same verdict.

    Its parameters are chosen anew in every window of a walk forward, and judged in the next; how much
    choosing them is worth is told by cross-validation. A class is judged with the parameters that were best
    over the whole time, a strategy with its own. Of one without anything to search nothing is chosen.

    Args:
        train, test, anchored: as `walk_forward()` takes them.
        trials: sets of parameters that are tried at most.
        space, constraints, executor, workers, folder: as `optimise()` takes them.
        paper: what it made on paper; None: it is not ready for live.
        progress: told how much is done; what it raises ends the study.
        done, on_piece: as `walk_forward()` takes them.
        returned, on_returned: as `cross_validate()` takes `done` and `on_piece`.
        terms: what `backtest()` takes. `cash` decides its capacity.

    Raises:
        UsageError: the request makes no sense, or the bars are too short for it.
    """
    base = strategy_of(strategy)
    markets = markets_of(bars)
    rules = tuple([constraints] if isinstance(constraints, str) else constraints)
    searched = _is_searched(base, space)
    windows_of(markets, train, test, anchored)  # what does not fit is told before anything is run
    validation = None
    if searched:
        validation = cross_validate(
            base, markets, trials=trials, space=space, constraints=about_parameters(base, rules), seed=seed,
            executor=executor, workers=workers, folder=folder, progress=_part(progress, 0.0, 0.3),
            done=returned, on_piece=on_returned, **terms,
        )  # fmt: skip
    chosen = _chosen(strategy, base, validation)
    result = backtest(anew(chosen), markets, **terms)
    if not searched:
        done = _fixed(chosen, markets, train, test, anchored, terms)
    walk, why = None, ""
    try:
        walk = walk_forward(
            base, markets, train=train, test=test, anchored=anchored, trials=trials, space=space,
            method="grid" if _fits(base, space, trials) else "random", constraints=rules, seed=seed,
            executor=executor, workers=workers, folder=folder, progress=_part(progress, 0.3, 0.9), done=done,
            on_piece=on_piece, **terms,
        )  # fmt: skip
    except NothingChosen as error:
        why = str(error)
    draws, undrawn = _draws(walk, seed)
    future, unseen = _future(chosen, markets, float(terms.get("cash", 10_000)))
    if progress is not None:
        progress(1.0, "Judged")
    found = {
        "lookahead": (None, unseen) if future is None else (float(len(future.leaks)), future.sentences[0]),
        **evidence.out_of_sample(walk, why),
        "luck": (None, undrawn) if draws is None else (draws.p_value, draws.verdict),
        "overfitting": evidence.overfitting(validation),
        "deflated_sharpe": evidence.deflated(result, validation),
        "ruin": (None, undrawn) if draws is None else (draws.ruin, ""),
        "capacity": evidence.capacity(result),
        **evidence.on_paper(chosen, markets, paper, terms),
    }
    checks = tuple(_check(threshold, *found[name]) for name, threshold in THRESHOLDS.items())
    return Readiness(type(base).__name__, chosen.values, checks, walk, validation, draws, future, paper)


def _draws(walk: WalkForward | None, seed: int) -> tuple[MonteCarlo | None, str]:
    if walk is None:
        return None, "Nothing was run out of sample."
    pnl = np.array([trade.pnl for trade in walk.trades])
    try:
        source = source_of(None, sample_from(walk.metrics, pnl, True), "block_bootstrap", seed, RUNS)
    except UsageError as error:
        return None, str(error)
    return judge(source, draw(source, 0, RUNS), RUIN), ""


def _future(strategy: Strategy, markets: tuple[Market, ...], cash: float) -> tuple[Lookahead | None, str]:
    try:
        return lookahead(strategy, markets, most=CUTS, cash=cash), ""
    except UsageError as error:
        return None, str(error)


def _check(threshold: Threshold, figure: float | None, said: str) -> Check:
    passed = {level: threshold.holds(figure, level) for level in LEVELS}
    return Check(
        threshold.name, threshold.label, figure, threshold.wants, threshold.paper, threshold.live,
        passed["paper"], passed["live"], _sentence(threshold, figure, said, passed),
    )  # fmt: skip


def _sentence(threshold: Threshold, figure: float | None, said: str, passed: Mapping[Any, bool]) -> str:
    if figure is None:
        return f"{threshold.label}: unknown. {said}".strip()
    wanted = [
        f"{level} wants {threshold.wants} {threshold.written(value)}"
        for level, value in (("paper", threshold.paper), ("live", threshold.live))
        if value is not None and not passed[level]
    ]
    rest = f"; {', '.join(wanted)}" if wanted else ""
    return f"{threshold.label}: {threshold.written(figure)}{rest}. {said}".strip()


def _is_searched(base: Strategy, space: Ranges | None) -> bool:
    if space is not None:
        return True
    return any(
        param.choices is not None or (param.low is not None and param.high is not None)
        for param in base.parameters().values()
    )


def _fits(base: Strategy, space: Ranges | None, trials: int) -> bool:
    """Whether all of the grid is tried."""
    if not _is_searched(base, space):
        return True
    size = space_of(type(base), space).size
    return size is not None and size <= trials


def _chosen(given: Strategy | type[Strategy], base: Strategy, validation: CrossValidation | None) -> Strategy:
    if not isinstance(given, type) or validation is None or validation.best is None:
        return base
    return base.but(**validation.sets[validation.best])


def _fixed(
    strategy: Strategy, markets: tuple[Market, ...], train: str, test: str, anchored: bool, terms: Terms
) -> dict[int, Choice]:
    """The choices of a walk forward in which there is nothing to choose."""
    found = {}
    for window in windows_of(markets, train, test, anchored):
        trained = cut(markets, window.train_start, window.test_start)
        try:
            figures = backtest(anew(strategy), trained, **terms).metrics
        except UsageError as error:
            found[window.number] = Choice(None, dict.fromkeys(FIGURES), 0, str(error))
            continue
        found[window.number] = Choice({}, {name: figures[name] for name in FIGURES}, 1)
    return found


def _part(progress: Tell | None, first: float, last: float) -> Tell | None:
    if progress is None:
        return None
    return lambda share, step: progress(first + (last - first) * share, step)
