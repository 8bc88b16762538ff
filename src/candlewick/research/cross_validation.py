"""`cross_validate()`: many histories out of one, each with parameters chosen on other parts of it.

Combinatorial purged cross-validation: López de Prado, "Advances in Financial Machine Learning", 2018, ch. 7
(purging and embargo) and 12 (the paths).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Unpack

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest import metrics
from candlewick.backtest.asking import refuse_timeframe, strategy_of
from candlewick.backtest.market import Traded, markets_of
from candlewick.backtest.overfitting import BLOCKS, independent_trials, overfitting
from candlewick.backtest.report.figures import with_minus
from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.research.returns import Returned, Returning, returns_of
from candlewick.research.sampling import Series
from candlewick.research.sets import sets_of
from candlewick.research.space import Parameters, Ranges
from candlewick.research.sweep import Runner, Setup
from candlewick.research.terms import Terms
from candlewick.trading.strategy.strategy import Strategy

Flags = NDArray[np.bool_]
MOST_SPLITS: Final = 20_000
NONE: Final = -1
_NOTHING: Final = 1e-12
_LEAST: Final = 4  # periods to choose by
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Split:
    """One way to divide the groups.

    Attributes:
        tested: the groups that it was judged on.
        chosen: place of the set that was best on the others; `NONE`: none of them moved there.
        in_sample, out_of_sample: its yearly Sharpe ratios there; None: undefined.
    """

    tested: tuple[int, ...]
    chosen: int
    in_sample: float | None
    out_of_sample: float | None


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """What choosing by the past is worth.

    Attributes:
        strategy: whose parameters were chosen.
        sets: the parameters that were tried.
        sharpes: the yearly Sharpe ratio of each over the whole time; None: undefined.
        splits: every way to choose `test_groups` of the groups to be judged on.
        paths: returns, a row a path: each has every period once, made with parameters chosen without it.
        time: when each period began, UTC seconds.
        periods_a_year: how many there are in a year.
        purged, embargoed: periods that were left out of the training before and behind each test group.
        pbo: the probability of backtest overfitting over the same sets; None of a single one.
        independent: how many independent sets they are worth; None: none of them ever traded.
    """

    strategy: str
    sets: tuple[Parameters, ...]
    sharpes: tuple[float | None, ...]
    splits: tuple[Split, ...]
    paths: Series
    time: NDArray[np.int64]
    periods_a_year: float
    purged: int
    embargoed: int
    pbo: float | None
    independent: float | None

    def __repr__(self) -> str:
        return f"<{len(self.splits)} splits of {self.strategy}: {self.verdict}>"

    @property
    def path_sharpes(self) -> list[float | None]:
        """The yearly Sharpe ratio of each path."""
        return [metrics.sharpe(path, periods_a_year=self.periods_a_year) for path in self.paths]

    @property
    def best(self) -> int | None:
        """Place of the set that is best over the whole time."""
        known = [(ratio, -at) for at, ratio in enumerate(self.sharpes) if ratio is not None]
        return -max(known)[1] if known else None

    @property
    def retention(self) -> float | None:
        """The mean Sharpe ratio of the tests by that of the trainings; None where that is not above 0."""
        inside = [split.in_sample for split in self.splits if split.in_sample is not None]
        outside = [split.out_of_sample for split in self.splits if split.out_of_sample is not None]
        if not inside or not outside or sum(inside) <= 0:
            return None
        return (sum(outside) / len(outside)) / (sum(inside) / len(inside))

    @property
    def mean_path_sharpe(self) -> float | None:
        """The mean Sharpe ratio of the paths that have one."""
        known = [ratio for ratio in self.path_sharpes if ratio is not None]
        return sum(known) / len(known) if known else None

    @property
    def losing_paths(self) -> float:
        """The part of the paths that did not gain."""
        return float(np.mean(np.prod(1.0 + self.paths, axis=1) <= 1.0))

    @property
    def verdict(self) -> str:
        """What choosing by the past is worth, in a sentence or two."""
        ratio, kept, count = self.mean_path_sharpe, self.retention, len(self.paths)
        if ratio is None:
            return f"On none of {count} paths was anything made or lost: nothing can be said."
        gained = count - round(self.losing_paths * count)
        said = f"{gained} of {count} paths gained; their mean Sharpe ratio is {with_minus(f'{ratio:.2f}')}"
        left = "" if kept is None else with_minus(f"{kept:.0%}")
        said += f", {left} of that of the trainings is left in the tests." if left else "."
        if self.pbo is None:
            return f"{said} There was nothing to choose."
        return f"{said} The probability that choosing was overfitting is {self.pbo:.0%}."

    @property
    def summary(self) -> dict[str, Any]:
        """All of it but the paths' returns, as JSON has it."""
        best = self.best
        return {
            "strategy": self.strategy,
            "sets": len(self.sets),
            "splits": len(self.splits),
            "paths": len(self.paths),
            "periods": len(self.time),
            "start": iso(int(self.time[0]) * NS_PER_S),
            "end": iso(int(self.time[-1]) * NS_PER_S),
            "best": None if best is None else self.sets[best],
            "best_sharpe": None if best is None else self.sharpes[best],
            "path_sharpes": self.path_sharpes,
            "path_returns": [metrics.total_return(path) for path in self.paths],
            "path_drawdowns": [
                None if (fall := metrics.max_drawdown(path)) is None else fall.depth for path in self.paths
            ],
            "mean_path_sharpe": self.mean_path_sharpe,
            "losing_paths": self.losing_paths,
            "retention": self.retention,
            "pbo": self.pbo,
            "independent": self.independent,
            "purged": self.purged,
            "embargoed": self.embargoed,
            "choices": [
                {
                    "tested": split.tested,
                    "parameters": None if split.chosen == NONE else self.sets[split.chosen],
                    "in_sample": split.in_sample,
                    "out_of_sample": split.out_of_sample,
                }
                for split in self.splits
            ],
            "verdict": self.verdict,
        }


def cross_validate(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    groups: int = 6,
    test_groups: int = 2,
    purge: int | None = None,
    embargo: int | None = None,
    trials: int = 200,
    space: Ranges | None = None,
    constraints: Iterable[str] = (),
    seed: int = 0,
    executor: Executor | None = None,
    workers: int | None = None,
    folder: Path | None = None,
    progress: Callable[[float, str], None] | None = None,
    done: Iterable[Returned] = (),
    on_piece: Callable[[list[Returned]], None] | None = None,
    **terms: Unpack[Terms],
) -> CrossValidation:
    """Judge by every choice of `test_groups` of `groups` stretches of time, parameters chosen on the others.

    Every set of parameters is run once over all bars; what it made in a stretch counts where that stretch is
    judged or chosen by (the Sharpe ratio). A position that reaches over the border would carry what is known
    in one into the other: that is what the purge is for.

    Args:
        purge: bars left out of the training before each tested stretch, and
        embargo: behind it, besides as many as the purge; None: the longest time that any set held anything
            (no more than half a group), and a hundredth of all bars. Rounded up to whole periods.
        trials: sets that are tried at most: all of the grid, or so many of it by chance.
        constraints: what must hold among parameters, such as `"fast < slow"`.
        executor, workers, folder: where sets are run, as `optimise()` takes them.
        progress: told how much is done; what it raises ends the study.
        done: what sets returned in an earlier call with the same arguments, which are not run again.
        on_piece: given what the sets of each piece returned as it is done, to be kept for `done`.
        terms: what `backtest()` takes.

    Raises:
        UsageError: there are too few bars or sets, or a number makes no sense.
    """
    _check(groups, test_groups, purge, embargo)
    base = strategy_of(strategy)
    markets = markets_of(bars)
    refuse_timeframe(base, markets)
    setup = Setup(**terms)
    setup.account(base)  # what makes no sense is told before anything is run
    returning = Returning(Runner(base, markets, setup))
    sets = sets_of(base, trials, space, constraints, seed)
    ran = returns_of(returning, sets, executor, workers, folder, progress, done, on_piece)
    time, a_year = returning.periods(ran[0].parameters)
    table, longest = np.column_stack([each.column for each in ran]), max(each.held for each in ran)
    periods, count = table.shape
    if periods < 4 * groups:
        raise UsageError(
            f"{periods} periods are too few for {groups} groups: each needs four. Take fewer groups, or more "
            "bars."
        )
    each = max(1, round(float(np.median(np.diff(time))) / seconds(markets[0].bars.timeframe)))
    purged = -(-(longest if purge is None else purge) // each)
    if purge is None:
        purged = min(purged, periods // groups // 2)
    embargoed = -(-(len(markets[0].bars) // 100 if embargo is None else embargo) // each)
    splits, paths = _judge(table, groups, test_groups, purged, embargoed, a_year)
    return CrossValidation(
        strategy=type(base).__name__,
        sets=tuple(each.parameters for each in ran),
        sharpes=tuple(metrics.sharpe(column, periods_a_year=a_year) for column in table.T),
        splits=splits,
        paths=paths,
        time=time,
        periods_a_year=a_year,
        purged=purged,
        embargoed=embargoed,
        pbo=overfitting(table, min(2 * (periods // 4), BLOCKS)).probability if count > 1 else None,
        independent=independent_trials(table),
    )


def _judge(
    table: Series, groups: int, test_groups: int, purged: int, embargoed: int, a_year: float
) -> tuple[tuple[Split, ...], Series]:
    """Every split, and the paths that the tests make: each period once in each."""
    parts = np.array_split(np.arange(len(table)), groups)
    tests = list(combinations(range(groups), test_groups))
    splits: list[Split] = []
    for first in range(0, len(tests), _AT_ONCE):
        some = tests[first : first + _AT_ONCE]
        masks = np.array([_training(parts, tested, purged, embargoed) for tested in some], np.float64)
        if masks.sum(axis=1).min() < _LEAST:
            raise UsageError(
                f"A purge of {purged} and an embargo of {embargoed} periods leave nothing to choose by. "
                "Take fewer groups to test on, or smaller ones of either."
            )
        ratios = _ratios(masks, table)
        for tested, row in zip(some, ratios, strict=True):
            best = int(np.argmax(row))
            has_best = bool(np.isfinite(row[best]))
            places = np.concatenate([parts[group] for group in tested])
            then = metrics.sharpe(table[places, best], periods_a_year=a_year) if has_best else None
            inside = float(row[best]) * math.sqrt(a_year) if has_best else None
            splits.append(Split(tested, best if has_best else NONE, inside, then))
    paths = np.zeros((math.comb(groups - 1, test_groups - 1), len(table)))
    for group, places in enumerate(parts):
        judged = [split for split in splits if group in split.tested]
        for path, split in zip(paths, judged, strict=True):
            if split.chosen != NONE:
                path[places] = table[places, split.chosen]
    return tuple(splits), paths


def _training(parts: Sequence[NDArray[np.intp]], tested: Sequence[int], purged: int, embargoed: int) -> Flags:
    """The periods to choose by: none that is tested, nor any too near before one or too soon behind it."""
    kept: Flags = np.ones(int(parts[-1][-1]) + 1, np.bool_)
    for group in tested:
        first, last = int(parts[group][0]), int(parts[group][-1])
        kept[max(first - purged, 0) : last + 1 + purged + embargoed] = False
    return kept


def _ratios(masks: Series, table: Series) -> Series:
    """The Sharpe ratio of a period of each set over the periods of each mask; -inf where it is undefined."""
    counts = masks.sum(axis=1)[:, None]
    middle = table.mean(axis=0)  # taken off first, so that the squares lose nothing to it
    moved = table - middle
    sums, squares = masks @ moved, masks @ np.square(moved)
    spread = np.sqrt(np.maximum(squares - sums * sums / counts, 0.0) / (counts - 1.0))
    ratios: Series = np.full(sums.shape, -np.inf)
    np.divide(middle + sums / counts, spread, out=ratios, where=spread > _NOTHING)
    return ratios


def _check(groups: int, test_groups: int, purge: int | None, embargo: int | None) -> None:
    if groups < 2 or not 1 <= test_groups < groups:
        raise UsageError(
            f"{test_groups} of {groups} groups cannot be tested on: take at least two groups, and leave one "
            "to choose by."
        )
    if math.comb(groups, test_groups) > MOST_SPLITS:
        raise UsageError(
            f"There are {math.comb(groups, test_groups):,} ways to choose {test_groups} of {groups} groups: "
            "take fewer."
        )
    for name, bars in (("purge", purge), ("embargo", embargo)):
        if bars is not None and bars < 0:
            raise UsageError(f"{name} is {bars}: give a number of bars that is not below 0.")
