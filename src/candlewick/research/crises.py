"""Days on which markets broke: a table with its sources, and how a run came through each of them.

What happened is in the sources; the days are cut here, to the hours in which crypto markets moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from candlewick.backtest.metrics import below_high
from candlewick.backtest.registry import Figure
from candlewick.backtest.result import Result
from candlewick.core.interval import seconds


@dataclass(frozen=True, slots=True)
class Crisis:
    """A crisis.

    Attributes:
        name: what people call it.
        first, last: its days in UTC, both in it.
        what: what happened, in a sentence.
        source: where to read of it.
    """

    name: str
    first: date
    last: date
    what: str
    source: str

    @property
    def start_s(self) -> int:
        return _midnight(self.first)

    @property
    def end_s(self) -> int:
        return _midnight(self.last + timedelta(days=1))


WHOLE: Final = 0.25
"""The part of a crisis's bars that must be there: a market that closes at night has no more."""

CRISES: Final = (
    Crisis(
        "Black Thursday", date(2020, 3, 12), date(2020, 3, 13),
        "The pandemic's crash of all markets: within a day Bitcoin fell to half of its price.",
        "Financial Stability Board, Holistic Review of the March Market Turmoil, 2020 (of markets at large)",
    ),
    Crisis(
        "China's warning", date(2021, 5, 19), date(2021, 5, 19),
        "The day before, China's banks had been forbidden to have anything to do with crypto.",
        "Notice of the NIFA, the CBA and the PCAC of 18 May 2021",
    ),
    Crisis(
        "Terra and LUNA", date(2022, 5, 7), date(2022, 5, 12),
        "A stablecoin lost its peg, and the coin that was to hold it there lost everything.",
        "Liu, Makarov and Schoar, Anatomy of a Run: The Terra Luna Crash, NBER 31160, 2023",
    ),
    Crisis(
        "Celsius and Three Arrows", date(2022, 6, 12), date(2022, 6, 18),
        "Lenders stopped withdrawals, and a fund that all of them had lent to failed.",
        "Patel and Rose, A retrospective on the crypto runs of 2022, Chicago Fed Letter 479, 2023",
    ),
    Crisis(
        "FTX", date(2022, 11, 6), date(2022, 11, 9),
        "A run on one of the largest venues, which stopped withdrawals and was bankrupt days later.",
        "Cornelli, Doerr, Frost and Gambacorta, Crypto shocks and retail losses, BIS Bulletin 69, 2023",
    ),
    Crisis(
        "USDC and the banks", date(2023, 3, 9), date(2023, 3, 11),
        "Banks of the trade failed, and a stablecoin with money in one of them fell to 0.87 dollars.",
        "FDIC, press release PR-16-2023 of 10 March 2023 (of the bank that held it)",
    ),
    Crisis(
        "Yen carry trade", date(2024, 8, 4), date(2024, 8, 5),
        "Positions paid for with borrowed yen were closed in all markets at once.",
        "Aquilina, Lombardi, Schrimpf and Sushko, The market turbulence and carry trade unwind of August "
        "2024, BIS Bulletin 90, 2024",
    ),
    Crisis(
        "Tariffs", date(2025, 10, 10), date(2025, 10, 11),
        "New tariffs were announced, and 19 billion dollars of positions were liquidated in a night.",
        "CoinGlass's count of liquidations, as newspapers told it on 11 October 2025",
    ),
)  # fmt: skip


def is_covered(crisis: Crisis, run: Result) -> bool:
    """Whether a run has bars before the crisis, until its end, and a quarter of those that a day may have."""
    time, length = run.time, seconds(run.timeframe)
    first, last = _span(crisis, run)
    whole = (crisis.end_s - crisis.start_s) / length
    return bool(0 < first < last and time[-1] + length >= crisis.end_s and last - first >= WHOLE * whole)


def came_through(crisis: Crisis, run: Result) -> dict[str, Figure]:
    """What became of a run in a crisis that it covers; fractions of the equity before it."""
    first, last = _span(crisis, run)
    before, equity = float(run.equity[first - 1]), run.equity[first:last]
    closes = run.columns.close[0]
    known = closes[first - 1 : last][np.isfinite(closes[first - 1 : last])]
    rows = run.trades.rows
    ended = (rows["exit_bar"] >= first) & (rows["exit_bar"] < last)
    alive = before > 0.0
    return {
        "total_return": float(equity[-1]) / before - 1.0 if alive else None,
        "max_drawdown": float(np.min(below_high(equity, before))) if alive else None,
        "trades": int(np.count_nonzero(ended)),
        "exposure": float(np.mean(run.held[first:last])),
        "benchmark_return": float(known[-1] / known[0]) - 1.0 if len(known) > 1 else None,
    }


def _span(crisis: Crisis, run: Result) -> tuple[int, int]:
    first, last = np.searchsorted(run.time, [crisis.start_s, crisis.end_s])
    return int(first), int(last)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
