"""`Journal`: commits what the heart decided, and gives it back after a start.

One writer, one transaction for as many batches as wait. Each entry carries the hash of all before it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final, Self, cast

import msgspec

from candlewick.core.errors import StoreBusy, StoreError
from candlewick.store import chain
from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection, Database
from candlewick.store.journal import curves, schema
from candlewick.store.journal.batch import AuditRow, Batch
from candlewick.store.journal.projections import Projections
from candlewick.trading.entries import Entry, decode, encode

log = logging.getLogger(__name__)

CHUNK: Final = 5_000
KEPT_SNAPSHOTS: Final = 2
KEPT_LANE_EVENTS: Final = 1_000  # of a channel, at least: more than any reader is told again

canonical: Final = msgspec.json.Encoder(order="sorted", decimal_format="string").encode


class Snapshot(msgspec.Struct, frozen=True):
    """The state of all accounts after the entry numbered `seq`."""

    seq: int
    body: bytes


class _Head(msgspec.Struct):
    """Where the tables end."""

    commits: int
    seq: int
    hash: bytes
    tx: int
    audit_seq: int
    audit_hash: bytes


class Journal:
    """The one writer of a ledger's database. Its methods may be called from any thread, one at a time.

    Attributes:
        last_seq: number of the newest entry on disk; entries count from 1.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key
        self._lock = threading.Lock()
        with ExitStack() as stack:
            stack.enter_context(database.claim())
            self._connection: Connection = database.connect()
            stack.callback(self._connection.close)
            schema.migrate(database, self._connection, key)
            self._head = self._read_head()
            self._unheard: _Head | None = None
            self._vouched = self._check_seals()
            self._projections = Projections(self._connection)
            self._closing = stack.pop_all()

    @classmethod
    def open(cls, place: Place, *, key: bytes = b"") -> Self:
        """Open the ledger, or begin one. `key` seals the heads of its chains.

        Raises:
            StoreLocked: another engine writes it.
            StoreBusy: the server is away.
            StoreError: it is damaged, or not ours to write.
        """
        return cls(database_at(place), key)

    @property
    def name(self) -> str:
        """Its database, as people may see it."""
        return self._database.name

    @property
    def last_seq(self) -> int:
        return self._head.seq

    def recover(self, *, use_snapshot: bool = True) -> tuple[Snapshot | None, Iterator[tuple[int, Entry]]]:
        """The newest whole snapshot, and the entries after it, oldest first.

        Raises:
            StoreError: an entry cannot be read.
        """
        found = self._newest_snapshot() if use_snapshot else None
        return found, self._entries_after(found.seq if found else 0)

    def commit(self, batches: Sequence[Batch]) -> None:
        """Write all of it in one transaction, or nothing.

        Raises:
            StoreBusy: the database is locked, full or away. The same batches are to be given again, until
                it goes through; should the first time have taken effect unheard, that is noticed.
            StoreError: it contradicts what is written: a fill or an event is there already, or another
                engine writes. The caller's state is not to be trusted any more.
        """
        with self._lock:
            # asking may fail as well: until it is answered, the commit stays one that may have taken effect
            if self._unheard is not None and self._took_effect():
                self._head, self._unheard = self._unheard, None
                return
            self._unheard = None
            head = msgspec.structs.replace(self._head)
            try:
                self._write(head, batches)
            except StoreBusy:
                self._unheard = head
                raise
            self._head = head

    def newest(self, account: int, channel: str, count: int) -> list[tuple[int, bytes]]:
        """The newest `count` events of an account's channel as (seq, message), oldest first."""
        with self._lock:
            rows = self._connection.read(
                "SELECT seq, message FROM ledger_lane_event WHERE account = ? AND channel = ? "
                "ORDER BY seq DESC LIMIT ?",
                (account, channel, count),
            )
        return [(seq, bytes(message)) for seq, message in reversed(rows)]

    def close(self) -> None:
        """Let another engine have it."""
        with self._lock:
            self._closing.close()

    # --- writing ---

    def _write(self, head: _Head, batches: Sequence[Batch]) -> None:
        connection = self._connection
        with connection.transaction():
            first_seq = head.seq + 1
            self._put_entries(head, [entry for batch in batches for entry in batch.entries])
            self._put_postings(head, batches, first_seq)
            self._projections.write(connection, batches, first_seq)
            for account, now in (each for batch in batches for each in batch.thin):
                curves.thin(connection, account, now)
            lane = [msgspec.structs.astuple(row) for batch in batches for row in batch.lane]
            if lane:
                connection.write("INSERT INTO ledger_lane_event VALUES (?, ?, ?, ?, ?)", lane)
            self._put_audit(head, [row for batch in batches for row in batch.audit])
            self._put_snapshots(batches, first_seq)
            self._put_head(head)

    def _put_entries(self, head: _Head, entries: Sequence[Entry]) -> None:
        rows: list[tuple[object, ...]] = []
        for entry in entries:
            head.seq += 1
            row = (head.seq, entry.account, entry.ts, kind_of(entry), encode(entry).decode())
            head.hash = chain.link(head.hash, *row)
            rows.append((*row, head.hash))
        if rows:
            self._connection.write("INSERT INTO ledger_journal VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _put_postings(self, head: _Head, batches: Sequence[Batch], first_seq: int) -> None:
        rows: list[tuple[object, ...]] = []
        for batch in batches:
            for place, booked in batch.booked:
                head.tx += 1
                seq, made = first_seq + place, booked.transaction
                rows += [
                    (head.tx, line, seq, booked.account, made.ts, made.kind, made.ref, posting.book,
                     posting.currency, str(posting.amount))
                    for line, posting in enumerate(made.postings)
                ]  # fmt: skip
            first_seq += len(batch.entries)
        if rows:
            self._connection.write("INSERT INTO ledger_posting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _put_audit(self, head: _Head, rows: Sequence[AuditRow]) -> None:
        made: list[tuple[object, ...]] = []
        for row in rows:
            head.audit_seq += 1
            cells = (
                head.audit_seq, row.ts, row.actor, row.action, row.subject, row.origin,
                canonical(row.before).decode(), canonical(row.after).decode(),
            )  # fmt: skip
            head.audit_hash = chain.link(head.audit_hash, *cells)
            made.append((*cells, head.audit_hash))
        if made:
            self._connection.write("INSERT INTO ledger_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", made)

    def _put_snapshots(self, batches: Sequence[Batch], first_seq: int) -> None:
        seq = first_seq - 1
        newest: tuple[int, bytes] | None = None
        for batch in batches:
            seq += len(batch.entries)
            if batch.snapshot is not None:
                newest = seq, batch.snapshot
        if newest is None:
            return
        seq, body = newest
        self._connection.write(
            "INSERT INTO ledger_snapshot VALUES (?, ?, ?) "
            "ON CONFLICT (seq) DO UPDATE SET digest = excluded.digest, body = excluded.body",
            [(seq, hashlib.sha256(body).digest(), body)],
        )
        self._connection.write(
            "DELETE FROM ledger_snapshot WHERE seq NOT IN "
            "(SELECT seq FROM ledger_snapshot ORDER BY seq DESC LIMIT ?)",
            [(KEPT_SNAPSHOTS,)],
        )
        # nobody is told of events by this table but whoever begins: the older ones are in the journal
        self._connection.write(
            "DELETE FROM ledger_lane_event WHERE seq <= (SELECT max(newest.seq) "
            "FROM ledger_lane_event AS newest WHERE newest.account = ledger_lane_event.account "
            "AND newest.channel = ledger_lane_event.channel) - ?",
            [(KEPT_LANE_EVENTS,)],
        )

    def _put_head(self, head: _Head) -> None:
        stored = self._connection.read("SELECT commits FROM ledger_head WHERE one = 1")
        if stored != [(head.commits,)]:
            raise StoreError(f"Another engine has written {self._database.name}. Start this one anew.")
        head.commits += 1
        mac = self._seal(chain.JOURNAL, head.seq, head.hash)
        audit_mac = self._seal(chain.AUDIT, head.audit_seq, head.audit_hash)
        self._connection.write(
            "UPDATE ledger_head SET commits = ?, seq = ?, hash = ?, mac = ?, tx = ?, "
            "audit_seq = ?, audit_hash = ?, audit_mac = ? WHERE one = 1",
            [(head.commits, head.seq, head.hash, mac, head.tx, head.audit_seq, head.audit_hash, audit_mac)],
        )

    def _took_effect(self) -> bool:
        """Whether the commit whose answer never came was carried out."""
        return self._read_head().commits == self._head.commits + 1

    def _seal(self, name: str, count: int, head: bytes) -> bytes:
        return chain.seal(self._key, name, count, head) if name in self._vouched else chain.BROKEN

    # --- reading ---

    def _read_head(self) -> _Head:
        [row] = self._connection.read(
            "SELECT commits, seq, hash, tx, audit_seq, audit_hash FROM ledger_head WHERE one = 1"
        )
        commits, seq, hash, tx, audit_seq, audit_hash = row
        return _Head(commits, seq, bytes(hash), tx, audit_seq, bytes(audit_hash))

    def _check_seals(self) -> set[str]:
        """The chains that end as the holder of the key left them. The others are never sealed again.

        Whoever altered a chain has no key: the next commit must not seal what they left.
        """
        [(mac, audit_mac)] = self._connection.read("SELECT mac, audit_mac FROM ledger_head WHERE one = 1")
        head = self._head
        ends = (
            (chain.JOURNAL, head.seq, head.hash, bytes(mac)),
            (chain.AUDIT, head.audit_seq, head.audit_hash, bytes(audit_mac)),
        )
        whole = {
            name for name, seq, hash, seal in ends if chain.is_sealed([self._key], name, seq, hash, seal)
        }
        for name, *_ in ends:
            if name not in whole:
                log.error(
                    "The chain %r of %s does not end as it was left: `candlewick audit verify` tells more.",
                    name, self._database.name,
                )  # fmt: skip
        return whole

    def _newest_snapshot(self) -> Snapshot | None:
        with self._lock:
            rows = self._connection.read("SELECT seq, digest, body FROM ledger_snapshot ORDER BY seq DESC")
        for seq, digest, body in rows:
            if hashlib.sha256(body).digest() == bytes(digest) and seq <= self.last_seq:
                return Snapshot(seq, bytes(body))
        return None

    def _entries_after(self, seq: int) -> Iterator[tuple[int, Entry]]:
        while True:
            with self._lock:
                rows = self._connection.read(
                    "SELECT seq, body FROM ledger_journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, CHUNK)
                )
            for number, body in rows:
                if number != seq + 1:
                    raise StoreError(
                        f"{self._database.name}: entry {seq + 1} is missing. Restore it from a backup."
                    )
                seq = number
                yield number, read_entry(self._database.name, number, body)
            if len(rows) < CHUNK:
                return


def kind_of(entry: Entry) -> str:
    """The entry's tag: `order_placed`, `fill`, …"""
    return str(entry.__struct_config__.tag)


def read_entry(name: str, seq: int, body: str) -> Entry:
    """An entry from its row.

    Raises:
        StoreError: it is none.
    """
    try:
        return cast(Entry, decode(body))
    except msgspec.MsgspecError as error:
        raise StoreError(
            f"{name}: entry {seq} cannot be read ({error}). Restore it from a backup."
        ) from error
