"""The server's clock, in the venue's unit."""

from __future__ import annotations

import time
from collections.abc import Callable

Now = Callable[[], int]


def now_ms() -> int:
    """The machine's time, UTC, in ms."""
    return time.time_ns() // 1_000_000
