"""An account's history in the ledger's database, made through the journal as the engine would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from candlewick.store.journal.batch import Batch, EquityRow
from candlewick.store.journal.journal import Journal
from tests.store.journal import ground as ledger

KEY = b"k" * 32
T0, DAY_NS, HOUR_NS = ledger.T0, ledger.DAY_NS, 3_600_000_000_000
FIRST_DAY = date(1970, 1, 1) + timedelta(T0 // DAY_NS)
_numbers = count(1)


@contextmanager
def journal_at(path: Path) -> Iterator[Journal]:
    """The ledger of a test, empty at first."""
    journal = Journal.open(path, key=KEY)
    try:
        yield journal
    finally:
        journal.close()


def opened(account: int, cash: str = "1000") -> Batch:
    """The account begins on the first day, with money."""
    return ledger.opening(account, cash)


def trade(account: int, net: str, *, day: int = 0, **trip: Any) -> Batch:
    """A round trip that was closed on a day; each has a number of its own."""
    number = next(_numbers)
    batch = Batch()
    for each in (ledger.placing(number, account), ledger.filling(number, account, net=net, days=day, **trip)):
        batch.entries += each.entries
        batch.orders += each.orders
        batch.booked += [(len(batch.entries) - 1, effect) for _, effect in each.booked]
    return batch


def worth(account: int, equities: Sequence[str], *, day: int = 0) -> Batch:
    """What the account was worth at the end of each day from `day` on."""
    rows = [
        EquityRow(
            account=account,
            ts=T0 + (day + at + 1) * DAY_NS - 1,
            equity=Decimal(each),
            cash=Decimal(each),
            unrealised=Decimal(0),
        )
        for at, each in enumerate(equities)
    ]
    return Batch(equity=rows)
