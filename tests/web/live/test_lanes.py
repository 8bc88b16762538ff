"""Lanes: a newcomer and a returner both end with every event, once, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from candlewick.web.live.lanes import KEPT, REFRESH_AFTER, Lane


def lane_with(snapshot: int, last: int) -> Lane:
    lane = Lane()
    lane.restart(snapshot, b"snapshot")
    for seq in range(snapshot + 1, last + 1):
        lane.append(seq, b"%d" % seq)
    return lane


@given(st.integers(0, 50), st.integers(0, 100), st.integers(-5, 110))
def test_who_returns_gets_exactly_what_was_missed(snapshot: int, events: int, offset: int) -> None:
    last = snapshot + events
    lane, seen = lane_with(snapshot, last), snapshot + offset
    missed = lane.after(seen)
    if seen < snapshot or seen > last:
        assert missed is None
    else:
        assert missed == [(seq, b"%d" % seq) for seq in range(seen + 1, last + 1)]


def test_a_newcomer_gets_the_snapshot_and_every_event_after_it() -> None:
    assert lane_with(7, 9).from_start() == [(7, b"snapshot"), (8, b"8"), (9, b"9")]


def test_without_a_snapshot_there_is_nothing_to_give() -> None:
    assert Lane().from_start() == []
    assert Lane().after(3) is None


def test_who_has_been_away_too_long_starts_again() -> None:
    lane = lane_with(0, KEPT + 10)
    assert lane.after(9) is None
    assert lane.after(10) is not None


def test_it_asks_for_a_newer_snapshot_in_time() -> None:
    assert not lane_with(0, REFRESH_AFTER - 1).wants_snapshot
    lane = lane_with(0, REFRESH_AFTER)
    assert lane.wants_snapshot
    lane.restart(REFRESH_AFTER, b"newer")
    assert lane.from_start() == [(REFRESH_AFTER, b"newer")]
    assert lane.after(REFRESH_AFTER - 2) is not None, "events before the newer snapshot stay resumable"


def test_a_jump_in_the_numbers_forgets_the_events_before() -> None:
    lane = lane_with(0, 5)
    lane.restart(40, b"after a restart")
    assert lane.after(5) is None
    assert lane.from_start() == [(40, b"after a restart")]
