"""How each noun stands in its table, and the statements that put it there."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.core.reports import Fill
from candlewick.ledger.trips import RoundTrip
from candlewick.store.journal.batch import EquityRow

TripClass = tuple[int, str, str, str, str, str, str]
"""Account, instrument, symbol, side, outcome, origin, tag."""

_encode: Final = msgspec.json.Encoder().encode

UPSERT_ORDER: Final = """
INSERT INTO ledger_order VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, id) DO UPDATE SET
    status = excluded.status, updated = excluded.updated, body = excluded.body
"""
INSERT_FILL: Final = "INSERT INTO ledger_fill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_LINK: Final = "INSERT INTO ledger_trip_fill VALUES (?, ?, ?, ?, ?)"
UPSERT_TRIP: Final = """
INSERT INTO ledger_trip VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, id) DO UPDATE SET
    class = excluded.class, exited = excluded.exited, held = excluded.held,
    net_sort = excluded.net_sort, return_sort = excluded.return_sort, body = excluded.body
"""
UPSERT_CLASS: Final = """
INSERT INTO ledger_trip_class VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET trips = ledger_trip_class.trips + excluded.trips
"""
UPSERT_EQUITY: Final = """
INSERT INTO ledger_equity VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account, ts) DO UPDATE SET
    equity = excluded.equity, cash = excluded.cash, unrealised = excluded.unrealised
"""
UPSERT_EQUITY_HOUR: Final = """
INSERT INTO ledger_equity_hour VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, hour) DO UPDATE SET
    ts = excluded.ts, equity = excluded.equity, cash = excluded.cash, unrealised = excluded.unrealised,
    low = CASE WHEN CAST(excluded.low AS DOUBLE PRECISION)
            < CAST(ledger_equity_hour.low AS DOUBLE PRECISION)
        THEN excluded.low ELSE ledger_equity_hour.low END,
    high = CASE WHEN CAST(excluded.high AS DOUBLE PRECISION)
            > CAST(ledger_equity_hour.high AS DOUBLE PRECISION)
        THEN excluded.high ELSE ledger_equity_hour.high END
"""
SELECT_DAY: Final = """
SELECT opening, closing, realised, fees, funding, flows, volume, fills
FROM ledger_day WHERE account = ? AND day = ? AND currency = ?
"""
UPSERT_DAY: Final = """
INSERT INTO ledger_day (
    account, day, currency, opening, closing, realised, fees, funding, flows, volume, fills
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, day, currency) DO UPDATE SET
    opening = excluded.opening, closing = excluded.closing, realised = excluded.realised,
    fees = excluded.fees, funding = excluded.funding, flows = excluded.flows, volume = excluded.volume,
    fills = excluded.fills
"""
SELECT_BUCKET: Final = """
SELECT trades, wins, losses, net, gross, fees, funding, profit, loss, best, worst, held
FROM ledger_bucket WHERE account = ? AND dimension = ? AND day = ? AND value = ? AND currency = ?
"""
UPSERT_BUCKET: Final = """
INSERT INTO ledger_bucket (
    account, dimension, day, value, currency,
    trades, wins, losses, net, gross, fees, funding, profit, loss, best, worst, held
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, dimension, day, value, currency) DO UPDATE SET
    trades = excluded.trades, wins = excluded.wins, losses = excluded.losses, net = excluded.net,
    gross = excluded.gross, fees = excluded.fees, funding = excluded.funding, profit = excluded.profit,
    loss = excluded.loss, best = excluded.best, worst = excluded.worst, held = excluded.held
"""


def order_row(order: Order, symbol: str) -> tuple[object, ...]:
    """Of `ledger_order`."""
    return (
        order.account, order.id, order.terms.instrument, symbol, order.status, order.origin, order.tag,
        order.created_at, order.updated_at, _encode(order).decode(),
    )  # fmt: skip


def fill_row(seq: int, fill: Fill, symbol: str, realised: Decimal) -> tuple[object, ...]:
    """Of `ledger_fill`."""
    return (
        fill.account, fill.instrument, fill.id, seq, symbol, fill.order_id, fill.ts, str(realised),
        _encode(fill).decode(),
    )  # fmt: skip


def trip_row(trip: RoundTrip, instrument: Instrument, class_id: int) -> tuple[object, ...]:
    """Of `ledger_trip`."""
    held = None if trip.exited_at is None else trip.exited_at - trip.entered_at
    cost = cost_of(trip, instrument)
    return (
        trip.account, trip.id, class_id, trip.entered_at, trip.exited_at, held,
        float(trip.net), float(trip.net / cost) if cost else 0.0, _encode(trip).decode(),
    )  # fmt: skip


def cost_of(trip: RoundTrip, instrument: Instrument) -> Decimal:
    """What the most that was held had cost: the trip's profit is a return on that."""
    cost = notional(instrument, trip.entry_price, trip.quantity)
    return cost / trip.entry_price if instrument.inverse else cost  # profit is in base there: so is the cost


def trip_class(trip: RoundTrip, symbol: str) -> TripClass:
    """What people filter trips by."""
    return (
        trip.account, trip.instrument, symbol, trip.side, outcome(trip), trip.origin, trip.tag,
    )  # fmt: skip


def outcome(trip: RoundTrip) -> str:
    """`win`, `loss` or `even` of a closed trip; `open` as long as it is none of them."""
    if trip.status == "open":
        return "open"
    return "win" if trip.net > 0 else "loss" if trip.net < 0 else "even"


def equity_row(row: EquityRow) -> tuple[object, ...]:
    """Of `ledger_equity`."""
    return row.account, row.ts, str(row.equity), str(row.cash), str(row.unrealised)


def equity_hour_row(row: EquityRow, hour: int) -> tuple[object, ...]:
    """Of `ledger_equity_hour`."""
    equity = str(row.equity)
    return row.account, hour, row.ts, equity, str(row.cash), str(row.unrealised), equity, equity


def notional(instrument: Instrument, price: Decimal, quantity: Decimal) -> Decimal:
    """The value of `quantity` in quote; an inverse contract is worth its size whatever the price."""
    value = quantity * instrument.contract_size
    return value if instrument.inverse else value * price
