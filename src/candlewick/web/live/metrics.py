"""What the hub counts about itself, cheap enough to count at every frame."""

from __future__ import annotations

from collections import Counter
from typing import Final

LAG_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.010, 0.025, 0.050, 0.100, 0.250, 1.0)


class Histogram:
    """Counts by upper bound, as Prometheus keeps them."""

    __slots__ = ("buckets", "count", "total")

    def __init__(self) -> None:
        self.buckets = [0] * len(LAG_BOUNDS_S)
        self.count = 0
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.count += 1
        self.total += seconds
        for index, bound in enumerate(LAG_BOUNDS_S):
            if seconds <= bound:
                self.buckets[index] += 1
                return


class HubMetrics:
    """Numbers since the process started.

    Attributes:
        frames, bytes: handed to transports.
        skipped: frames that a slow reader did not get.
        joined: connections made; closed: connections we ended, by code.
        lag: how late the wheel served its slots.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.skipped = 0
        self.joined = 0
        self.closed: Counter[int] = Counter()
        self.lag = Histogram()

    def count(self, frames: int, size: int) -> None:
        self.frames += frames
        self.bytes += size
