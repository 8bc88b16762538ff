"""The rows of studies as workers see them: a study is claimed, its lease renewed, its end written down.

In plain SQL behind the store's door, so that a worker needs no Django. A claim is one conditional UPDATE: of
two workers one finds the row unclaimed (PostgreSQL passes over rows that another is about to claim). Whoever
claims writes a word of its own into `worker`; every later statement demands it, so that a worker whose lease
ran out, and was given to another, changes nothing any more and is told so. Leases are measured by the
database's clock: machines need not agree on the time.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import orjson

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import Conflict
from candlewick.runtime.jobs.messages import Finished
from candlewick.store.databases import Place
from candlewick.store.door import Row
from candlewick.store.tables import Tables, from_json

LEASE_S: Final = 15.0
ATTEMPTS: Final = 3
_STEP: Final = 200  # letters of a step that are kept
_CLAIMED: Final = "id, kind, spec, source, code_hash, data_fingerprint, attempts"


class LeaseLost(Conflict):
    """The study is another worker's by now, or was deleted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A study that is ours until its lease runs out. `word` shows that it is."""

    id: str
    kind: str
    spec: dict[str, Any]
    source: str
    code_hash: str
    data_fingerprint: str
    attempts: int
    word: str


class Queue(Tables):
    """Studies that wait. Used by one thread at a time.

    Raises:
        StoreBusy: from every method, if the database is locked or away: nothing was written.
    """

    def __init__(self, place: Place, *, lease_s: float = LEASE_S) -> None:
        super().__init__(place, "store_jobevent")
        self._lease_ns = int(lease_s * NS_PER_S)
        self.lease_s = lease_s

    def has_work(self) -> bool:
        """Whether a worker would find something to do."""
        return bool(
            self._read(
                "SELECT 1 FROM store_job WHERE state = 'queued' "
                "OR (state = 'running' AND lease_ns < {now_ns}) LIMIT 1"
            )
        )

    def unknown(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that no study has."""
        left = set(ids)
        for id in ids:
            if self._read("SELECT 1 FROM store_job WHERE id = ?", id):
                left.discard(id)
        return left

    def claim(self) -> Claim | None:
        """A study that waits, or one whose worker is gone; None if there is none.

        People take turns: of those whose studies wait the one who has waited longest since one of theirs
        began, and of theirs the one asked for first. Fifty studies of one person keep nobody else waiting.
        """
        self._settle_abandoned()
        word = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(8)}"
        connection = self._connection
        with connection.transaction():
            rows = self._read(
                "UPDATE store_job SET state = 'running', worker = ?, attempts = attempts + 1, "
                "lease_ns = {now_ns} + ?, started_ns = coalesce(started_ns, {now_ns}), ended_ns = NULL, "
                "eta_ns = NULL, seq = seq + 1, revision = revision + 1 "
                "WHERE id = (SELECT id FROM store_job waits WHERE cancel_ns IS NULL "
                "AND (state = 'queued' OR (state = 'running' AND lease_ns < {now_ns})) "
                "ORDER BY (SELECT coalesce(max(began.started_ns), 0) FROM store_job began "
                "WHERE began.owner_id = waits.owner_id), queued_ns, id LIMIT 1 {skip_locked}) "
                f"RETURNING {_CLAIMED}, seq",
                word,
                self._lease_ns,
            )
            if not rows:
                return None
            *told, seq = rows[0]
            claim = _claim(told, word)
            text = "" if claim.attempts == 1 else f"Attempt {claim.attempts} of {ATTEMPTS}."
            self._tell(claim.id, seq, "running", text)
            return claim

    def renew(
        self, claim: Claim, *, share: float | None = None, step: str = "", eta_ns: int | None = None
    ) -> bool:
        """Keep the study, and say how far it is (None: where it was); True if somebody asked it to end.

        Raises:
            LeaseLost: it is another's by now.
        """
        if share is None and not step:
            return self._change(claim, "lease_ns = {now_ns} + ?", self._lease_ns)
        return self._change(
            claim,
            "lease_ns = {now_ns} + ?, progress = coalesce(?, progress), step = ?, eta_ns = ?, "
            "revision = revision + 1",
            self._lease_ns, None if share is None else min(max(share, 0.0), 1.0), step[:_STEP], eta_ns,
        )  # fmt: skip

    def is_cancelled(self, claim: Claim) -> bool:
        """Whether somebody asked it to end; cheaper than `renew`.

        Raises:
            LeaseLost: it is another's by now.
        """
        rows = self._read(
            "SELECT cancel_ns FROM store_job WHERE id = ? AND worker = ? AND state = 'running'",
            claim.id,
            claim.word,
        )
        return _asked(claim, rows)

    def saw_data(self, claim: Claim, fingerprint: str) -> None:
        """Note which bars it runs on. Raises as `renew`."""
        self._change(claim, "data_fingerprint = ?, revision = revision + 1", fingerprint[:64])

    def is_fruitful(self, claim: Claim) -> None:
        """A piece was done: attempts before do not count any more. Raises as `renew`."""
        self._change(claim, "attempts = 1")

    def finish(self, claim: Claim, outcome: Finished) -> None:
        """It is done. Raises as `renew`."""
        self._settle(
            claim, "done", "", "progress = 1, step = '', summary = ?, result_path = ?, error = ''",
            orjson.dumps(outcome.summary).decode(), outcome.result,
        )  # fmt: skip

    def fail(self, claim: Claim, sentence: str) -> None:
        """It cannot be done. Raises as `renew`."""
        self._settle(claim, "failed", sentence, "error = ?", sentence)

    def end_cancelled(self, claim: Claim) -> None:
        """It ended because somebody asked it to. Raises as `renew`."""
        self._settle(claim, "cancelled", "", "step = ''")

    def give_back(self, claim: Claim, reason: str, *, counts: bool) -> None:
        """Let another worker go on; an attempt that was no fault of the study does not count.

        The last attempt that counts fails it instead. Raises as `renew`.
        """
        sets, only = "queued_ns = {now_ns}", "AND cancel_ns IS NULL"
        try:
            if counts:
                self._settle(claim, "queued", reason, sets, only=f"{only} AND attempts < {ATTEMPTS}")
            else:
                self._settle(claim, "queued", reason, f"{sets}, attempts = attempts - 1", only=only)
        except LeaseLost:
            if self.is_cancelled(claim):  # if it is lost indeed, this says so
                self.end_cancelled(claim)
            else:
                self.fail(claim, _poison(reason))

    # --- within

    def _settle_abandoned(self) -> None:
        """End what no worker may take again: it ended its worker too often, or was cancelled meanwhile."""
        over = "state = 'running' AND lease_ns < {now_ns}"
        if not self._read(
            f"SELECT 1 FROM store_job WHERE {over} AND (cancel_ns IS NOT NULL OR attempts >= ?) LIMIT 1",
            ATTEMPTS,
        ):
            return
        sentence = _poison("Its worker was lost.")
        common = (
            "ended_ns = {now_ns}, worker = '', lease_ns = NULL, eta_ns = NULL, step = '', "
            "seq = seq + 1, revision = revision + 1"
        )
        with self._connection.transaction():
            for id, seq in self._read(
                f"UPDATE store_job SET state = 'cancelled', {common} "
                f"WHERE {over} AND cancel_ns IS NOT NULL RETURNING id, seq"
            ):
                self._tell(id, seq, "cancelled", "")
            for id, seq in self._read(
                f"UPDATE store_job SET state = 'failed', error = ?, {common} "
                f"WHERE {over} AND attempts >= ? RETURNING id, seq",
                sentence,
                ATTEMPTS,
            ):
                self._tell(id, seq, "failed", sentence)

    def _settle(
        self, claim: Claim, state: str, text: str, sets: str, *values: object, only: str = ""
    ) -> None:
        ends = "NULL" if state == "queued" else "{now_ns}"
        with self._connection.transaction():
            rows = self._read(
                f"UPDATE store_job SET state = '{state}', {sets}, worker = '', lease_ns = NULL, "
                f"eta_ns = NULL, ended_ns = {ends}, seq = seq + 1, revision = revision + 1 "
                f"WHERE id = ? AND worker = ? AND state = 'running' {only} RETURNING cancel_ns, seq",
                *values,
                claim.id,
                claim.word,
            )
            _asked(claim, rows)
            self._tell(claim.id, rows[0][1], state, text)

    def _change(self, claim: Claim, sets: str, *values: object) -> bool:
        rows = self._read(
            f"UPDATE store_job SET {sets} "
            "WHERE id = ? AND worker = ? AND state = 'running' RETURNING cancel_ns",
            *values,
            claim.id,
            claim.word,
        )
        return _asked(claim, rows)

    def _tell(self, id: str, seq: int, state: str, text: str) -> None:
        [(now,)] = self._read("SELECT {now_ns}")
        self._connection.write(
            "INSERT INTO store_jobevent (job_id, seq, state, at_ns, text) VALUES (?, ?, ?, ?, ?)",
            [(id, seq, state, now, text)],
        )


def _claim(told: list[Any], word: str) -> Claim:
    id, kind, spec, source, code_hash, fingerprint, attempts = told
    spec = from_json(spec)
    return Claim(id, kind, spec, source, code_hash, fingerprint, attempts, word)


def _asked(claim: Claim, rows: list[Row]) -> bool:
    if not rows:
        raise LeaseLost(f"The study {claim.id} is another worker's by now, or was deleted.")
    return rows[0][0] is not None


def _poison(reason: str) -> str:
    return (
        f"{reason} That happened {ATTEMPTS} times without a piece done, so the study was given up. "
        "Ask for less at once, look into its log, and start it again."
    )
