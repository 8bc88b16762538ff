"""The audit for reading: the engine's rows and the web's, by time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from candlewick.store.audit.checking import ENGINE, WEB, Chain
from candlewick.store.databases import Place, database_at
from candlewick.store.journal.paging import Page, Where, merged, opened, page_of

_CHAINS: Final = (ENGINE, WEB)


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An act. `chain` and `seq` name its row; `ts` is ns UTC; `before` and `after` are plain data."""

    chain: str
    seq: int
    ts: int
    actor: str
    action: str
    subject: str
    origin: str
    before: Any
    after: Any


class AuditLog:
    """Reads both writers' rows. Any thread may call it; each call has a connection of its own.

    Args:
        rows: where the rows of people are: the database of Django.
        ledger: where the ledger is.
    """

    def __init__(self, rows: Place, ledger: Place) -> None:
        self._places: dict[str, Place] = {ENGINE.name: ledger, WEB.name: rows}

    def read(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        start: int | None = None,
        end: int | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[AuditRecord]:
        """Acts, newest first. `action` is one (`order.place`) or a kind of them (`order.`)."""
        where = Where()
        where.equal("actor", actor)
        where.equal("subject", subject)
        if action is not None and action.endswith("."):
            where.begins("action", action)
        else:
            where.equal("action", action)
        where.span("ts", start, end)
        parts = [self._rows(one, where, cursor, limit) for one in _CHAINS]
        return page_of(merged(parts, rising=False), limit, _record)

    def _rows(self, one: Chain, where: Where, cursor: str | None, limit: int) -> list[tuple[Any, ...]]:
        place = self._places[one.name]
        if isinstance(place, Path) and not place.exists():
            return []
        where = where.copy()
        # Rows of both writers may share time and number: which of them it is makes the key whole.
        key = f"seq * 2 + {_CHAINS.index(one)}"
        if cursor is not None:
            where.after(f"(ts, {key})", opened(cursor, tuple[int, int]), rising=False)
        connection = database_at(place).connect(read_only=True)
        try:
            rows = connection.read(
                "SELECT seq, ts, actor, action, subject, origin, before, after, "
                f"ts AS moment, {key} AS number FROM {one.table} {where.text} "
                "ORDER BY ts DESC, seq DESC LIMIT ?",
                [*where.parameters, limit + 1],
            )
        finally:
            connection.close()
        return [(one.name, *row) for row in rows]


def _record(chain: str, seq: int, ts: int, *texts: str) -> AuditRecord:
    actor, action, subject, origin, before, after = texts
    return AuditRecord(
        chain=chain, seq=seq, ts=ts, actor=actor, action=action, subject=subject, origin=origin,
        before=msgspec.json.decode(before), after=msgspec.json.decode(after),
    )  # fmt: skip
