"""What the reader answers with, and how each is made of its row."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from candlewick.core.reports import Fill, FundingPaid
from candlewick.store.journal.sums import BucketSums

EPOCH: Final = date(1970, 1, 1)

as_fill: Final = msgspec.json.Decoder(Fill).decode


class FillRecord(msgspec.Struct, frozen=True):
    """A fill, and the profit it closed, in the account's currency before fees."""

    fill: Fill
    realised: Decimal


class BookedRecord(msgspec.Struct, frozen=True):
    """A fill or a funding payment; `tag` is that of the fill's order."""

    money: Fill | FundingPaid
    tag: str


class SentOrder(msgspec.Struct, frozen=True):
    """An order as it passed the door: the mark of that moment, and which leg of a bracket it is, if any."""

    mark: Decimal | None
    leg: str
    ts: int


class EquityPoint(msgspec.Struct, frozen=True):
    """What an account was worth at `ts` (ns UTC); `low` and `high` since the point before."""

    ts: int
    equity: Decimal
    cash: Decimal
    unrealised: Decimal
    low: Decimal
    high: Decimal


class DayRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An account's day (UTC) in one currency.

    Attributes:
        opening, closing: equity at 00:00 and at the day's last sample; None: unknown, or another currency.
        flows: deposits less withdrawals.
        volume: notional of the fills, in this currency as quote.
        fees: paid (negative: received); funding: received (negative: paid).
    """

    day: date
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    realised: Decimal
    fees: Decimal
    funding: Decimal
    flows: Decimal
    volume: Decimal
    fills: int


class BucketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Round trips that were closed in a span, by something that they share.

    `profit` and `loss` (not above zero) are the sums of the trips that won and that lost; `held_ns` of all.
    """

    value: str
    currency: str
    trades: int
    wins: int
    losses: int
    net: Decimal
    gross: Decimal
    fees: Decimal
    funding: Decimal
    profit: Decimal
    loss: Decimal
    best: Decimal
    worst: Decimal
    held_ns: int


class Turns(msgspec.Struct, frozen=True):
    """How many round trips were open as a span began, and the times (ns) at which others began and ended."""

    held: int
    entered: list[int]
    exited: list[int]


def fill_record(body: str, realised: Any) -> FillRecord:
    return FillRecord(as_fill(body), Decimal(realised))


def day_record(day: int, currency: str, opening: Any, closing: Any, *rest: Any) -> DayRecord:
    realised, fees, funding, flows, volume, fills = rest
    return DayRecord(
        day=EPOCH + timedelta(day), currency=currency,
        opening=None if opening is None else Decimal(opening),
        closing=None if closing is None else Decimal(closing),
        realised=Decimal(realised), fees=Decimal(fees), funding=Decimal(funding), flows=Decimal(flows),
        volume=Decimal(volume), fills=fills,
    )  # fmt: skip


def bucket_record(value: object, currency: str, sums: BucketSums) -> BucketRecord:
    return BucketRecord(
        value=str(value), currency=currency, trades=sums.trades, wins=sums.wins, losses=sums.losses,
        net=sums.net, gross=sums.gross, fees=sums.fees, funding=sums.funding, profit=sums.profit,
        loss=sums.loss, best=max(sums.nets), worst=min(sums.nets), held_ns=sums.held,
    )  # fmt: skip


def thinned(rows: list[tuple[Any, ...]], first: int, last: int, points: int) -> list[EquityPoint]:
    """The last sample of each of `points` equal stretches, with the lowest and highest of it."""
    width = max((last - first) // points, 1)
    made: list[EquityPoint] = []
    stretch = None
    low = high = Decimal(0)
    for ts, equity, cash, unrealised, lowest, highest in rows:
        here = (ts - first) // width
        if here != stretch:
            stretch, low, high = here, Decimal(lowest), Decimal(highest)
        else:
            low, high = min(low, Decimal(lowest)), max(high, Decimal(highest))
            made.pop()
        made.append(EquityPoint(ts, Decimal(equity), Decimal(cash), Decimal(unrealised), low, high))
    return made
