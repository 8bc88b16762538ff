"""The accounts of a data folder without its engine: the same heart on the same journal, for one command."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from candlewick.core.clock import Clock, SystemClock
from candlewick.core.instrument import parse_symbol
from candlewick.runtime.accounts import audit
from candlewick.runtime.accounts.recovery import recover
from candlewick.runtime.accounts.statement import statement
from candlewick.runtime.settings import Settings
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.store.keys import audit_key
from candlewick.trading.commands import Command
from candlewick.trading.engine import Engine


class Offline:
    """Opens the journal, folds it, and writes what is decided before it returns.

    Raises:
        StoreLocked: an engine runs on it; ask that instead.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._journal = Journal.open(
            settings.ledger, key=audit_key(settings.data_dir, settings.master_key_text)
        )
        self._records = Records(settings.ledger)
        self._primary = settings.primary
        self.engine = Engine()
        recover(self.engine.desk, self._journal)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._records.close()
        self._journal.close()

    def now_ns(self) -> int:
        return self._clock.now_ns()

    def do(self, *wanted: Command, origin: str = "command line") -> None:
        """Decide on commands, and write what follows of all, or of none if one cannot be done.

        Orders are not sent: nobody is there to fill them.

        Raises:
            CandlewickError: whatever the heart answers; what it has in memory is not to be used any more.
        """
        batch = Batch()
        for command in wanted:
            batch.audit.append(audit.row(command, origin, self.engine.desk))
            for effect in self.engine.process(command):
                batch.add(effect)
        self._journal.commit([batch])

    def statement(self, account: int, marks: Mapping[str, float]) -> dict[str, Any]:
        """The account's statement at `marks` by symbol; elsewhere the mark is the last fill's price."""
        marked_by: dict[str, str] = {}
        given = {parse_symbol(symbol, primary=self._primary): price for symbol, price in marks.items()}
        for instrument in self.engine.desk.accounts[account].book.positions:
            price = given.get(instrument)
            marked_by[instrument] = "last fill" if price is None else "you"
            if price is None:
                [newest] = self._records.fills(account, symbol=instrument, limit=1).items
                price = float(newest.fill.price)
            self.engine.watch(instrument).last = price
        return statement(self.engine, account, primary=self._primary, marked_by=marked_by)
