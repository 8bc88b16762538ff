"""Markets that might have been: bars made of the moves of real ones, each of them a possible bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.research.bootstrap import Rows

Moves = NDArray[np.float64]
PRICES = ("open", "high", "low", "close")


def moves_of(bars: Bars) -> Moves:
    """Open, high, low and close by the close before, a row each, a column for every bar but the first."""
    before = bars.close[:-1]
    return np.stack([getattr(bars, name)[1:] / before for name in PRICES])


def rebuilt(bars: Bars, moves: Moves, volume: NDArray[np.float64] | None = None) -> Bars:
    """Bars at the same times and with the same first bar, and then with these moves.

    Raises:
        UsageError: the moves lead to prices that no number holds.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        close = np.cumprod(np.concatenate((bars.close[:1], moves[3])))
        # rounding keeps the order of what is multiplied by the same number: a high stays the highest
        opened, high, low = (
            np.concatenate((getattr(bars, name)[:1], close[:-1] * row))
            for name, row in zip(PRICES[:3], moves[:3], strict=True)
        )
    if not (np.isfinite(high).all() and (low > 0.0).all()):
        raise UsageError(
            f"The moves of {bars.symbol} lead to prices that are beyond all measure. Take smaller ones."
        )
    return replace(
        bars, open=opened, high=high, low=low, close=close, volume=bars.volume if volume is None else volume
    )


def drawn_again(market: Market, rows: Rows) -> Market:
    """The market with the moves of its bars (and their volumes) in the order of `rows`.

    Row n is the move into bar n + 1. Funding is paid at the same times at the same rates, by the prices that
    are there; finer bars are left out.
    """
    bars = market.bars
    volume = np.concatenate((bars.volume[:1], bars.volume[1:][rows]))
    return replace(
        market,
        bars=rebuilt(bars, moves_of(bars)[:, rows], volume),
        funding=_unmarked(market),
        finer=None,
        mark=None,
    )


def scaled(market: Market, times: float) -> Market:
    """The market with log moves `times` as far from their mean close-to-close move, which stays as it is."""

    def change(moves: Moves) -> Moves:
        logs = np.log(moves)
        mean = float(np.mean(logs[3])) if logs.shape[1] else 0.0
        return np.exp(mean + times * (logs - mean))

    return changed(market, change)


def changed(market: Market, change: Callable[[Moves], Moves]) -> Market:
    """The market with other moves; each is kept a possible bar. Finer bars and marks are left out."""
    with np.errstate(over="ignore", under="ignore"):  # `rebuilt` says what is wrong with it
        moves = change(moves_of(market.bars))
    moves[1] = np.max(moves[[0, 1, 3]], axis=0)  # an exponential may round past the next number
    moves[2] = np.min(moves[[0, 2, 3]], axis=0)
    return replace(market, bars=rebuilt(market.bars, moves), funding=_unmarked(market), finer=None, mark=None)


def jumped(market: Market, since: int, part: float) -> Market:
    """The market with a gap: from the bar that opens at `since` on all prices are 1 + part times theirs."""
    funding = market.funding
    if funding is not None and funding.mark is not None:
        later = funding.time >= since
        funding = replace(funding, mark=np.where(later, funding.mark * (1.0 + part), funding.mark))
    finer = None if market.finer is None else _risen(market.finer, since, 1.0 + part)
    mark = None if market.mark is None else _risen(market.mark, since, 1.0 + part)
    return replace(
        market, bars=_risen(market.bars, since, 1.0 + part), finer=finer, funding=funding, mark=mark
    )


def _risen(bars: Bars, since: int, times: float) -> Bars:
    factor = np.where(bars.time >= since, times, 1.0)
    return replace(
        bars,
        open=bars.open * factor,
        high=bars.high * factor,
        low=bars.low * factor,
        close=bars.close * factor,
    )


def without(market: Market, start: int, end: int) -> Market:
    """The market without its bars that open from `start` to before `end`."""
    finer = market.finer

    def cut(bars: Bars) -> Bars:
        kept = (bars.time < start) | (bars.time >= end)
        return replace(
            bars,
            time=bars.time[kept],
            open=bars.open[kept],
            high=bars.high[kept],
            low=bars.low[kept],
            close=bars.close[kept],
            volume=bars.volume[kept],
        )

    return replace(market, bars=cut(market.bars), finer=None if finer is None else cut(finer))


def noisy(market: Market, rng: np.random.Generator, noise: float) -> Market:
    """The market with opens moved inside their bars, by a standard deviation of `noise` parts of them."""
    bars = market.bars
    opened = np.clip(bars.open * (1.0 + noise * rng.standard_normal(len(bars))), bars.low, bars.high)
    return replace(market, bars=replace(bars, open=opened), finer=None)


def on_one_clock(markets: Sequence[Market]) -> bool:
    """Whether all of them have bars at the same times."""
    first = markets[0].bars.time
    return all(np.array_equal(first, market.bars.time) for market in markets[1:])


def _unmarked(market: Market) -> FundingRates | None:
    """Its funding without the marks, which belong to prices that are no longer there."""
    return None if market.funding is None else replace(market.funding, mark=None)
