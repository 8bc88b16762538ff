"""The rows of strategies as the engine sees them: what is wanted, and what has become of it.

In plain SQL behind the store's door, so that the engine needs no Django. People write what they want of a
strategy, each change with a new revision; the engine writes what happened, and changes a state only where
nobody has asked for another meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from candlewick.store.databases import Place
from candlewick.store.door import Row
from candlewick.store.tables import Tables, from_json

KEPT_LINES: Final = 500
LONGEST_LINE: Final = 2_000

State = Literal["running", "paused", "stopping", "stopped"]
Kind = Literal["print", "state", "order", "refused", "missed", "error"]
_COLUMNS: Final = (
    "id, account_id, name, tag, spec, source, state, reason, capital, "
    "restarts, created_ns, begun_ns, revision"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row: what is to run. `capital` is None until it first begins."""

    id: str
    account: int
    name: str
    tag: str
    spec: dict[str, Any]
    source: str
    state: State
    reason: str
    capital: Decimal | None
    restarts: int
    created_ns: int
    begun_ns: int | None
    revision: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a strategy's log."""

    strategy: str
    seq: int
    at_ns: int
    kind: Kind
    text: str


class Rows(Tables):
    """The strategies' tables. Used by one thread at a time.

    Raises:
        StoreBusy: from every method, if the database is locked or away: nothing was written.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place, "store_strategyline")

    def wanted(self) -> dict[str, int]:
        """The revision of every strategy that is not at its end, by id."""
        return dict(self._read("SELECT id, revision FROM store_strategyatwork WHERE state <> 'stopped'"))

    def forbidden(self) -> list[str]:
        """Strategies that run on accounts with which nobody may trade any more."""
        return [
            id
            for (id,) in self._read(
                "SELECT s.id FROM store_strategyatwork s JOIN store_account a ON a.id = s.account_id "
                "JOIN store_user u ON u.id = a.user_id "
                "WHERE s.state = 'running' "
                "AND (NOT u.is_active OR u.role = 'viewer' OR a.archived_at IS NOT NULL)"
            )
        ]

    def find(self, id: str) -> Wanted | None:
        """One strategy; None: there is none of that name."""
        rows = self._read(f"SELECT {_COLUMNS} FROM store_strategyatwork WHERE id = ?", id)
        return _wanted(rows[0]) if rows else None

    def begin(self, id: str, capital: Decimal, now_ns: int) -> None:
        """Note with how much it began, once."""
        self._write(
            "UPDATE store_strategyatwork SET capital = ?, begun_ns = ?, revision = revision + 1 "
            "WHERE id = ? AND begun_ns IS NULL",
            (str(capital), now_ns, id),
        )

    def restarted(self, id: str) -> None:
        """Its process had to be started again."""
        self._write(
            "UPDATE store_strategyatwork SET restarts = restarts + 1, revision = revision + 1 WHERE id = ?",
            (id,),
        )

    def move(
        self, id: str, before: State, to: State, reason: str, now_ns: int, figures: bytes | None = None
    ) -> bool:
        """Bring a strategy from one state into another, for a reason; False: it is in another by now.

        `figures`: at its end, what it came to, as JSON.
        """
        ended = ", ended_ns = ?, figures = ?" if to == "stopped" else ""
        told = None if figures is None else figures.decode()
        values: tuple[object, ...] = (to, reason, now_ns, *((now_ns, told) if ended else ()), id, before)
        with self._connection.transaction():
            return bool(
                self._read(
                    f"UPDATE store_strategyatwork SET state = ?, reason = ?, changed_ns = ?{ended}, "
                    "revision = revision + 1 WHERE id = ? AND state = ? RETURNING id",
                    *values,
                )
            )

    def keep_drift(self, id: str, drift: bytes) -> None:
        """How far it was from its backtest when it ended, as JSON."""
        self._write("UPDATE store_strategyatwork SET drift = ? WHERE id = ?", (drift.decode(), id))

    def last_line(self, id: str) -> int:
        """The number of the newest line of its log; 0: it has none."""
        return int(
            self._read("SELECT coalesce(max(seq), 0) FROM store_strategyline WHERE strategy_id = ?", id)[0][0]
        )

    def add(self, lines: Sequence[Line]) -> None:
        """Write lines of logs, and forget those of long ago; lines of a strategy that is gone are dropped."""
        newest: dict[str, int] = {}
        with self._connection.transaction():
            self._connection.write(
                "INSERT INTO store_strategyline (strategy_id, seq, at_ns, kind, text) "
                "SELECT id, ?, ?, ?, ? FROM store_strategyatwork WHERE id = ?",
                [
                    (each.seq, each.at_ns, each.kind, each.text[:LONGEST_LINE], each.strategy)
                    for each in lines
                ],
            )
            for each in lines:
                newest[each.strategy] = max(each.seq, newest.get(each.strategy, 0))
            self._connection.write(
                "DELETE FROM store_strategyline WHERE strategy_id = ? AND seq <= ?",
                [(id, seq - KEPT_LINES) for id, seq in newest.items()],
            )

    def _write(self, sql: str, values: Sequence[object]) -> None:
        with self._connection.transaction():
            self._connection.write(sql, [values])


def _wanted(row: Row) -> Wanted:
    id, account, name, tag, spec, source, state, reason, capital, restarts, created, begun, revision = row
    return Wanted(
        id=id,
        account=account,
        name=name,
        tag=tag,
        spec=from_json(spec),
        source=source,
        state=state,
        reason=reason,
        capital=Decimal(capital) if capital else None,
        restarts=restarts,
        created_ns=created,
        begun_ns=begun,
        revision=revision,
    )
