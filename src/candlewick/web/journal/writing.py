"""Writing in the journal: by whoever owns the account or trades with it, noted in the audit log."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from candlewick.web.journal import notes
from candlewick.web.journal.notes import Note
from candlewick.web.journal.trades import Trade
from candlewick.web.people.accounts import AccountAccess, MayNot, chosen
from candlewick.web.people.identity import person_of
from candlewick.web.people.trail import note as audited


def may_write(request: HttpRequest, access: AccountAccess) -> bool:
    """Whether the person of a request may write in this account's journal."""
    person = person_of(request)
    return person is not None and person.may("write") and (access.is_owner or access.may_trade)


def require_writer(request: HttpRequest, named: str | int | None = None) -> AccountAccess:
    """The account that a request is about, if the person may write in its journal.

    Raises:
        NoSuchAccount: they may not see it.
        MayNot: they see it, but may not write there.
    """
    access = chosen(request, named)
    if not may_write(request, access):
        raise MayNot(f"You may read the journal of {access.name!r}, but not write in it. Ask {access.owner}.")
    return access


def write_note(request: HttpRequest, trade: Trade, note: Note) -> Note:
    """Keep a note, and say in the audit log that it was written. Returns it as it now is."""
    person, trip = person_of(request), trade.trip
    with transaction.atomic():
        before = notes.keep(trip, trade.symbol, note, None if person is None else person.id)
        if _told(before) != _told(note):
            subject = f"account {trip.account} trade {trip.id}"
            audited(request, "trade.note", subject, before=_told(before), after=_told(note))
    return notes.of_trades(trip.account, [trip.id]).get(trip.id, Note())


def _told(note: Note) -> dict[str, Any]:
    return {"note": note.text, "tags": list(note.tags), "rating": note.rating}
