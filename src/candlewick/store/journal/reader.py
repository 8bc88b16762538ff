"""`Records`: what pages ask of the ledger's database. Reads alone, from any thread, beside the engine.

Lists come in pages, newest first unless asked otherwise; a page's `next` is the cursor of the one after it,
and leads to the same rows however many were added meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext
from typing import Any, Final, Literal

import msgspec

from candlewick.core.errors import StoreBusy, UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.core.reports import FundingPaid
from candlewick.ledger.posting import Posting, Transaction
from candlewick.ledger.trips import RoundTrip
from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection
from candlewick.store.journal import curves, selection
from candlewick.store.journal.paging import Page, Seek, Where, merged, page_of
from candlewick.store.journal.projections import EXACT
from candlewick.store.journal.records import (
    EPOCH,
    BookedRecord,
    BucketRecord,
    DayRecord,
    EquityPoint,
    FillRecord,
    SentOrder,
    Turns,
    as_fill,
    bucket_record,
    day_record,
    fill_record,
    thinned,
)
from candlewick.store.journal.selection import TripClass, TripFilter, require_few, words_of
from candlewick.store.journal.sums import DIMENSIONS, BucketSums, day_of
from candlewick.store.sqlite import SqliteDatabase
from candlewick.trading.entries import OrderPlaced

MOST_ROWS: Final = 1_000
FEW_TRIPS: Final = 10_000
FINE_NS: Final = 14 * 86_400_000_000_000  # a longer span is drawn from the hours' last samples

TripSort = Literal["entered", "exited", "net", "return", "held"]
TRIP_SORTS: Final[dict[str, str]] = {
    "entered": "entered", "exited": "exited", "net": "net_sort", "return": "return_sort", "held": "held",
}  # fmt: skip

_order: Final = msgspec.json.Decoder(Order).decode
_placed: Final = msgspec.json.Decoder(OrderPlaced).decode
_funding: Final = msgspec.json.Decoder(FundingPaid).decode
_trip: Final = msgspec.json.Decoder(RoundTrip).decode
_instrument: Final = msgspec.json.Decoder(Instrument).decode


ANY_TRIP: Final = TripFilter()


class Records:
    """The ledger's database, for looking. Each thread has a connection of its own."""

    def __init__(self, place: Place) -> None:
        self._database = database_at(place)
        self._local = threading.local()
        self._guard = threading.Lock()
        self._all: set[Connection] = set()

    def orders(
        self,
        account: int,
        *,
        symbol: str | None = None,
        status: str | None = None,
        start: int | None = None,
        end: int | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Order]:
        """Orders by the time they were made. `status` as programs see it: `FILLED`, …"""
        where = Where(account)
        _symbol(where, symbol)
        where.equal("status", status)
        where.span("created", start, end)
        seek = Seek("ledger_order", "created", "id", "body", key=tuple[int, str])
        return self._page(seek, where, cursor, limit, lambda body: _order(body))

    def order(self, account: int, order_id: str) -> Order | None:
        """One order; None: the account has no such."""
        rows = self._read("SELECT body FROM ledger_order WHERE account = ? AND id = ?", account, order_id)
        return _order(rows[0][0]) if rows else None

    def fills(
        self,
        account: int,
        *,
        symbol: str | None = None,
        order_id: str | None = None,
        start: int | None = None,
        end: int | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[FillRecord]:
        """Fills by their time."""
        where = Where(account)
        _symbol(where, symbol)
        where.equal("order_id", order_id)
        where.span("ts", start, end)
        seek = Seek("ledger_fill", "ts", "seq", "body, realised")
        return self._page(seek, where, cursor, limit, fill_record)

    def booked(self, account: int, instruments: Sequence[str], since: int) -> list[BookedRecord]:
        """Every fill and funding payment of an account in some instruments since a time, in order of booking.

        Funding that was booked before the first of these fills is left out: nothing of theirs was held then.
        """
        marks = ", ".join("?" * len(instruments))
        fills = self._read(
            "SELECT f.seq, f.body, o.tag FROM ledger_fill f "
            "LEFT JOIN ledger_order o ON o.account = f.account AND o.id = f.order_id "
            f"WHERE f.account = ? AND f.ts >= ? AND f.instrument IN ({marks}) ORDER BY f.seq",
            account,
            since,
            *instruments,
        )
        if not fills:
            return []
        paid = self._read(
            "SELECT seq, body FROM ledger_journal "
            "WHERE account = ? AND seq > ? AND kind = 'funding_paid' ORDER BY seq",
            account,
            fills[0][0],
        )
        found = [(seq, BookedRecord(as_fill(body), tag or "")) for seq, body, tag in fills]
        for seq, body in paid:
            funding = _funding(body)
            if funding.instrument in instruments:
                found.append((seq, BookedRecord(funding, "")))
        return [record for _, record in sorted(found, key=lambda each: each[0])]

    def sent(self, account: int, tag: str, since: int) -> dict[str, SentOrder]:
        """Every order of a tag since a time, by id, as it was when it passed the door."""
        rows = self._read(
            "SELECT body FROM ledger_journal WHERE account = ? AND kind = 'order_placed' AND ts >= ? "
            "ORDER BY seq",
            account,
            since,
        )
        found = (_placed(body) for (body,) in rows)
        return {
            each.order.id: SentOrder(each.mark, each.order.leg or "", each.ts)
            for each in found
            if each.order.tag == tag
        }

    def trips(
        self,
        account: int,
        *,
        filters: TripFilter = ANY_TRIP,
        search: str = "",
        noted: Sequence[int] = (),
        sort: str = "entered",
        rising: bool = False,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[RoundTrip]:
        """Round trips by `sort`, one of `TRIP_SORTS`. Those that are open have no `exited` and no `held`.

        Every word of `search` is the beginning of one of the trip's own: of its symbol, base, quote, venue,
        kind, sector, side, origin or tag. `noted` are the ids of trips that the same search has found
        elsewhere, such as in people's notes; they are listed among the others.
        """
        if sort not in TRIP_SORTS:
            raise UsageError(f"sort: {sort!r} is none of {', '.join(TRIP_SORTS)}.")
        seek = Seek("ledger_trip", TRIP_SORTS[sort], "id", "body", rising=rising)
        words = words_of(search)
        classes = self.trip_classes(account)
        meant = [one for one in classes if filters.takes(one)]
        hit = selection.found(meant, words, self.instrument) if words else meant if not search else []
        where = Where(account)
        where.span("entered", filters.start, filters.end)
        where.between("net_sort", filters.least, filters.most)
        if filters.ids is not None:
            where.among("id", require_few(filters.ids))
        if sort in ("exited", "held"):
            where.present(seek.column)
        total = sum(one.trips for one in hit) if not noted and where.is_empty else None
        walk = self._best_walk(seek, where)
        parts = [self._trips_of(walk, where, hit, len(classes), cursor, limit)]
        if search and noted:
            chosen = where.copy()
            chosen.among("id", require_few(noted))
            walk = self._best_walk(seek, chosen)
            parts.append(self._trips_of(walk, chosen, meant, len(classes), cursor, limit))
        return page_of(merged(parts, rising=rising), limit, lambda body: _trip(body), total)

    def trip_classes(self, account: int) -> list[TripClass]:
        """The account's round trips by all that people filter by, with how many there are of each."""
        rows = self._read(
            "SELECT id, instrument, symbol, side, outcome, origin, tag, trips FROM ledger_trip_class "
            "WHERE account = ? AND trips > 0",
            account,
        )
        return [TripClass(*row) for row in rows]

    def trip(self, account: int, id: int) -> RoundTrip | None:
        """One round trip; None: the account has no such."""
        rows = self._read("SELECT body FROM ledger_trip WHERE account = ? AND id = ?", account, id)
        return _trip(rows[0][0]) if rows else None

    def trip_fills(self, account: int, id: int) -> list[FillRecord]:
        """The fills of a round trip, oldest first."""
        rows = self._read(
            "SELECT f.body, f.realised FROM ledger_trip_fill AS t JOIN ledger_fill AS f "
            "ON f.account = t.account AND f.instrument = t.instrument AND f.id = t.fill "
            "WHERE t.account = ? AND t.trip = ? ORDER BY t.ts, f.seq",
            account, id,
        )  # fmt: skip
        return [fill_record(*row) for row in rows]

    def turns(self, account: int, start: int, end: int) -> Turns:
        """When round trips began and ended in a span: enough to know when nothing was held."""
        before = Where(account), Where(account)
        within = Where(account), Where(account)
        for column, earlier, here in zip(("entered", "exited"), before, within, strict=True):
            earlier.span(column, None, start)
            here.span(column, start, end)
        held = [self._read(f"SELECT count(*) FROM ledger_trip {w.text}", *w.parameters)[0][0] for w in before]
        times = [
            [ts for (ts,) in self._read(f"SELECT {c} FROM ledger_trip {w.text} ORDER BY {c}", *w.parameters)]
            for c, w in zip(("entered", "exited"), within, strict=True)
        ]
        return Turns(held=held[0] - held[1], entered=times[0], exited=times[1])

    def equity(
        self, account: int, start: int | None = None, end: int | None = None, points: int = 1_000
    ) -> list[EquityPoint]:
        """What the account was worth over a span, in at most about `points` points, oldest first.

        Each point is the last sample of its stretch, with the lowest and highest of it.
        """
        first, last = self._span_of_equity(account, start, end)
        if first is None or last is None:
            return []
        fine_from = self._samples_from(account) if last - first <= FINE_NS else last + 1
        rows = self._curve("ledger_equity_hour", "low, high", account, first, min(fine_from, last + 1))
        rows += self._curve("ledger_equity", "equity, equity", account, max(first, fine_from), last + 1)
        return thinned(rows, first, last, max(points, 1))

    def days(self, account: int, start: int | None = None, end: int | None = None) -> list[DayRecord]:
        """Every day of a span that anything happened on, in each currency, oldest first."""
        where = _days(account, start, end)
        rows = self._read(
            "SELECT day, currency, opening, closing, realised, fees, funding, flows, volume, fills "
            f"FROM ledger_day {where.text} ORDER BY day, currency",
            *where.parameters,
        )
        return [day_record(*row) for row in rows]

    def buckets(
        self,
        account: int,
        start: int | None = None,
        end: int | None = None,
        *,
        by: str = "symbol",
    ) -> list[BucketRecord]:
        """Round trips closed in a span of whole UTC days, summed by one of `DIMENSIONS`, or by `day`."""
        if by not in (*DIMENSIONS, "day"):
            raise UsageError(f"by: {by!r} is none of {', '.join(DIMENSIONS)}, day.")
        where = _days(account, start, end)
        where.equal("dimension", "all" if by == "day" else by)
        rows = self._read(
            f"SELECT {'day' if by == 'day' else 'value'}, currency, trades, wins, losses, net, gross, fees, "
            f"funding, profit, loss, best, worst, held FROM ledger_bucket {where.text}",
            *where.parameters,
        )
        sums: dict[tuple[Any, str], BucketSums] = {}
        with localcontext(EXACT):
            for value, currency, *stored in rows:
                sums.setdefault((value, currency), BucketSums()).add_stored(stored)
        return [
            bucket_record(EPOCH + timedelta(value) if by == "day" else value, currency, found)
            for (value, currency), found in sorted(sums.items())
            if found.trades
        ]

    def transactions(
        self,
        account: int,
        *,
        kind: str | None = None,
        start: int | None = None,
        end: int | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Transaction]:
        """What moved money, with its postings."""
        where = Where(account)
        where.equal("kind", kind)
        where.span("ts", start, end)
        where.equal("line", 0)
        seek = Seek("ledger_posting", "tx", "line", "tx, kind, ref, ts")
        heads = self._page(seek, where, cursor, limit, lambda *row: row)
        lines: dict[int, list[Posting]] = {head[0]: [] for head in heads.items}
        if lines:
            rows = self._read(
                "SELECT tx, book, currency, amount FROM ledger_posting "
                "WHERE tx BETWEEN ? AND ? AND account = ? ORDER BY tx, line",
                min(lines), max(lines), account,
            )  # fmt: skip
            for tx, book, currency, amount in rows:
                if tx in lines:
                    lines[tx].append(Posting(book, currency, Decimal(amount)))
        made = [
            Transaction(kind=kind, ref=ref, postings=tuple(lines[tx]), ts=ts)
            for tx, kind, ref, ts in heads.items
        ]
        return Page(made, heads.next)

    def last_sampled(self, account: int) -> int | None:
        """When an engine last noted what an account was worth (ns UTC); None: never."""
        [(newest,)] = self._read("SELECT max(ts) FROM ledger_equity WHERE account = ?", account)
        return None if newest is None else int(newest)

    def has_account(self, account: int) -> bool:
        """Whether an account was ever opened in this ledger."""
        return bool(self._read("SELECT 1 FROM ledger_account WHERE account = ?", account))

    def instrument(self, id: str) -> Instrument | None:
        """An instrument as the journal knows it; None: no entry has named it."""
        rows = self._read("SELECT body FROM ledger_instrument WHERE id = ?", id)
        return _instrument(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close every thread's connection; no thread may read any more."""
        with self._guard:
            connections, self._all = self._all, set()
        for connection in connections:
            connection.close()

    # --- reading ---

    def _best_walk(self, seek: Seek, where: Where) -> Seek:
        """How a list of trips is found: neither database knows well enough how many there are of each kind.

        A list is walked in its own order, unless what is asked for is so rare that the walk would be long:
        then the rare is found first, and sorted.
        """
        if where.chooses("id"):
            return replace(seek, is_rare=True)
        for column in ("entered", "net_sort"):
            span = where.only(column)
            if seek.column == column or span.is_empty:
                continue
            rows = self._read(
                f"SELECT count(*) FROM (SELECT 1 FROM ledger_trip {span.text} LIMIT ?) AS found",
                *span.parameters, FEW_TRIPS + 1,
            )  # fmt: skip
            if rows[0][0] <= FEW_TRIPS:
                return replace(seek, is_rare=True, index=f"ledger_trip_by_{column}")
        return replace(seek, index=f"ledger_trip_by_{seek.column}")

    def _trips_of(
        self,
        seek: Seek,
        where: Where,
        classes: Sequence[TripClass],
        all_classes: int,
        cursor: str | None,
        limit: int,
    ) -> list[tuple[Any, ...]]:
        """The rows of a page of trips that belong to one of `classes`."""
        if not classes:
            return []
        if len(classes) < all_classes:
            where = where.copy()
            where.among("class", [one.id for one in classes])
            if seek.index is not None and sum(one.trips for one in classes) <= FEW_TRIPS:
                seek = replace(seek, is_rare=True, index="ledger_trip_by_class")
        by_index = self._database.by_index
        statement, parameters = seek.statement(where, cursor, _checked(limit), by_index=by_index)
        return self._read(statement, *parameters)

    def _page(self, seek: Seek, where: Where, cursor: str | None, limit: int, make: Any) -> Page[Any]:
        statement, parameters = seek.statement(where, cursor, _checked(limit))
        return page_of(self._read(statement, *parameters), limit, make)

    def _samples_from(self, account: int) -> int:
        """From when on the curve has every sample; before, it has its hours."""
        return curves.samples_from(self.last_sampled(account) or 0)

    def _curve(self, table: str, extremes: str, account: int, start: int, end: int) -> list[tuple[Any, ...]]:
        if start >= end:
            return []
        where = Where(account)
        where.span("ts", start, end)
        return self._read(
            f"SELECT ts, equity, cash, unrealised, {extremes} FROM {table} {where.text} ORDER BY ts",
            *where.parameters,
        )

    def _span_of_equity(
        self, account: int, start: int | None, end: int | None
    ) -> tuple[int | None, int | None]:
        where = Where(account)
        where.span("ts", start, end)
        spans = [
            self._read(f"SELECT min(ts), max(ts) FROM {table} {where.text}", *where.parameters)[0]
            for table in ("ledger_equity_hour", "ledger_equity")
        ]
        known = [ts for span in spans for ts in span if ts is not None]
        return (min(known), max(known)) if known else (None, None)

    def _read(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.read(sql, parameters)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            if isinstance(self._database, SqliteDatabase) and not self._database.path.exists():
                raise StoreBusy("There is no ledger yet: the engine begins it when it first runs.")
            connection = self._local.connection = self._database.connect(read_only=True)
            with self._guard:
                self._all.add(connection)
        yield connection


def _symbol(where: Where, symbol: str | None) -> None:
    """A symbol as people write it, or an internal id."""
    where.equal("instrument" if symbol is not None and ":" in symbol else "symbol", symbol)


def _checked(limit: int) -> int:
    if not 1 <= limit <= MOST_ROWS:
        raise UsageError(f"limit: {limit} is not between 1 and {MOST_ROWS}.")
    return limit


def _days(account: int, start: int | None, end: int | None) -> Where:
    """The days of a span; its last day is in, unless it ends as that day begins."""
    where = Where(account)
    where.span(
        "day",
        None if start is None else day_of(start),
        None if end is None else day_of(end - 1) + 1,
    )
    return where
