"""How often one person may send one event."""

from __future__ import annotations

import time
from typing import Final

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_limiter: Final = MovingWindowRateLimiter(MemoryStorage())


def hit(item: RateLimitItem, *who: str | int) -> float | None:
    """Count one event. The seconds to wait where it is one too many, else None."""
    names = [str(each) for each in who]
    if _limiter.hit(item, *names):
        return None
    return max(0.0, _limiter.get_window_stats(item, *names).reset_time - time.time())
