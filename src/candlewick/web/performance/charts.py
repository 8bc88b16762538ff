"""What the page's charts are drawn from. Floats: they are for looking."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from candlewick.backtest import metrics
from candlewick.backtest.metrics import Series
from candlewick.core.clock import NS_PER_S
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import EquityPoint
from candlewick.web.performance.span import Span, day_of, ns_of
from candlewick.web.performance.study import ZERO, Study

POINTS: Final = 1_000
BINS: Final = 24
_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # per cent
_HEAT: Final = (0.0, 1.0, 3.0, 6.0)  # per cent, from where a month is coloured more strongly


def curve(records: Records, account: int, span: Span, found: Study) -> list[EquityPoint]:
    """What the account was worth, oldest first: samples, and before them the days' ends."""
    samples = records.equity(account, span.start_ns, span.end_ns, POINTS)
    first = day_of(samples[0].ts) if samples else None
    return [
        *(
            EquityPoint(_end_of(each.day), each.worth, each.worth, ZERO, each.worth, each.worth)
            for each in found.days
            if first is None or each.day < first
        ),
        *samples,
    ]


def drawn(points: list[EquityPoint], found: Study) -> dict[str, Any]:
    """The two charts of the page: columns of numbers, times in UTC seconds."""
    below = metrics.drawdowns(found.returns) * 100
    return {
        "currency": found.currency,
        "equity": [[point.ts // NS_PER_S for point in points], [float(point.equity) for point in points]],
        "drawdown": [
            [ns_of(each.day) // NS_PER_S for each in found.days],
            [round(float(value), 4) for value in below],
        ],
    }


@dataclass(frozen=True, slots=True)
class Bin:
    """Days whose return, in per cent, is in [low, high). `height`: of 100, against the fullest bin."""

    low: float
    high: float
    days: int
    height: float


def distribution(returns: Series) -> list[Bin]:
    """How often a day returned what; bins of a round width, none of which straddles zero."""
    known = returns[np.isfinite(returns)] * 100
    if not len(known):
        return []
    low, high = min(float(known.min()), 0.0), max(float(known.max()), 0.0)
    step = next((step for step in _STEPS if (high - low) / step <= BINS - 2), max((high - low) / BINS, 1.0))
    first, last = math.floor(low / step), math.floor(high / step)
    counts = np.bincount((np.floor(known / step) - first).astype(np.int64), minlength=last - first + 1)
    fullest = int(counts.max())
    return [
        Bin(round((first + at) * step, 4), round((first + at + 1) * step, 4), int(n), 100 * int(n) / fullest)
        for at, n in enumerate(counts)
    ]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a month, or a year, returned in per cent; `heat` -4 to 4, by how much."""

    returned: float
    heat: int


@dataclass(frozen=True, slots=True)
class Year:
    """Its twelve months, None where nothing is known, and all of them together."""

    year: int
    months: list[Cell | None]
    whole: Cell


def monthly(found: Study) -> list[Year]:
    """What each month returned, newest year first."""
    by_month: dict[tuple[int, int], float] = {}
    by_year: dict[int, float] = {}
    for each, returned in zip(found.days, found.returns.tolist(), strict=True):
        if math.isfinite(returned):
            key = each.day.year, each.day.month
            by_month[key] = by_month.get(key, 1.0) * (1 + returned)
            by_year[key[0]] = by_year.get(key[0], 1.0) * (1 + returned)
    return [
        Year(
            year,
            [_cell(by_month[year, month]) if (year, month) in by_month else None for month in range(1, 13)],
            _cell(grown),
        )
        for year, grown in sorted(by_year.items(), reverse=True)
    ]


def _cell(grown: float) -> Cell:
    returned = round((grown - 1) * 100, 4)
    heat = sum(abs(returned) > step for step in _HEAT)
    return Cell(returned, heat if returned > 0 else -heat)


def _end_of(day: date) -> int:
    return ns_of(day + timedelta(1)) - NS_PER_S
