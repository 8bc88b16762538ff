"""The journal: what was committed comes back, once and in order, and nothing else does."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from candlewick.core.errors import StoreError, StoreLocked
from candlewick.store.databases import Place
from candlewick.store.door import Connection
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from tests.store.journal import ground


def test_what_was_committed_comes_back_in_order(journal: Journal) -> None:
    batches = [ground.opening(), ground.placing(1), ground.accepting(1), ground.filling(1)]
    journal.commit(batches[:2])
    journal.commit(batches[2:])
    snapshot, entries = journal.recover()
    assert snapshot is None
    wanted = [entry for batch in batches for entry in batch.entries]
    assert list(entries) == list(enumerate(wanted, 1))
    assert journal.last_seq == len(wanted)


def test_a_start_takes_the_newest_snapshot_and_the_entries_after_it(journal: Journal) -> None:
    journal.commit([ground.opening()])
    marked = ground.placing(1)
    marked.snapshot = b"state after the order"
    journal.commit([marked, ground.accepting(1)])
    snapshot, entries = journal.recover()
    assert snapshot is not None
    assert (snapshot.seq, snapshot.body) == (4, b"state after the order")
    assert [seq for seq, _ in entries] == [5]


def test_a_fill_that_is_there_already_is_refused_whole(journal: Journal) -> None:
    journal.commit([ground.opening(), ground.placing(1), ground.filling(1)])
    before = journal.last_seq
    with pytest.raises(StoreError):
        journal.commit([ground.placing(2), ground.filling(1)])
    assert journal.last_seq == before
    _, entries = journal.recover()
    assert len(list(entries)) == before


def test_a_lane_number_is_never_given_twice(journal: Journal) -> None:
    journal.commit([ground.opening(), ground.placing(1)])
    with pytest.raises(StoreError):
        journal.commit([ground.placing(1)])


def test_the_lanes_newest_events_come_oldest_first(journal: Journal) -> None:
    journal.commit([ground.opening(), *map(ground.placing, range(1, 6))])
    assert journal.newest(1, "orders", 2) == [(4, b'{"seq":4}'), (5, b'{"seq":5}')]


def test_a_snapshot_forgets_old_events_of_lanes(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candlewick.store.journal.journal.KEPT_LANE_EVENTS", 2)
    journal.commit([ground.opening(), *map(ground.placing, range(1, 6))])
    journal.commit([Batch(snapshot=b"state")])
    assert journal.newest(1, "orders", 9) == [(4, b'{"seq":4}'), (5, b'{"seq":5}')]


@pytest.mark.parametrize("table", ["ledger_journal", "ledger_posting", "ledger_audit"])
@pytest.mark.parametrize("attempt", ["UPDATE {} SET ts = 0", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_what_happened(
    journal: Journal, stranger: Connection, table: str, attempt: str
) -> None:
    journal.commit([ground.opening(), ground.placing(1)])
    with pytest.raises(StoreError, match="append-only"):
        stranger.write(attempt.format(table))


def test_a_second_engine_is_refused_until_the_first_has_closed(journal: Journal, place: Place) -> None:
    journal.commit([ground.opening()])
    with pytest.raises(StoreLocked, match="Another engine"):
        Journal.open(place)
    journal.close()
    second = Journal.open(place)
    assert second.last_seq == journal.last_seq
    second.close()


def test_an_engine_that_another_has_overtaken_writes_nothing(journal: Journal, stranger: Connection) -> None:
    journal.commit([ground.opening()])
    stranger.write("UPDATE ledger_head SET commits = commits + 1")
    with pytest.raises(StoreError, match="Another engine has written"):
        journal.commit([ground.placing(1)])
    assert journal.newest(1, "orders", 9) == []


def test_a_damaged_file_is_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"is damaged .* Restore it from a backup"):
        Journal.open(tmp_path / "ledger.sqlite3")


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    Journal.open(tmp_path / "ledger.sqlite3").close()
    assert stat.S_IMODE((tmp_path / "ledger.sqlite3").stat().st_mode) == 0o600


def test_a_batch_without_entries_changes_no_number(journal: Journal) -> None:
    journal.commit([ground.opening()])
    before = journal.last_seq
    batch = Batch(snapshot=b"state")
    journal.commit([batch])
    assert journal.last_seq == before
    snapshot, entries = journal.recover()
    assert snapshot is not None
    assert snapshot.seq == before
    assert list(entries) == []
