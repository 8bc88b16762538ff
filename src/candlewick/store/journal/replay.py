"""Whether what is stored is what the journal makes: every entry folded anew, into tables of its own.

The fold is the heart's own, and so is the way into the tables; what differs was changed behind their backs,
or lost. What prices made (curves, and what days closed with) is not in the journal and is not compared.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from candlewick.core.errors import CandlewickError, StoreError
from candlewick.core.reports import Fill
from candlewick.ledger import invariants
from candlewick.ledger.fault import Fault
from candlewick.ledger.posting import Posting, Transaction
from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection, Database
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal, read_entry
from candlewick.trading import snapshot
from candlewick.trading.desk import Desk
from candlewick.trading.effects import Journal as Written
from candlewick.trading.engine import Engine

GROUP: Final = 2_000


class _Table(NamedTuple):
    """What of a table follows from the journal: the columns, those that hold money, and an order of rows."""

    source: str
    plain: str
    money: str
    order: str


_TABLES: Final = (
    _Table("ledger_account", "account, name, kind, currency, opened", "", "account"),
    _Table("ledger_instrument", "id, symbol, body", "", "id"),
    _Table(
        "ledger_posting", "tx, line, seq, account, ts, kind, ref, book, currency", "amount", "tx, line"
    ),
    _Table(
        "ledger_order", "account, id, instrument, symbol, status, origin, tag, created, updated, body", "",
        "account, id",
    ),
    _Table(
        "ledger_fill", "account, instrument, id, seq, symbol, order_id, ts, body", "realised",
        "account, instrument, id",
    ),
    _Table(
        "ledger_trip AS trip JOIN ledger_trip_class AS shared ON shared.id = trip.class",
        "trip.account, trip.id, instrument, symbol, side, outcome, origin, tag, entered, exited, held, "
        "net_sort, return_sort, body",
        "", "trip.account, trip.id",
    ),
    _Table(
        "(SELECT * FROM ledger_trip_class WHERE trips <> 0) AS shared",
        "account, instrument, symbol, side, outcome, origin, tag, trips", "",
        "account, instrument, side, outcome, origin, tag",
    ),
    _Table(
        "ledger_trip_fill", "account, trip, ts, instrument, fill", "", "account, trip, ts, instrument, fill"
    ),
    _Table(
        "ledger_day", "account, day, currency, fills",
        "opening, realised, fees, funding, flows, volume", "account, day, currency",
    ),
    _Table(
        "ledger_bucket", "account, dimension, day, value, currency, trades, wins, losses, held",
        "net, gross, fees, funding, profit, loss, best, worst", "account, dimension, day, value, currency",
    ),
)  # fmt: skip
_TEXTS: Final = frozenset(
    ["id", "instrument", "currency", "side", "outcome", "origin", "tag", "fill", "dimension", "value"]
)  # of the orders above
_fill: Final = msgspec.json.Decoder(Fill).decode


def faults_of(place: Place) -> list[Fault]:
    """Everything by which the stored tables differ from the journal, the first of each table; none is good.

    Raises:
        StoreBusy: the database is away.
        StoreError: it cannot be read.
    """
    database = database_at(place)
    connection = database.connect(read_only=True)
    try:
        with tempfile.TemporaryDirectory(prefix="candlewick-replay-") as folder, connection.snapshot():
            if not connection.has_table("ledger_journal"):
                return []
            scratch = Path(folder) / "ledger.sqlite3"
            desk, faults = _folded(connection, scratch, database.name)
            faults += _differences(database, connection, scratch)
            for account in desk.accounts:
                faults += _invariants(connection, desk, account)
            return faults
    finally:
        connection.close()


def _folded(connection: Connection, scratch: Path, name: str) -> tuple[Desk, list[Fault]]:
    """The accounts as the journal makes them, their tables in `scratch`, and what is wrong with snapshots."""
    desk = Engine().desk
    snapshots = {
        seq: (bytes(digest), bytes(body))
        for seq, digest, body in connection.read("SELECT seq, digest, body FROM ledger_snapshot")
    }
    faults = _snapshot_faults(snapshots.pop(0, None), 0, desk)
    journal = Journal.open(scratch)
    try:
        group: list[Batch] = []
        for seq, body in connection.stream("SELECT seq, body FROM ledger_journal ORDER BY seq"):
            entry = read_entry(name, seq, body)
            batch = Batch()
            batch.add(Written(entry))
            try:
                for effect in desk.apply(entry):
                    batch.add(effect)
            except (CandlewickError, LookupError, ArithmeticError) as error:
                raise StoreError(
                    f"{name}: entry {seq} does not follow from those before it ({error!r}). "
                    "Restore it from a backup."
                ) from error
            group.append(batch)
            if len(group) == GROUP:
                journal.commit(group)
                group.clear()
            faults += _snapshot_faults(snapshots.pop(seq, None), seq, desk)
        journal.commit(group)
    finally:
        journal.close()
    faults += [
        Fault("snapshot_ahead", f"There is a snapshot of entry {seq}, which the journal does not have.")
        for seq in snapshots
    ]
    return desk, faults


def _snapshot_faults(stored: tuple[bytes, bytes] | None, seq: int, desk: Desk) -> list[Fault]:
    if stored is None:
        return []
    digest, body = stored
    if hashlib.sha256(body).digest() != digest:
        return [Fault("snapshot_damaged", f"The snapshot of entry {seq} is damaged. It will not be used.")]
    try:
        snapshot.read(body)
    except StoreError:
        return []  # of another version, which a start does not use either
    if body != desk.snapshot():
        return [Fault("snapshot_differs", f"The snapshot of entry {seq} is not what the journal makes.")]
    return []


def _differences(database: Database, stored: Connection, scratch: Path) -> list[Fault]:
    """The first row of each table that is not what it should be."""
    other = database_at(scratch)
    made = other.connect(read_only=True)
    faults = []
    try:
        with made.snapshot():
            for table in _TABLES:
                with (
                    closing(_rows(database, stored, table)) as theirs,
                    closing(_rows(other, made, table)) as ours,
                ):
                    pairs = ((was, now) for was, now in zip_longest(theirs, ours) if was != now)
                    different = next(pairs, None)
                if different is not None:
                    was, now = different
                    text = f"{table.source.split()[0].lstrip('(')} has {was}, where the journal makes {now}."
                    faults.append(Fault("stored_is_not_replayed", text))
    finally:
        made.close()
    return faults


def _rows(database: Database, connection: Connection, table: _Table) -> Generator[tuple[Any, ...]]:
    columns = ", ".join(part for part in (table.plain, table.money) if part)
    count = len(table.plain.split(","))
    collate = f" COLLATE {database.words['by_bytes']}"
    order = ", ".join(
        name + (collate if name.rpartition(".")[2] in _TEXTS and name != "trip.id" else "")
        for name in table.order.split(", ")
    )
    with closing(connection.stream(f"SELECT {columns} FROM {table.source} ORDER BY {order}")) as found:
        for row in found:
            money = (None if amount is None else Decimal(amount) for amount in row[count:])
            yield (*row[:count], *money)


def _invariants(connection: Connection, desk: Desk, account: int) -> list[Fault]:
    """What must hold of an account's book, by the postings and fills that are stored."""
    book = desk.accounts[account].book
    transactions = list(_transactions(connection, account))
    fills = [
        _fill(body)
        for (body,) in connection.stream(
            "SELECT body FROM ledger_fill WHERE account = ? ORDER BY seq", (account,)
        )
    ]
    found = (
        invariants.check(book)
        + invariants.postings_balance(transactions)
        + invariants.totals_are_postings(book, transactions)
        + invariants.positions_are_fills(book, fills, transactions)
    )
    return [Fault(fault.code, f"Account {account}: {fault.text}") for fault in found]


def _transactions(connection: Connection, account: int) -> Iterator[Transaction]:
    lines = connection.stream(
        "SELECT tx, kind, ref, ts, book, currency, amount FROM ledger_posting "
        "WHERE account = ? ORDER BY tx, line",
        (account,),
    )
    for (_, kind, ref, ts), own in groupby(lines, key=lambda line: line[:4]):
        yield Transaction(
            kind=kind,
            ref=ref,
            postings=tuple(Posting(book, currency, Decimal(amount)) for *_, book, currency, amount in own),
            ts=ts,
        )
