"""The venue's clock, as well as it is known."""

from __future__ import annotations

from candlewick.core.clock import NS_PER_MS, ManualClock
from candlewick.venues.binance.orders.clock import VenueClock


def test_it_is_ours_until_the_venue_was_asked() -> None:
    clock = VenueClock(ManualClock(5_000 * NS_PER_MS))
    assert clock.offset_ms is None
    assert clock.now_ms() == 5_000


def test_the_quickest_round_trip_counts() -> None:
    ours = ManualClock(1_000 * NS_PER_MS)
    clock = VenueClock(ours)
    clock.note(0, 700, 1_000 * NS_PER_MS)  # slow: 500 there is 700 here, at best
    clock.note(1_000 * NS_PER_MS, 1_310, 1_020 * NS_PER_MS)
    assert clock.offset_ms == 300.0
    assert clock.now_ms() == 1_300
    assert clock.now_ns() == 1_300 * NS_PER_MS


def test_what_the_venue_contradicts_is_forgotten() -> None:
    clock = VenueClock(ManualClock())
    clock.note(0, 90_000, 0)
    clock.forget()
    assert clock.offset_ms is None
