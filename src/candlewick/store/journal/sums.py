"""Sums that grow as trades come: of an account's day, and of closed round trips by what they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from candlewick.ledger.trips import RoundTrip

ZERO: Final = Decimal(0)
_DAY_NS: Final = 86_400_000_000_000
DIMENSIONS: Final = ("all", "symbol", "strategy", "hour", "weekday", "side", "opening")
"""What closed round trips are summed by; hour and weekday are those of the entry, in UTC.

`opening` is where and when they were entered: `20250 sim:BTCUSDT`, the day counted from 1970.
"""

DayKey = tuple[int, int, str]
"""Account, days since 1970, currency."""
BucketKey = tuple[int, str, int, str, str]
"""Account, dimension, days since 1970 of the exit, value, currency."""


def day_of(ts: int) -> int:
    """The UTC day that holds `ts`, counted from 1970-01-01."""
    return ts // _DAY_NS


@dataclass(slots=True)
class DaySums:
    """One account's day in one currency: what it opened and closed with, and what moved."""

    opening: Decimal | None = None
    closing: Decimal | None = None
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    flows: Decimal = ZERO
    volume: Decimal = ZERO
    fills: int = 0

    def add_stored(self, stored: Sequence[Any]) -> None:
        """Add to what the table has; an opening or closing that is new here wins."""
        opening, closing, realised, fees, funding, flows, volume, fills = stored
        if self.opening is None and opening is not None:
            self.opening = Decimal(opening)
        if self.closing is None and closing is not None:
            self.closing = Decimal(closing)
        self.realised += Decimal(realised)
        self.fees += Decimal(fees)
        self.funding += Decimal(funding)
        self.flows += Decimal(flows)
        self.volume += Decimal(volume)
        self.fills += fills

    def row(self) -> tuple[object, ...]:
        """In the order of the table's columns."""
        ends = (None if end is None else str(end) for end in (self.opening, self.closing))
        sums = (self.realised, self.fees, self.funding, self.flows, self.volume)
        return (*ends, *map(str, sums), self.fills)


@dataclass(slots=True)
class BucketSums:
    """Closed round trips together. `best` and `worst` are of one trip's net."""

    trades: int = 0
    wins: int = 0
    losses: int = 0
    net: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    profit: Decimal = ZERO
    loss: Decimal = ZERO
    nets: list[Decimal] = field(default_factory=list)
    held: int = 0

    def add(self, trip: RoundTrip, sign: int) -> None:
        """Count a trip in (1), or out again (-1) because another version of it follows."""
        self.trades += sign
        self.wins += sign * (trip.net > 0)
        self.losses += sign * (trip.net < 0)
        self.net += sign * trip.net
        self.gross += sign * trip.gross
        self.fees += sign * trip.fees
        self.funding += sign * trip.funding
        self.profit += sign * max(trip.net, ZERO)
        self.loss += sign * min(trip.net, ZERO)
        self.held += sign * ((trip.exited_at or trip.entered_at) - trip.entered_at)
        if sign > 0:
            self.nets.append(trip.net)

    def add_stored(self, stored: Sequence[Any]) -> None:
        """Add to what the table has."""
        trades, wins, losses, net, gross, fees, funding, profit, loss, best, worst, held = stored
        self.trades += trades
        self.wins += wins
        self.losses += losses
        self.net += Decimal(net)
        self.gross += Decimal(gross)
        self.fees += Decimal(fees)
        self.funding += Decimal(funding)
        self.profit += Decimal(profit)
        self.loss += Decimal(loss)
        self.nets += [Decimal(best), Decimal(worst)]
        self.held += held

    def row(self) -> tuple[object, ...]:
        """In the order of the table's columns."""
        sums = (self.net, self.gross, self.fees, self.funding, self.profit, self.loss)
        ends = max(self.nets), min(self.nets)
        return (self.trades, self.wins, self.losses, *map(str, sums), *map(str, ends), self.held)


def bucket_keys(trip: RoundTrip, symbol: str) -> Iterator[BucketKey]:
    """The buckets that a closed trip belongs to, one of each dimension."""
    entered = datetime.fromtimestamp(trip.entered_at // 1_000_000_000, UTC)
    values = {
        "all": "",
        "symbol": symbol,
        "strategy": trip.tag if trip.origin == "strategy" else trip.origin,
        "hour": f"{entered:%H}",
        "weekday": str(entered.isoweekday()),
        "side": trip.side,
        "opening": f"{day_of(trip.entered_at)} {trip.instrument}",
    }
    exited = trip.exited_at if trip.exited_at is not None else trip.entered_at
    for dimension in DIMENSIONS:
        yield trip.account, dimension, day_of(exited), values[dimension], trip.currency
