"""Bars and markets out of the lake as research wants them: by any symbol, closed, in any timeframe."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

import numpy as np

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.errors import UsageError
from candlewick.core.instrument import parse_symbol
from candlewick.core.interval import SECONDS, open_time, seconds
from candlewick.market.bars import COLUMNS, Bars, clock, resample
from candlewick.store.lake import cache
from candlewick.store.lake.columns import Columns, Floats
from candlewick.store.lake.kinds import CANDLES, FUNDING, MARK, Kind
from candlewick.store.lake.lake import Lake
from candlewick.store.lake.listed import instrument_of


def instrument_in(lake: Lake, symbol: str, primary: str = "") -> str:
    """The id of the instrument that a person's `symbol` means, among those whose candles the lake has.

    A bare symbol is the primary venue's if that has it, else that of the only venue that has.

    Raises:
        UsageError: there is none, or several; names them, or what is near.
    """
    known = sorted({info.instrument for info in lake.series() if info.kind == CANDLES.name})
    wanted = parse_symbol(symbol, primary=primary)
    if wanted in known:
        return wanted
    bare = wanted.partition(":")[2]
    named = ":" in symbol.partition("/")[0]
    found = [] if named else [id for id in known if id.partition(":")[2] == bare]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{symbol} is kept of several venues. Say which: {', '.join(found)}.")
    if not known:
        raise UsageError(f"There is nothing of {symbol}: the lake is empty. {_BRING}")
    names = {id.partition(":")[2]: id for id in known} | {id: id for id in known}
    near = list(dict.fromkeys(names[each] for each in difflib.get_close_matches(bare, names, n=3)))
    hint = f"Did you mean {' or '.join(near)}?" if near else f"It has {_some(known)}."
    raise UsageError(f"The lake has nothing of {symbol}. {hint} {_BRING}")


def sources_of(kept: Iterable[str], timeframe: str) -> list[str]:
    """Of the timeframes that are kept, those that bars of this one are made of, the longest first."""
    length = seconds(timeframe)
    fitting = (each for each in kept if length % SECONDS[each] == 0)
    return sorted(fitting, key=SECONDS.__getitem__, reverse=True)


def bars_of(
    lake: Lake, instrument: str, timeframe: str, start_s: int | None = None, end_s: int | None = None
) -> Bars:
    """Closed bars opening in [start_s, end_s); made of shorter ones where the lake has none of this length.

    Raises:
        UsageError: there are none there, or none that they can be made of; says what there is.
    """
    length = seconds(timeframe)
    kept = {info.interval: info for info in lake.series() if _is(info.kind, info.instrument, instrument)}
    sources = sources_of(kept, timeframe)
    for name in sources:
        start = None if start_s is None else open_time(start_s + length - 1, length)
        end = None if end_s is None else open_time(end_s + length - 1, length)
        bars = _closed_bars(lake, CANDLES, instrument, name, start, end)
        if name != timeframe:
            bars = resample(bars, timeframe, unfinished=False)
        if len(bars):
            return bars
    if not sources:
        there = ", ".join(sorted(kept, key=SECONDS.__getitem__)) or "no candles"
        raise UsageError(
            f"{instrument} is kept as {there}, which cannot become bars of {timeframe}: "
            "ask for a multiple, or bring shorter ones in with `candlewick data download`."
        )
    first, last = (kept[name] for name in (sources[0], sources[-1]))
    begin, end = min(first.first_s, last.first_s), max(first.last_s, last.last_s)
    others = _others(lake, instrument, start_s, end_s)
    remedy = f" It has {_some(others)} of that time: name the venue too." if others else ""
    raise UsageError(
        f"The lake has no closed {timeframe} bars of {instrument} {_span(start_s, end_s)}: "
        f"its candles reach from {clock(begin)} to {clock(end)}.{remedy}"
    )


def market_of(
    lake: Lake,
    instrument: str,
    timeframe: str,
    start_s: int | None = None,
    end_s: int | None = None,
    finer: str | None = None,
) -> Market:
    """The same bars with the kind of their instrument and, of a perpetual, its funding and its mark.

    Args:
        finer: timeframe of bars that decide what comes first inside a bar; None: there are none.

    Raises:
        UsageError: as `bars_of`.
    """
    bars = bars_of(lake, instrument, timeframe, start_s, end_s)
    begin, end = int(bars.time[0]), int(bars.time[-1]) + seconds(timeframe)
    known = instrument_of(lake.root, instrument)
    inside = None if finer is None else bars_of(lake, instrument, finer, begin, end)
    if known is None or known.kind != "perp":
        return Market(bars, known, finer=inside)
    rates = funding_of(lake, instrument, begin, end)
    return Market(bars, known, rates, inside, mark=mark_of(lake, instrument, finer or timeframe, begin, end))


def funding_of(lake: Lake, instrument: str, start_s: int, end_s: int) -> FundingRates | None:
    """Settlements in [start_s, end_s); None where none is known."""
    found = lake.rows(FUNDING, instrument, "", start_s, end_s, with_rev=False)
    if not len(found):
        return None
    return FundingRates(found.time, found.values["rate"], found.values["mark"])


def mark_of(lake: Lake, instrument: str, timeframe: str, start_s: int, end_s: int) -> Bars | None:
    """The mark in [start_s, end_s) in this timeframe or a shorter one; None where none is known."""
    kept = {
        info.interval for info in lake.series() if (info.kind, info.instrument) == (MARK.name, instrument)
    }
    for name in sources_of(kept, timeframe):
        bars = _closed_bars(lake, MARK, instrument, name, start_s, end_s)
        if len(bars):
            return bars
    return None


def _closed_bars(
    lake: Lake, kind: Kind, instrument: str, interval: str, start: int | None, end: int | None
) -> Bars:
    def read() -> Floats:
        return _table(lake.rows(kind, instrument, interval, start, end, names=COLUMNS, with_rev=False))

    table = cache.through(
        lake.root / cache.FOLDER,
        f"{kind.name} {instrument} {interval} {start} {end}",
        lambda: lake.stamp(kind, instrument, interval, start, end),
        read,
    )
    return Bars(instrument, interval, table[0].view(np.int64), *table[1:])


def _table(rows: Columns) -> Floats:
    """Time (its bits) and the columns of closed rows, one below the other."""
    closed = rows.closed
    count = int(np.count_nonzero(closed))
    whole = np.empty((1 + len(COLUMNS), count))
    every = slice(None) if count == len(rows) else closed
    whole[0].view(np.int64)[:] = rows.time[every]
    for at, name in enumerate(COLUMNS, 1):
        whole[at] = rows.values[name][every]
    return whole


def _is(kind: str, instrument: str, wanted: str) -> bool:
    return kind == CANDLES.name and instrument == wanted


def _others(lake: Lake, instrument: str, start_s: int | None, end_s: int | None) -> list[str]:
    """The same symbol of other venues, where the lake has it at that time."""
    symbol = instrument.partition(":")[2]
    found = {
        each.instrument
        for each in lake.series()
        if each.kind == CANDLES.name
        and each.instrument != instrument
        and each.instrument.partition(":")[2] == symbol
        and (end_s is None or each.first_s < end_s)
        and (start_s is None or each.last_s >= start_s)
    }
    return sorted(found)


def _span(start_s: int | None, end_s: int | None) -> str:
    begin = "from the beginning" if start_s is None else f"from {clock(start_s)}"
    return f"{begin} on" if end_s is None else f"{begin} to {clock(end_s)}"


def _some(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


_BRING: Final = "Bring it in with `candlewick data download` or `candlewick data import`."
