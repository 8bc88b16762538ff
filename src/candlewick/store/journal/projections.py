"""What people look up, folded from batches: orders, fills, round trips, days and buckets.

One commit reads what it is about to add to, adds in memory, and writes each row once, so that many batches
that wait together cost little more than one. Sums are Decimals, per currency, and never rounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Context, localcontext
from typing import Final, TypeVar

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.ledger.trips import RoundTrip
from candlewick.store.door import Connection
from candlewick.store.journal import rows
from candlewick.store.journal.batch import Batch, EquityRow
from candlewick.store.journal.sums import BucketKey, BucketSums, DayKey, DaySums, bucket_keys, day_of
from candlewick.trading.effects import Booked
from candlewick.trading.entries import AccountOpened, DayBegun, Entry, InstrumentKnown

EXACT: Final = Context(prec=100)
_HOUR_NS: Final = 3_600_000_000_000
_FLOWS: Final = frozenset(("deposit", "withdrawal", "transfer"))
_T = TypeVar("_T")

encode = msgspec.json.Encoder().encode
decode_trip = msgspec.json.Decoder(RoundTrip).decode
decode_instrument = msgspec.json.Decoder(Instrument).decode


class Projections:
    """Remembers the few things that every row needs: accounts' currencies, instruments."""

    def __init__(self, connection: Connection) -> None:
        self._currencies: dict[int, str] = dict(
            connection.read("SELECT account, currency FROM ledger_account")
        )
        self._instruments: dict[str, Instrument] = {
            id: decode_instrument(body)
            for id, body in connection.read("SELECT id, body FROM ledger_instrument")
        }
        # A class numbered in a transaction that failed keeps its number: it is written when next it is used.
        self._classes: dict[rows.TripClass, int] = {
            tuple(shared): id
            for id, *shared in connection.read(
                "SELECT id, account, instrument, symbol, side, outcome, origin, tag FROM ledger_trip_class"
            )
        }

    def write(self, connection: Connection, batches: Sequence[Batch], first_seq: int) -> None:
        """Bring the tables up to date with `batches`; their first entry has the number `first_seq`."""
        with localcontext(EXACT):
            days: dict[DayKey, DaySums] = {}
            seq = first_seq
            booked: list[tuple[int, Booked]] = []
            for batch in batches:
                self._learn(connection, batch.entries, days)
                booked += [(seq + place, effect) for place, effect in batch.booked]
                seq += len(batch.entries)
            self._orders(connection, [order for batch in batches for order in batch.orders])
            self._fills(connection, booked, days)
            self._trips(connection, [trip for _, effect in booked for trip in effect.trips])
            self._equity(connection, [row for batch in batches for row in batch.equity], days)
            _add_days(connection, days)

    def _learn(self, connection: Connection, entries: Iterable[Entry], days: dict[DayKey, DaySums]) -> None:
        for entry in entries:
            match entry:
                case AccountOpened():
                    self._currencies[entry.account] = entry.currency
                    connection.write(
                        "INSERT INTO ledger_account VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                        [(entry.account, entry.name, entry.kind, entry.currency, entry.ts)],
                    )
                case InstrumentKnown():
                    known = entry.instrument
                    self._instruments[known.id] = known
                    connection.write(
                        "INSERT INTO ledger_instrument VALUES (?, ?, ?) "
                        "ON CONFLICT (id) DO UPDATE SET symbol = excluded.symbol, body = excluded.body",
                        [(known.id, known.symbol, encode(known).decode())],
                    )
                case DayBegun():
                    day = self._day(days, entry.account, entry.ts, self._currencies[entry.account])
                    day.opening = entry.equity

    def _orders(self, connection: Connection, orders: Iterable[Order]) -> None:
        newest = {(order.account, order.id): order for order in orders}
        if newest:
            connection.write(
                rows.UPSERT_ORDER,
                [rows.order_row(order, self._symbol(order.terms.instrument)) for order in newest.values()],
            )

    def _fills(
        self, connection: Connection, booked: Iterable[tuple[int, Booked]], days: dict[DayKey, DaySums]
    ) -> None:
        fills: list[tuple[object, ...]] = []
        links: list[tuple[object, ...]] = []
        for seq, effect in booked:
            own = self._currencies[effect.account]
            transaction = effect.transaction
            if effect.fill is not None:
                fill = effect.fill
                fills.append(rows.fill_row(seq, fill, self._symbol(fill.instrument), effect.realised))
                links += [(fill.account, trip.id, fill.ts, fill.instrument, fill.id) for trip in effect.trips]
                self._day(days, fill.account, fill.ts, own).realised += effect.realised
                self._day(days, fill.account, fill.ts, fill.fee_currency).fees += fill.fee
                traded = self._instruments[fill.instrument]
                day = self._day(days, fill.account, fill.ts, traded.quote)
                day.volume += rows.notional(traded, fill.price, fill.quantity)
                self._day(days, fill.account, fill.ts, own).fills += 1
            if effect.funding is not None:
                paid = effect.funding
                self._day(days, paid.account, paid.ts, paid.currency).funding += paid.amount
            if transaction.kind in _FLOWS:
                for posting in transaction.postings:
                    if posting.book.startswith("cash:"):
                        day = self._day(days, effect.account, transaction.ts, posting.currency)
                        day.flows += posting.amount
        if fills:
            connection.write(rows.INSERT_FILL, fills)
        if links:
            connection.write(rows.INSERT_LINK, links)

    def _trips(self, connection: Connection, trips: Iterable[RoundTrip]) -> None:
        newest = {(trip.account, trip.id): trip for trip in trips}
        if not newest:
            return
        buckets: dict[BucketKey, BucketSums] = {}
        classes: Counter[rows.TripClass] = Counter()
        made: list[tuple[object, ...]] = []
        for key, trip in newest.items():
            symbol = self._symbol(trip.instrument)
            stored = connection.read("SELECT body FROM ledger_trip WHERE account = ? AND id = ?", key)
            before = decode_trip(stored[0][0]) if stored else None
            for one, sign in ((before, -1), (trip, 1)):
                if one is None:
                    continue
                classes[rows.trip_class(one, symbol)] += sign
                if one.status == "closed":
                    for bucket in bucket_keys(one, symbol):
                        buckets.setdefault(bucket, BucketSums()).add(one, sign)
            class_id = self._class_id(rows.trip_class(trip, symbol))
            made.append(rows.trip_row(trip, self._instruments[trip.instrument], class_id))
        connection.write(rows.UPSERT_TRIP, made)
        connection.write(
            rows.UPSERT_CLASS, [(self._class_id(shared), *shared, more) for shared, more in classes.items()]
        )
        _add_buckets(connection, buckets)

    def _class_id(self, shared: rows.TripClass) -> int:
        found = self._classes.get(shared)
        if found is None:
            found = self._classes[shared] = max(self._classes.values(), default=0) + 1
        return found

    def _equity(
        self, connection: Connection, samples: Sequence[EquityRow], days: dict[DayKey, DaySums]
    ) -> None:
        if not samples:
            return
        connection.write(rows.UPSERT_EQUITY, [rows.equity_row(sample) for sample in samples])
        connection.write(
            rows.UPSERT_EQUITY_HOUR,
            [rows.equity_hour_row(sample, sample.ts // _HOUR_NS) for sample in samples],
        )
        for sample in samples:
            self._day(
                days, sample.account, sample.ts, self._currencies[sample.account]
            ).closing = sample.equity

    def _symbol(self, instrument: str) -> str:
        return self._instruments[instrument].symbol

    @staticmethod
    def _day(days: dict[DayKey, DaySums], account: int, ts: int, currency: str) -> DaySums:
        key = account, day_of(ts), currency
        found = days.get(key)
        if found is None:
            found = days[key] = DaySums()
        return found


def _add_days(connection: Connection, days: dict[DayKey, DaySums]) -> None:
    for key, sums in days.items():
        for stored in connection.read(rows.SELECT_DAY, key):
            sums.add_stored(stored)
    if days:
        connection.write(rows.UPSERT_DAY, [(*key, *sums.row()) for key, sums in days.items()])


def _add_buckets(connection: Connection, buckets: dict[BucketKey, BucketSums]) -> None:
    for key, sums in buckets.items():
        for stored in connection.read(rows.SELECT_BUCKET, key):
            sums.add_stored(stored)
    if buckets:
        connection.write(rows.UPSERT_BUCKET, [(*key, *sums.row()) for key, sums in buckets.items()])
