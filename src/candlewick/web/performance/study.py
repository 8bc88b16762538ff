"""An account's days as a series: what it was worth, what was paid in or out, what it returned.

What a day's end was worth is known from the first sample of the equity on. A history that was imported has
none of its own time: there the account is worth what was paid in and what its closed trades left, until
samples begin. Returns begin with the first money: before it there is nothing to be a return on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np

from candlewick.backtest import metrics
from candlewick.backtest.metrics import Series
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import DayRecord
from candlewick.web.performance.span import Span

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Day:
    """One day's end. `is_marked`: the worth includes open positions, at their marks."""

    day: date
    worth: Decimal
    flows: Decimal
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Study:
    """The days of a span, every one of them, and what each returned (NaN: not known).

    Attributes:
        before: what the account was worth as the first day began.
        sums: fees and funding by currency.
        has_foreign_flows: coins were paid in or out that the rows do not value; such days return NaN.
    """

    currency: str
    days: list[Day]
    returns: Series
    before: Decimal
    sums: dict[str, Sums]
    fills: int
    has_foreign_flows: bool

    @property
    def basis(self) -> Literal["equity", "realised", "mixed"]:
        """What the worth of the days is known from."""
        marked = sum(each.is_marked for each in self.days)
        return "equity" if marked == len(self.days) else "mixed" if marked else "realised"

    @property
    def profit(self) -> Decimal | None:
        """What was gained without what was paid in, in money."""
        if not self.days:
            return None
        return self.days[-1].worth - self.before - sum((each.flows for each in self.days), ZERO)

    @property
    def known_days(self) -> int:
        return int(np.isfinite(self.returns).sum())


@dataclass(slots=True)
class Sums:
    """What a span cost and brought beside its trades, in one currency."""

    fees: Decimal = ZERO
    funding: Decimal = ZERO


def study(records: Records, account: int, currency: str, span: Span) -> Study:
    """The days of an account that lie in `span`."""
    rows = records.days(account, end=span.end_ns)
    everything = _days(row for row in rows if row.currency == currency)
    foreign = {row.day for row in rows if row.currency != currency and row.flows}
    begun = next((at for at, each in enumerate(everything) if each.flows > 0), len(everything))
    returns = metrics.time_weighted(
        [float(each.worth) for each in everything], [float(each.flows) for each in everything]
    )
    returns[:begun] = np.nan
    returns[[at for at, each in enumerate(everything) if each.day in foreign]] = np.nan
    first = next((at for at, each in enumerate(everything) if _is_in(each.day, span)), len(everything))
    shown = everything[first:]
    sums: dict[str, Sums] = {}
    for row in rows:
        if _is_in(row.day, span) and (row.fees or row.funding):
            found = sums.setdefault(row.currency, Sums())
            found.fees += row.fees
            found.funding += row.funding
    return Study(
        currency=currency,
        days=shown,
        returns=returns[first:],
        before=everything[first - 1].worth if first else ZERO,
        sums=sums,
        fills=sum(row.fills for row in rows if _is_in(row.day, span)),
        has_foreign_flows=any(_is_in(day, span) for day in foreign),
    )


def _days(rows: Iterable[DayRecord]) -> list[Day]:
    """Every day from the first on which anything happened to the last; a quiet one is as the one before."""
    made: list[Day] = []
    worth, is_marked = ZERO, False
    for row in rows:
        while made and made[-1].day + timedelta(1) < row.day:
            made.append(Day(made[-1].day + timedelta(1), worth, ZERO, is_marked))
        if row.closing is not None:
            worth, is_marked = row.closing, True
        else:
            worth += row.flows + row.realised - row.fees + row.funding
        made.append(Day(row.day, worth, row.flows, is_marked))
    return made


def _is_in(day: date, span: Span) -> bool:
    return (span.first is None or day >= span.first) and (span.last is None or day <= span.last)
