"""The writer: order kept, groups committed together, a locked database waited for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from candlewick.core.errors import StoreBusy, StoreError
from candlewick.store.databases import database_at
from candlewick.store.door import Connection, Row
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.writer import Done, JournalWriter
from candlewick.store.postgres import PostgresConnection
from tests.store.journal import ground


class Answers:
    """What `done` was called with, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, Exception | None]] = []
        self._more = threading.Condition()

    def of(self, number: int) -> Done:
        def done(error: Exception | None) -> None:
            with self._more:
                self.heard.append((number, error))
                self._more.notify_all()

        return done

    def wait_for(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.heard) >= count, 30)


@contextmanager
def held(stranger: Connection) -> Iterator[None]:
    """Somebody else writes, and takes their time."""
    with stranger.transaction():
        if isinstance(stranger, PostgresConnection):  # SQLite has one lock, and a transaction takes it
            stranger.write("LOCK TABLE ledger_head IN ACCESS EXCLUSIVE MODE")
        yield


def submit(writer: JournalWriter, answers: Answers, batches: Sequence[Batch]) -> None:
    for number, batch in enumerate(batches):
        writer.submit(batch, answers.of(number))


def test_all_is_on_disk_in_order_when_it_says_so(journal: Journal) -> None:
    writer, answers = JournalWriter(journal), Answers()
    submit(writer, answers, [ground.opening(), *map(ground.placing, range(1, 50))])
    writer.close()
    assert answers.heard == [(number, None) for number in range(50)]
    _, entries = journal.recover()
    assert len(list(entries)) == 3 + 49


def test_while_the_database_is_locked_everything_waits_and_nothing_overtakes(
    journal: Journal, stranger: Connection
) -> None:
    journal.commit([ground.opening()])
    troubles: list[str] = []
    told = threading.Event()

    def on_trouble(sentence: str) -> None:
        troubles.append(sentence)
        told.set()

    with held(stranger):
        writer, answers = JournalWriter(journal, on_trouble), Answers()
        submit(writer, answers, [*map(ground.placing, range(1, 4))])
        assert told.wait(30)
        assert answers.heard == []
        assert "lock" in writer.trouble
    answers.wait_for(3)
    writer.close()
    assert answers.heard == [(0, None), (1, None), (2, None)]
    assert troubles[-1] == ""
    assert [seq for seq, _ in journal.newest(1, "orders", 9)] == [1, 2, 3]


def test_an_idle_writer_finds_out_by_itself_that_nothing_can_be_written_and_when_it_can_again(
    journal: Journal, stranger: Connection
) -> None:
    told: Queue[str] = Queue()
    writer = JournalWriter(journal, told.put, idle_s=0.01)
    with held(stranger):
        assert told.get(timeout=30)
    assert told.get(timeout=30) == ""
    assert journal.last_seq == 0
    writer.close()


def test_a_contradiction_stops_everything_after_it(journal: Journal) -> None:
    journal.commit([ground.opening(), ground.placing(1), ground.filling(1)])
    writer, answers = JournalWriter(journal), Answers()
    submit(writer, answers, [ground.filling(1)])
    answers.wait_for(1)
    submit(writer, answers, [ground.placing(2)])
    answers.wait_for(2)
    writer.close()
    assert all(isinstance(error, StoreError) for _, error in answers.heard)
    assert journal.newest(1, "orders", 9) == [(1, b'{"seq":1}')]


def test_a_closed_writer_takes_nothing_more(journal: Journal) -> None:
    writer = JournalWriter(journal)
    writer.close()
    with pytest.raises(StoreError, match="closed"):
        writer.submit(ground.opening(), lambda error: None)


def test_it_gives_up_at_its_close_when_nothing_can_be_written(journal: Journal, stranger: Connection) -> None:
    journal.commit([ground.opening()])
    with held(stranger):
        writer, answers = JournalWriter(journal), Answers()
        submit(writer, answers, [ground.placing(1)])
        with pytest.raises(StoreError, match="could not be written"):
            writer.close(wait_s=0)
    assert isinstance(answers.heard[0][1], StoreError)
    assert journal.newest(1, "orders", 9) == []


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([ground.opening()])
    connection = journal._connection
    whole = connection.transaction
    lost: list[bool] = []

    @contextmanager
    def without_an_answer() -> Iterator[None]:
        with whole():
            yield
        if not lost:
            lost.append(True)
            raise StoreBusy("The server went away.")

    monkeypatch.setattr(connection, "transaction", without_an_answer)
    writer, answers = JournalWriter(journal), Answers()
    submit(writer, answers, [ground.placing(1), ground.placing(2)])
    writer.close()
    assert lost
    assert answers.heard == [(0, None), (1, None)]
    _, entries = journal.recover()
    assert [seq for seq, _ in entries] == [1, 2, 3, 4, 5]


def test_it_asks_again_whether_a_commit_took_effect_while_nobody_answers(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = journal._connection
    whole, read = connection.transaction, connection.read
    away: list[int] = []

    @contextmanager
    def without_an_answer() -> Iterator[None]:
        with whole():
            yield
        if not away:
            away.append(2)
            raise StoreBusy("The server went away.")

    def not_yet(sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        if away and away[0]:
            away[0] -= 1
            raise StoreBusy("The server is still away.")
        return read(sql, parameters)

    monkeypatch.setattr(connection, "transaction", without_an_answer)
    monkeypatch.setattr(connection, "read", not_yet)
    writer, answers = JournalWriter(journal), Answers()
    submit(writer, answers, [ground.opening()])
    writer.close()
    assert away == [0]
    assert answers.heard == [(0, None)]


def test_a_connection_that_the_server_ends_is_made_again(postgres_url: str) -> None:
    journal = Journal.open(postgres_url)
    journal.commit([ground.opening()])
    stranger = database_at(postgres_url).connect()
    stranger.read(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    stranger.close()
    writer, answers = JournalWriter(journal), Answers()
    submit(writer, answers, [ground.placing(1)])
    answers.wait_for(1)
    writer.close()
    journal.close()
    assert answers.heard == [(0, None)]


def test_a_full_disk_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger.sqlite3")
    journal.commit([ground.opening()])
    [(pages,)] = journal._connection.read("PRAGMA page_count")
    journal._connection.read(f"PRAGMA max_page_count = {pages}")
    told = threading.Event()
    writer, answers = JournalWriter(journal, lambda trouble: told.set()), Answers()
    submit(writer, answers, [*map(ground.placing, range(1, 200))])
    assert told.wait(30)
    assert "the disk is full" in writer.trouble
    assert answers.heard == []
    journal._connection.read(f"PRAGMA max_page_count = {pages + 10_000}")
    answers.wait_for(199)
    writer.close()
    assert {error for _, error in answers.heard} == {None}
    assert [seq for seq, _ in journal.newest(1, "orders", 999)] == list(range(1, 200))
    journal.close()
