"""The account lane: a snapshot, then events numbered without a gap, kept a while for those who resume."""

from __future__ import annotations

from collections import deque
from typing import Final

KEPT: Final = 1_000  # events one may be behind and still resume
REFRESH_AFTER: Final = 500  # events after which a newcomer should get a newer snapshot
# What one is sent at once, over all lanes of an account, must be well below what a reader may have queued:
# else whoever comes while an account is busy is taken for one who reads too slowly.
REFRESH_BYTES: Final = 64 * 1024  # the same, by what the events weigh
RESUMED_BYTES: Final = 128 * 1024  # who missed more begins anew: the snapshot is less


class Lane:
    """One account channel: what a newcomer needs and what a returner missed."""

    def __init__(self) -> None:
        self.seq: int | None = None
        self.wants_snapshot = False
        self._snapshot: tuple[int, bytes] | None = None
        self._events: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._weight = 0  # of the events since a newer snapshot was last wanted

    @property
    def is_begun(self) -> bool:
        """Whether its engine has told of it."""
        return self._snapshot is not None

    def restart(self, seq: int, message: bytes) -> None:
        """Begin afresh from a snapshot as of `seq`."""
        if self.seq != seq:
            # A snapshot at the number we hold keeps the events before it resumable.
            self._events.clear()
        self._snapshot = (seq, message)
        self.seq = seq
        self.wants_snapshot = False
        self._weight = 0

    def append(self, seq: int, message: bytes) -> None:
        """Take the next event."""
        self._events.append((seq, message))
        self.seq = seq
        self._weight += len(message)
        if self._snapshot is None:
            return
        if self._weight > REFRESH_BYTES or (seq - self._snapshot[0]) % REFRESH_AFTER == 0:
            self.wants_snapshot = True
            self._weight = 0

    def from_start(self) -> list[tuple[int, bytes]]:
        """The snapshot and every event after it; empty while there is none."""
        if self._snapshot is None:
            return []
        return [self._snapshot, *self._after(self._snapshot[0])]

    def after(self, seq: int) -> list[tuple[int, bytes]] | None:
        """The events after `seq`; None if they are no longer all here, or too much to be read at once."""
        if self.seq is None or seq > self.seq:
            return None
        first = self._events[0][0] if self._events else self.seq + 1
        missed = self._after(seq) if first <= seq + 1 else None
        if missed is not None and sum(len(message) for _, message in missed) > RESUMED_BYTES:
            return None
        return missed

    def _after(self, seq: int) -> list[tuple[int, bytes]]:
        return [event for event in self._events if event[0] > seq]
