"""A history of fills, brought into an account whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from candlewick.cli.account_books import Asked, ask, opening
from candlewick.core.clock import SystemClock
from candlewick.core.errors import BadData, CandlewickError, StoreError, StoreLocked, UsageError
from candlewick.ledger.csv_fills import FillsRead, read_fills
from candlewick.runtime.settings import Settings
from candlewick.trading.commands import Command, ImportFills, OpenAccount, SetSettings
from candlewick.trading.engine import Engine
from candlewick.trading.settings import AccountSettings

if TYPE_CHECKING:
    from candlewick.store.models import Account

CHUNK: Final = 500  # fills handed to a running engine at once: the market goes on between
NOBODY: Final = 1  # whose fills they are while it is only tried whether they can be booked


def bring_in(
    settings: Settings,
    text: str,
    account: Account | Callable[[], Account],
    *,
    cash: Decimal,
    method: str | None,
    venue: str,
) -> tuple[Account, int]:
    """Book the fills in `text` into an account, or into one that is begun for them; and how many they are.

    Raises:
        BadData: they cannot be booked; no account was begun.
        CandlewickError: the ledger cannot be had.
    """
    if not callable(account):
        with _file_at_fault():
            return account, _book(settings, account, text, method, venue)
    with _file_at_fault():
        _rehearse(text, cash, venue)
    row = account()
    try:
        with _file_at_fault():
            return row, _book(settings, row, text, method, venue)
    except CandlewickError:
        if not _is_in_ledger(settings, row):
            row.delete()
        raise


@contextmanager
def _file_at_fault() -> Iterator[None]:
    """What cannot be booked is no wrong usage: the command was right, what stands in the file is not."""
    try:
        yield
    except UsageError as error:
        raise BadData(str(error)) from None


def _rehearse(text: str, cash: Decimal, venue: str) -> None:
    """Book all of it in a heart of its own: what cannot be is known before anything is made."""
    read, now, heart = _read(text, NOBODY, venue), SystemClock().now_ns(), Engine()
    about: dict[str, Any] = {"account": NOBODY, "actor": "", "ts": now}
    first = {"name": "", "kind": "paper", "currency": "USDT", "cash": cash, "since": _begin_at(read)}
    heart.process(OpenAccount(**(about | first)))
    heart.process(ImportFills(**about, fills=read.fills, instruments=read.instruments))


def _book(settings: Settings, row: Account, text: str, method: str | None, venue: str) -> int:
    try:
        return _book_on_disk(settings, row, text, method, venue)
    except StoreLocked:
        return _book_by_engine(settings, row, text, method, venue)


def _book_on_disk(settings: Settings, row: Account, text: str, method: str | None, venue: str) -> int:
    from candlewick.runtime.accounts.offline import Offline

    actor = row.user.username
    with Offline(settings) as desk:
        now, state = desk.now_ns(), desk.engine.desk.accounts.get(row.pk)
        known = desk.engine.desk.instruments if state is None else state.book.instruments
        read = read_fills(text, account=row.pk, primary=venue, now=now, known=known.get)
        _require_readable(read)
        wanted: list[Command] = []
        if state is None:
            begun = opening(row) | {"cash": row.starting_cash, "ts": now, "since": _begin_at(read)}
            wanted.append(OpenAccount(**begun))
        kept = AccountSettings() if state is None else state.settings
        if method is not None and method != kept.lot_method:
            changed = msgspec.structs.replace(kept, lot_method=method)
            wanted.append(SetSettings(account=row.pk, settings=changed, actor=actor, ts=now))
        wanted.append(
            ImportFills(account=row.pk, fills=read.fills, instruments=read.instruments, actor=actor, ts=now)
        )
        desk.do(*wanted)
        return len(read.fills)


def _book_by_engine(settings: Settings, row: Account, text: str, method: str | None, venue: str) -> int:
    actor, read = row.user.username, _read(text, row.pk, venue)
    asked: list[Asked] = []
    if method is not None:
        asked.append(("account.settings", {"settings": {"lot_method": method}, "actor": actor}))
    instruments = msgspec.to_builtins(read.instruments)
    for start in range(0, len(read.fills), CHUNK):
        fills = msgspec.to_builtins(read.fills[start : start + CHUNK])
        asked.append(("account.import", {"fills": fills, "instruments": instruments, "actor": actor}))
    asyncio.run(ask(settings, row, asked, since=_begin_at(read)))
    return len(read.fills)


def _read(text: str, account: int, venue: str) -> FillsRead:
    read = read_fills(text, account=account, primary=venue, now=SystemClock().now_ns())
    _require_readable(read)
    return read


def _begin_at(read: FillsRead) -> int | None:
    """When the money was there that the first fill was paid with: just before it."""
    return read.fills[0].ts - 1 if read.fills else None


def _is_in_ledger(settings: Settings, row: Account) -> bool:
    """Whether an account came to be: one that did can be imported into again, and nothing is booked twice."""
    from candlewick.store.journal.reader import Records

    if isinstance(settings.ledger, Path) and not settings.ledger.exists():
        return False
    records = Records(settings.ledger)
    try:
        return records.has_account(row.pk)
    except StoreError:  # nobody can tell: what may be there is kept
        return True
    finally:
        records.close()


def _require_readable(read: FillsRead) -> None:
    if read.faults:
        shown = "\n".join(f"  line {fault.line}: {fault.text}" for fault in read.faults)
        raise BadData(f"Nothing was booked.\n{shown}")
