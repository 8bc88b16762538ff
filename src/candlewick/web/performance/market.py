"""An account beside the market: correlation, and the conditions in which its trades were entered.

All of it is told from the daily bars of the lake; whatever has none there is "unknown", and said to be.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from candlewick.backtest import conditions, metrics
from candlewick.backtest.metrics import Series
from candlewick.core.errors import CandlewickError
from candlewick.market.bars import Bars
from candlewick.store.journal.reader import Records
from candlewick.web.api import history
from candlewick.web.api.history import Range
from candlewick.web.performance.breakdown import Part, Table, part_of, summed
from candlewick.web.performance.span import Span, ns_of
from candlewick.web.performance.study import Study
from candlewick.web.services import Services

DAY_S: Final = 86_400
LEAST_MARKETS: Final = 5  # fewer are no market
MOST_MARKETS: Final = 60
PATIENCE_S: Final = 1.5  # for bars that the lake does not have yet; the next look finds more of them
LET_GO_DAYS: Final = 3  # at the edge of what a venue gives: not worth asking for again
_TITLES: Final = {
    "up": "Rising", "down": "Falling", "sideways": "Sideways",
    "quiet": "Quiet", "usual": "Usual", "wild": "Wild", "unknown": "Not known",
}  # fmt: skip
_WARM_UP_DAYS: Final = conditions.DAYS_NEEDED + 5


@dataclass(frozen=True, slots=True)
class Beside:
    """Pearson's r of an account's daily returns with something else's; None: too few days that both know."""

    title: str
    r: float | None
    days: int


def correlations(services: Services, found: Study, until: float) -> list[Beside]:
    """With BTC, and with the equal-weighted mean of the primary venue's perpetuals.

    Bars that are not in the lake are fetched until a time of `time.monotonic`.
    """
    if not found.days:
        return []
    days = [each.day for each in found.days]
    market = [
        each["instrument"]
        for each in services.engine.link.instruments.values()
        if each["venue"] == services.primary and each["kind"] == "perp"
    ][:MOST_MARKETS]
    made = []
    bitcoin = next((id for id in market if id.split(":")[1].startswith("BTCUSDT")), None)
    if bitcoin is not None:
        made.append(
            _beside("BTC", found.returns, _returns(_bars(services, bitcoin, *_bounds(days), until), days))
        )
    if len(market) >= LEAST_MARKETS:
        known = [_bars(services, id, *_bounds(days), until) for id in market]
        moves = np.array([_returns(bars, days) for bars in known])
        title = f"the market ({len(market)} perpetuals, each alike)"
        made.append(_beside(title, found.returns, _mean(moves)))
    return made


def conditions_of(
    services: Services, records: Records, account: int, span: Span, until: float
) -> list[Table]:
    """Closed trades by the trend and by the volatility of their symbol on the day before the entry."""
    opened: dict[str, list[tuple[int, Part]]] = defaultdict(list)
    for row in records.buckets(account, span.start_ns, span.end_ns, by="opening"):
        entered, _, instrument = row.value.partition(" ")
        opened[instrument].append((int(entered), part_of(row, "")))
    trends: dict[tuple[str, str], list[Part]] = defaultdict(list)
    spreads: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for instrument, parts in sorted(opened.items(), key=lambda item: -len(item[1])):
        first, last = min(day for day, _ in parts), max(day for day, _ in parts)
        bars = _bars(services, instrument, (first - _WARM_UP_DAYS) * DAY_S, last * DAY_S, until)
        told: dict[int, tuple[str, str]] = {}
        for day, part in parts:
            if day not in told:
                told[day] = _conditions(bars, day)
            direction, spread = told[day]
            trends[direction, part.currency].append(part)
            spreads[spread, part.currency].append(part)
    return [
        Table("trend", "Trend at entry", _in_order(trends, conditions.TRENDS)),
        Table("volatility", "Volatility at entry", _in_order(spreads, conditions.VOLATILITIES)),
    ]


def _conditions(bars: Bars, day: int) -> tuple[str, str]:
    """Of the bars before `day`, if they reach up to it without a gap."""
    until = int(np.searchsorted(bars.time, day * DAY_S))
    known, close = bars.time[:until], bars.close[:until]
    if not len(known) or known[-1] != (day - 1) * DAY_S:
        return "unknown", "unknown"
    gaps = np.flatnonzero(np.diff(known) != DAY_S)
    whole = close[gaps[-1] + 1 :] if len(gaps) else close
    return conditions.trend(whole), conditions.calm(whole)


def _in_order(parts: dict[tuple[str, str], list[Part]], order: tuple[str, ...]) -> list[Part]:
    found = sorted(parts, key=lambda key: (order.index(key[0]), key[1]))
    return [summed(parts[key], key[0], _TITLES[key[0]], key[1]) for key in found]


def _beside(title: str, ours: Series, theirs: Series) -> Beside:
    both = int((np.isfinite(ours) & np.isfinite(theirs)).sum())
    return Beside(title, metrics.correlation(ours, theirs), both)


def _mean(moves: Series) -> Series:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a day that nobody knows: its mean is NaN
        mean: Series = np.nanmean(moves, axis=0)
    return mean


def _returns(bars: Bars, days: list[date]) -> Series:
    """Of each of `days` against the one before; NaN where one of the two bars is absent."""
    closes = dict(zip((bars.time // DAY_S).tolist(), bars.close.tolist(), strict=True))
    first = ns_of(days[0]) // (DAY_S * 10**9)
    worth = np.array([closes.get(first + at, np.nan) for at in range(-1, len(days))])
    moved: Series = worth[1:] / worth[:-1] - 1.0
    return moved


def _bars(services: Services, instrument: str, start: int, end: int, until: float) -> Bars:
    """Daily bars of the lake; what it lacks, the engine fetches, as long as there is time for it."""
    kept = services.lake.candles(instrument, "1d", start, end)
    absent = sum(over - begin for begin, over in services.lake.missing(instrument, "1d", start, end - DAY_S))
    if absent <= LET_GO_DAYS * DAY_S or time.monotonic() > until:
        return kept
    with contextlib.suppress(CandlewickError):  # whoever lists it no longer, or is away, has no more to tell
        return history.bars(services, Range(instrument, "1d", start, end, history.MOST))
    return kept


def _bounds(days: list[date]) -> tuple[int, int]:
    start, end = ns_of(days[0]) // 10**9, ns_of(days[-1]) // 10**9
    return start - DAY_S, end + DAY_S
