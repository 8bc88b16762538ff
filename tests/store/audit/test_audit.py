"""The audit: every edit of a row, of any column, and rows cut off at the end or the beginning, are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from candlewick.store import chain
from candlewick.store.audit import anchor, checking
from candlewick.store.audit.checking import ENGINE, JOURNAL, Chain, ChainReport, check
from candlewick.store.audit.reading import AuditLog
from candlewick.store.databases import Place
from candlewick.store.door import Connection
from candlewick.store.journal.journal import Journal
from tests.store.journal import ground
from tests.store.journal.conftest import KEY, journal, place, stranger  # noqa: F401
from tests.store.journal.test_replay import disarm

ROWS = 6


@pytest.fixture
def written(journal: Journal, stranger: Connection) -> Connection:  # noqa: F811
    """A journal and an engine's audit of some rows, and somebody who can change them."""
    journal.commit([ground.opening(), *map(ground.placing, range(1, ROWS + 1))])
    disarm(stranger)
    return stranger


def codes(connection: Connection, one: Chain = ENGINE) -> list[str]:
    return [fault.code for fault in check(connection, one, [KEY]).faults]


@pytest.mark.parametrize("one", [JOURNAL, ENGINE], ids=lambda one: one.name)
def test_a_whole_chain_has_no_faults(written: Connection, one: Chain) -> None:
    report = check(written, one, [KEY])
    assert report.faults == []
    assert report.rows == (ROWS if one is ENGINE else ROWS + 3)


@pytest.mark.parametrize("one", [JOURNAL, ENGINE], ids=lambda one: one.name)
def test_every_column_of_every_row_is_guarded(written: Connection, one: Chain) -> None:
    columns = [*one.columns.split(", "), "hash"]
    rows = written.read(f"SELECT {', '.join(columns)} FROM {one.table} ORDER BY seq")
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            key = row[0]
            changed = flipped(cell)
            written.write(f"UPDATE {one.table} SET {column} = ? WHERE seq = ?", [(changed, key)])
            assert codes(written, one), (column, cell, changed)
            now = changed if column == "seq" else key
            written.write(f"UPDATE {one.table} SET {column} = ? WHERE seq = ?", [(cell, now)])
    assert codes(written, one) == []


@pytest.mark.parametrize("column", ["audit_seq", "audit_hash", "audit_mac"])
def test_every_column_of_the_head_is_guarded(written: Connection, column: str) -> None:
    [(cell,)] = written.read(f"SELECT {column} FROM ledger_head")
    written.write(f"UPDATE ledger_head SET {column} = ?", [(flipped(cell),)])
    assert codes(written)


@pytest.mark.parametrize("row", [1, 3, ROWS])
def test_a_row_that_was_taken_out_is_missed(written: Connection, row: int) -> None:
    written.write("DELETE FROM ledger_audit WHERE seq = ?", [(row,)])
    assert codes(written) == ["rows_cut_off" if row == ROWS else "row_missing"]


def test_whoever_rewrites_the_chain_lacks_the_key_that_seals_it(written: Connection) -> None:
    written.write("DELETE FROM ledger_audit WHERE seq = ?", [(ROWS,)])
    [(last,)] = written.read("SELECT hash FROM ledger_audit ORDER BY seq DESC LIMIT 1")
    forged = chain.seal(b"a guess", chain.AUDIT, ROWS - 1, bytes(last))
    written.write(
        "UPDATE ledger_head SET audit_seq = ?, audit_hash = ?, audit_mac = ?",
        [(ROWS - 1, bytes(last), forged)],
    )
    assert codes(written) == ["seal_broken"]


def test_a_missing_head_is_found(written: Connection) -> None:
    written.write("DELETE FROM ledger_head")
    assert codes(written) == ["head_missing"]


def test_an_older_copy_in_its_place_is_found_by_the_anchor(written: Connection, tmp_path: Path) -> None:
    reports = [check(written, ENGINE, [KEY])]
    anchor.save(tmp_path, 0, reports, KEY)
    known = anchor.load(tmp_path)
    assert known is not None
    assert anchor.require_genuine(known, [KEY]) == []
    assert anchor.require_kept(known, ENGINE, check(written, ENGINE, [KEY], [ROWS])) == []
    shorter = ChainReport(ENGINE.name, ROWS - 1, "", [], {})
    assert [fault.code for fault in anchor.require_kept(known, ENGINE, shorter)] == ["rows_cut_off"]
    other = ChainReport(ENGINE.name, ROWS, "", [], {ROWS: "another hash"})
    assert [fault.code for fault in anchor.require_kept(known, ENGINE, other)] == ["history_rewritten"]
    assert [fault.code for fault in anchor.require_kept(known, ENGINE, checking.nothing(ENGINE))] == [
        "rows_cut_off"
    ]


def test_a_changed_anchor_is_found(written: Connection, tmp_path: Path) -> None:
    anchor.save(tmp_path, 0, [check(written, ENGINE, [KEY])], KEY)
    path = tmp_path / anchor.FILE_NAME
    path.write_text(path.read_text().replace('"rows":6', '"rows":5'))
    known = anchor.load(tmp_path)
    assert known is not None
    assert [fault.code for fault in anchor.require_genuine(known, [KEY])] == ["anchor_changed"]


def test_rows_are_read_newest_first_in_pages(written: Connection, place: Place, tmp_path: Path) -> None:  # noqa: F811
    log = AuditLog(tmp_path / "no.sqlite3", place)
    first = log.read(limit=4)
    second = log.read(limit=4, cursor=first.next)
    assert [record.seq for record in (*first.items, *second.items)] == [6, 5, 4, 3, 2, 1]
    assert second.next is None
    assert first.items[0].subject == "o6"
    assert [record.seq for record in log.read(action="order.", actor="ann", start=ground.T0 + 5).items] == [
        6,
        5,
    ]
    assert log.read(action="order.cancel").items == []
    assert log.read(actor="bob").items == []


def flipped(cell: Any) -> Any:
    """The cell with one of its bits, or letters, turned."""
    if isinstance(cell, int):
        return cell + 1_000_000
    if isinstance(cell, str):
        return f"{cell}x" if not cell else chr(ord(cell[0]) ^ 1) + cell[1:]
    data = bytes(cell)
    return bytes([data[0] ^ 1]) + data[1:]
