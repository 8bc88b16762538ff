"""Whatever a random walk of the heart decides, the ledger on disk is what its journal makes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from candlewick.store.journal import replay
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from candlewick.trading.engine import Engine
from tests.examples import examples
from tests.trading.test_whole import Trading


class Stored(Trading):
    """The same walk, by an engine that writes what it decides and is asked for it again."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._place = Path(self._folder.name) / "ledger.sqlite3"
        self._journal = Journal.open(self._place)
        self._written = 0

    @rule()
    def write(self) -> None:
        batch = Batch()
        for effect in self.house.effects[self._written :]:
            batch.add(effect)
        self._written = len(self.house.effects)
        self._journal.commit([batch])

    @rule()
    def keep_snapshot(self) -> None:
        self.write()
        self._journal.commit([Batch(snapshot=self.house.engine.desk.snapshot())])

    @rule()
    def start_again(self) -> None:
        """Another engine stands, from what is on disk, where this one does."""
        self.write()
        snapshot, entries = self._journal.recover()
        engine = Engine()
        if snapshot is not None:
            engine.desk.restore(snapshot.body)
        for _, entry in entries:
            engine.recover(entry)
        assert engine.desk.snapshot() == self.house.engine.desk.snapshot()

    def teardown(self) -> None:
        try:
            super().teardown()
            self.start_again()
            assert replay.faults_of(self._place) == []
        finally:
            self._journal.close()
            self._folder.cleanup()


@pytest.mark.hypothesis
def test_what_is_stored_is_what_a_walk_decided() -> None:
    run_state_machine_as_test(
        Stored,
        settings=settings(
            max_examples=examples(6),
            stateful_step_count=100,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
