"""What is stored is what the journal makes; whatever was changed behind its back is found."""

from __future__ import annotations

from random import Random

import pytest

from candlewick.core.errors import OrderRefused, StoreError
from candlewick.ledger.fault import Fault
from candlewick.store.databases import Place
from candlewick.store.door import Connection
from candlewick.store.journal import replay
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from candlewick.trading.commands import Transfer
from candlewick.trading.engine import Engine
from tests.trading import ground
from tests.trading.ground import ACCOUNT, D, House


class Written(House):
    """A house that writes what its heart decides, as the engine's shell does."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(limits=ground.NO_LIMITS)
        self._journal = journal
        self._taken = 0
        self.write()

    def write(self) -> None:
        """Commit what is new."""
        batch = Batch()
        for effect in self.effects[self._taken :]:
            batch.add(effect)
        self._taken = len(self.effects)
        self._journal.commit([batch])

    def keep_snapshot(self) -> None:
        self._journal.commit([Batch(snapshot=self.engine.desk.snapshot())])

    def live(self, seed: int, steps: int) -> None:
        """A random life: orders of spot and perpetual, fills in parts, fees in coins, ends, transfers."""
        random = Random(seed)
        for number in range(steps):
            self.passes(random.randrange(20_000))
            instrument = random.choice([ground.BTC, ground.ETH, ground.BTC_PERP])
            price = random.randrange(100, 200)
            self.quotes(instrument, price)
            try:
                order = self.accepts(
                    self.place(
                        instrument, random.choice(["buy", "sell"]), "2", tag=random.choice(["", "grid"])
                    )
                )
            except OrderRefused:
                continue
            if random.random() < 0.7:
                self.fills(order, "1", price=str(price), fee="0.05")
            if random.random() < 0.7:
                self.fills(order, price=str(price + 1), fee="0.01")
            elif self.order(order.id).is_working:
                self.ends(order)
            if number % 7 == 0:
                self.do(
                    Transfer(
                        account=ACCOUNT, id=f"t{number}", currency="USDT", amount=D(random.randrange(1, 50)),
                        memo="", actor="ann", ts=self.now,
                    )
                )  # fmt: skip
            if number % 10 == 5:
                self.write()
                self.keep_snapshot()
        self.write()


@pytest.fixture
def house(journal: Journal) -> Written:
    made = Written(journal)
    made.live(seed=3, steps=25)
    return made


def faults_of(place: Place) -> list[Fault]:
    return replay.faults_of(place)


def test_a_whole_ledger_has_no_faults(house: Written, place: Place) -> None:
    assert faults_of(place) == []


CHANGES = [
    ("ledger_account", "currency = 'EUR'", "currency = 'USDT'"),
    ("ledger_posting", "seq = seq + 1", "seq = seq - 1"),
    ("ledger_posting", "book = book || 'x'", "book = substr(book, 1, length(book) - 1)"),
    ("ledger_order", "status = status || 'x'", "status = substr(status, 1, length(status) - 1)"),
    ("ledger_fill", "order_id = order_id || 'x'", "order_id = substr(order_id, 1, length(order_id) - 1)"),
    ("ledger_trip", "net_sort = -net_sort", "net_sort = -net_sort"),
    ("ledger_trip_class", "trips = trips + 1", "trips = trips - 1"),
    ("ledger_trip_fill", "ts = ts + 1", "ts = ts - 1"),
    ("ledger_day", "fills = fills + 1", "fills = fills - 1"),
    ("ledger_bucket", "wins = wins + 1", "wins = wins - 1"),
    ("ledger_snapshot", "seq = seq + 1000000", "seq = seq - 1000000"),
]


def test_a_changed_row_of_any_table_is_found(house: Written, place: Place, stranger: Connection) -> None:
    disarm(stranger)
    for table, change, undo in CHANGES:
        stranger.write(f"UPDATE {table} SET {change}")
        assert faults_of(place), (table, change)
        stranger.write(f"UPDATE {table} SET {undo}")
    assert faults_of(place) == []


def test_missing_rows_are_found(house: Written, place: Place, stranger: Connection) -> None:
    disarm(stranger)
    stranger.write("DELETE FROM ledger_fill")
    stranger.write("DELETE FROM ledger_order")
    stranger.write("DELETE FROM ledger_posting")
    texts = " ".join(fault.text for fault in faults_of(place))
    for table in ("ledger_fill", "ledger_order", "ledger_posting"):
        assert f"{table} has None" in texts


def test_a_damaged_snapshot_is_found(house: Written, place: Place, stranger: Connection) -> None:
    [(seq, body)] = stranger.read("SELECT seq, body FROM ledger_snapshot ORDER BY seq DESC LIMIT 1")
    changed = bytes(body)[:-1] + bytes([bytes(body)[-1] ^ 1])
    stranger.write("UPDATE ledger_snapshot SET body = ? WHERE seq = ?", [(changed, seq)])
    assert "snapshot_damaged" in {fault.code for fault in faults_of(place)}


def test_an_entry_that_cannot_follow_is_a_sentence(
    house: Written, place: Place, stranger: Connection
) -> None:
    disarm(stranger)
    change = "body = replace(body, '\"account\":1', '\"account\":9')"
    stranger.write(f"UPDATE ledger_journal SET {change} WHERE seq > 9")
    with pytest.raises(StoreError, match="does not follow"):
        faults_of(place)


def test_a_restart_from_the_snapshot_stands_where_the_house_stood(house: Written, journal: Journal) -> None:
    snapshot, entries = journal.recover()
    assert snapshot is not None
    engine = Engine()
    engine.desk.restore(snapshot.body)
    for _, entry in entries:
        engine.recover(entry)
    assert engine.desk.snapshot() == house.engine.desk.snapshot()


def disarm(stranger: Connection) -> None:
    """Take away the database's own guard, as somebody with the password can."""
    postgres = stranger.has_table("pg_catalog.pg_trigger") and not stranger.has_table("sqlite_master")
    for table in ("journal", "posting", "audit"):
        for name in ("stays",) if postgres else ("stays", "kept"):
            on = f" ON ledger_{table}" if postgres else ""
            stranger.write(f"DROP TRIGGER ledger_{table}_{name}{on}")
