"""Time enters through a `Clock`, so that a replay repeats itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def iso(ts_ns: int) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    return f"{_second(ts_ns // NS_PER_S)}.{ts_ns % NS_PER_S // NS_PER_MS:03d}Z"


@lru_cache(maxsize=64)  # of a thousand trades a second all but one share theirs
def _second(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Clock(Protocol):
    """Source of the current time."""

    def now_ns(self) -> int:
        """The time now, UTC, integer nanoseconds since 1970."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.time_ns()


class ManualClock:
    """A clock that stands still until it is told to move: for replays and tests."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        return self._now_ns

    def set(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def advance(self, seconds: float) -> None:
        self._now_ns += round(seconds * NS_PER_S)
