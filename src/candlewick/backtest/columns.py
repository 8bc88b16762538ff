"""Markets of a backtest as arrays that the compiled core reads: one clock for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import COLUMNS, Bars, clock, resample
from candlewick.trading.strategy.funding import Settled

Rows = NDArray[Any]
Grid = NDArray[np.float64]
NO_FINE: Final = (np.zeros((4, 0)), np.zeros((0, 0), np.int64))


class Marks(NamedTuple):
    """The mark in each bar, in the order of the core's arguments. Where it is not known, the traded prices.

    Attributes:
        top, bottom: the highest and lowest of both, mark and trades.
        fine: of the finer bars, as `Columns.fine`.
    """

    open: Grid
    high: Grid
    low: Grid
    close: Grid
    top: Grid
    bottom: Grid
    fine: Grid


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Prices of all markets on one clock: a row a market, a column a bar, NaN where a market has none.

    Attributes:
        time: open times, UTC seconds.
        places: per market, the column of each of its bars; None: it has them all.
        fine, fine_start: finer bars, and where those of each bar begin (`fills.signals.run`).
        marks: what margin is judged by.
    """

    time: NDArray[np.int64]
    open: Grid
    high: Grid
    low: Grid
    close: Grid
    places: tuple[NDArray[np.intp] | None, ...]
    fine: Grid
    fine_start: NDArray[np.int64]
    marks: Marks

    def when(self, bar: int) -> datetime:
        """When a bar opened."""
        return datetime.fromtimestamp(int(self.time[bar]), UTC)

    def spread(self, market: int, column: NDArray[Any], missing: float) -> NDArray[Any]:
        """A column of one market's bars on the common clock."""
        places = self.places[market]
        if places is None or column.size == 1:
            return column
        wide = np.full(len(self.time), missing, column.dtype)
        wide[places] = column
        return wide


def columns_of(markets: Sequence[Market]) -> Columns:
    """The markets' prices on one clock."""
    times = [market.bars.time for market in markets]
    clock_time = times[0]
    if any(len(each) != len(clock_time) or not np.array_equal(each, clock_time) for each in times[1:]):
        clock_time = np.unique(np.concatenate(times))
        places: list[NDArray[np.intp] | None] = [np.searchsorted(clock_time, each) for each in times]
    else:
        places = [None] * len(times)
    grids = []
    for name in COLUMNS[:4]:
        if len(markets) == 1:
            grids.append(getattr(markets[0].bars, name).reshape(1, -1))
            continue
        grid = np.empty((len(markets), len(clock_time)))
        if any(place is not None for place in places):
            grid[:] = np.nan
        for row, (market, place) in enumerate(zip(markets, places, strict=True)):
            grid[row, slice(None) if place is None else place] = getattr(market.bars, name)
        grid.flags.writeable = False  # as bars are: the core is compiled for one kind of array
        grids.append(grid)
    fine, fine_start = _fine(markets, clock_time)
    first, high, low, close = grids
    marks = Marks(first, high, low, close, high, low, fine)
    if any(market.mark is not None for market in markets):
        marks = _marks(markets, places, marks)
    return Columns(clock_time, first, high, low, close, tuple(places), fine, fine_start, marks)


def _marks(markets: Sequence[Market], places: Sequence[NDArray[np.intp] | None], traded: Marks) -> Marks:
    grids = [grid.copy() for grid in traded[:4]]
    fine, begun = traded.fine.copy(), 0
    for row, (market, place) in enumerate(zip(markets, places, strict=True)):
        own = slice(None) if place is None else place
        if market.mark is not None:
            rows, at = _marked(market.mark, market.bars)
            for grid, column in zip(grids, rows, strict=True):
                part = grid[row, own]
                part[at] = column
                grid[row, own] = part
        if market.finer is not None:
            if market.mark is not None:
                rows, at = _marked(market.mark, market.finer)
                fine[:, begun + np.flatnonzero(at)] = rows
            begun += len(market.finer)
    first, high, low, close = grids
    made = first, high, low, close, np.maximum(high, traded.high), np.minimum(low, traded.low)
    for grid in made:
        grid.flags.writeable = False  # as those of the trades are
    return Marks(*made, fine)


def _marked(mark: Bars, bars: Bars) -> tuple[list[NDArray[np.float64]], NDArray[np.bool_]]:
    """Open, high, low and close of the mark in these bars, and which of them have one.

    Raises:
        UsageError: the mark's bars are longer, or none of them falls among these.
    """
    mark.check()
    if seconds(mark.timeframe) > seconds(bars.timeframe):
        raise UsageError(
            f"The mark of {bars.symbol} is of {mark.timeframe}, but is to judge bars of {bars.timeframe}: "
            "load it in that timeframe or a shorter one, or leave it away."
        )
    same = resample(mark, bars.timeframe)
    there = np.isin(bars.time, same.time)
    if not there.any():
        raise UsageError(
            f"The mark of {bars.symbol} is not known at any of its bars: load it for the same range."
        )
    at = np.searchsorted(same.time, bars.time[there])
    return [getattr(same, name)[at] for name in COLUMNS[:4]], there


def funding_rows(markets: Sequence[Market], time: NDArray[np.int64], dtype: Any) -> Rows:
    """The settlements of all markets, in order of time, each with the bar that it falls into.

    What falls due while a market has no bar is settled as its next one opens: who held on owes it.
    """
    parts = []
    for row, market in enumerate(markets):
        rates = market.funding
        if rates is None or not len(rates.time):
            continue
        if market.is_spot:
            raise UsageError(f"{market.symbol} is spot: it pays no funding. Leave the funding away.")
        own, length = market.bars.time, seconds(market.bars.timeframe)
        place = np.searchsorted(own, rates.time, side="right") - 1
        missing = (place >= 0) & (rates.time >= own[place] + length)
        place = np.where(missing, place + 1, place)
        there = (place >= 0) & (place < len(own))
        place, due = place[there], rates.time[there]
        part = np.zeros(len(place), dtype)
        part["bar"], part["market"] = np.searchsorted(time, own[place]), row
        part["inside"] = due > own[place]
        part["rate"] = rates.rate[there]
        part["mark"] = np.nan if rates.mark is None else rates.mark[there]
        parts.append(part)
    if not parts:
        return np.zeros(0, dtype)
    every: Rows = np.concatenate(parts)
    return every[np.argsort(every["bar"], kind="stable")]


def settled_of(markets: Sequence[Market]) -> list[Settled | None]:
    """What a strategy may know of each market's funding; None: there is none."""
    rates = [market.funding for market in markets]
    return [None if each is None else Settled(each.time, each.rate) for each in rates]


def funding_gap(rates: FundingRates, bars: Bars) -> str | None:
    """What is missing of the funding over the bars' time, as a sentence; None: nothing."""
    if len(rates.time) < 3:
        return None
    start, end = int(bars.time[0]), int(bars.time[-1]) + seconds(bars.timeframe)
    usual = int(np.median(np.diff(rates.time)))
    inside = rates.time[(rates.time >= start) & (rates.time < end)]
    edges = np.concatenate(([start - usual], inside, [end + usual - 1]))
    steps = np.diff(edges)
    worst = int(np.argmax(steps))
    if steps[worst] <= 2 * usual:
        return None
    return (
        f"No funding is known of {bars.symbol} from {clock(int(edges[worst]))} to "
        f"{clock(int(edges[worst + 1]))}: nothing was paid there."
    )


def mark_gap(market: Market) -> str | None:
    """How much of the mark is missing, as a sentence; None: nothing, or there is none at all."""
    if market.mark is None:
        return None
    _, there = _marked(market.mark, market.bars)
    missing = int(np.count_nonzero(~there))
    if not missing:
        return None
    return f"The mark of {market.symbol} is not known at {missing:,} bars: traded prices judged margin there."


def _fine(markets: Sequence[Market], time: NDArray[np.int64]) -> tuple[Grid, NDArray[np.int64]]:
    if all(market.finer is None for market in markets):
        return NO_FINE
    starts = np.zeros((len(markets), len(time) + 1), np.int64)
    parts, begun = [], 0
    for row, market in enumerate(markets):
        starts[row] = begun
        if market.finer is None:
            continue
        finer = _agreeing(market)
        length = seconds(market.bars.timeframe)
        starts[row, :-1] = begun + np.searchsorted(finer.time, time)
        starts[row, -1] = begun + np.searchsorted(finer.time, time[-1] + length)
        parts.append(np.stack([finer.open, finer.high, finer.low, finer.close]))
        begun += len(finer)
    return np.ascontiguousarray(np.concatenate(parts, axis=1)), starts


def _agreeing(market: Market) -> Bars:
    """The finer bars, once it is sure that the bars are made of them.

    Raises:
        UsageError: they are not, or do not cover them.
    """
    bars, finer = market.bars, market.finer
    assert finer is not None
    finer.check()
    made = resample(finer, bars.timeframe)
    there = np.isin(bars.time, made.time)
    if not there.all():
        row = int(np.argmin(there))
        raise UsageError(
            f"The finer bars of {bars.symbol} do not cover {clock(int(bars.time[row]))}: "
            "load them for the same range."
        )
    at = np.searchsorted(made.time, bars.time)
    for name in COLUMNS[:4]:
        own, theirs = getattr(bars, name), getattr(made, name)[at]
        off = np.abs(own - theirs) > 1e-9 * own
        if off.any():
            row = int(np.argmax(off))
            raise UsageError(
                f"The {name} of {bars.symbol} at {clock(int(bars.time[row]))} is {own[row]:g}, but its finer "
                f"bars make {theirs[row]:g}: load both from the same source."
            )
    return finer
