"""A history of fills from elsewhere, booked into a paper account."""

from __future__ import annotations

from msgspec.structs import replace

from candlewick.core.errors import UnknownSymbol, UsageError
from candlewick.trading.account import AccountState
from candlewick.trading.booking import wrong_with
from candlewick.trading.commands import ImportFills
from candlewick.trading.entries import InstrumentKnown
from candlewick.trading.marks import Market
from candlewick.trading.steps import Step, Steps


def import_fills(account: AccountState, market: Market, command: ImportFills) -> Steps:
    """Book fills, oldest first; those that were booked change nothing.

    Raises:
        UsageError: the account is live, a fill cannot be booked, or they are not in the order of time.
        UnknownSymbol: nobody lists the instrument of one, and the command does not tell what it is.
    """
    if account.kind == "live":
        raise UsageError(f"{account.name} is live: its venue tells its fills.")
    steps: list[Step] = []
    new: set[tuple[str, str]] = set()
    listed = {id for known in (market.instruments, account.book.instruments) for id in known}
    told = {instrument.id: instrument for instrument in command.instruments if instrument.id not in listed}
    before = 0
    for fill in command.fills:
        if fill.ts < before:
            raise UsageError(f"Fill {fill.id} is older than the one before it. Sort them by time.")
        before = fill.ts
        if fill.instrument not in listed and fill.instrument not in told:
            raise UnknownSymbol(fill.instrument)
        if wrong := wrong_with(fill):
            raise UsageError(f"Fill {fill.id} cannot be booked: {wrong}.")
        key = (fill.instrument, fill.id)
        if key in new or account.has_fill(*key):
            continue
        new.add(key)
        if (instrument := told.pop(fill.instrument, None)) is not None:
            listed.add(instrument.id)
            steps.append(InstrumentKnown(0, instrument, fill.ts))
        steps.append(fill if fill.account == account.number else replace(fill, account=account.number))
    return steps
