"""Exact moving windows in this process's memory.

`limits` has such a storage, which starts a thread every hundredth of a second to look through every time it
keeps: a third of what a request costs. Here a time is forgotten when its window is next looked at.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

_TIDIED_EVERY: Final = 1_000  # counts, after which windows that nobody uses any more are let go


@dataclass(frozen=True, slots=True)
class Hit:
    """What became of one more.

    Attributes:
        is_counted: it was within the limit.
        remaining: how many are left.
        reset_s: seconds until the oldest one counted is forgotten.
    """

    is_counted: bool
    remaining: int
    reset_s: float


class Windows:
    """Counts by key, for any number of threads."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._lock = threading.Lock()
        self._times: dict[Hashable, deque[float]] = {}
        self._until_tidied = _TIDIED_EVERY

    def __len__(self) -> int:
        return len(self._times)

    def hit(self, key: Hashable, limit: int) -> Hit:
        """Count one, unless `limit` have been counted within the window."""
        with self._lock:
            now = time.monotonic()
            times = self._times.setdefault(key, deque())
            while times and times[0] <= now - self._window_s:
                times.popleft()
            is_counted = len(times) < limit
            if is_counted:
                times.append(now)
            self._until_tidied -= 1
            if self._until_tidied <= 0:
                self._tidy(now - self._window_s)
            reset_s = times[0] + self._window_s - now if times else 0.0
            return Hit(is_counted, max(0, limit - len(times)), reset_s)

    def _tidy(self, begin: float) -> None:
        self._until_tidied = _TIDIED_EVERY
        self._times = {key: times for key, times in self._times.items() if times and times[-1] > begin}
