"""How often the best of many trials would have disappointed: the probability of backtest overfitting.

Combinatorially symmetric cross-validation: Bailey, Borwein, López de Prado and Zhu, "The Probability of
Backtest Overfitting", Journal of Computational Finance 20(4), 2017 (a working paper since 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.core.errors import UsageError

BLOCKS: Final = 16  # 12,870 splits, as the paper takes
_MOST_BLOCKS: Final = 20
_AT_ONCE: Final = 1 << 19  # figures in one matrix: 4 MB, whatever the number of trials and splits
_NOTHING: Final = 1e-12

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """What became, out of sample, of the trial that was best in sample; a value for each split.

    Sharpe ratios are of a period, not annualised. In the second half of the splits the two samples of the
    first have changed places.

    Attributes:
        chosen: the best trial in sample, a column of the returns.
        in_sample: its Sharpe ratio there.
        out_of_sample: its Sharpe ratio in the other half.
        logits: ln(ω / (1 - ω)), ω its rank out of sample by the trials and one: 0 at the median.
    """

    chosen: NDArray[np.intp]
    in_sample: Series
    out_of_sample: Series
    logits: Series

    @property
    def probability(self) -> float:
        """The part of splits in which the chosen trial was no better than the median: PBO."""
        return float(np.mean(self.logits <= 0.0))


def overfitting(returns: ArrayLike, blocks: int = BLOCKS) -> Overfitting:
    """Split the periods into halves in every way that `blocks` allow; choose by one, judge by the other.

    Args:
        returns: a row a period, a column a trial; every trial that was looked at, the bad ones too.
        blocks: into how many parts the periods are cut, in order; even. Where they do not divide, the first
            parts are one period longer.

    A trial that never moves within a half has the ratio 0 there. Beside the returns themselves it takes as
    much memory for a million trials and splits as for a thousand.

    Raises:
        UsageError: there are too few periods or trials, or a return is unknown.
    """
    table = _checked(returns, blocks)
    parts = np.array_split(table, blocks)
    lengths = np.array([len(part) for part in parts])
    middle = np.mean(table, axis=0)  # taken off first, so that the sums of squares lose nothing to it
    sums = np.array([np.sum(part - middle, axis=0) for part in parts])
    squares = np.array([np.sum(np.square(part - middle), axis=0) for part in parts])

    halves = _halves(blocks)
    step = max(1, _AT_ONCE // table.shape[1])
    found = []
    for first in range(0, len(halves), step):
        one = halves[first : first + step]
        ratios = [_ratios(half, lengths, sums, squares, middle) for half in (one, 1.0 - one)]
        found.append((_judge(*ratios), _judge(*reversed(ratios))))
    in_order = [each[way] for way in (0, 1) for each in found]
    chosen, inside, outside, logits = (np.concatenate(column) for column in zip(*in_order, strict=True))
    return Overfitting(chosen, inside, outside, logits)


def independent_trials(returns: ArrayLike) -> float | None:
    """How many independent trials these are worth, since most resemble each other: ρ + (1 - ρ) N.

    ρ is the mean correlation of all pairs, not below zero (Bailey and López de Prado, "The Deflated Sharpe
    Ratio", 2014, appendix). A row a period, a column a trial; one that never moves is left out. None:
    there is none else.
    """
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2 or not np.isfinite(table).all():
        raise UsageError("Give a row a period, two at least, and a column a trial, without unknown returns.")
    spread = np.std(table, axis=0)
    moving = spread > _NOTHING
    trials = int(np.count_nonzero(moving))
    if not trials:
        return None
    # the squares of the sum of all are the sum of all pairs' products: no matrix of pairs is needed
    together = np.sum((table[:, moving] - np.mean(table[:, moving], axis=0)) / spread[moving], axis=1)
    pairs = float(np.mean(np.square(together))) - trials
    alike = min(max(pairs / (trials * (trials - 1)), 0.0), 1.0) if trials > 1 else 1.0
    return alike + (1.0 - alike) * trials


def _checked(returns: ArrayLike, blocks: int) -> NDArray[np.float64]:
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise UsageError("Overfitting is judged among trials. Give a row a period and at least two columns.")
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise UsageError(f"{blocks} blocks cannot be halved in equal ways. Take an even number up to 20.")
    if len(table) < 2 * blocks:
        raise UsageError(
            f"{len(table)} periods are too few for {blocks} blocks: each needs two. "
            "Take fewer blocks, or longer runs."
        )
    unknown = np.argwhere(~np.isfinite(table))
    if len(unknown):
        period, trial = unknown[0].tolist()
        raise UsageError(
            f"Trial {trial} has no return in period {period}. Give trials over the same periods, "
            "with 0 where nothing was held."
        )
    return table


def _halves(blocks: int) -> NDArray[np.float64]:
    """Every half that holds the first block, a row each with 1 for its blocks; the others are their rests."""
    chosen = np.array(list(combinations(range(1, blocks), blocks // 2 - 1)), dtype=np.intp)
    halves = np.zeros((len(chosen), blocks))
    halves[:, 0] = 1.0
    np.put_along_axis(halves, chosen, 1.0, axis=1)
    return halves


def _ratios(
    halves: NDArray[np.float64],
    lengths: NDArray[np.intp],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
    middle: Series,
) -> NDArray[np.float64]:
    """The Sharpe ratio of every trial in every half, from the sums of their blocks."""
    periods = (halves @ lengths)[:, None]
    moved = halves @ sums
    spread = np.sqrt(np.maximum(halves @ squares - moved * moved / periods, 0.0) / (periods - 1.0))
    ratios = np.zeros_like(moved)
    np.divide(middle + moved / periods, spread, out=ratios, where=spread > _NOTHING)
    return ratios


def _judge(
    inside: NDArray[np.float64], outside: NDArray[np.float64]
) -> tuple[NDArray[np.intp], Series, Series, Series]:
    trials = inside.shape[1]
    best = np.argmax(inside, axis=1)
    at = best[:, None]
    then = np.take_along_axis(outside, at, axis=1)
    worse, alike = np.sum(outside < then, axis=1), np.sum(outside == then, axis=1)
    place = (worse + (alike + 1) / 2) / (trials + 1)  # those that are alike share their places
    logits = np.log(place / (1.0 - place))
    return best, np.take_along_axis(inside, at, axis=1)[:, 0], then[:, 0], logits
