"""The log of the account lanes: each event under its channel and number, in a SQLite file of its own."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from candlewick.core.errors import StoreDamaged, StoreError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lane_event (
    channel TEXT NOT NULL,
    seq INTEGER NOT NULL,
    ts_ns INTEGER NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (channel, seq)
) WITHOUT ROWID
"""


class LaneLog:
    """Append-only. Any thread may call it; a lock lets one in at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise StoreDamaged(f"{path} cannot be opened: {error}. Is the folder yours to write?") from None
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(
                f"{path} is damaged ({error}). Move it away: past notices go with it, and nothing else."
            ) from None
        except OSError as error:
            raise StoreError(f"{path} cannot be made: {error.strerror}.") from None

    def append(self, channel: str, seq: int, ts_ns: int, message: bytes) -> None:
        """Write one event; returns when it survives a kill of this process."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO lane_event VALUES (?, ?, ?, ?)", (channel, seq, ts_ns, message)
            )

    def newest(self, channel: str, count: int) -> list[tuple[int, bytes]]:
        """The newest `count` events of a channel as (seq, message), oldest first.

        Raises:
            StoreError: the log cannot be read.
        """
        try:
            with self._lock:
                rows = self._connection.execute(
                    "SELECT seq, message FROM lane_event WHERE channel = ? ORDER BY seq DESC LIMIT ?",
                    (channel, count),
                ).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The log of the account lanes cannot be read: {error}.") from None
        return rows[::-1]

    def forget_before(self, channel: str, seq: int) -> None:
        """Delete a channel's events with lower numbers than `seq`.

        Raises:
            StoreError: the log cannot be written.
        """
        try:
            with self._lock:
                self._connection.execute(
                    "DELETE FROM lane_event WHERE channel = ? AND seq < ?", (channel, seq)
                )
        except sqlite3.Error as error:
            raise StoreError(f"The log of the account lanes cannot be written: {error}.") from None

    def close(self) -> None:
        with self._lock:
            self._connection.close()
