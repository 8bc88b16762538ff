"""The writer: order kept, groups committed together, a locked database waited for."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from candlewick.core.errors import StoreError
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.writer import Done, JournalWriter
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


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal.open(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


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
    journal: Journal, tmp_path: Path
) -> None:
    journal.commit([ground.opening()])
    troubles: list[str] = []
    told = threading.Event()

    def on_trouble(sentence: str) -> None:
        troubles.append(sentence)
        told.set()

    other = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer, answers = JournalWriter(journal, on_trouble), Answers()
    submit(writer, answers, [*map(ground.placing, range(1, 4))])
    assert told.wait(30)
    assert answers.heard == []
    assert "holds its write lock" in writer.trouble
    other.execute("ROLLBACK")
    other.close()
    answers.wait_for(3)
    writer.close()
    assert answers.heard == [(0, None), (1, None), (2, None)]
    assert troubles[-1] == ""
    assert [seq for seq, _ in journal.newest(1, "orders", 9)] == [1, 2, 3]


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


def test_it_gives_up_at_its_close_when_nothing_can_be_written(journal: Journal, tmp_path: Path) -> None:
    journal.commit([ground.opening()])
    other = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer, answers = JournalWriter(journal), Answers()
    submit(writer, answers, [ground.placing(1)])
    with pytest.raises(StoreError, match="could not be written"):
        writer.close(wait_s=0)
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(answers.heard[0][1], StoreError)
    assert journal.newest(1, "orders", 9) == []
