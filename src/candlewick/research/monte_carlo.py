"""`monte_carlo()`: what else might have come of a backtest, and how likely what came of it is luck."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.research.bootstrap import block_length
from candlewick.research.drawing import (
    OF_RERUNS,
    OF_TRADES,
    Draws,
    Method,
    Source,
    draw,
    growth_of,
    statistic,
    without_columns,
)
from candlewick.research.recalled import recalled
from candlewick.research.sampling import Sample, Series, sample_of
from candlewick.research.synthetic import on_one_clock

METHODS: Final[tuple[Method, ...]] = get_args(Method)
LEVELS: Final = (5, 25, 50, 75, 95)
SURE: Final = 0.05
MOST_RUNS: Final = 1_000_000
_KEPT: Final = 4_000_000  # figures of all paths: 32 MB, however many runs
_STEPS: Final = 200
_AT_ONCE: Final = 50
_MOST_PIECES: Final = 200

_OF_SIGNS: Final = "each trade could as well have lost what it won (signs drawn at random): mean of a trade"
_OF_MEANS: Final = "returns are nothing in the mean (it is taken off, and blocks are drawn): Sharpe ratio"
_OF_ORDER: Final = (
    "a market remembers nothing (the strategy runs on its bars, shuffled one by one): Sharpe ratio"
)
NULLS: Final[dict[Method, str]] = {
    "reshuffle": _OF_SIGNS,
    "skip": _OF_SIGNS,
    "block_bootstrap": _OF_MEANS,
    "fill_noise": _OF_MEANS,
    "synthetic": _OF_ORDER,
}
"""What the p-value supposes, and the figure that it compares."""


@dataclass(frozen=True, slots=True, eq=False)
class MonteCarlo:
    """What might have been.

    Attributes:
        method, seed: how it was drawn; the same seed draws the same.
        draws: a row a run: `total_return`, `max_drawdown`, `lowest`, `sharpe`.
        actual: the same figures of the real path, by name; None where undefined.
        steps: places on the paths at which `bands` stand: trades, periods or bars, 0 the beginning.
        times: when that was, UTC seconds; None where trades are drawn.
        bands: worth by the first one at those steps, a row for each of `LEVELS`.
        block: mean length of the blocks, in periods or bars; None where none are drawn.
        ruin_at: the loss that counts as ruin, a fraction of the beginning.
        p_value: how often a run without skill shows as much; None: it cannot be said.
    """

    method: Method
    seed: int
    draws: Draws
    actual: dict[str, float | None]
    steps: NDArray[np.intp]
    times: NDArray[np.int64] | None
    bands: NDArray[np.float64]
    block: float | None
    ruin_at: float
    p_value: float | None

    def __repr__(self) -> str:
        return f"<{self.runs:,} runs by {self.method}: {self.verdict}>"

    @property
    def runs(self) -> int:
        return len(self.draws.total_return)

    @property
    def ruin(self) -> float:
        """The part of the runs in which `ruin_at` of the beginning was lost at some time."""
        return float(np.mean(self.draws.lowest <= 1.0 - self.ruin_at))

    @property
    def loss(self) -> float:
        """The part of the runs that ended with less than they began with."""
        return float(np.mean(self.draws.total_return < 0.0))

    @property
    def null(self) -> str:
        """What the p-value supposes, and the figure it compares."""
        return NULLS[self.method]

    def quantiles(self, figure: str, levels: Sequence[float] = LEVELS) -> list[float] | None:
        """A figure at levels in per cent; None: it is undefined in too many runs to say.

        Raises:
            UsageError: no run has this figure.
        """
        if figure not in FIGURES:
            raise UsageError(f"Runs have no {figure!r}. Ask for one of {', '.join(FIGURES)}.")
        column: Series = getattr(self.draws, figure)
        known = column[np.isfinite(column)]
        if len(known) < len(column) / 2:
            return None
        return [float(each) for each in np.percentile(known, list(levels))]

    @property
    def verdict(self) -> str:
        """The p-value in words."""
        if self.p_value is None:
            return "Whether this is luck cannot be said: there is nothing to compare."
        said = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        if self.p_value <= SURE:
            return f"Hardly luck ({said}): so much is rarely seen where {self.null.partition(':')[0]}."
        return f"It may be luck ({said}): as much is often seen where {self.null.partition(':')[0]}."

    def histogram(self, figure: str, bins: int = 40) -> dict[str, list[float]] | None:
        """How often a figure was what: `edges`, one more than `counts`; None: it is undefined in all runs."""
        column: Series = getattr(self.draws, figure)
        known = column[np.isfinite(column)]
        if not len(known):
            return None
        low, high = float(known.min()), float(known.max())
        if high - low <= _ALIKE * max(abs(low), abs(high)):  # trades in another order return the same
            return {"edges": [low, high], "counts": [len(known)]}
        counts, edges = np.histogram(known, bins=bins)
        return {"edges": edges.tolist(), "counts": counts.tolist()}

    @property
    def charts(self) -> dict[str, Any]:
        """What a page draws, as JSON has it."""
        return {
            "steps": self.steps.tolist(),
            "times": None if self.times is None else self.times.tolist(),
            "levels": list(LEVELS),
            "bands": self.bands.tolist(),
            "histograms": {figure: self.histogram(figure) for figure in FIGURES},
        }

    @property
    def summary(self) -> dict[str, Any]:
        """All of it but the runs one by one, as JSON has it."""
        return {
            "method": self.method,
            "runs": self.runs,
            "seed": self.seed,
            "levels": list(LEVELS),
            "actual": self.actual,
            "quantiles": {figure: self.quantiles(figure) for figure in FIGURES},
            "ruin_at": self.ruin_at,
            "ruin": self.ruin,
            "loss": self.loss,
            "p_value": self.p_value,
            "null": self.null,
            "verdict": self.verdict,
            "block": self.block,
        }


_ALIKE: Final = 1e-9
FIGURES: Final = ("total_return", "max_drawdown", "lowest", "sharpe")


def monte_carlo(
    result: Result,
    runs: int = 1_000,
    method: Method = "reshuffle",
    seed: int = 0,
    *,
    block: float | None = None,
    skip: float = 0.1,
    noise_bps: float = 5.0,
    ruin: float = 0.5,
    compounds: bool | None = None,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
    done: Mapping[int, Draws] | None = None,
    on_piece: Callable[[int, Draws], None] | None = None,
) -> MonteCarlo:
    """What else might have come of a backtest.

    Args:
        method: `reshuffle` (the same trades in another order), `skip` (some trades missed), `block_bootstrap`
            (periods' returns drawn again in blocks: Politis and Romano, 1994), `fill_noise` (the same
            signals filled at other prices of the same bars), `synthetic` (the strategy run on bars that were
            drawn again in blocks, in all markets alike).
        block: mean length of blocks in periods, or bars for `synthetic`; None: by the rule of Politis and
            White (`bootstrap.block_length`), of the returns, or of the absolute returns of the first market.
        skip: the probability with which a trade is missed.
        noise_bps: standard deviation of the prices of fills at an open, which stay inside their bar.
        ruin: the loss that counts as ruin, a fraction of the beginning.
        compounds: whether trades are as large as the equity allows; None: as the strategy's sizing says.
        executor: where runs are done; None: here.
        progress: told how much is done; what it raises ends the study.
        done: pieces of an earlier call with the same arguments, which are not drawn again.
        on_piece: given each piece as it is done, by the number of its first run, to be kept for `done`.

    Raises:
        UsageError: a number makes no sense, or the result has too little to draw from.
    """
    sample = sample_of(result, compounds)
    source = source_of(result, sample, method, seed, runs, block=block, skip=skip, noise_bps=noise_bps)
    draws = _carry_out(source, runs, executor, progress or (lambda share, step: None), done or {}, on_piece)
    return judge(source, draws, ruin)


def source_of(
    result: Result | None,
    sample: Sample,
    method: Method,
    seed: int,
    runs: int,
    *,
    block: float | None = None,
    skip: float = 0.1,
    noise_bps: float = 5.0,
) -> Source:
    """What a study draws from, all of it checked.

    Args:
        result: needed by what runs the strategy again.

    Raises:
        UsageError: a number makes no sense, or there is too little to draw from.
    """
    _check(method, seed, runs, block, skip, noise_bps)
    steps = len(sample.trades) if method in OF_TRADES else len(sample.returns)
    if method in OF_TRADES and steps < 2:
        raise UsageError(
            f"{steps} closed trades cannot be drawn from. Take a longer time, or the method block_bootstrap."
        )
    if method not in OF_RERUNS:
        if steps < 2:
            raise UsageError(f"{steps} returns cannot be drawn from. Take a longer time.")
        if method == "block_bootstrap":
            block = min(block or block_length(sample.returns), float(steps))
        null_block = block_length(sample.returns)
        return Source(method, seed, sample, _steps(steps, runs), block or 1.0, null_block, skip)
    assert result is not None
    bars = len(result.time)
    if method == "synthetic":
        if not on_one_clock(result.markets):
            raise UsageError(
                "The markets have bars at different times: blocks of them cannot be drawn together. "
                "Give bars of the same times."
            )
        if bars < 3:
            raise UsageError(f"{bars} bars cannot be drawn from. Take a longer time.")
        # what hangs together in prices is how far they move, hardly where to
        moves = np.abs(np.diff(np.log(result.markets[0].bars.close)))
        block = min(block or block_length(moves), float(bars - 1))
    again = result.strategy
    if method == "fill_noise" and again.signals_only():
        again = recalled(result)
    return Source(
        method, seed, sample, _steps(bars, runs), block or 1.0, block_length(sample.returns), skip,
        noise_bps / 10_000, again, result.markets, result.account,
    )  # fmt: skip


def judge(source: Source, draws: Draws, ruin: float = 0.5) -> MonteCarlo:
    """What runs say together."""
    if not 0.0 < ruin <= 1.0:
        raise UsageError(f"ruin is {ruin}: give the part of the beginning whose loss is ruin, such as 0.5.")
    sample = source.sample
    path = (
        growth_of(sample, sample.trades)
        if source.method in OF_TRADES
        else np.concatenate(([1.0], np.cumprod(1.0 + sample.returns)))
    )
    shown = statistic(source)
    actual = {
        "total_return": float(path[-1]) - 1.0,
        "max_drawdown": float(np.min(path / np.maximum.accumulate(path))) - 1.0,
        "lowest": float(path.min()),
        "sharpe": None if source.method in OF_TRADES else shown,
    }
    times = None
    if source.method not in OF_TRADES:
        clock = source.markets and source.method in OF_RERUNS
        opened = source.markets[0].bars.time if clock else sample.time
        times = opened[np.maximum(source.steps - 1, 0)]
    return MonteCarlo(
        method=source.method,
        seed=source.seed,
        draws=draws,
        actual=actual,
        steps=source.steps,
        times=times,
        bands=np.percentile(draws.paths, LEVELS, axis=0),
        block=source.block if source.method in ("block_bootstrap", "synthetic") else None,
        ruin_at=ruin,
        p_value=_p_value(shown, draws.null),
    )


def _p_value(shown: float | None, null: Series) -> float | None:
    """(1 + runs without skill that show as much) / (1 + runs): never nothing, since the real run counts too.

    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, ch. 4. A run whose figure is
    undefined (it never traded) shows nothing.
    """
    if shown is None:
        return None
    reached = int(np.count_nonzero(np.nan_to_num(null, nan=0.0) >= shown - 1e-12 * abs(shown)))
    return (1 + reached) / (1 + len(null))


def _carry_out(
    source: Source,
    runs: int,
    executor: Executor | None,
    tell: Callable[[float, str], None],
    known: Mapping[int, Draws],
    keep: Callable[[int, Draws], None] | None,
) -> Draws:
    size = max(_AT_ONCE, -(-runs // _MOST_PIECES))
    ranges = {first: min(first + size, runs) for first in range(0, runs, size)}
    left = [first for first in ranges if first not in known]
    each = map if executor is None else executor.map
    drawn = each(draw, [without_columns(source)] * len(left), left, [ranges[first] for first in left])
    parts = dict(known)
    ready = sum(ranges[first] - first for first in ranges.keys() & known.keys())
    tell(ready / runs, f"{ready:,} of {runs:,} runs")
    for first, part in zip(left, drawn, strict=True):
        parts[first] = part
        if keep is not None:
            keep(first, part)
        ready += ranges[first] - first
        tell(ready / runs, f"{ready:,} of {runs:,} runs")
    return Draws.together([parts[first] for first in ranges])


def _steps(length: int, runs: int) -> NDArray[np.intp]:
    """Places on a path of `length` steps and its beginning: all of them, or as many as memory is given to."""
    most = max(2, min(_STEPS, _KEPT // runs))
    if length + 1 <= most:
        return np.arange(length + 1)
    return np.linspace(0, length, most).round().astype(np.intp)


def _check(method: str, seed: int, runs: int, block: float | None, skip: float, noise_bps: float) -> None:
    if method not in METHODS:
        raise UsageError(f"There is no method {method!r}. Use one of {', '.join(METHODS)}.")
    if not 1 <= runs <= MOST_RUNS:
        raise UsageError(f"{runs:,} runs cannot be done. Ask for 1 to {MOST_RUNS:,}.")
    if seed < 0:
        raise UsageError(f"The seed is {seed}: give a whole number that is not below zero.")
    if block is not None and not (math.isfinite(block) and block >= 1.0):
        raise UsageError(f"Blocks of {block:g} cannot be drawn. Give their mean length, 1 or more.")
    if not 0.0 <= skip < 1.0:
        raise UsageError(f"skip is {skip}: give the probability of missing a trade, from 0 to below 1.")
    if not 0.0 <= noise_bps <= 1_000.0:
        raise UsageError(f"noise_bps is {noise_bps}: give basis points from 0 to 1,000.")
