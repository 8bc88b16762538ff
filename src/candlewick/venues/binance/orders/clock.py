"""The venue's clock, which every signed request is stamped with.

The venue refuses a request whose stamp is more than a second ahead of its clock, or older than the
window that the request states (-1021). So stamps are by its clock: ours plus the offset that the quickest
round trip showed.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from candlewick.core.clock import NS_PER_MS, Clock

SAMPLES: Final = 8


class VenueClock:
    """Time at the venue, as well as it is known."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._round_trips: deque[tuple[int, float]] = deque(maxlen=SAMPLES)  # (duration ns, offset ms)

    @property
    def offset_ms(self) -> float | None:
        """The venue's clock minus ours; None until it was asked."""
        return min(self._round_trips)[1] if self._round_trips else None

    def now_ns(self) -> int:
        """The time there."""
        return self._clock.now_ns() + round((self.offset_ms or 0.0) * NS_PER_MS)

    def now_ms(self) -> int:
        """The time there, in the venue's own unit."""
        return self.now_ns() // NS_PER_MS

    def note(self, asked_ns: int, venue_ms: int, answered_ns: int) -> None:
        """Take a measurement in: half-way through a request the venue read what it answers."""
        offset_ms = venue_ms - (asked_ns + answered_ns) / 2 / NS_PER_MS
        self._round_trips.append((answered_ns - asked_ns, offset_ms))

    def forget(self) -> None:
        """The venue contradicts what was measured: one of the clocks was set."""
        self._round_trips.clear()
