"""`walk_forward()`: parameters chosen on one stretch of time and judged on the next, again and again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Unpack

import msgspec
import numpy as np

from candlewick.backtest.asking import strategy_of
from candlewick.backtest.figures import Figures
from candlewick.backtest.market import Market, Traded, markets_of
from candlewick.backtest.registry import Figure
from candlewick.backtest.run import backtest
from candlewick.backtest.track_record import YEAR_S
from candlewick.backtest.trades import Trade
from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.research.objectives import Objectives
from candlewick.research.search import Method, optimise
from candlewick.research.space import Ranges
from candlewick.research.stitching import Chain, Series, chain_of
from candlewick.research.terms import Terms
from candlewick.research.windows import Window, cut, windows_of
from candlewick.trading.strategy.strategy import Strategy

FIGURES: Final = ("total_return", "sharpe", "max_drawdown", "profit_factor", "trades")
Tell = Callable[[float, str], None]


class NothingChosen(UsageError):
    """In not one window could parameters be chosen."""


class Choice(msgspec.Struct, frozen=True):
    """What a window's training chose: plain values, as JSON has them.

    Attributes:
        parameters: None: nothing could be chosen.
        figures: of the chosen run in the training, by name.
        trials: how many sets were tried.
        reason: why nothing could be chosen.
    """

    parameters: dict[str, Any] | None
    figures: dict[str, float | int | None]
    trials: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A window, what was chosen in it, and what that came to: `in_sample` and `out_of_sample` by name."""

    window: Window
    parameters: dict[str, Any] | None
    in_sample: dict[str, Figure]
    out_of_sample: dict[str, Figure]
    trials: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """How a parameter wandered from window to window.

    Attributes:
        values: as they were chosen, in order.
        changed: the part of the windows that chose another value than the one before; None of a single one.
        spread: standard deviation of the values by the width of their range; None: it has none.
    """

    values: tuple[Any, ...]
    changed: float | None
    spread: float | None


@dataclass(frozen=True, slots=True, eq=False)
class WalkForward:
    """What parameters came to after they had been chosen, one window after the other.

    Attributes:
        strategy: whose parameters were chosen.
        steps: the windows in order.
        time, equity: out of sample, stitched: each window works with what those before it left.
        trades: out of sample; what was held at a window's end was closed there (`reason` is `window_end`).
        metrics: of the stitched run.
        cash: what it began with.
    """

    strategy: str
    anchored: bool
    steps: tuple[Step, ...]
    time: Any
    equity: Series
    trades: tuple[Trade, ...]
    metrics: Figures
    cash: float
    drift: Mapping[str, Drift]

    def __repr__(self) -> str:
        return (
            f"<{len(self.steps)} windows of {self.strategy}: {self.cash:,.2f} became {self.equity[-1]:,.2f} "
            f"out of sample in {len(self.trades):,} trades, {self.profitable:.0%} of the windows gained>"
        )

    @property
    def efficiency(self) -> float | None:
        """The simple annual return out of sample by that in sample, over all windows.

        Pardo, "The Evaluation and Optimization of Trading Strategies", 2008, ch. 11. None where nothing was
        gained in sample.
        """
        inside = self._yearly("in_sample", "train_s")
        outside = self._yearly("out_of_sample", "test_s")
        return None if inside is None or outside is None or inside <= 0 else outside / inside

    @property
    def sharpe_retention(self) -> float | None:
        """The stitched Sharpe ratio by the mean one of the trainings; None where that is not above 0."""
        ratio = self.metrics["sharpe"]
        known = [step.in_sample["sharpe"] for step in self.steps if step.parameters is not None]
        ratios = [float(each) for each in known if each is not None]
        mean = sum(ratios) / len(ratios) if ratios else 0.0
        return None if ratio is None or mean <= 0 else float(ratio) / mean

    @property
    def profitable(self) -> float:
        """The part of the windows that gained."""
        gained = [(step.out_of_sample["total_return"] or 0.0) > 0 for step in self.steps]
        return sum(gained) / len(gained)

    @property
    def summary(self) -> dict[str, Any]:
        """All of it but equity and trades, as JSON has it."""
        return {
            "strategy": self.strategy,
            "anchored": self.anchored,
            "metrics": dict(self.metrics),
            "efficiency": self.efficiency,
            "sharpe_retention": self.sharpe_retention,
            "profitable": self.profitable,
            "windows": [_described(step) for step in self.steps],
            "drift": {name: asdict(each) for name, each in self.drift.items()},
        }

    def _yearly(self, part: str, span: str) -> float | None:
        chosen = [step for step in self.steps if step.parameters is not None]
        years = sum(getattr(step.window, span) for step in chosen) / YEAR_S
        returns = [getattr(step, part)["total_return"] for step in chosen]
        return None if not years or None in returns else float(sum(returns)) / years


def walk_forward(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    train: str = "90d",
    test: str = "30d",
    anchored: bool = False,
    objective: Objectives = "sharpe",
    method: Method = "grid",
    trials: int = 200,
    space: Ranges | None = None,
    constraints: Iterable[str] = (),
    seed: int = 0,
    executor: Executor | None = None,
    workers: int | None = None,
    folder: Path | None = None,
    progress: Tell | None = None,
    done: Mapping[int, Choice] | None = None,
    on_piece: Callable[[int, Choice], None] | None = None,
    **terms: Unpack[Terms],
) -> WalkForward:
    """Choose parameters on `train`, judge them on the `test` behind it, and go on by one `test`.

    In a test the bars of the training are there for indicators to settle on, but nothing is traded in them.

    Args:
        train, test: lengths of time, such as `90d`.
        anchored: whether every training begins with the first bar.
        objective, method, trials, space, constraints, seed, executor, workers, folder: as `optimise()` takes
            them.
        progress: told how much is done; what it raises ends the study.
        done: choices of an earlier call by the number of their window, which are not made again.
        on_piece: given each choice as it is made, to be kept for `done`.
        terms: what `backtest()` takes.

    Raises:
        UsageError: the bars are too short for the windows; `NothingChosen`: no window could choose.
    """
    base = strategy_of(strategy)
    markets = markets_of(bars)
    windows = windows_of(markets, train, test, anchored)
    known = dict(done or {})
    choices = []
    for window in windows:
        choice = known.get(window.number)
        if choice is None:
            trained = cut(markets, window.train_start, window.test_start)
            choice = _choose(
                base, trained, _part(progress, window, len(windows)),
                objective=objective, method=method, trials=trials, space=space, constraints=constraints,
                seed=seed, executor=executor, workers=workers, folder=folder, **terms,
            )  # fmt: skip
            if on_piece is not None:
                on_piece(window.number, choice)
        choices.append(choice)
    if all(choice.parameters is None for choice in choices):
        raise NothingChosen(f"In not one window could parameters be chosen. The first: {choices[0].reason}")
    chain = chain_of(markets, float(terms.get("cash", 10_000)), terms.get("days_a_year", 365.0))
    steps = [
        _judge(base, markets, window, choice, chain, terms)
        for window, choice in zip(windows, choices, strict=True)
    ]
    return WalkForward(
        strategy=type(base).__name__,
        anchored=anchored,
        steps=tuple(steps),
        time=chain.time,
        equity=chain.equity,
        trades=tuple(chain.trades),
        metrics=chain.figures(),
        cash=chain.cash,
        drift=_drift(type(base), steps),
    )


def untraded_before(strategy: Strategy, start: int) -> Strategy:
    """The strategy, with nothing to say before the bar whose close is the open of one at `start`.

    Its indicators see all bars.
    """
    later = copy.copy(strategy)

    def settled_from(bars: Bars, ind: Mapping[str, Any]) -> int:
        return max(strategy.settled_from(bars, ind), int(np.searchsorted(bars.time, start)) - 1, 0)

    vars(later)["settled_from"] = settled_from
    return later


def _choose(base: Strategy, markets: tuple[Market, ...], tell: Tell | None, **asked: Any) -> Choice:
    if not markets:
        return Choice(None, dict.fromkeys(FIGURES), 0, "There are no bars to train on.")
    try:
        found = optimise(base, markets, figures=FIGURES, progress=tell, **asked)
        best = found.best
    except UsageError as error:  # nothing may be chosen, or can be run, in this stretch of time
        return Choice(None, dict.fromkeys(FIGURES), 0, str(error))
    return Choice(best.parameters, {name: best.figures[name] for name in FIGURES}, len(found))


def _judge(
    base: Strategy, markets: tuple[Market, ...], window: Window, choice: Choice, chain: Chain, terms: Terms
) -> Step:
    tested = cut(markets, window.test_start, window.test_end)
    nothing: dict[str, Figure] = dict.fromkeys(FIGURES)
    if not tested:
        return Step(
            window, choice.parameters, dict(choice.figures), nothing, choice.trials, "No bars to test on."
        )
    if choice.parameters is None:
        chain.rest(tested)
        return Step(window, None, dict(choice.figures), nothing, choice.trials, choice.reason)
    run = untraded_before(base.but(**choice.parameters), window.test_start)
    result = backtest(run, cut(markets, window.train_start, window.test_end), **terms)
    alone = chain.add(result, int(np.searchsorted(result.time, window.test_start)))
    figures = {name: alone[name] for name in FIGURES}
    return Step(window, choice.parameters, dict(choice.figures), figures, choice.trials)


def _drift(strategy: type[Strategy], steps: list[Step]) -> dict[str, Drift]:
    chosen = [step.parameters for step in steps if step.parameters is not None]
    found = {}
    for name in chosen[0]:
        values = tuple(each[name] for each in chosen)
        param = strategy.parameters()[name]
        changed = [one != other for one, other in pairwise(values)]
        width = param.high - param.low if param.low is not None and param.high is not None else 0
        found[name] = Drift(
            values,
            sum(changed) / len(changed) if changed else None,
            float(np.std(np.array(values, np.float64))) / width if width else None,
        )
    return found


def _part(progress: Tell | None, window: Window, windows: int) -> Tell | None:
    if progress is None:
        return None

    def tell(share: float, step: str) -> None:
        progress((window.number + share) / windows, f"Window {window.number + 1} of {windows}: {step}")

    return tell


def _described(step: Step) -> dict[str, Any]:
    window = step.window
    return {
        "number": window.number,
        "train_start": iso(window.train_start * NS_PER_S),
        "test_start": iso(window.test_start * NS_PER_S),
        "test_end": iso(window.test_end * NS_PER_S),
        "parameters": step.parameters,
        "in_sample": step.in_sample,
        "out_of_sample": step.out_of_sample,
        "trials": step.trials,
        "reason": step.reason,
    }
