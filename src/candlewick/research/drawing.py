"""One run of a Monte Carlo study: a run's trades, returns, fills or bars drawn again, and what that came to.

Run n of a seed is always the same, whatever the number of runs and whoever carries it out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.market import Market
from candlewick.backtest.metrics import sharpe
from candlewick.backtest.run import backtest
from candlewick.research.bootstrap import stationary_rows
from candlewick.research.recalled import anew
from candlewick.research.sampling import Sample, Series
from candlewick.research.synthetic import drawn_again, noisy
from candlewick.research.terms import terms_of
from candlewick.trading.strategy.strategy import Strategy

Method = Literal["reshuffle", "block_bootstrap", "skip", "fill_noise", "synthetic"]
OF_TRADES: Final = ("reshuffle", "skip")
OF_RERUNS: Final = ("fill_noise", "synthetic")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is drawn from, and how.

    Attributes:
        block: mean length of blocks, in periods (`block_bootstrap`) or bars (`synthetic`).
        null_block: mean length of the blocks of returns that luck is judged by.
        skip: the probability with which a trade is left out.
        noise: standard deviation of fills' prices, as a part of them.
        strategy, markets, account: what is run again, where it is.
        steps: the places on each path that are kept, the first of them 0.
    """

    method: Method
    seed: int
    sample: Sample
    steps: NDArray[np.intp]
    block: float = 1.0
    null_block: float = 1.0
    skip: float = 0.0
    noise: float = 0.0
    strategy: Strategy | None = None
    markets: tuple[Market, ...] = ()
    account: Account | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What runs came to, a row each.

    Attributes:
        total_return: the last worth by the first, less 1.
        max_drawdown: the deepest fall from a high, not above zero.
        lowest: the lowest worth by the first.
        sharpe: a year's; NaN where it is undefined, or where trades are drawn.
        null: what a run without any skill would have shown; NaN: undefined.
        paths: worth by the first one at the steps that are kept.
    """

    total_return: Series
    max_drawdown: Series
    lowest: Series
    sharpe: Series
    null: Series
    paths: NDArray[np.float64]

    @staticmethod
    def together(parts: list[Draws]) -> Draws:
        """Runs one after the other."""
        names = [field.name for field in fields(Draws)]
        return Draws(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def draw(source: Source, first: int, last: int) -> Draws:
    """The runs `first` to before `last`."""
    count = last - first
    blank = [np.full(count, np.nan) for _ in range(5)]
    out = Draws(blank[0], blank[1], blank[2], blank[3], blank[4], np.empty((count, len(source.steps))))
    for row, run in enumerate(range(first, last)):
        rng = np.random.default_rng((source.seed, run))
        path, sharpe = _path(source, rng)
        high = np.maximum.accumulate(path)
        out.total_return[row] = path[-1] - 1.0
        out.lowest[row] = path.min()
        out.max_drawdown[row] = float(np.min(path / high)) - 1.0
        out.sharpe[row] = sharpe
        out.paths[row] = path[source.steps]
        out.null[row] = _null(source, rng)
    return out


def statistic(source: Source) -> float | None:
    """What the real run shows of that which `Draws.null` has of runs without skill; None: undefined."""
    sample = source.sample
    if source.method in OF_TRADES:
        return float(np.mean(sample.trades)) if len(sample.trades) else None
    ratio = _ratio(sample.returns, sample.periods_a_year)
    return None if math.isnan(ratio) else ratio


def growth_of(sample: Sample, parts: Series) -> Series:
    """Worth by the first one, before and after each trade."""
    if sample.compounds:
        return np.concatenate(([1.0], np.cumprod(1.0 + parts)))
    return np.concatenate(([1.0], 1.0 + np.cumsum(parts)))


def _path(source: Source, rng: np.random.Generator) -> tuple[Series, float]:
    sample = source.sample
    match source.method:
        case "reshuffle":
            return growth_of(sample, rng.permutation(sample.trades)), math.nan
        case "skip":
            kept = rng.random(len(sample.trades)) >= source.skip
            return growth_of(sample, np.where(kept, sample.trades, 0.0)), math.nan
        case "block_bootstrap":
            returns = sample.returns[stationary_rows(rng, len(sample.returns), source.block)]
            path = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
            return path, _ratio(returns, sample.periods_a_year)
        case "fill_noise":
            return _run(source, tuple(noisy(market, rng, source.noise) for market in source.markets))
        case "synthetic":
            rows = stationary_rows(rng, len(source.markets[0].bars) - 1, source.block)
            return _run(source, tuple(drawn_again(market, rows) for market in source.markets))


def _run(source: Source, markets: tuple[Market, ...]) -> tuple[Series, float]:
    strategy, account = source.strategy, source.account
    assert strategy is not None
    assert account is not None
    result = backtest(anew(strategy), markets, **terms_of(account))
    ratio = result.metrics["sharpe"]
    path = np.concatenate(([1.0], result.equity / account.cash))
    return path, math.nan if ratio is None else float(ratio)


def _null(source: Source, rng: np.random.Generator) -> float:
    """The same figure as `statistic`, of a run that has no skill but is like the real one in all else."""
    sample = source.sample
    if source.method in OF_TRADES:
        signs = np.where(rng.random(len(sample.trades)) < 0.5, 1.0, -1.0)
        return float(np.mean(sample.trades * signs))
    if source.method == "synthetic":
        rows = rng.permutation(len(source.markets[0].bars) - 1)
        return _run(source, tuple(drawn_again(market, rows) for market in source.markets))[1]
    centred = sample.returns - np.mean(sample.returns)
    rows = stationary_rows(rng, len(centred), source.null_block)
    return _ratio(centred[rows], sample.periods_a_year)


def _ratio(returns: Series, periods_a_year: float) -> float:
    """The Sharpe ratio of a year; NaN: undefined."""
    ratio = sharpe(returns, periods_a_year=periods_a_year)
    return math.nan if ratio is None else ratio


def without_columns(source: Source) -> Source:
    """A source for another process, without what its method does not read."""
    if source.method in OF_RERUNS:
        return source
    return replace(source, strategy=None, markets=(), account=None)
