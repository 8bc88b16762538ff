"""Whether the chains are whole: every row's hash, every number, and the sealed head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from candlewick.ledger.fault import Fault
from candlewick.store import chain
from candlewick.store.door import Connection

CHUNK: Final = 5_000


class Chain(msgspec.Struct, frozen=True):
    """A chain in a database: its table, what of a row is hashed, and where its head is."""

    name: str
    title: str
    table: str
    columns: str
    head: str


_AUDIT_COLUMNS: Final = "seq, ts, actor, action, subject, origin, before, after"
JOURNAL: Final = Chain(
    chain.JOURNAL, "the journal", "ledger_journal", "seq, account, ts, kind, body",
    "SELECT seq, hash, mac FROM ledger_head",
)  # fmt: skip
ENGINE: Final = Chain(
    chain.AUDIT, "the engine's audit", "ledger_audit", _AUDIT_COLUMNS,
    "SELECT audit_seq, audit_hash, audit_mac FROM ledger_head",
)  # fmt: skip
WEB: Final = Chain(
    chain.PEOPLE, "the web's audit", "store_auditevent", _AUDIT_COLUMNS,
    "SELECT seq, hash, mac FROM store_audithead",
)  # fmt: skip


class ChainReport(msgspec.Struct, frozen=True):
    """What a look at a chain found. `hashes` are those of the rows that were asked about."""

    chain: str
    rows: int
    head: str
    faults: list[Fault]
    hashes: dict[int, str]


def check(connection: Connection, one: Chain, keys: Sequence[bytes], ask: Sequence[int] = ()) -> ChainReport:
    """Follow a chain from its first row to its head. One of `keys` has to have sealed the head.

    The first fault ends the look: whatever comes after it rests on it. `ask`: numbers of rows whose hashes
    are to be told.
    """
    with connection.snapshot():
        if not connection.has_table(one.table):
            return nothing(one)
        count, made = 0, chain.GENESIS
        hashes = {0: chain.GENESIS.hex()} if 0 in ask else {}
        for seq, *cells, stored in _rows(connection, one):
            if seq != count + 1:
                fault = _fault("row_missing", f"Row {count + 1} of {one.title} is missing.")
                return ChainReport(one.name, count, made.hex(), [fault], hashes)
            made = chain.link(made, seq, *cells)
            if bytes(stored) != made:
                fault = _fault("row_changed", f"Row {seq} of {one.title} was changed, or one before it.")
                return ChainReport(one.name, count, made.hex(), [fault], hashes)
            count = seq
            if seq in ask:
                hashes[seq] = made.hex()
        faults = _check_head(connection, one, count, made, keys)
    return ChainReport(one.name, count, made.hex(), faults, hashes)


def nothing(one: Chain) -> ChainReport:
    """Of a chain whose database was never begun."""
    return ChainReport(one.name, 0, "", [], {})


def _check_head(
    connection: Connection, one: Chain, count: int, made: bytes, keys: Sequence[bytes]
) -> list[Fault]:
    heads = connection.read(one.head)
    if not heads and not count:
        return []
    if len(heads) != 1:
        return [_fault("head_missing", f"The head of {one.title} is missing.")]
    seq, hash, mac = heads[0]
    if seq != count:
        return [_fault("rows_cut_off", f"{one.title.capitalize()} should have {seq} rows, but has {count}.")]
    if bytes(hash) != made:
        return [_fault("head_changed", f"The head of {one.title} is not the hash of its last row.")]
    if not chain.is_sealed(keys, one.name, count, made, bytes(mac)):
        return [_fault("seal_broken", f"The head of {one.title} was not sealed with this master key.")]
    return []


def _rows(connection: Connection, one: Chain) -> Iterator[tuple[Any, ...]]:
    seq = -(2**63) + 1  # a row whose number was changed must not hide before the first
    while True:
        rows = connection.read(
            f"SELECT {one.columns}, hash FROM {one.table} WHERE seq > ? ORDER BY seq LIMIT ?", (seq, CHUNK)
        )
        yield from rows
        if len(rows) < CHUNK:
            return
        seq = rows[-1][0]


def _fault(code: str, text: str) -> Fault:
    return Fault(code, f"{text} Compare with a backup: somebody, or a failing disk, has altered it.")
